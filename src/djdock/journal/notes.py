"""What came into the tree beside a step's own files, because djdock ran something: it goes when the step is undone."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from djdock import state
from djdock.journal import step as steps
from djdock.journal.step import Step

NAME = "notes.json"
# A tree goes whole, a folder once it is empty, and a file is put aside: it may hold what cannot be had again.
Kind = Literal["tree", "folder", "file"]
# Programs make these again whenever they need them.
DERIVED = ("__pycache__", ".egg-info")
# Where nothing is looked for: others' business, or noted as a whole.
SKIPPED = {".git", ".hg", ".svn", state.FOLDER, ".venv", "node_modules", "site-packages"}
# A tree with more than this is not watched: looking at it would take longer than it is worth.
MOST = 100_000


@dataclass(frozen=True)
class Note:
    """Something that was not there before."""

    path: str
    kind: Kind


def load(step: Step) -> tuple[Note, ...]:
    """What goes with a step, in the order in which it was noted."""
    try:
        stored = json.loads((step.folder / NAME).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ()
    return tuple(Note(path, kind) for path, kind in stored)


def add(step: Step, found: Sequence[Note]) -> None:
    """Adds to what goes with a step, in one instant."""
    known = load(step)
    fresh = [note for note in found if note not in known]
    if fresh:
        unfinished = step.folder / f"{NAME}.unfinished"
        steps.store(unfinished, json.dumps([[note.path, note.kind] for note in (*known, *fresh)]).encode())
        unfinished.replace(step.folder / NAME)


def take_away(root: Path, found: Sequence[Note], kept: Path) -> None:
    """Takes away what can be taken away; what cannot must not stand in the way of every command that comes.

    `kept` is the folder in which files are put aside.
    """
    for note in sorted(found, key=lambda note: (note.kind == "folder", -note.path.count("/"))):
        path = root / note.path
        with contextlib.suppress(OSError):
            if note.kind == "folder":
                path.rmdir()
            elif path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            elif not is_put_aside(note):
                path.unlink()
            elif os.path.lexists(path):
                shutil.move(path, free_place(kept / note.path))


def is_put_aside(note: Note) -> bool:
    """Whether a file is kept elsewhere when it goes: what programs make again, and what djdock made, is not."""
    return note.kind == "file" and not any(part.endswith(DERIVED) for part in PurePosixPath(note.path).parts)


def free_place(target: Path) -> Path:
    """A path like this one at which nothing is yet; the folders above it are made, for their owner only."""
    place, number = target, 1
    while os.path.lexists(place):
        number += 1
        place = target.with_name(f"{target.name}.{number}")
    for folder in reversed(place.parents):
        if not folder.exists():
            folder.mkdir(mode=0o700)
    return place


def topmost(found: Sequence[Note]) -> tuple[str, ...]:
    """The paths that are not inside another one of them: what a person wants to hear of."""
    paths = {note.path for note in found}
    inside = {path for path in paths if {str(parent) for parent in PurePosixPath(path).parents} & paths}
    return tuple(dict.fromkeys(note.path for note in found if note.path not in inside))


def look(root: Path) -> dict[str, Kind] | None:
    """All files and folders of a tree, by path relative to its root; None where there are too many."""
    seen: dict[str, Kind] = {}
    waiting = [""]
    while waiting:
        for path, kind in _inside(root, waiting.pop()):
            seen[path] = kind
            if kind == "folder":
                waiting.append(path)
        if len(seen) > MOST:
            return None
    return seen


def _inside(root: Path, folder: str) -> Iterator[tuple[str, Kind]]:
    try:
        entries = list(os.scandir(root / folder))
    except OSError:
        return
    for entry in entries:
        if entry.name not in SKIPPED:
            path = f"{folder}/{entry.name}" if folder else entry.name
            yield path, "folder" if entry.is_dir(follow_symlinks=False) else "file"
