"""Who installs a project's dependencies: one module each, asked in this order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from djdock.project.files import Files
from djdock.project.package_managers import pip, uv


class PackageManager(Protocol):
    """What a module of this family offers. It decides and names arguments; others run them."""

    NAME: str
    # The files that say what to install: a change of one of them means that the environment is out of date.
    INPUTS: tuple[str, ...]

    def detect(self, files: Files) -> str | None:
        """The evidence that the project uses it (a path), or None."""

    def python(self, files: Files) -> tuple[str, str] | None:
        """The Python version it asks for as `X.Y`, and where it says so."""

    def manifest(self, name: str, python: str, requirements: Sequence[str]) -> Mapping[str, str]:
        """What a new project says about its dependencies before they are pinned: texts by path."""

    def pin(self, python: str, requirements: Sequence[str]) -> Sequence[str]:
        """The arguments for uv that pin the requirements, in a folder that holds the manifest."""

    def sync(self) -> Sequence[str]:
        """The arguments for uv that make the environment in VIRTUAL_ENV equal to what is pinned.

        Bytecode is compiled at once, on all cores: else each of the first commands would compile what it imports.
        """

    def dockerfile_steps(self, *, production: bool) -> str:
        """The instruction of the Dockerfile that fills /opt/venv; production leaves out what only developers need.

        Empty where production and development install the same.
        """


REGISTRY: tuple[PackageManager, ...] = (uv, pip)
BY_NAME: dict[str, PackageManager] = {manager.NAME: manager for manager in REGISTRY}


def detect(files: Files) -> PackageManager | None:
    """The package manager of a project; the more specific evidence is asked for first."""
    return next((manager for manager in REGISTRY if manager.detect(files)), None)


def environment(project: Path, virtual_environment: Path) -> dict[str, str]:
    """The variables that tell uv which environment to fill, and that no other one of the person's is meant."""
    return {
        "VIRTUAL_ENV": str(virtual_environment),
        "UV_PROJECT_ENVIRONMENT": str(virtual_environment),
        "UV_PROJECT": str(project),
    }
