"""The project's virtual environment: made with uv, filled with what the project pins, never emptied."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from djdock import fingerprint, state
from djdock.errors import Problem
from djdock.machine import python
from djdock.process import WINDOWS
from djdock.project import compatibility, package_managers
from djdock.project.compatibility import Version
from djdock.project.files import Folder

if TYPE_CHECKING:
    from djdock.project.facts import Facts

NAME = ".venv"
# The fingerprint of an environment that was never filled to the end: uv would take half a package for a whole one.
UNFINISHED = "unfinished"


def programs(root: Path) -> Path:
    """The folder that goes to the front of PATH."""
    return root / NAME / ("Scripts" if WINDOWS else "bin")


def is_synced(root: Path) -> bool:
    """Whether the environment is there and was filled from the pins as they are now."""
    stored = state.load(root).environment
    return bool(stored) and python.environment_python(root / NAME).exists() and stored == _fingerprint(root)


def sync(root: Path, facts: Facts) -> None:
    """Makes the environment where it is missing or its interpreter is gone, and installs what is pinned.

    Raises:
        Problem: the Python is not to be had, or a package is not.
    """
    place, known = root / NAME, state.load(root)
    interrupted = known.environment == UNFINISHED
    if not python.environment_python(place).exists():
        python.make_environment(place, _interpreter(facts), cwd=root)
    state.save(root, replace(known, environment=UNFINISHED))
    manager = package_managers.BY_NAME[facts.package_manager.value if facts.package_manager else "pip"]
    env = {**os.environ, **package_managers.environment(root, place)}
    arguments = [*manager.sync(), *([python.REINSTALL] if interrupted else [])]
    wanted = f"What {' and '.join(manager.INPUTS)} ask for"
    python.run_uv(arguments, cwd=root, env=env, wanted=wanted, again=[python.REINSTALL])
    remember(root)


def remember(root: Path) -> None:
    """Notes that the environment holds what is pinned."""
    state.save(root, replace(state.load(root), environment=_fingerprint(root)))


def _fingerprint(root: Path) -> str:
    manager = package_managers.detect(Folder(root))
    return fingerprint.of_files(root, manager.INPUTS if manager else ())


def _interpreter(facts: Facts) -> Path:
    if facts.python is None:
        found = python.newest(compatibility.PYTHONS)
        if found is None:
            raise Problem(
                "There is no Python on this machine that djdock makes environments with.",
                hint="Install Python 3.13, then try again.",
            )
        return found[1]
    wanted: Version = compatibility.parse(re.sub(r"[^\d.]", "", facts.python.value), "the project")
    return python.find_or_fetch(wanted)
