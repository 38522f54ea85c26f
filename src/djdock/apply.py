"""WRITE: makes a plan's changes, all of them or none."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from djdock.errors import Problem
from djdock.plan.change import Change, Plan
from djdock.project.files import Folder

# What a file begins with, and how the rest of it is then written.
ENCODINGS = ((BOM_UTF8, "utf-8"), (BOM_UTF16_LE, "utf-16-le"), (BOM_UTF16_BE, "utf-16-be"))


@dataclass(frozen=True)
class Write:
    """What a file is to be.

    Attributes:
        path: relative to the project's root, with forward slashes.
        content: its bytes; None takes the file away.
        mode, owner: its permissions, and its user's and group's ids; None leaves those that a file has, and gives a new
            one what the person's umask says.
    """

    path: str
    content: bytes | None
    mode: int | None = None
    owner: tuple[int, int] | None = None


@dataclass(frozen=True)
class _Replacement:
    """A file that is about to be replaced, and where the new one is written first: beside it, whole and on the disk."""

    target: Path
    unfinished: Path
    write: Write
    original: bytes | None
    info: os.stat_result | None

    def prepare(self) -> None:
        if self.write.content is None:
            return
        owner = self.write.owner or ((self.info.st_uid, self.info.st_gid) if self.info else None)
        mode = self.write.mode
        if mode is None and self.info:
            mode = stat.S_IMODE(self.info.st_mode)
        _write_new(self.unfinished, self.write.content, mode, owner)

    def finish(self) -> None:
        if self.write.content is None:
            self.target.unlink(missing_ok=True)
        else:
            self.unfinished.replace(self.target)

    def take_back(self) -> None:
        found = _bytes(self.target)
        if found == self.original or found != self.write.content:
            return  # it never took its place, or the person has saved something else there meanwhile
        if self.original is None or self.info is None:
            self.target.unlink(missing_ok=True)
        else:
            mode, owner = stat.S_IMODE(self.info.st_mode), (self.info.st_uid, self.info.st_gid)
            _write_new(self.unfinished, self.original, mode, owner)
            self.unfinished.replace(self.target)


def apply(root: Path, plan: Plan) -> None:
    """Writes what a plan says.

    Every new text is on the disk, under a name of its own, before the first file is replaced; a file is always whole.
    What is there keeps its mode, its owner and its byte order mark; a symbolic link stays one.

    Raises:
        Problem: a file has changed since the plan was made, or cannot be written. The tree is as it was.
    """
    check_unchanged(root, plan)
    write(root, encode(root, plan))


def check_unchanged(root: Path, plan: Plan) -> None:
    """Makes sure that all files read as they did when the plan was made.

    Raises:
        Problem: one does not: what is there now is the person's newer work.
    """
    files = Folder(root)
    for change in plan.changes:
        if files.read(change.path) != change.before:
            raise Problem(
                f"{change.path} has changed while djdock was working. Nothing was changed.", hint="Try again."
            )


def encode(root: Path, plan: Plan) -> tuple[Write, ...]:
    """The bytes of a plan's effective changes, in the encoding that each file begins with.

    Raises:
        Problem: a file cannot be read.
    """
    try:
        return tuple(
            Write(change.path, _encoded(root, change), 0o600 if change.private else None) for change in plan.effective
        )
    except OSError as error:
        raise could_not_write(root, error) from error


def _encoded(root: Path, change: Change) -> bytes:
    original = _bytes(resolve(root, change.path)) or b""
    for mark, encoding in ENCODINGS:
        if original.startswith(mark):
            return mark + change.after.encode(encoding)
    return change.after.encode()


def resolve(root: Path, path: str) -> Path:
    """Where a file of the project really is: behind the symbolic links that lead to it.

    Raises:
        Problem: the path names nothing inside the project, or its links lead in a circle.
    """
    parts = PurePosixPath(path).parts
    if not parts or ".." in parts or Path(path).is_absolute() or "\0" in path:
        raise Problem(f"{path!r} is not a path inside the project. Nothing was changed.", hint="djdock init --help")
    try:
        return (root / path).resolve()
    except (OSError, RuntimeError) as error:
        raise Problem(
            f"{path} cannot be followed: its symbolic links lead in a circle. Nothing was changed.",
            hint=f"Look at {root / path}, and correct the link.",
        ) from error


def unfinished(target: Path, mark: str, number: int) -> Path:
    """Where the new content of a file is written, before it takes its place in one step."""
    return target.with_name(f".djdock-{mark}-{number}")


def write(root: Path, writes: Sequence[Write], *, mark: str = "") -> None:
    """Writes files, all of them or none; `mark` tells those that are unfinished from those of other processes.

    Raises:
        Problem: a file cannot be written. The tree is as it was.
    """
    folders: list[Path] = []  # grow one by one, so that whatever happens they say what is there
    replacements: list[_Replacement] = []
    try:
        for number, item in enumerate(writes):
            replacements.append(_look(root, item, mark or str(os.getpid()), number))
        _check_distinct(replacements)
        for replacement in replacements:
            if replacement.write.content is not None:
                _make_folders(replacement.target.parent, folders)
            replacement.prepare()
        for replacement in replacements:
            replacement.finish()
    except BaseException as error:
        _take_back(replacements, folders)
        if isinstance(error, OSError):
            raise could_not_write(root, error) from error
        raise


def could_not_write(root: Path, error: OSError) -> Problem:
    """What to tell the person when the system refuses and all is as it was."""
    return Problem(
        f"{error.filename or root} could not be written: {error.strerror}. Nothing was changed.",
        hint="Make room on the disk or correct the permissions, then try again.",
    )


def _look(root: Path, item: Write, mark: str, number: int) -> _Replacement:
    target = resolve(root, item.path)
    info = target.stat() if target.exists() else None
    original = target.read_bytes() if info and stat.S_ISREG(info.st_mode) else None
    return _Replacement(target, unfinished(target, mark, number), item, original, info)


def _check_distinct(replacements: Sequence[_Replacement]) -> None:
    seen: dict[Path, str] = {}
    for replacement in replacements:
        path = replacement.write.path
        if replacement.target in seen:
            raise Problem(
                f"{seen[replacement.target]} and {path} are one and the same file. Nothing was changed.",
                hint="Make one of them a file of its own instead of a symbolic link, then try again.",
            )
        seen[replacement.target] = path


def missing_folders(folder: Path) -> list[Path]:
    """The folders that have to be made for this one to be there, outermost first."""
    return [place for place in reversed((folder, *folder.parents)) if not place.exists()]


def _make_folders(folder: Path, made: list[Path]) -> None:
    for place in missing_folders(folder):
        made.append(place)
        place.mkdir()


def _bytes(target: Path) -> bytes | None:
    try:
        return target.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def _write_new(place: Path, content: bytes, mode: int | None, owner: tuple[int, int] | None) -> None:
    place.touch(mode=0o666 if mode is None else 0o600)
    with place.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    if owner is not None and sys.platform != "win32":
        with contextlib.suppress(PermissionError):  # only root may give files away; to anybody else it is theirs
            os.chown(place, *owner)
    if mode is not None:
        place.chmod(mode)


def _take_back(replacements: Sequence[_Replacement], folders: Sequence[Path]) -> None:
    for replacement in replacements:
        with contextlib.suppress(OSError):  # where it could not be written, it need not go
            replacement.unfinished.unlink()  # all of them first: what comes now may need their room
    for replacement in replacements:
        replacement.take_back()
    for folder in reversed(folders):
        with contextlib.suppress(OSError):  # it could not be made, or somebody has put something there
            folder.rmdir()
