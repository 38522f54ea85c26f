"""The proof: every column of every table has the same digest in PostgreSQL as in SQLite, piece by piece."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from djdock.transfer.kinds.kind import NULL, SEPARATOR
from djdock.transfer.match import Lane, Route
from djdock.transfer.scan import Scan

if TYPE_CHECKING:
    import psycopg

# Rows must be seen in the order in which they lie, which is the order in which they were sent.
_IN_ORDER = (
    "SET LOCAL synchronize_seqscans = off",
    "SET LOCAL max_parallel_workers_per_gather = 0",
    "SET LOCAL enable_indexscan = off",
    "SET LOCAL enable_indexonlyscan = off",
    "SET LOCAL enable_bitmapscan = off",
    "SET LOCAL jit = off",
)


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


def prove(
    connection: psycopg.Connection[Any], route: Route, scan: Scan, tell: Callable[[int], None]
) -> Proven | Difference:
    """Compares a table that was filled in this transaction with what was seen of its source."""
    for setting in _IN_ORDER:
        connection.execute(setting)
    totals = [hashlib.md5(usedforsecurity=False) for _lane in route.lanes]
    wanted = ", ".join(["count(*)", *map(_aggregate, route.lanes)])
    for piece, where in zip(scan.pieces, _ranges(connection, route, scan), strict=True):
        rows, *digests = _one(connection, f"SELECT {wanted} FROM {route.target.quoted}{where}")
        if rows != piece.rows:
            return Difference(route.target.name, "", piece.after, piece.rows, rows)
        for lane, total, expected, found in zip(route.lanes, totals, piece.digests, digests, strict=True):
            theirs = bytes.fromhex(found)
            if theirs != expected:
                return Difference(route.target.name, lane.column.name, piece.after, piece.rows, rows)
            total.update(theirs)
        tell(rows)
    if not scan.pieces and (rows := _one(connection, f"SELECT count(*) FROM {route.target.quoted}")[0]):
        return Difference(route.target.name, "", 0, 0, rows)
    return Proven(
        scan.rows,
        {lane.column.name: total.hexdigest() for lane, total in zip(route.lanes, totals, strict=True)},
    )


def _ranges(connection: psycopg.Connection[Any], route: Route, scan: Scan) -> list[str]:
    """Where the rows of each piece lie, as SQL: up to a tuple's address, which is found by counting."""
    if len(scan.pieces) < 2:  # noqa: PLR2004 - one piece is all there is
        return ["" for _piece in scan.pieces]
    ends = list(itertools.accumulate(piece.rows for piece in scan.pieces))[:-1]
    numbered = f"SELECT ctid, row_number() OVER () AS n FROM {route.target.quoted}"
    sql = f"SELECT ctid::text FROM ({numbered}) AS t WHERE n = ANY(%s) ORDER BY n"
    found = connection.execute(sql.encode(), (ends,)).fetchall()
    # Where rows are missing, their addresses are, too; the count of rows will tell.
    addresses = [f"'{address}'::tid" for (address,) in found]
    addresses += ["'(4294967294,1)'::tid"] * (len(ends) - len(addresses))
    starts = ["", *(f"ctid > {address}" for address in addresses)]
    stops = [*(f"ctid <= {address}" for address in addresses), ""]
    return [f" WHERE {' AND '.join(filter(None, both))}" for both in zip(starts, stops, strict=True)]


def _one(connection: psycopg.Connection[Any], sql: str) -> tuple[Any, ...]:
    found: tuple[Any, ...] = connection.execute(sql.encode(), prepare=False).fetchone() or ()
    return found


def _aggregate(lane: Lane) -> str:
    """SQL for the digest of a column's values, joined as they are in a scan."""
    null, separator, nothing = (_literal(value, lane) for value in (NULL, SEPARATOR, b""))
    value = lane.kind.target_text(lane.column.quoted, lane.slot)
    return f"md5(coalesce(string_agg(coalesce({value}, {null}), {separator}), {nothing}))"


def _literal(value: bytes, lane: Lane) -> str:
    is_bytes = lane.kind.NAME == "binary"
    return f"'\\x{value.hex()}'::bytea" if is_bytes else "E'" + "".join(f"\\x{byte:02x}" for byte in value) + "'"
