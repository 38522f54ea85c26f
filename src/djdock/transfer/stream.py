"""The rows of a table as lines of CSV, made by SQLite itself: in another process, while this one feeds the server."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from djdock.transfer import forms, functions, large, proof, snapshot
from djdock.transfer.kinds.kind import QUOTE
from djdock.transfer.match import Route
from djdock.transfer.scan import Piece

if TYPE_CHECKING:
    import psycopg

# Rows that are joined into one message at most, and its size about in bytes.
ROWS = 250
BLOCK = 128 << 10
# Many lines, and how many.
Block: TypeAlias = tuple[bytes, int]


def lines(path: Path, tables: Sequence[tuple[Route, Sequence[Piece]]]) -> Iterator[Block | None]:
    """The lines of several tables, many at a time; None after each table."""
    with closing(snapshot.open_for_reading(path, text=bytes)) as connection:
        functions.register(connection)
        for route, pieces in tables:
            yield from _blocks(connection, route, pieces)
            yield None


def send(
    connection: psycopg.Connection[Any], route: Route, blocks: Iterator[Block | None], tell: Callable[[int, int], None]
) -> int:
    """Sends lines into their table, which was truncated in this transaction, up to the next None; returns the bytes.

    Args:
        tell: hears rows and bytes.

    Raises:
        psycopg.Error: the server refuses a value, or is gone.
    """
    columns = ", ".join(lane.column.quoted for lane in route.lanes)
    sent = 0
    quote = proof.literal(QUOTE)
    statement = f"COPY {route.target.quoted} ({columns}) FROM STDIN (FORMAT csv, QUOTE {quote}, FREEZE)"
    with connection.cursor().copy(statement.encode()) as copy:
        for block, rows in iter(partial(next, blocks), None):
            copy.write(block)
            sent += len(block)
            tell(rows, len(block))
    return sent


def _blocks(connection: sqlite3.Connection, route: Route, pieces: Sequence[Piece]) -> Iterator[Block]:
    row, table = route.source.row, route.source.quoted
    for piece in pieces:
        if piece.large:
            for portion in _large_line(connection, route, piece.last):
                yield portion, 0
            yield b"\n", 1
            continue
        wanted = max(1, min(ROWS, piece.rows * BLOCK // max(1, piece.bytes)))
        line = forms.line(route.lanes, doubled=piece.quotes)
        sql = f"SELECT {line} FROM {table} AS t WHERE {row} > ? AND {row} <= ? ORDER BY {row}"
        cursor = connection.execute(sql, (piece.after, piece.last))
        while rows := cursor.fetchmany(wanted):
            yield b"".join([text for (text,) in rows]), len(rows)


def _large_line(connection: sqlite3.Connection, route: Route, row: int) -> Iterator[bytes]:
    for number, lane in enumerate(route.lanes):
        if number:
            yield b","
        yield from large.portions(connection, route, lane, row)
