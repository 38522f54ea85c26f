"""Requirements files, as people write them: https://pip.pypa.io/en/stable/reference/requirements-file-format/"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field, replace

from djdock.project.dependency import Dependency, normalise
from djdock.project.files import Files

COMMENT = re.compile(r"(^|\s)#.*$")
OPTION = re.compile(r"(--?[a-z][a-z-]*)(?:\s*=\s*|\s+|(?<=^-[a-z])(?=\S)|$)(.*)")
ENTRY = re.compile(
    r"([A-Za-z0-9][\w.-]*)\s*(\[[^\]]*\])?\s*(?:@\s*(\S+)|\(?\s*([<>=!~][^;)]*?)\s*\)?)?\s*(?:;\s*(.*))?$"
)
EGG = re.compile(r"[#&]egg=([\w.-]+)(\[[^\]]*\])?")
WHEEL = re.compile(r"([A-Za-z0-9][\w.]*)-(\d[^-/]*)-[^/]+\.whl")
PIN = re.compile(r"\s*===?\s*([^\s,*]+)\s*")
# Options of one requirement: hashes and what is handed to a build. They come after a blank.
OWN_OPTIONS = re.compile(r"\s+--(hash|config-settings?|global-option|install-option)\b.*$")
# Options that say where packages come from; the others are about pip itself.
KEPT = {"--index-url", "--extra-index-url", "--find-links", "--no-index", "--pre", "--no-binary", "--only-binary"}
SHORT = {"-i": "--index-url", "-f": "--find-links", "-r": "--requirement", "-c": "--constraint", "-e": "--editable"}
# A file that includes itself by way of others ends here.
DEEPEST = 20


@dataclass(frozen=True)
class Requirement:
    """One entry of a requirements file.

    Attributes:
        text: as an installer takes it, on one line: no comment, no hash.
        name: normalised; None where only a path or an address is given that does not say.
        url: where it comes from, if that is not the package index: an address or a path.
        source: file and line.
    """

    text: str
    name: str | None
    source: str
    extras: str = ""
    specifier: str = ""
    marker: str = ""
    url: str = ""
    editable: bool = False

    @property
    def pin(self) -> str | None:
        """The exact version that is asked for."""
        match = PIN.fullmatch(self.specifier)
        return match[1] if match else None

    def dependency(self, *, development: bool = False) -> Dependency | None:
        """What it asks for; None where it does not say its name."""
        if self.name is None:
            return None
        return Dependency(self.name, self.specifier, self.pin, self.source, development)


@dataclass(frozen=True)
class Listing:
    """What a requirements file and all that it includes ask for, in their order.

    Attributes:
        options: those that say where packages come from, as they are written.
        paths: the files that were read, the first one first.
        missing: files that are named and not there.
        included: whether it includes another one with -r.
    """

    requirements: tuple[Requirement, ...] = ()
    constraints: tuple[Requirement, ...] = ()
    options: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    included: bool = False


def read(files: Files, path: str) -> Listing:
    """Reads a requirements file and follows its -r and -c; a file that is not there gives an empty listing.

    Raises:
        Problem: one of them is no text.
    """
    reading = _Reading(files)
    reading.follow(path, constraint=False, depth=0)
    return Listing(
        tuple(reading.requirements),
        tuple(reading.constraints),
        tuple(dict.fromkeys(reading.options)),
        tuple(reading.paths),
        tuple(reading.missing),
        reading.included,
    )


def parse(text: str, source: str = "") -> Requirement:
    """One requirement; where it is none that is known the text stays as it is, without a name."""
    text = OWN_OPTIONS.sub("", text).strip()
    if _is_address(text):
        address, _, marker = text.partition(" ;")
        egg = EGG.search(address)
        wheel = WHEEL.search(address)
        name = egg[1] if egg else wheel[1] if wheel else None
        found = Requirement(text, normalise(name) if name else None, source, url=address.strip(), marker=marker.strip())
        return replace(found, extras=(egg[2] or "") if egg else "")
    match = ENTRY.match(text)
    if match is None:
        return Requirement(text, None, source)
    return Requirement(
        text.rstrip(",; "),
        normalise(match[1]),
        source,
        extras=(match[2] or "").replace(" ", ""),
        specifier=(match[4] or "").strip(" ,"),
        marker=(match[5] or "").strip(),
        url=match[3] or "",
    )


def lines(text: str) -> list[tuple[int, str]]:
    """The logical lines of a requirements file and their numbers, from 1: joined, without comments and blanks."""
    found, start, kept = [], 0, ""
    for number, raw in enumerate(re.split(r"\r\n|\n|\r", text), start=1):
        start = start or number
        line = COMMENT.sub("", raw)
        if line.rstrip().endswith("\\"):
            kept += line.rstrip()[:-1] + " "
            continue
        if joined := (kept + line).strip().strip("\0\ufeff"):
            found.append((start, joined))
        start, kept = 0, ""
    if kept.strip():
        found.append((start, kept.strip()))
    return found


def text(requirements: tuple[Requirement, ...], options: tuple[str, ...] = ()) -> str:
    """A requirements file of these; of two entries for one distribution under one condition the first one counts."""
    seen: set[tuple[str, str]] = set()
    kept = list(options)
    for requirement in requirements:
        key = (requirement.name or requirement.text, requirement.marker)
        if key not in seen:
            seen.add(key)
            kept.append(f"-e {requirement.text}" if requirement.editable else requirement.text)
    return "".join(f"{line}\n" for line in kept)


def _is_address(text: str) -> bool:
    first = re.split(r"[\s;\[]", text, maxsplit=1)[0]
    return bool(re.match(r"(git|hg|svn|bzr)\+|https?://|file:|\.\.?(/|$)|/|[A-Za-z]:\\", first)) or (
        "@" not in text and ("/" in first or first.endswith((".whl", ".tar.gz", ".zip")))
    )


@dataclass
class _Reading:
    """One walk along a chain of files."""

    files: Files
    requirements: list[Requirement] = field(default_factory=list)
    constraints: list[Requirement] = field(default_factory=list)
    options: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    included: bool = False

    def follow(self, path: str, *, constraint: bool, depth: int) -> None:
        path = posixpath.normpath(path)
        content = None if "://" in path else self.files.read(path)
        if content is None:
            self.missing.append(path)
            return
        if path in self.paths or depth > DEEPEST:
            return
        self.paths.append(path)
        for number, line in lines(content):
            if line.startswith("-"):
                self._option(line, f"{path}:{number}", constraint=constraint, depth=depth)
            else:
                self._entry(parse(line, f"{path}:{number}"), constraint=constraint)

    def _entry(self, entry: Requirement, *, constraint: bool) -> None:
        (self.constraints if constraint else self.requirements).append(self._placed(entry))

    def _option(self, line: str, source: str, *, constraint: bool, depth: int) -> None:
        match = OPTION.match(line)
        if match is None:
            return
        name, value = SHORT.get(match[1], match[1]), match[2].strip().strip("\"'")
        folder = posixpath.dirname(source.rpartition(":")[0])
        if name == "--requirement":
            self.included = True
            self.follow(posixpath.join(folder, value), constraint=constraint, depth=depth + 1)
        elif name == "--constraint":
            self.follow(posixpath.join(folder, value), constraint=True, depth=depth + 1)
        elif name == "--editable":
            self._entry(replace(parse(value, source), editable=True), constraint=constraint)
        elif name in KEPT:
            self.options.append(f"{name} {value}".strip())

    def _placed(self, entry: Requirement) -> Requirement:
        """A path as seen from where the installation runs: there, else beside the file that names it."""
        address = entry.url or entry.text
        if not re.match(r"\.\.?(/|$)|\w[^:@]*/", address) or (entry.name and not entry.url):
            return entry
        place = address.partition("[")[0]
        folder = posixpath.dirname(entry.source.rpartition(":")[0])
        beside = posixpath.normpath(posixpath.join(folder, place))
        if folder and not self._is_there(place) and self._is_there(beside):
            new = address.replace(place, f"./{beside}", 1)
            return replace(entry, text=entry.text.replace(address, new, 1), url=new if entry.url else "")
        return entry

    def _is_there(self, path: str) -> bool:
        path = posixpath.normpath(path)
        return bool(self.files.names(path)) or posixpath.basename(path) in self.files.names(posixpath.dirname(path))
