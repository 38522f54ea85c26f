"""Which project is meant: the one that the current folder is in, or that lies below it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from djdock import state
from djdock.errors import Problem
from djdock.project import configuration, layout
from djdock.project.files import Folder
from djdock.project.layout import MANAGE

# The files that make a folder the home of a project of its own.
HOME = ("requirements.txt", "pyproject.toml", "Pipfile", "setup.py", "uv.lock", "poetry.lock", "pdm.lock",
        "requirements", "requirements.in", "compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml",
        "Dockerfile", "Procfile", ".git", "djdock.toml")  # fmt: skip

# What else tells that a folder is the top of somebody's tree, and no folder that projects happen to lie in.
TOP = ("README.md", "README.rst", "README.txt", "README", "readme.md", "Readme.md", "LICENSE", "LICENSE.md",
       "LICENSE.txt", ".gitignore", ".github", "package.json", "Makefile", ".editorconfig", "setup.cfg",
       "tox.ini")  # fmt: skip


def find(start: Path, manage: str | None = None) -> Path:
    """The root of the project that a folder is in, or that lies below it.

    A project that djdock knows already wins over what the files suggest, unless the folder has a manage.py of its own.

    Args:
        manage: the path of manage.py as the person has named it, from `start` on: then there is nothing to choose.

    Raises:
        Problem: there is none.
    """
    start = start.resolve()
    own: Path | None = None
    for folder in (start, *start.parents):
        if _is_known(folder, own):
            return folder
        if own is None and (folder / MANAGE).is_file():
            own = folder
        if (folder / ".git").exists():
            break
    if manage and (own is None or (start / manage).is_file()):
        return start
    if own is not None:
        return _home(own)
    return _below(start)


def _is_known(folder: Path, own: Path | None) -> bool:
    """Whether djdock knows a project there, and it is the one of the manage.py that was met on the way up."""
    if not (folder / state.FOLDER / "state.json").is_file():
        return False
    return own is None or (folder / (state.load(folder).manage or MANAGE)).parent == own


def _home(folder: Path) -> Path:
    """The nearest folder that is the home of a project: in the repository, or without one at most a step up."""
    places = (folder, *folder.parents)
    top = next((number for number, place in enumerate(places) if (place / ".git").exists()), min(1, len(places) - 1))
    return next((place for place in places[: top + 1] if _holds(place, HOME)), folder)


def _holds(place: Path, names: Iterable[str]) -> bool:
    return any((place / name).exists() for name in names)


def _below(start: Path) -> Path:
    """The start, where it is the top of a project's tree; or the home of one of several projects below it.

    Raises:
        Problem: nothing is there, or the start only happens to hold projects.
    """
    found = layout.candidates(Folder(start))
    if len(found) > 1 and not _holds(start, (*HOME, *TOP)):
        raise layout.several(found)
    if not found or not (_holds(start, HOME) or _holds(start, TOP)):
        near = [path for path in found if path.count("/") == 1]
        raise Problem(
            f"{start} is not inside a Django project: there is no manage.py here or above.",
            hint=f"cd {near[0].partition('/')[0]}"
            if near
            else "cd into your project, or make a new one: djdock new NAME",
        )
    if configuration.read(Folder(start)).manage:
        return start
    chosen = (start / layout.choose(Folder(start), found).value).parent
    known = next(
        (place for place in (chosen, *chosen.parents) if (place / state.FOLDER / "state.json").is_file()), None
    )
    if known is not None and start in known.parents:
        return known
    return start if len(found) == 1 else _home(chosen)  # one project may use the whole of the folder
