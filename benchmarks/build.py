"""Builds images: from where the cache is empty or full, which steps ran, and nothing left in the cache afterwards."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import seconds
from benchmarks.place import run
from tests import tools

# BuildKit's plain output: `#7 [development 1/2] COPY . .`, then `#7 CACHED` or `#7 DONE 0.3s`.
STEP = re.compile(r"^#(\d+) \[(?!internal)[^\]]*\] (?!FROM )(.+)$", re.MULTILINE)
DONE = re.compile(r"^#(\d+) DONE", re.MULTILINE)
FIRST_STAGE = re.compile(r"^(FROM python:\S+.*)$", re.MULTILINE)
MARK = re.compile(r": benchmark-\w+ && ")
# The engine may hold an entry for a moment after what builds on it has gone.
ATTEMPTS = 3
LABEL = "djdock.benchmark"
LONGEST_STEP = 60  # letters shown


@dataclass(frozen=True)
class Build:
    """A finished build.

    Attributes:
        ran: the steps that did not come from the cache.
    """

    seconds: float
    ran: tuple[str, ...]


@dataclass(frozen=True)
class Image:
    """What to build: a folder with a Dockerfile, the target in it (empty: its last one), and the image's name."""

    folder: Path
    name: str
    target: str = ""

    def build(self) -> Build:
        """Builds it, with the cache."""
        target = ["--target", self.target] if self.target else []
        said: list[str] = []
        took = seconds(
            lambda: said.append(
                run(["docker", "build", "--progress", "plain", "--tag", self.name, *target, "."], self.folder)
            )
        )
        done = set(DONE.findall(said[0]))
        return Build(took, tuple(_short(step) for number, step in STEP.findall(said[0]) if number in done))

    @contextmanager
    def marked(self, mark: str, cache: str = "") -> Iterator[None]:
        """Its Dockerfile marked for a while, as the function `marked` says."""
        dockerfile = self.folder / "Dockerfile"
        before = dockerfile.read_text()
        dockerfile.write_text(marked(before, mark, cache))
        try:
            yield
        finally:
            dockerfile.write_text(before)

    def size(self) -> int:
        """Bytes."""
        return size_of(self.name)

    def remove(self) -> None:
        """Takes the image away, where it is still there."""
        tools.run(["docker", "image", "rm", "--force", self.name], self.folder)


def size_of(image: str) -> int:
    """The size of an image in bytes, its base included."""
    return int(run(["docker", "image", "inspect", "--format", "{{.Size}}", image], Path.cwd()))


def new_mark() -> str:
    """What no build has had in it before."""
    return f"benchmark-{secrets.token_hex(6)}"


def marked(dockerfile: str, mark: str, cache: str = "") -> str:
    """A Dockerfile that finds nothing in the build cache until it was built once with this mark.

    All that follows the first step is new with it; the package manager's cache mount is one of its own, or of those
    with the same mark in `cache`.
    """
    cache = cache or mark
    text = FIRST_STAGE.sub(rf"\1\nLABEL {LABEL}={mark}\nRUN : {mark}", dockerfile, count=1)
    # The step itself is marked too, since its cache mount is listed under the step's text.
    return text.replace("--mount=type=cache,", f"--mount=type=cache,id={cache},").replace(
        " uv venv", f" : {cache} && uv venv"
    )


@contextmanager
def forgotten(*marks: str) -> Iterator[None]:
    """Removes afterwards what was built with some marks, and nothing else."""
    try:
        yield
    finally:
        forget(*marks)


def forget(*marks: str) -> None:
    """Removes what was built with some marks: images, the marked steps in the cache, and all that builds on them."""
    for mark in marks:
        listed = run(["docker", "image", "ls", "--quiet", "--filter", f"label={LABEL}={mark}"], Path.cwd())
        for image in set(listed.split()):
            run(["docker", "image", "rm", "--force", image], Path.cwd())
    for _attempt in range(ATTEMPTS):
        for identifier in _cached(marks):
            run(["docker", "builder", "prune", "--all", "--force", "--filter", f"id={identifier}"], Path.cwd())


def _cached(marks: Sequence[str]) -> list[str]:
    """The entries of the build cache that carry a mark or descend from one that does, children first."""
    listed = run(["docker", "system", "df", "--verbose", "--format", "{{json .BuildCache}}"], Path.cwd())
    entries = json.loads(listed) or []
    found = [entry["ID"] for entry in entries if any(mark in entry["Description"] for mark in marks)]
    for identifier in found:  # grows while we go through it
        found += [entry["ID"] for entry in entries if entry["Parent"] == identifier and entry["ID"] not in found]
    return found[::-1]


def _short(step: str) -> str:
    """A step's instruction without its mounts and our mark, in one line that is not too long."""
    words = " ".join(word for word in MARK.sub("", step).split() if not word.startswith("--mount"))
    return words if len(words) <= LONGEST_STEP else f"{words[:LONGEST_STEP]}…"
