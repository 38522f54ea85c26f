"""Dockerfiles as they are found: what they build on, what they install, and what they start."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from djdock.project.files import Files

# A language's image from whatever registry: python:3.12-slim, mirror.example.com:5000/library/python:3.12.1 …
LANGUAGE = re.compile(r"(?:\S+/)?(?P<name>python|node|pypy):(?P<version>\d+(?:\.\d+)?)(?:[.\w-]*)")
# Images of others that bring a Python: uv's own, AWS's, VS Code's.
WITH_PYTHON = re.compile(r"\S+[:-]python(?P<version>3\.\d+)\b\S*|\S+/python:(?:\d+-)?(?P<other>3\.\d+)\S*")
VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}|\$(\w+)")
HEREDOC = re.compile(r"<<-?\s*[\"']?(\w+)[\"']?")


@dataclass(frozen=True)
class Package:
    """A Debian package that a Dockerfile installs, and where."""

    name: str
    line: int


@dataclass(frozen=True)
class Dockerfile:
    """What a Dockerfile says.

    Attributes:
        path: relative to the project's root.
        bases: the images that its stages build on, without other stages.
        python: the version of Python as `X.Y` and the line that says it.
        node: the major version of Node, where a stage builds on its image.
        packages: what apt-get installs.
        environment: what ENV sets.
        command: the words of the last CMD.
    """

    path: str
    bases: tuple[str, ...] = ()
    python: tuple[str, int] | None = None
    node: str | None = None
    packages: tuple[Package, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    command: tuple[str, ...] = ()
    text: str = field(default="", repr=False)


def read(files: Files, path: str) -> Dockerfile | None:
    """A Dockerfile, or None where there is none.

    Raises:
        Problem: it cannot be read as text.
    """
    text = files.read(path)
    return None if text is None else parse(text, path)


def parse(text: str, path: str) -> Dockerfile:
    """Reads a Dockerfile. What it does not understand it leaves out."""
    values: dict[str, str] = {}
    environment: dict[str, str] = {}
    bases: dict[str, int] = {}
    stages: set[str] = set()
    packages: list[Package] = []
    command: tuple[str, ...] = ()
    for line, keyword, rest in instructions(text):
        told = _filled(rest, values)
        if keyword == "ARG":
            name, _, value = told.partition("=")
            values.setdefault(name.strip(), value.strip().strip("\"'"))
        elif keyword == "ENV":
            pairs = _pairs(told)
            environment |= pairs
            values |= pairs
        elif keyword == "FROM":
            words = [word for word in told.split() if not word.startswith("--")]
            if words and words[0] not in stages:
                bases.setdefault(words[0], line)
            if len(words) > 2 and words[1].upper() == "AS":  # noqa: PLR2004 - FROM image AS name
                stages.add(words[2])
        elif keyword == "RUN":
            packages += [Package(name, line) for name in apt_packages(told)]
        elif keyword == "CMD":
            command = _command(told)
    return Dockerfile(
        path=path,
        bases=tuple(bases),
        python=_python(bases),
        node=_language(bases, "node"),
        packages=tuple({package.name: package for package in packages}.values()),
        environment=environment,
        command=command,
        text=text,
    )


def instructions(text: str) -> Iterator[tuple[int, str, str]]:
    """(line, keyword in capitals, rest) of each instruction, continued lines joined, comments left out."""
    lines = text.splitlines()
    number = 0
    while number < len(lines):
        start = number
        parts: list[str] = []
        while number < len(lines):
            line = lines[number].strip()
            number += 1
            if line.startswith("#") or (not line and parts):
                continue
            parts.append(line.removesuffix("\\").strip())
            if not line.endswith("\\"):
                break
        joined = " ".join(parts)
        if ends := HEREDOC.search(joined):
            while number < len(lines) and lines[number].strip() != ends[1]:
                joined += f" ; {lines[number].strip().removesuffix(chr(92))}"
                number += 1
            number += 1
        keyword, _, rest = joined.partition(" ")
        if keyword.isalpha():
            yield start + 1, keyword.upper(), rest.strip()


def apt_packages(command: str) -> list[str]:
    """The names of the Debian packages that a shell command installs; what a variable holds is not known."""
    found = []
    for part in re.split(r"&&|\|\||[;|]", command):
        words = part.split()
        while words and (words[0].startswith("-") or "=" in words[0] or words[0] in {"sudo", "then", "do", "{", "("}):
            words.pop(0)
        if not words or words[0] not in {"apt-get", "apt", "aptitude"} or "install" not in words:
            continue
        for word in words[words.index("install") + 1 :]:
            name = word.strip("\"'(){}").split("=")[0].split("/")[0].removesuffix(":amd64")
            if re.fullmatch(r"[a-z0-9][a-z0-9+.-]+", name) and not word.startswith("-"):
                found.append(name)
    return found


def _filled(text: str, values: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        return values.get(match[1] or match[3]) or match[2] or match[0]

    return VARIABLE.sub(value, text)


def _pairs(text: str) -> dict[str, str]:
    """The two forms of ENV: `NAME=value …` and the old `NAME value`."""
    try:
        words = shlex.split(text)
    except ValueError:
        words = text.split()
    if words and "=" not in words[0]:
        return {words[0]: " ".join(words[1:])}
    return dict(word.partition("=")[::2] for word in words if "=" in word)


def _command(text: str) -> tuple[str, ...]:
    try:
        words = json.loads(text)
    except ValueError:
        words = text.split()
    return tuple(str(word) for word in words) if isinstance(words, list) else ()


def _python(bases: Mapping[str, int]) -> tuple[str, int] | None:
    for base, line in bases.items():
        if (match := LANGUAGE.match(base)) and match["name"] != "node" and "." in match["version"]:
            return match["version"], line
        if match := WITH_PYTHON.match(base):
            return match["version"] or match["other"], line
    return None


def _language(bases: Mapping[str, int], name: str) -> str | None:
    for base in bases:
        if (match := LANGUAGE.match(base)) and match["name"] == name:
            return match["version"].split(".")[0]
    return None
