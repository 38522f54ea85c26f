"""What is tried to install, and how it becomes something else where an obstacle is known; runs nothing."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from djdock.embedded.uv_failure import Failure
from djdock.project import requirements
from djdock.project.requirements import Requirement

# The same program with its libraries inside.
BUNDLED = {"psycopg2": "psycopg2-binary", "psycopg-c": "psycopg-binary"}


SINGLE = re.compile(r"=[^=]")
ITSELF = "-e ."


@dataclass(frozen=True)
class Substitution:
    """What is installed here otherwise than the project says; nothing of it is written to the project.

    Attributes:
        was: what the project asks for.
        becomes: what is installed; empty where it is left out.
        why: in a sentence for people.
    """

    was: str
    becomes: str
    why: str


@dataclass(frozen=True)
class Attempt:
    """What is tried to install, as far as the obstacles met so far have changed it."""

    entries: tuple[str, ...]
    constraints: str
    complete: bool
    overrides: tuple[tuple[str, str], ...] = ()
    excluded: frozenset[str] = frozenset()
    built: frozenset[str] = frozenset()
    builder: str = ""
    held: bool = False
    made: tuple[Substitution, ...] = ()


@dataclass(frozen=True)
class Place:
    """Where it goes: the folder of the manifest, the environment, and the names that the source imports."""

    folder: Path
    environment: Path
    imported: frozenset[str]

    @property
    def variables(self) -> dict[str, str]:
        return {
            **os.environ,
            "VIRTUAL_ENV": str(self.environment),
            "UV_PROJECT_ENVIRONMENT": str(self.environment),
            "UV_PROJECT": str(self.folder),
        }


def prepared(attempt: Attempt, place: Place) -> Attempt:
    """What is known to fail before it is tried."""
    for line in attempt.entries:
        if line.startswith("-") and not line.startswith("-e "):
            continue
        entry = requirements.parse(line.removeprefix("-e "))
        new, why = _known(entry, place)
        if why:
            attempt = replaced(attempt, line, new, why)
    return attempt


def _known(entry: Requirement, place: Place) -> tuple[str, str]:
    """What a line has to read, and why; two empty texts where it is fine."""
    if entry.name in {"pkg-resources", "python", "pip"} and not entry.url:
        return "", "it is not a package that a site needs"
    if entry.name in BUNDLED and not entry.url and shutil.which("pg_config") is None:
        new = f"{BUNDLED[entry.name]}{entry.specifier}{condition(entry)}"
        return new, "pg_config, which it is built with, is not on this machine"
    if not entry.url and (entry.name is None or SINGLE.match(entry.specifier)):
        return _readable(entry.text)
    return _reachable(entry, place)


def _readable(text: str) -> tuple[str, str]:
    """A line that is no requirement: Conda writes `name=version=build`."""
    name, _, rest = text.partition("=")
    if rest and requirements.parse(name).name:
        return f"{name}=={rest.partition('=')[0]}", "it is written as Conda does"
    return "", "it is no requirement that an installer of Python packages can read"


def _reachable(entry: Requirement, place: Place) -> tuple[str, str]:
    """An address or a path that cannot be right here."""
    if "git+git://" in entry.text:
        return entry.text.replace("git+git://", "git+https://"), "the protocol git:// is not served any more"
    if entry.url.startswith("file:") and not Path(entry.url[7:].partition("#")[0]).exists():
        return f"{entry.name}{entry.extras}{condition(entry)}", "the file it came from is on another machine"
    path = entry.url or entry.text
    if path.startswith(("./", "../")) and not (place.folder / path.partition("[")[0]).exists():
        return "", "there is no such file or folder"
    return "", ""


def condition(entry: Requirement) -> str:
    return f" ; {entry.marker}" if entry.marker else ""


def replaced(attempt: Attempt, line: str, new: str, why: str) -> Attempt:
    entries = tuple(new if entry == line else entry for entry in attempt.entries)
    made = (*attempt.made, Substitution(line, new, why))
    return replace(attempt, entries=tuple(entry for entry in entries if entry), made=made)


def _with_version(line: str, failure: Failure, version: str) -> str:
    entry = requirements.parse(line)
    if line.startswith("-") or entry.name != failure.name or entry.url:
        return line
    return f"{entry.name}{entry.extras}=={version}{condition(entry)}"


def bundled(attempt: Attempt, failure: Failure) -> Attempt:
    name, becomes = str(failure.name), BUNDLED[str(failure.name)]
    new = f"{becomes}=={failure.version}" if failure.version else becomes
    entries = tuple(line for line in attempt.entries if line.startswith("-") or requirements.parse(line).name != name)
    made = Substitution(
        f"{name}=={failure.version}", new, "it could not be built here; the other one brings its libraries"
    )
    excluded = attempt.excluded | {name}
    return replace(attempt, entries=(*entries, new), excluded=excluded, made=(*attempt.made, made))


def left_out(attempt: Attempt, failure: Failure, why: str) -> Attempt:
    name = str(failure.name)
    was = f"{name}=={failure.version}" if failure.version else failure.url or name
    entries = tuple(line for line in attempt.entries if line.startswith("-") or requirements.parse(line).name != name)
    excluded = attempt.excluded | {name}
    return replace(attempt, entries=entries, excluded=excluded, made=(*attempt.made, Substitution(was, "", why)))


def other_version(attempt: Attempt, failure: Failure, version: str) -> Attempt:
    was = f"{failure.name}=={failure.version}"
    how = "could not be built here" if failure.kind == "build" else "has no file for this Python and machine"
    entries = tuple(_with_version(entry, failure, version) for entry in attempt.entries)
    made = Substitution(was, f"{failure.name}=={version}", f"{was} {how}; {version} is the nearest that has one")
    # What the other version needs may be missing from a complete list: from now on it is only what holds.
    return replace(
        attempt,
        entries=entries,
        overrides=(*attempt.overrides, (str(failure.name), version)),
        complete=False,
        held=attempt.held or attempt.complete,
        made=(*attempt.made, made),
    )


def without_itself(attempt: Attempt) -> Attempt | None:
    """The same without the project itself, which is not always made to be built."""
    why = "the project itself could not be built as a package"
    return replaced(attempt, ITSELF, "", why) if ITSELF in attempt.entries else None
