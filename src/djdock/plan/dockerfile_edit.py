"""Edits of a Dockerfile that is djdock's: what a project turns out to need beside what its files say."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence

FROM = re.compile(r"^FROM\s+\S+(?:\s+AS\s+(\S+))?\s*$", re.IGNORECASE)
# Stages that install Python packages; each may take away what the one before has added.
INSTALLING = ("dependencies", "development-dependencies")


def with_requirement(text: str, requirement: str, why: str) -> str | None:
    """The Dockerfile with one more Python package; None where it has no stage that installs any."""
    instruction = (
        f"# {why}.",
        "RUN --mount=type=cache,target=/root/.cache/uv \\",
        f"    uv pip install {shlex.quote(requirement)}",
    )
    lines = text.split("\n")
    ends = [end for name in INSTALLING if (end := _end_of(lines, name)) is not None]
    return _inserted(lines, ends, instruction) if ends else None


def with_packages(text: str, names: Iterable[str]) -> str | None:
    """The Dockerfile with more Debian packages in all its stages; None where they have no stage in common."""
    lines = text.split("\n")
    begin = _begin_of(lines, "base")
    if begin is None:
        return None
    instruction = (
        "# Called or linked by Python packages.",
        "# hadolint ignore=DL3008",
        "RUN apt-get update && apt-get install --yes --no-install-recommends \\",
        *(f"    {name} \\" for name in sorted(names)),
        "    && rm -rf /var/lib/apt/lists/*",
    )
    return _inserted(lines, [begin + 1], instruction)


def _inserted(lines: Sequence[str], places: Sequence[int], instruction: Sequence[str]) -> str:
    found = list(lines)
    for place in sorted(places, reverse=True):
        if list(instruction) != found[max(0, place - len(instruction)) : place]:
            found[place:place] = instruction
    return "\n".join(found)


def _begin_of(lines: Sequence[str], stage: str) -> int | None:
    names = (FROM.match(line) for line in lines)
    return next((number for number, match in enumerate(names) if match and match[1] == stage), None)


def _end_of(lines: Sequence[str], stage: str) -> int | None:
    """The line after a stage's last instruction; what comes then are blank lines, and comments of the next stage."""
    begin = _begin_of(lines, stage)
    if begin is None:
        return None
    end = next((number for number in range(begin + 1, len(lines)) if FROM.match(lines[number])), len(lines))
    while not lines[end - 1].strip() or lines[end - 1].startswith("#"):
        end -= 1
    return end
