"""A new project grows in a hidden folder beside its place (or in it, where it is there), and moves there whole."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from glob import escape
from pathlib import Path

from djdock.errors import Problem

# What may be there already: a repository that was just made for the project.
HARMLESS = frozenset({".git"})


def check_target(target: Path) -> None:
    """Makes sure that a project can be made at a place.

    Raises:
        Problem: something is there already, or nothing can be written there.
    """
    nearest = next(place for place in (target, *target.parents) if place.exists() or place.is_symlink())
    if not nearest.is_dir():
        what = "a link to nowhere" if nearest.is_symlink() else "a file"
        raise Problem(f"{nearest} is {what}.", hint="Name another folder: djdock new NAME FOLDER")
    if nearest == target and (found := _in_the_way(target)):
        shown = ", ".join(found[:3]) + (" …" if len(found) > 3 else "")  # noqa: PLR2004 - enough to recognise it
        raise Problem(
            f"The folder {target} is not empty: {shown}.",
            hint="Name another folder: djdock new NAME FOLDER; or empty this one yourself.",
        )
    if not os.access(nearest, os.W_OK):
        raise Problem(f"You may not write in {nearest}.", hint="Name a folder of your own: djdock new NAME FOLDER")


def _in_the_way(target: Path) -> list[str]:
    names = {entry.name for entry in target.iterdir()} - HARMLESS
    return sorted(name for name in names if not name.startswith(_prefix(target)))


@contextmanager
def folder_for(target: Path) -> Iterator[Path]:
    """An empty folder whose content becomes that of `target` at the end; where that is not reached, nothing is left."""
    made = _make_parents(target)
    _sweep(target)
    unfinished = _beside(target) / f"{_prefix(target)}{os.getpid()}"
    try:
        unfinished.mkdir()
        yield unfinished
        _move(unfinished, target)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        for folder in made:
            folder.rmdir()
        raise


def _make_parents(target: Path) -> list[Path]:
    missing = [folder for folder in target.parents if not folder.exists()]
    target.parent.mkdir(parents=True, exist_ok=True)
    return missing


def _beside(target: Path) -> Path:
    # In a folder that is there: what is above it may be another file system, or another person's.
    return target if target.is_dir() else target.parent


def _prefix(target: Path) -> str:
    return f".{target.name}.djdock-new-"


def _sweep(target: Path) -> None:
    """Removes what a killed `djdock new` for this place has left."""
    import psutil  # noqa: PLC0415 - only `new` needs it

    for left in _beside(target).glob(f"{escape(_prefix(target))}*"):
        pid = left.name.rpartition("-")[2]
        if pid.isdigit() and not psutil.pid_exists(int(pid)):
            shutil.rmtree(left, ignore_errors=True)


def _move(unfinished: Path, target: Path) -> None:
    if not target.exists():
        unfinished.rename(target)
        return
    # The folder is there (we may even be inside it): its content moves in.
    moved: list[Path] = []
    try:
        for child in sorted(unfinished.iterdir()):
            child.rename(target / child.name)
            moved.append(child)
    except BaseException:
        for child in moved:
            (target / child.name).rename(child)
        raise
    unfinished.rmdir()
