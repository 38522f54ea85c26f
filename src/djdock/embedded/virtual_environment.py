"""The project's virtual environment: made with uv, filled with what the project pins, never emptied."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from djdock import fingerprint, state
from djdock.embedded import installation
from djdock.embedded.attempts import Place, Substitution
from djdock.machine import python
from djdock.process import WINDOWS
from djdock.project import compatibility, imports, package_managers, python_version
from djdock.project.compatibility import Version
from djdock.project.files import Folder
from djdock.project.package_managers import Found
from djdock.project.python_version import Choice

if TYPE_CHECKING:
    from djdock.project.facts import Facts

NAME = ".venv"
# The fingerprint of an environment that was never filled to the end: uv would take half a package for a whole one.
WITHOUT_SETUPTOOLS: Version = (3, 12)
UNFINISHED = "unfinished"


def programs(root: Path) -> Path:
    """The folder that goes to the front of PATH."""
    return root / NAME / ("Scripts" if WINDOWS else "bin")


def is_synced(root: Path) -> bool:
    """Whether the environment is there and was filled from the pins as they are now."""
    stored = state.load(root).environment
    inputs = stored.split("\n")[1:]
    return bool(inputs) and python.environment_python(root / NAME).exists() and stored == _fingerprint(root, inputs)


def sync(root: Path, facts: Facts) -> tuple[Substitution, ...]:
    """Makes the environment where it is missing or its interpreter is gone, and installs what is asked for.

    Returns what is installed otherwise than the project says, because it cannot be had on this machine.

    Raises:
        Problem: the Python is not to be had, or a package is not.
    """
    return fill(root, manager(facts), facts.pythons)


def manager(facts: Facts) -> Found:
    """Who installs, as the facts say."""
    return Found(facts.package_manager.value, facts.dependencies_folder, facts.package_manager.source)


def fill(root: Path, found: Found, choice: Choice | None = None) -> tuple[Substitution, ...]:
    """As `sync`, for a project whose package manager and Python are known; without a Python it is chosen here.

    Raises:
        Problem: as `sync`.
    """
    files, place, known = Folder(root), root / NAME, state.load(root)
    interrupted = known.environment == UNFINISHED
    if not python.environment_python(place).exists():
        chosen = choice or python_version.choose(files, found.folder, found.dependencies(files))
        _version, interpreter = python.provide(chosen.candidates, exact=chosen.is_exact)
        python.make_environment(place, interpreter, cwd=root)
    state.save(root, replace(known, environment=UNFINISHED))
    if (made_with := version(root)) and made_with < WITHOUT_SETUPTOOLS:
        # Until 3.11 Python's own environments brought it, and what was written then takes it for granted.
        install(root, ["setuptools<81"])
    again = [python.REINSTALL] if interrupted else []
    where = Place(root / found.folder, place, imports.names(files))
    substitutions = installation.fill(where, found.module.install(found.files(files)), again=again)
    remember(root, found)
    return substitutions


def install(root: Path, requirements: Sequence[str]) -> None:
    """Adds packages to the environment, whatever the project declares.

    Raises:
        Problem: one of them is not to be had.
    """
    env = {**os.environ, **package_managers.environment(root, root / NAME)}
    arguments = ["pip", "install", "--quiet", "--compile-bytecode", *requirements]
    python.run_uv(arguments, cwd=root, env=env, wanted=" and ".join(requirements))


def version(root: Path) -> Version | None:
    """The Python version of the environment, or None where there is none."""
    configuration = root / NAME / "pyvenv.cfg"
    text = configuration.read_text(encoding="utf-8") if configuration.is_file() else ""
    match = re.search(r"^version(?:_info)?\s*=\s*(\d+\.\d+)", text, re.MULTILINE)
    return compatibility.series(match[1]) if match else None


def remember(root: Path, found: Found | None = None) -> None:
    """Notes that the environment holds what is pinned."""
    files = Folder(root)
    inputs = (found or package_managers.find(files)).inputs(files)
    state.save(root, replace(state.load(root), environment=_fingerprint(root, inputs)))


def _fingerprint(root: Path, inputs: Sequence[str]) -> str:
    """The names stand after it: whether something has changed is asked often, and must not cost reading the project."""
    return "\n".join((fingerprint.of_files(root, inputs), *inputs))
