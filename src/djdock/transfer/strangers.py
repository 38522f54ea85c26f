"""The pre-flight, third part: of types that only the server knows, it is asked which values it takes."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from djdock.transfer import cuts, faults, kinds, proof, snapshot
from djdock.transfer.kinds.kind import NULL, SEPARATOR
from djdock.transfer.ledger import Finding, Ledger, shown
from djdock.transfer.match import Lane, Route
from djdock.transfer.scan import Piece, Scan
from djdock.transfer.snapshot import Raw, quoted

if TYPE_CHECKING:
    import psycopg

# From here on the server says of a text whether a type takes it, without raising an error.
SAYS = 160000


def check(
    connect: Callable[[], psycopg.Connection[Any]], path: Path, work: Sequence[tuple[int, Route, Scan]], ledger: Ledger
) -> list[Scan]:
    """The scans, with the server's own digests in the lanes of strangers; what it refuses goes into the ledger."""
    if not any(_strange(lane) for _number, route, _scan in work for lane in route.lanes):
        return [scan for _number, _route, scan in work]
    with cuts.told(), connect() as connection, closing(snapshot.open_for_reading(path, text=bytes)) as source:
        connection.autocommit = True
        return [_check_table(connection, source, one, ledger) for one in work]


def _strange(lane: Lane) -> bool:
    return lane.kind is kinds.stranger


def _check_table(
    connection: psycopg.Connection[Any], source: sqlite3.Connection, work: tuple[int, Route, Scan], ledger: Ledger
) -> Scan:
    number, route, scan = work
    places = [place for place, lane in enumerate(route.lanes) if _strange(lane)]
    if not places:
        return scan
    pieces = []
    for piece in scan.pieces:
        digests = list(piece.digests)
        for place in places:
            lane = route.lanes[place]
            rows = _rows(source, route, lane, piece)
            values = [value for _row, _key, value in rows]
            refused = list(_refused(connection, lane, values))
            for index, message in refused:
                row, key, value = rows[index]
                seen = shown(Raw((value or "").encode()))
                ledger.add([Finding(number, row, key, lane.name, seen, faults.REFUSED, message)])
            if not refused:
                digests[place] = _digest(connection, lane, values)
        pieces.append(replace(piece, digests=tuple(digests)))
    return replace(scan, pieces=tuple(pieces))


def _rows(source: sqlite3.Connection, route: Route, lane: Lane, piece: Piece) -> list[tuple[int, str, str | None]]:
    """Of each row its number, its key and the value as text."""
    row = route.source.row
    key = " || ', ' || ".join(f"t.{quoted(name)}" for name in route.source.key) or row
    found = source.execute(
        f"SELECT {row}, CAST({key} AS TEXT), CAST({lane.x} AS TEXT) FROM {route.source.quoted} AS t "
        f"WHERE {row} > ? AND {row} <= ? ORDER BY {row}",
        (piece.after, piece.last),
    )
    return [(number, _text(name) or "", _text(value)) for number, name, value in found]


def _text(value: bytes | None) -> str | None:
    # What is no UTF-8, or holds a NUL, was found by the scan; here it only must not stop the others.
    return None if value is None else value.decode("utf-8", "replace").replace("\0", "")


def _refused(
    connection: psycopg.Connection[Any], lane: Lane, values: Sequence[str | None]
) -> Iterator[tuple[int, str]]:
    """The places of values that the server does not take, and what it says about them."""
    if connection.info.server_version >= SAYS:
        found = connection.execute(
            "SELECT n - 1, (pg_input_error_info(v, %s)).message FROM unnest(%s::text[]) WITH ORDINALITY AS u (v, n) "
            "WHERE v IS NOT NULL AND NOT pg_input_is_valid(v, %s)",
            (lane.column.written, list(values), lane.column.written),
        )
        yield from found.fetchall()
        return
    refused = dict(_bisected(connection, lane, list(enumerate(values))))
    yield from refused.items()
    if "character" in lane.column.written:
        taken = [None if place in refused else value for place, value in enumerate(values)]
        yield from _cut(connection, lane, taken)


def _cut(connection: psycopg.Connection[Any], lane: Lane, values: Sequence[str | None]) -> Iterator[tuple[int, str]]:
    """A cast cuts texts that are too long, where COPY would refuse them."""
    whole = re.sub(r"\(\d+\)", "", lane.column.written)
    found = connection.execute(
        f"SELECT n - 1 FROM unnest(%s::text[]) WITH ORDINALITY AS u (v, n) "
        f"WHERE v::{lane.column.written}::text <> v::{whole}::text".encode(),
        (list(values),),
    )
    yield from ((place, f"value too long for type {lane.column.written}") for (place,) in found)


def _bisected(
    connection: psycopg.Connection[Any], lane: Lane, values: list[tuple[int, str | None]]
) -> Iterator[tuple[int, str]]:
    import psycopg  # noqa: PLC0415 - it takes 130 ms to import

    try:
        _digest(connection, lane, [value for _place, value in values])
    except psycopg.Error as error:
        if len(values) == 1:
            yield values[0][0], (error.diag.message_primary or str(error))
            return
        half = len(values) // 2
        for part in (values[:half], values[half:]):
            yield from _bisected(connection, lane, part)


def _digest(connection: psycopg.Connection[Any], lane: Lane, values: Sequence[str | None]) -> bytes:
    """What the digest of a column with these values would be."""
    null, separator = proof.literal(NULL), proof.literal(SEPARATOR)
    joined = f"string_agg(coalesce(v::{lane.column.written}::text, {null}), {separator} ORDER BY n)"
    row = connection.execute(
        f"SELECT md5(coalesce({joined}, '')) FROM unnest(%s::text[]) WITH ORDINALITY AS u (v, n)".encode(),
        (list(values),),
    ).fetchone()
    return bytes.fromhex(row[0]) if row else b""
