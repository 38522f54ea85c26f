"""Values too large to be held in memory with the others: texts and bytes of many megabytes, read in portions."""

from __future__ import annotations

import codecs
import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from djdock.transfer import forms
from djdock.transfer.kinds.kind import QUOTE, Value
from djdock.transfer.match import Lane, Route
from djdock.transfer.snapshot import Raw

# SQLite is not to make or read anything larger than this, in bytes, unless asked to.
LARGEST = 4 << 20
PORTION = 1 << 20
UNLIMITED = 2**31 - 1
SQLITE_LIMIT_LENGTH = 0  # as SQLite's C interface numbers it


@dataclass(frozen=True)
class Examined:
    """What is known of a value after it was read.

    Attributes:
        digest: the MD5 of the text that stands for it.
        bytes: its size.
        suspect: the value, where it must be judged; so as to be judged alike, at least.
    """

    digest: bytes
    bytes: int
    suspect: Value = None


def limit(connection: sqlite3.Connection) -> None:
    """Makes SQLite refuse what is too large, instead of filling the memory; Python 3.10 cannot say so."""
    _set_limit(connection, LARGEST)


def _set_limit(connection: sqlite3.Connection, length: int) -> int:
    # Connection.setlimit and blobopen came with Python 3.11.
    setlimit = getattr(connection, "setlimit", None)
    return setlimit(SQLITE_LIMIT_LENGTH, length) if setlimit else UNLIMITED


def examine(connection: sqlite3.Connection, route: Route, lane: Lane, row: int) -> Examined:
    """Reads one value of a row."""
    if _is_streamed(connection, route, lane, row):
        return _examine_portions(connection, route, lane, row)
    with _unlimited(connection):
        kind, content, plain, joined = _one(
            connection,
            route,
            row,
            f"typeof({lane.x}), CAST({lane.x} AS BLOB), {lane.x}, CAST({forms.text(lane)} AS BLOB)",
        )
    value: Value = Raw(content) if kind == b"text" else plain
    joined = bytes(joined) if isinstance(joined, bytes) else b""
    with suppress(ValueError, OSError, RecursionError):
        joined = lane.kind.canonical(joined)
    return Examined(hashlib.md5(joined, usedforsecurity=False).digest(), len(joined), value)


def portions(connection: sqlite3.Connection, route: Route, lane: Lane, row: int) -> Iterator[bytes]:
    """The field of a CSV line, piece by piece."""
    if not _is_streamed(connection, route, lane, row):
        with _unlimited(connection):
            (whole,) = _one(connection, route, row, f"CAST({forms.field(lane)} AS BLOB)")
        yield whole if isinstance(whole, bytes) else b""
    elif lane.kind.NAME == "text":
        yield QUOTE
        for portion in _read(connection, route, lane, row):
            yield portion.replace(QUOTE, QUOTE + QUOTE)
        yield QUOTE
    else:
        yield b"\\x"
        for portion in _read(connection, route, lane, row):
            yield portion.hex().encode()


def _is_streamed(connection: sqlite3.Connection, route: Route, lane: Lane, row: int) -> bool:
    """Whether it is a text in a column of text, or bytes in one of bytes: those need not be seen whole."""
    (kind,) = _one(connection, route, row, f"typeof({lane.x})")
    plain_text = lane.kind.NAME == "text" and lane.column.type != "bpchar"
    return (kind == b"text" and plain_text) or (kind == b"blob" and lane.kind.NAME == "binary")


def _examine_portions(connection: sqlite3.Connection, route: Route, lane: Lane, row: int) -> Examined:
    found, size = hashlib.md5(usedforsecurity=False), 0
    decoder = codecs.getincrementaldecoder("utf-8")()
    characters, sound, is_text = 0, True, lane.kind.NAME == "text"
    for portion in _read(connection, route, lane, row):
        size += len(portion)
        found.update(portion)
        if is_text and sound:
            sound = b"\0" not in portion
            try:
                characters += len(decoder.decode(portion))
            except UnicodeDecodeError:
                sound = False
    sound = sound and not decoder.getstate()[0]  # bytes of a character that has no end
    limit_ = lane.column.length
    if is_text and (not sound or (limit_ and characters > limit_)):
        # It is judged again, whole: of a value at fault, the fault must be named.
        with _unlimited(connection):
            (whole,) = _one(connection, route, row, f"CAST({lane.x} AS BLOB)")
        return Examined(found.digest(), size, Raw(whole))
    return Examined(found.digest(), size)


def _read(connection: sqlite3.Connection, route: Route, lane: Lane, row: int) -> Iterator[bytes]:
    blobopen = getattr(connection, "blobopen", None)
    if blobopen:
        with _unlimited(connection), blobopen(route.source.name, lane.name, row, readonly=True) as blob:
            while portion := blob.read(PORTION):
                yield portion
    else:
        (whole,) = _one(connection, route, row, f"CAST({lane.x} AS BLOB)")
        for start in range(0, len(whole), PORTION):
            yield whole[start : start + PORTION]


@contextmanager
def _unlimited(connection: sqlite3.Connection) -> Iterator[None]:
    before = _set_limit(connection, UNLIMITED)
    try:
        yield
    finally:
        _set_limit(connection, before)


def _one(connection: sqlite3.Connection, route: Route, row: int, wanted: str) -> tuple[Any, ...]:
    table = route.source.quoted
    found: tuple[Any, ...] = connection.execute(
        f"SELECT {wanted} FROM {table} AS t WHERE {route.source.row} = ?",
        (row,),
    ).fetchone()
    return found
