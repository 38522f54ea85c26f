"""Who installs a project's dependencies: one module each, asked in this order."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from djdock.errors import Problem
from djdock.project.dependency import BRINGS_DJANGO, Addition, Dependency, Installation
from djdock.project.files import Files, below
from djdock.project.package_managers import none, pdm, pep621, pip, pipenv, poetry, setuptools, uv

# The place of a mounted file in the project, in the instructions of members.
SOURCE = re.compile(r"(?<=type=bind,)source=([^,\s]+)")
# Folders that hold something else than a site's dependencies.
ELSEWHERE = {"docs", "doc", "node_modules", "static", "media", "tests", "venv", "env", "frontend", "templates"}


class PackageManager(Protocol):
    """What a module of this family offers. It decides and names arguments; others run them.

    `files` begin at the folder of its manifest; paths in answers are relative to that folder.
    """

    NAME: str

    def detect(self, files: Files) -> str | None:
        """The evidence that the project uses it (a path), or None."""

    def inputs(self, files: Files) -> tuple[str, ...]:
        """The files that say what to install: a change of one of them means that the environment is out of date."""

    def dependencies(self, files: Files) -> tuple[Dependency, ...]:
        """What the project asks for, directly first, then what its lock file adds."""

    def python(self, files: Files) -> tuple[str, str] | None:
        """The one Python version it is made for as `X.Y`, and where it says so."""

    def install(self, files: Files) -> Installation:
        """How uv fills a developer's environment."""

    def add(self, files: Files, requirement: str) -> Addition:
        """What declares one requirement more; no text where it is declared already.

        Raises:
            Problem: the manifest has no place for it.
        """

    def dockerfile_steps(self, files: Files, *, production: bool) -> str:
        """The instruction of the Dockerfile that fills /opt/venv; production leaves out what only developers need.

        Empty where production and development install the same.
        """


class Starter(PackageManager, Protocol):
    """A package manager that `djdock new` can begin a project with."""

    def manifest(self, name: str, python: str, requirements: Sequence[str]) -> Mapping[str, str]:
        """What a new project says about its dependencies before they are pinned: texts by path."""

    def pin(self, python: str, requirements: Sequence[str]) -> Sequence[str]:
        """The arguments for uv that pin the requirements, in a folder that holds the manifest."""

    def sync(self) -> Sequence[str]:
        """The arguments for uv that make the environment in VIRTUAL_ENV equal to what is pinned.

        Bytecode is compiled at once, on all cores: else each of the first commands would compile what it imports.
        """


REGISTRY: tuple[PackageManager, ...] = (uv, poetry, pdm, pipenv, pip, pep621, setuptools, none)
BY_NAME: dict[str, PackageManager] = {manager.NAME: manager for manager in REGISTRY}
STARTERS: dict[str, Starter] = {"pip": pip, "uv": uv}
LOCKING = {"uv": "uv.lock", "poetry": "poetry.lock", "pdm": "pdm.lock", "pipenv": "Pipfile.lock"}


@dataclass(frozen=True)
class Other:
    """What could have been chosen, and why it was not."""

    manager: str
    path: str
    why: str


@dataclass(frozen=True)
class Found:
    """Who installs a project's dependencies.

    Attributes:
        manager: its name.
        folder: where its manifest is, relative to the root; empty for the root.
        evidence: the file that tells, relative to the root.
        others: what else was found.
    """

    manager: str
    folder: str
    evidence: str
    others: tuple[Other, ...] = ()

    @property
    def module(self) -> PackageManager:
        return BY_NAME[self.manager]

    def files(self, files: Files) -> Files:
        """The project's files as its manager takes them."""
        return below(files, self.folder)

    def inputs(self, files: Files) -> tuple[str, ...]:
        """The files that say what to install, relative to the root."""
        paths = self.module.inputs(self.files(files))
        return tuple(posixpath.normpath(_joined(self.folder, path)) for path in paths)

    def dependencies(self, files: Files) -> tuple[Dependency, ...]:
        """What the project asks for."""
        return self.module.dependencies(self.files(files))

    def dockerfile_steps(self, files: Files, *, production: bool) -> str:
        """The manager's instruction of a Dockerfile at the root, which finds the manifest in its folder."""
        steps = self.module.dockerfile_steps(self.files(files), production=production)
        return SOURCE.sub(lambda match: posixpath.normpath(f"source={_joined(self.folder, match[1])}"), steps)


def detect(files: Files) -> PackageManager | None:
    """The package manager of a folder, the more specific evidence first; None where nothing is declared."""
    return next((manager for manager in REGISTRY if manager is not none and manager.detect(files)), None)


def find(files: Files, manage_folder: str = "") -> Found:
    """Who installs the dependencies of the project whose manage.py is in a folder.

    Looked at are that folder, those above it up to the root, and those beside; the nearest that declares Django wins,
    else the nearest that declares anything. Within a folder a lock file tells more than a list. Where nothing is
    declared the answer is `none`: the imports tell.

    Raises:
        Problem: a manifest cannot be read.
    """
    candidates = [
        Found(manager.NAME, folder, _joined(folder, evidence))
        for folder in _folders(files, manage_folder.strip("/"))
        for manager in REGISTRY
        if manager is not none and (evidence := manager.detect(below(files, folder)))
    ]
    if not candidates:
        return Found(none.NAME, manage_folder.strip("/"), _joined(manage_folder.strip("/"), "manage.py"))
    with_django = [found for found in candidates if _declares_django(found, files)]
    chosen = _preferred(with_django or candidates, files)
    others = tuple(_other(found, chosen, found in with_django) for found in candidates if found != chosen)
    return Found(chosen.manager, chosen.folder, chosen.evidence, others)


def named(files: Files, manage_folder: str, name: str) -> Found:
    """The package manager that the person names, in the nearest folder that has something for it.

    Raises:
        Problem: there is none of that name, or the project has nothing for it.
    """
    module = BY_NAME.get(name)
    for folder in _folders(files, manage_folder.strip("/")) if module else ():
        assert module is not None  # noqa: S101 - else there is no folder
        if evidence := module.detect(below(files, folder)):
            return Found(name, folder, _joined(folder, evidence))
    if module is None:
        raise Problem(f"djdock knows no package manager {name}.", hint=f"--package-manager {'|'.join(BY_NAME)}")
    raise Problem(
        f"Nothing in this project is for {name}.",
        hint="Leave --package-manager out, or bring back the file that is missing.",
    )


def environment(project: Path, virtual_environment: Path) -> dict[str, str]:
    """The variables that tell uv which environment to fill, and that no other one of the person's is meant."""
    return {
        "VIRTUAL_ENV": str(virtual_environment),
        "UV_PROJECT_ENVIRONMENT": str(virtual_environment),
        "UV_PROJECT": str(project),
    }


def _folders(files: Files, manage_folder: str) -> list[str]:
    """The places to look at, the nearest first."""
    above = [manage_folder]
    while above[-1]:
        above.append(above[-1].rpartition("/")[0])
    beside = [_joined(folder, name.strip("/")) for folder in above for name in files.names(folder) if _may_hold(name)]
    return list(dict.fromkeys((*above, *beside)))


def _may_hold(name: str) -> bool:
    return name.endswith("/") and not name.startswith(".") and name.strip("/") not in ELSEWHERE


def _declares_django(found: Found, files: Files) -> bool:
    return any(asked.name in BRINGS_DJANGO for asked in found.dependencies(files))


def _preferred(candidates: Sequence[Found], files: Files) -> Found:
    """The first; of two lock files in one folder the one whose tool pyproject.toml is written for."""
    first = candidates[0]
    text = below(files, first.folder).read("pyproject.toml") or ""
    for manager in ("poetry", "pdm", "uv"):
        written_for = f"[tool.{manager}" in text
        for found in candidates:
            same = found.folder == first.folder and found.manager == manager
            if written_for and same and first.manager in LOCKING and f"[tool.{first.manager}" not in text:
                return found
    return first


def _other(found: Found, chosen: Found, declares_django: bool) -> Other:  # noqa: FBT001 - read where it is called
    if not declares_django:
        why = "does not name Django"
    elif found.folder != chosen.folder:
        why = f"{chosen.evidence} is nearer to manage.py"
    elif found.manager in LOCKING and chosen.manager in LOCKING:
        why = f"a second lock file; pyproject.toml is written for {chosen.manager}, or names neither"
    else:
        why = f"{chosen.evidence} says more exactly what to install"
    return Other(found.manager, found.evidence, why)


def _joined(folder: str, path: str) -> str:
    return f"{folder}/{path}" if folder else path
