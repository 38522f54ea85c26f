"""The proof: every column of every table has the same digest in PostgreSQL as in SQLite, piece by piece."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from djdock.transfer.kinds.kind import NULL, SEPARATOR
from djdock.transfer.match import Lane, Route
from djdock.transfer.scan import Piece, Scan

if TYPE_CHECKING:
    import psycopg

# Rows of a piece must be seen in the order in which they lie, which is the order in which they were sent: no table is
# large enough to be read by several workers at once. Several pieces are asked for in one query, each by one worker.
_SETTINGS = {
    "synchronize_seqscans": "off",
    "enable_indexscan": "off",
    "enable_indexonlyscan": "off",
    "enable_bitmapscan": "off",
    "jit": "off",
    "parallel_setup_cost": "0",
    "parallel_tuple_cost": "0",
    "min_parallel_table_scan_size": "715827882",
    "max_parallel_workers_per_gather": "0",
}
BATCH = 8
_MORE_WORKERS = """
SELECT set_config('max_parallel_workers_per_gather', least(current_setting('max_parallel_workers')::int, 4)::text, true)
"""


@dataclass(frozen=True)
class Difference:
    """Where the sides differ: a column, or the number of rows (no column), after which row number of SQLite."""

    table: str
    column: str
    after: int
    expected: int
    found: int


@dataclass(frozen=True)
class Proven:
    """A table that is the same on both sides: its rows, and the digest of each column."""

    rows: int
    digests: dict[str, str]


def begin(connection: psycopg.Connection[Any]) -> None:
    """Makes the rest of a transaction fit for `prove`."""
    for name, value in _SETTINGS.items():
        connection.execute("SELECT set_config(%s, %s, true)", (name, value))


def prove(
    connection: psycopg.Connection[Any], route: Route, scan: Scan, tell: Callable[[int, int], None]
) -> Proven | Difference:
    """Compares a table that was filled in this transaction with what was seen of its source."""
    work = list(zip(scan.pieces, _ranges(connection, route, scan), strict=True))
    totals = [hashlib.md5(usedforsecurity=False) for _lane in route.lanes]
    for start in range(0, len(work), BATCH):
        batch = work[start : start + BATCH]
        for (piece, _where), (_number, rows, *digests) in zip(batch, _ask(connection, route, batch), strict=True):
            if rows != piece.rows:
                return Difference(route.target.name, "", piece.after, piece.rows, rows)
            for lane, total, expected, found in zip(route.lanes, totals, piece.digests, digests, strict=True):
                theirs = bytes.fromhex(found)
                if theirs != expected:
                    return Difference(route.target.name, lane.column.name, piece.after, piece.rows, rows)
                total.update(theirs)
            tell(rows, piece.bytes)
    if not scan.pieces and (rows := _one(connection, f"SELECT count(*) FROM {route.target.quoted}")[0]):
        return Difference(route.target.name, "", 0, 0, rows)
    return Proven(
        scan.rows,
        {lane.column.name: total.hexdigest() for lane, total in zip(route.lanes, totals, strict=True)},
    )


def _ranges(connection: psycopg.Connection[Any], route: Route, scan: Scan) -> list[str]:
    """Where the rows of each piece lie, as SQL: up to a tuple's address, found by counting on from the last one."""
    address, where = "(0,0)", []
    for piece in scan.pieces[:-1]:
        after = f"ctid > '{address}'::tid"
        found = connection.execute(
            f"SELECT ctid FROM {route.target.quoted} WHERE {after} OFFSET {piece.rows - 1} LIMIT 1".encode(),
            prepare=False,
        ).fetchone()
        # Where rows are missing, their addresses are, too; the count of rows will tell.
        address = found[0] if found else "(4294967294,1)"
        where.append(f" WHERE {after} AND ctid <= '{address}'::tid")
    return [*where, f" WHERE ctid > '{address}'::tid"] if scan.pieces else []


def _ask(
    connection: psycopg.Connection[Any], route: Route, batch: Sequence[tuple[Piece, str]]
) -> list[tuple[Any, ...]]:
    """For each piece its number, its rows and its digests."""
    wanted = ", ".join(["count(*)", *map(_aggregate, route.lanes)])
    parts = (
        f"(SELECT {number} AS n, {wanted} FROM {route.target.quoted}{where})"
        for number, (_piece, where) in enumerate(batch)
    )
    sql = f"{' UNION ALL '.join(parts)} ORDER BY 1".encode()
    if len(batch) == 1:
        return connection.execute(sql, prepare=False).fetchall()
    connection.execute(_MORE_WORKERS)
    found = connection.execute(sql, prepare=False).fetchall()
    connection.execute("SET LOCAL max_parallel_workers_per_gather = 0")
    return found


def _one(connection: psycopg.Connection[Any], sql: str) -> tuple[Any, ...]:
    found: tuple[Any, ...] = connection.execute(sql.encode(), prepare=False).fetchone() or ()
    return found


def _aggregate(lane: Lane) -> str:
    """SQL for the digest of a column's values, joined as they are in a scan."""
    is_bytes = lane.kind.NAME == "binary"
    null, separator, nothing = (literal(value, is_bytes=is_bytes) for value in (NULL, SEPARATOR, b""))
    value = lane.kind.target_text(lane.column.quoted, lane.slot)
    return f"md5(coalesce(string_agg(coalesce({value}, {null}), {separator}), {nothing}))"


def literal(value: bytes, *, is_bytes: bool = False) -> str:
    """A text of control characters, or bytes, as SQL."""
    if is_bytes:
        return f"'\\x{value.hex()}'::bytea"
    return "E'" + "".join(f"\\x{byte:02x}" for byte in value) + "'"
