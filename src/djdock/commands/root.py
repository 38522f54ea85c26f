"""Which project is meant: the one that the current folder is in, or that lies below it."""

from __future__ import annotations

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
    for place in (folder, *folder.parents):
        if any((place / name).exists() for name in HOME):
            return place
        if (place / ".git").exists():
            break
    return folder


def _below(start: Path) -> Path:
    """The start, or the home of one of several projects below it."""
    found = layout.candidates(Folder(start))
    if not found:
        raise Problem(
            f"{start} is not inside a Django project: there is no manage.py here, above or below.",
            hint="cd into your project, or make a new one: djdock new NAME",
        )
    if len(found) == 1 or configuration.read(Folder(start)).manage:  # one project may use the whole of the folder
        return start
    return _home((start / layout.choose(Folder(start), found).value).parent)
