"""The rows of a table as lines of CSV, made by SQLite itself and read ahead while the last are on their way."""

from __future__ import annotations

import queue
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from djdock.transfer import functions, large, snapshot
from djdock.transfer.match import Route
from djdock.transfer.scan import Piece

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[Any]

# Hears rows and bytes.
Tell: TypeAlias = Callable[[int, int], None]
# Rows that are joined into one message at most, its size about in bytes, and messages that are made ahead.
ROWS = 250
BLOCK = 128 << 10
AHEAD = 8
# More than any printf() of SQLite takes as arguments (127 functions arguments by default, one is the format).
MOST_ARGUMENTS = 100


def send(
    connection: psycopg.Connection[Any],
    path: Path,
    route: Route,
    pieces: Sequence[Piece],
    tell: Callable[[int, int], None],
) -> int:
    """Sends all rows of a table into its counterpart, which was truncated in this transaction; returns the bytes.

    `tell` hears of rows and bytes that were sent.

    Raises:
        psycopg.Error: the server refuses a value, or is gone.
    """
    columns = ", ".join(lane.column.quoted for lane in route.lanes)
    sent = 0
    statement = f"COPY {route.target.quoted} ({columns}) FROM STDIN (FORMAT csv, FREEZE)"
    with _Producer(path, route, pieces) as lines, connection.cursor().copy(statement.encode()) as copy:
        for block, rows in lines:
            copy.write(block)
            sent += len(block)
            tell(rows, len(block))
    return sent


class _Producer:
    """Makes the lines on a thread of its own: SQLite works while Python waits for the server."""

    def __init__(self, path: Path, route: Route, pieces: Sequence[Piece]) -> None:
        self._path, self._route, self._pieces = path, route, pieces
        self._blocks: queue.Queue[tuple[bytes, int] | BaseException | None] = queue.Queue(AHEAD)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"djdock-{route.target.name}", daemon=True)

    def __enter__(self) -> _Producer:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._ended.set()
        while self._thread.is_alive():
            try:
                self._blocks.get(timeout=0.05)  # it may be waiting for room
            except queue.Empty:
                continue
        self._thread.join()

    def __iter__(self) -> Iterator[tuple[bytes, int]]:
        while (block := self._blocks.get()) is not None:
            if isinstance(block, BaseException):
                raise block
            yield block

    def _run(self) -> None:
        try:
            with closing(snapshot.open_for_reading(self._path, text=bytes)) as connection:
                functions.register(connection)
                for block in _blocks(connection, self._route, self._pieces):
                    if self._ended.is_set():
                        return
                    self._blocks.put(block)
            self._blocks.put(None)
        except BaseException as error:
            self._blocks.put(error)


def _blocks(connection: sqlite3.Connection, route: Route, pieces: Sequence[Piece]) -> Iterator[tuple[bytes, int]]:
    row = route.source.row
    sql = f"SELECT {line(route)} FROM {route.source.quoted} AS t WHERE {row} > ? AND {row} <= ? ORDER BY {row}"
    for piece in pieces:
        if piece.large:
            for portion in _large_line(connection, route, piece.last):
                yield portion, 0
            yield b"\n", 1
            continue
        wanted = max(1, min(ROWS, piece.rows * BLOCK // max(1, piece.bytes)))
        cursor = connection.execute(sql, (piece.after, piece.last))
        while rows := cursor.fetchmany(wanted):
            yield b"".join([text for (text,) in rows]), len(rows)


def _large_line(connection: sqlite3.Connection, route: Route, row: int) -> Iterator[bytes]:
    for number, lane in enumerate(route.lanes):
        if number:
            yield b","
        yield from large.portions(connection, route, lane, row)


def line(route: Route) -> str:
    """SQL for a whole line: one call of printf() is much faster than joining the fields one by one."""
    parts = []
    for start in range(0, len(route.lanes), MOST_ARGUMENTS):
        some = route.lanes[start : start + MOST_ARGUMENTS]
        fields = ", ".join(large.field(lane) for lane in some)
        parts.append(f"printf('{','.join(['%s'] * len(some))}', {fields})")
    return " || ',' || ".join(parts) + " || char(10)"
