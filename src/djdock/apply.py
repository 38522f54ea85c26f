"""WRITE: makes a plan's changes, all of them or none."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from codecs import BOM_UTF8
from dataclasses import dataclass
from pathlib import Path

from djdock.errors import Problem
from djdock.plan.change import Change, Plan
from djdock.project.files import Folder


@dataclass(frozen=True)
class _Replacement:
    """A file that is about to be replaced, and the new one, whole and on the disk, beside it."""

    target: Path
    unfinished: Path
    original: bytes | None
    info: os.stat_result | None

    @property
    def done(self) -> bool:
        return not self.unfinished.exists()


def apply(root: Path, plan: Plan) -> None:
    """Writes what a plan says.

    Every new text is on the disk, under a name of its own, before the first file is replaced; a file is always whole.
    What is there keeps its mode, its owner and its byte order mark; a symbolic link stays one.

    Raises:
        Problem: a file has changed since the plan was made, or cannot be written. The tree is as it was.
    """
    _check_unchanged(root, plan)
    folders: list[Path] = []  # grow one by one, so that whatever happens they say what is there
    replacements: list[_Replacement] = []
    try:
        for change in plan.effective:
            target = (root / change.path).resolve()
            _make_folders(target.parent, folders)
            replacements.append(_prepare(target, change))
        for replacement in replacements:
            replacement.unfinished.replace(replacement.target)
    except BaseException as error:
        _undo(replacements, folders)
        if isinstance(error, OSError):
            raise Problem(
                f"{error.filename or root} could not be written: {error.strerror}. Nothing was changed.",
                hint="Make room on the disk or correct the permissions, then try again.",
            ) from error
        raise


def _check_unchanged(root: Path, plan: Plan) -> None:
    files = Folder(root)
    for change in plan.changes:
        if files.read(change.path) != change.before:
            raise Problem(
                f"{change.path} has changed while djdock was working. Nothing was changed.", hint="Try again."
            )


def _make_folders(folder: Path, made: list[Path]) -> None:
    for place in reversed((folder, *folder.parents)):
        if not place.exists():
            place.mkdir()
            made.append(place)


def _prepare(target: Path, change: Change) -> _Replacement:
    info = target.stat() if target.exists() else None
    original = target.read_bytes() if info else None
    mark = BOM_UTF8 if original and original.startswith(BOM_UTF8) else b""
    mode = stat.S_IMODE(info.st_mode) if info else None  # None: as the person's umask wants new files
    unfinished = _write_beside(target, mark + change.after.encode(), 0o600 if change.private else mode, info)
    return _Replacement(target, unfinished, original, info)


def _write_beside(target: Path, content: bytes, mode: int | None, like: os.stat_result | None) -> Path:
    unfinished = target.with_name(f".{target.name}.djdock-{os.getpid()}")
    try:
        unfinished.touch(mode=0o666 if mode is None else 0o600)
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if like is not None and sys.platform != "win32":
            with contextlib.suppress(PermissionError):  # only root may give files away; to anybody else it is theirs
                os.chown(unfinished, like.st_uid, like.st_gid)
        if mode is not None:
            unfinished.chmod(mode)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    return unfinished


def _undo(replacements: list[_Replacement], folders: list[Path]) -> None:
    for replacement in replacements:
        if not replacement.done:
            replacement.unfinished.unlink(missing_ok=True)
        elif replacement.original is None or replacement.info is None:
            replacement.target.unlink(missing_ok=True)
        else:
            mode = stat.S_IMODE(replacement.info.st_mode)
            _write_beside(replacement.target, replacement.original, mode, replacement.info).replace(replacement.target)
    for folder in reversed(folders):
        folder.rmdir()
