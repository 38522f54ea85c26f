"""What uv says when it cannot install something: which package, and of what kind the obstacle is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from djdock.project.dependency import normalise

Kind = Literal["build", "source", "version", "unknown", "conflict"]

NAME = r"([A-Za-z0-9][\w.-]*?)(?:\[[^\]]*\])?"
# uv names the package that stopped it in backquotes.
QUOTED = re.compile(
    rf"Failed to (?:download and )?(?:build|prepare|resolve|parse|fetch|install|read)[^`\n]*`{NAME}==([^`]+)`"
)
ADDRESS = re.compile(rf"`(?:{NAME}(?:\[[^\]]*\])? @ )?((?:git|hg|svn|https?|file|ssh)[+:][^`\s]+)`")
FETCHED = re.compile(r"git fetch [^`]*?'((?:https?|ssh|git|file)[:+@][^']+)'")
UNKNOWN = re.compile(rf"{NAME} was not found in the (?:package registry|provided package locations)")
# Versions that do not exist, were withdrawn, or have no file for this Python.
NO_VERSION = re.compile(rf"there (?:is|are) no versions? of {NAME}==([^\s,;]+)")
NO_FILE = re.compile(rf"{NAME}==([^\s,;]+) (?:has|was|is|cannot|requires Python|depends on Python)\b(?! incompatible)")


# What source distributions used of setuptools, and newer ones have no more.
GONE = re.compile(
    r"No module named '(?:pkg_resources|setuptools|distutils)|use_2to3|cannot import name '\w+' from 'setuptools"
)


@dataclass(frozen=True)
class Failure:
    """One obstacle.

    Attributes:
        kind: a build that failed; an address that cannot be reached; a version without a file that fits; a name that
            the package index does not know; or wishes that contradict each other.
        name: normalised; None where it is not said.
        version: the exact version.
        url: the address.
        old_tools: the build asked for something that its tools had once.
    """

    kind: Kind
    name: str | None = None
    version: str | None = None
    url: str = ""
    old_tools: bool = False


def read(text: str) -> Failure | None:
    """The obstacle that uv's words name first, or None where they name none: no network, no space, a bug."""
    flat = re.sub(r"\s+", " ", text)
    unsolved = "No solution found" in flat
    if match := QUOTED.search(flat):
        return Failure("build", normalise(match[1]), match[2], old_tools=GONE.search(flat) is not None)
    if not unsolved and (found := _address(flat)):
        return found
    if match := UNKNOWN.search(flat):
        return Failure("unknown", normalise(match[1]))
    if match := NO_VERSION.search(flat) or NO_FILE.search(flat):
        return Failure("version", normalise(match[1]), match[2].rstrip(".,"))
    return Failure("conflict") if unsolved else None


def _address(flat: str) -> Failure | None:
    if (match := ADDRESS.search(flat)) and "/simple/" not in match[2]:  # that is the package index itself
        return Failure("source", normalise(match[1]) if match[1] else None, url=match[2])
    match = FETCHED.search(flat)
    return Failure("source", url=match[1]) if match else None
