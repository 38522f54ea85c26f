"""A consistent copy of a SQLite file, made while others may write to it; the file itself is only read."""

from __future__ import annotations

import errno
import sqlite3
import tempfile
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from djdock.errors import Problem

HEADER = b"SQLite format 3\0"
# What follows the size of a page in the header of a file in WAL mode.
WAL = b"\2\2"
NAME = "snapshot.sqlite3"
# Pages copied between two words of progress: 8 MB of the usual size. A writer in between would make the backup begin
# anew, so where one is about, the rest is copied in one go.
STEP = 2048
# How long somebody else's write is waited for, in seconds.
PATIENCE = 30.0


class Raw(bytes):
    """A value of SQLite's class TEXT, its bytes not decoded; plain `bytes` are a BLOB."""


def take(source: Path, folder: Path, tell: Callable[[int, int], None]) -> Path:
    """Copies `source` into a folder through SQLite's backup API; `tell` hears pages done and pages in all.

    A journal or WAL beside the file is read along. Returns the copy, which nobody else knows of.

    Raises:
        Problem: it is no SQLite file, it is damaged or locked, or the disk is full.
    """
    _check_header(source)
    target = folder / NAME
    if _is_resting(source):
        # A reader of a file in WAL mode leaves two files beside it, unless it takes for granted that nobody writes.
        before = _state(source)
        with suppress(Problem):
            _copy(source, target, tell, mode="ro&immutable=1")
            if _is_resting(source) and _state(source) == before:
                return target
    _copy(source, target, tell, mode="ro")
    return target


def _copy(source: Path, target: Path, tell: Callable[[int, int], None], *, mode: str) -> None:
    target.unlink(missing_ok=True)
    try:
        with closing(_reader(source, mode)) as reader, closing(sqlite3.connect(target)) as writer:
            # A copy that is lost with the process needs no journal and no fsync.
            writer.execute("PRAGMA journal_mode = OFF")
            writer.execute("PRAGMA synchronous = OFF")
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM sqlite_master").fetchone()  # from here on, one state is seen
            reader.backup(writer, pages=STEP, progress=lambda _status, left, total: tell(total - left, total))
            if writer.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
                writer.execute("PRAGMA journal_mode = DELETE")
            encoding = writer.execute("PRAGMA encoding").fetchone()[0]
    except sqlite3.Error as error:
        target.unlink(missing_ok=True)  # where there is no room, half a snapshot must not take what is left
        raise _problem(source, target.parent, error) from error
    if encoding != "UTF-8":
        target.unlink()
        raise Problem(
            f"{source.name} keeps its texts in {encoding}; only UTF-8, which is what Django makes, can be copied.",
            hint=f'Make a file of it that does: sqlite3 "{source}" .dump | sqlite3 new.sqlite3\n'
            "Then: djdock db copy new.sqlite3",
        )


def _is_resting(source: Path) -> bool:
    """Whether it is a file in WAL mode that nobody has open."""
    with source.open("rb") as file:
        versions = file.read(len(HEADER) + 4)[-2:]
    return versions == WAL and not any(source.with_name(f"{source.name}{end}").exists() for end in ("-wal", "-shm"))


def _state(source: Path) -> tuple[int, int]:
    found = source.stat()
    return found.st_size, found.st_mtime_ns


def open_for_reading(path: Path, *, text: Callable[[bytes], object] = Raw) -> sqlite3.Connection:
    """A connection that cannot write, usable from another thread than the one that made it."""
    connection = sqlite3.connect(_uri(path, "ro"), uri=True, isolation_level=None, check_same_thread=False)
    connection.text_factory = text
    return connection


def open_for_repair(path: Path) -> sqlite3.Connection:
    """A connection that may write to a snapshot, whatever its constraints say."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.text_factory = Raw
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "ignore_check_constraints = ON", "foreign_keys = OFF"):
        connection.execute(f"PRAGMA {pragma}")
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {quoted(name.decode())}")
    return connection


@contextmanager
def whole(path: Path) -> Iterator[None]:
    """Within it, a snapshot that turns out to be damaged is a Problem, and so is a disk that has no room.

    Raises:
        Problem: a page of the file is not what it should be, or what is noted beside the snapshot does not fit.
    """
    try:
        yield
    except sqlite3.DatabaseError as error:
        if _is_full(error):
            raise _no_room(path.parent, str(error)) from error
        if "malformed" not in str(error):
            raise
        raise damaged(path, str(error)) from error
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        raise _no_room(path.parent, str(error)) from error


def _is_full(error: sqlite3.Error) -> bool:
    return "full" in str(error) or "disk I/O" in str(error)


def _no_room(folder: Path, details: str) -> Problem:
    return Problem(
        f"There is no room for the values at fault, and what SQLite sorts, in {folder} or {tempfile.gettempdir()}.",
        details=details,
        hint="Free some space on that disk, then run the same command again. Nothing has been changed.",
    )


def damaged(path: Path, details: str) -> Problem:
    """What there is to say of a file that was copied with its damage."""
    return Problem(
        "The SQLite file is damaged. Nothing has been changed.",
        details=f"{path.name}: {details}",
        hint='To see what is wrong with it: sqlite3 db.sqlite3 "PRAGMA integrity_check"\n'
        'Where only indexes are: sqlite3 db.sqlite3 "REINDEX". What else can be saved: sqlite3 db.sqlite3 ".recover"',
    )


def quoted(name: str) -> str:
    """An identifier as SQLite reads it."""
    return '"' + name.replace('"', '""') + '"'


def _reader(source: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(_uri(source, mode), uri=True, isolation_level=None, timeout=PATIENCE)


def _uri(path: Path, mode: str) -> str:
    return f"file:{urllib.parse.quote(str(path.resolve()))}?mode={mode}"


def _check_header(source: Path) -> None:
    try:
        with source.open("rb") as file:
            start = file.read(len(HEADER))
    except FileNotFoundError as error:
        raise Problem(f"There is no file {source}.", hint="djdock db copy path/to/db.sqlite3") from error
    except OSError as error:
        raise Problem(
            f"{source} cannot be read: {error.strerror}.", hint="djdock db copy path/to/db.sqlite3"
        ) from error
    if not start:
        raise Problem(f"{source} is empty: there is nothing to copy.", hint="djdock db copy path/to/db.sqlite3")
    if start != HEADER:
        raise Problem(
            f"{source} is no SQLite database (or an encrypted one).",
            hint="An encrypted file must be decrypted first; for another file: djdock db copy path/to/db.sqlite3",
        )


def _problem(source: Path, folder: Path, error: sqlite3.Error) -> Problem:
    text = str(error)
    if _is_full(error):
        size = source.stat().st_size / 1e6
        return Problem(
            f"There is no room for a snapshot of {source.name} ({size:.0f} MB) in {folder}.",
            details=text,
            hint="Free some space on that disk, then run the same command again. Nothing has been changed.",
        )
    if "locked" in text or "busy" in text:
        return Problem(
            f"{source.name} has been locked by another program for {PATIENCE:.0f} seconds.",
            hint="Stop what writes to it (a development server, a worker), then run the same command again.",
        )
    return Problem(
        f"{source.name} cannot be read: {text}.",
        hint=f'To see what is wrong with it: sqlite3 "{source}" "PRAGMA integrity_check"\n'
        f'What can be saved of a damaged file: sqlite3 "{source}" ".recover"',
    )
