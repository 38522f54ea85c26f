"""Which Python a project runs on: what it says itself, what its Django can run on, and how old its pins are."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from djdock.errors import Problem
from djdock.project import compatibility, package_managers, pyproject, wheels
from djdock.project.compatibility import OLDEST_PYTHON, PYTHONS, Version, text
from djdock.project.dependency import Dependency
from djdock.project.files import Files, below

NUMBER = r"(3\.\d+)"
FROM = re.compile(r"^\s*FROM\s+(?:--\S+\s+)*\S*?(?:\bpython:|:python)(3\.\d+)", re.IGNORECASE | re.MULTILINE)
QUOTED_LIST = re.compile(r"python[-_]version:\s*\[([^\]]*)\]|python[-_]version:\s*[\"']?(3\.\d+)", re.IGNORECASE)
TOX = re.compile(r"\bpy(3)\{?([\d,\s]+)\}?|\bpy(3)\.?(\d+)\b")
EXACT = re.compile(rf"(?:cpython[-@]?|python-?)?\s*{NUMBER}(?:\.\d+)?\S*")
DOCKERFILES = re.compile(r"(?:.*\.)?Dockerfile(?:[.\-_].*)?|Containerfile", re.IGNORECASE)


@dataclass(frozen=True)
class Wish:
    """What one place says of the Python version."""

    specifier: str
    source: str


@dataclass(frozen=True)
class Choice:
    """The Python for a project.

    Attributes:
        version: `X.Y`, the first of `candidates`.
        evidence: the place that asks for it.
        conflicts: what was asked for and could not be met, one sentence each.
        candidates: all versions that will do, the best first, where this one is not to be had.
        is_exact: the project names this one, and not a range.
    """

    version: str
    evidence: str
    conflicts: tuple[str, ...] = ()
    candidates: tuple[Version, ...] = ()
    is_exact: bool = False


def choose(files: Files, folder: str, dependencies: Sequence[Dependency]) -> Choice:
    """The Python that a project runs on; `folder` is that of its manifest.

    What Django runs on is a law, and a range that the project gives nearly so. An exact wish (.python-version,
    runtime.txt, Pipfile, Dockerfile, CI, in this order) is met if the law allows it. Else it is the newest that fits
    all, and that the old pins of a lock file have wheels for.

    Raises:
        Problem: its Django runs on no Python that djdock makes environments with.
    """
    known = [version for version in (*PYTHONS, (3, 9), (3, 8)) if version >= OLDEST_PYTHON]
    series = django_series(dependencies)
    fitting = [version for version in known if _runs(series, version)]
    if series and not fitting:
        raise _too_old(series)
    conflicts = []
    for wish in ranges(files, folder):
        kept = [version for version in fitting if _contains(wish.specifier, version)]
        if not kept:
            also = f"Django {text(series)}" if series else "the rest of the project"
            conflicts.append(f"{wish.source} asks for Python {wish.specifier}, which {also} does not run on.")
        fitting = kept or fitting
    ages = [version for version in fitting if _has_wheels(version, dependencies)]
    order = [*ages, *(version for version in reversed(fitting) if version not in ages)]
    evidence = f"the newest that Django {text(series)} runs on" if series else "the newest"
    for wish in exact(files, folder):
        numbers = (int(wish.specifier.split(".")[0]), int(wish.specifier.split(".")[1]))
        if numbers in fitting:
            nearest = sorted(order, key=lambda version: (abs(version[1] - numbers[1]), -version[1]))
            return Choice(wish.specifier, wish.source, tuple(conflicts), tuple(nearest), is_exact=True)
        if series:
            why = f"which Django {text(series)} does not run on" if not _runs(series, numbers) else "which does not fit"
            conflicts.append(f"{wish.source} asks for Python {wish.specifier}, {why}.")
    if order[0] != fitting[0]:
        evidence += ", and that its pins were made for"
    return Choice(text(order[0]), evidence, tuple(dict.fromkeys(conflicts)), tuple(order))


def django_series(dependencies: Sequence[Dependency]) -> Version | None:
    """The Django series that a project runs with: the locked one, else the newest that is asked for."""
    asked = next((found for found in dependencies if found.name == "django"), None)
    if asked is None:
        return None
    if asked.locked:
        return compatibility.series(asked.locked)
    if not asked.specifier:
        return None
    table = sorted({**compatibility.LEGACY, **compatibility.DJANGO}, reverse=True)
    return next((found for found in table if _allows(asked.specifier, found)), None)


def ranges(files: Files, folder: str) -> Iterator[Wish]:
    """The ranges that a project gives, the nearest first."""
    for place in _places(folder):
        said = pyproject.requires_python(below(files, place))
        if said:
            yield Wish(said[0], posixpath.join(place, said[1]))


def exact(files: Files, folder: str) -> Iterator[Wish]:
    """The one version that a project names, wherever it does, the most telling place first."""
    for place in _places(folder):
        here = below(files, place)
        for name in (".python-version", "runtime.txt"):
            if match := EXACT.match((here.read(name) or "").strip()):
                yield Wish(match[1], posixpath.join(place, name))
        if (manager := package_managers.BY_NAME["pipenv"]).detect(here) and (said := manager.python(here)):
            yield Wish(said[0], posixpath.join(place, said[1]))
    yield from _images(files, folder)
    yield from _matrices(files)


def _images(files: Files, folder: str) -> Iterator[Wish]:
    """The images that Dockerfiles begin with; production's before development's."""
    places = dict.fromkeys((*_places(folder), *(name.strip("/") for name in files.names() if _is_docker(name))))
    paths = [posixpath.join(place, name) for place in places for name in files.names(place)]
    for place in ("docker", "compose", "deploy"):
        paths += _below(files, place, 3)
    for path in sorted(dict.fromkeys(paths), key=lambda path: ("dev" in path or "local" in path, path.count("/"))):
        if DOCKERFILES.fullmatch(posixpath.basename(path)):
            for number, line in enumerate((files.read(path) or "").splitlines(), start=1):
                if match := FROM.match(line):
                    yield Wish(match[1], f"{path}:{number}")


def _matrices(files: Files) -> Iterator[Wish]:
    """The newest version that continuous integration tests."""
    workflows = [f".github/workflows/{name}" for name in files.names(".github/workflows")]
    for path in (*workflows, ".gitlab-ci.yml", ".circleci/config.yml", "tox.ini"):
        content = files.read(path) if path.endswith((".yml", ".yaml", ".ini")) else None
        found = set(_versions(content or "", path))
        if found:
            yield Wish(text(max(found)), path)


def _versions(content: str, path: str) -> Iterator[Version]:
    if path == "tox.ini":
        for match in TOX.finditer(content):
            for minor in re.findall(r"\d+", match[2] or match[4]):
                yield 3, int(minor)
        return
    for match in QUOTED_LIST.finditer(content):
        for minor in re.findall(r"3\.(\d+)", match[1] or match[2]):
            yield 3, int(minor)
    for match in re.finditer(r"image:\s*[\"']?\S*python:3\.(\d+)", content):
        yield 3, int(match[1])


def _below(files: Files, folder: str, depth: int) -> list[str]:
    found = []
    for name in files.names(folder):
        path = posixpath.join(folder, name.strip("/"))
        found += _below(files, path, depth - 1) if name.endswith("/") and depth else [path]
    return found


def _is_docker(name: str) -> bool:
    return name.endswith("/") and not name.startswith(".") and ("docker" in name.lower() or "deploy" in name.lower())


def _places(folder: str) -> tuple[str, ...]:
    """The manifest's folder and the root."""
    return tuple(dict.fromkeys((folder.strip("/"), "")))


def _runs(series: Version | None, python: Version) -> bool:
    if series is None:
        return True
    support = compatibility.support(series)
    return support.oldest_python <= python <= support.newest_python


def _contains(specifier: str, python: Version) -> bool:
    """Whether some patch level of a Python version is allowed: `>=3.12.4` allows 3.12."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # noqa: PLC0415 - not for the daily commands

    try:
        allowed = SpecifierSet(specifier)
    except InvalidSpecifier:
        return True
    return any(allowed.contains(f"{text(python)}.{patch}") for patch in (0, 4, 9, 20, 99))


def _allows(specifier: str, series: Version) -> bool:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # noqa: PLC0415 - not for the daily commands

    try:
        allowed = SpecifierSet(specifier)
    except InvalidSpecifier:
        return False
    return any(allowed.contains(f"{text(series)}.{patch}") for patch in range(40))


def _has_wheels(python: Version, dependencies: Sequence[Dependency]) -> bool:
    return all(wheels.has(found.name, found.locked, python) for found in dependencies)


def _too_old(series: Version) -> Problem:
    support = compatibility.support(series)
    return Problem(
        f"Django {text(series)} runs on Python {text(support.oldest_python)} to {text(support.newest_python)}, and "
        f"djdock makes no environment with a Python older than {text(OLDEST_PYTHON)}.",
        hint="Upgrade the project to Django 2.2 or newer first, one series at a time:\n"
        "https://docs.djangoproject.com/en/stable/howto/upgrade-version/",
    )
