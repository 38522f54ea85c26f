"""The pre-flight: every value of every column is looked at once, before anything is written.

A scan reads a table in portions of a megabyte. Of each, SQLite itself joins the values of each column and applies cheap
tests to them; only portions in which a test strikes are looked at value by value. Of the joined values the digests are
made that are compared with PostgreSQL's in the end.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from djdock.transfer import faults, forms, functions, large, snapshot
from djdock.transfer.crew import Crew
from djdock.transfer.kinds.kind import QUOTE, SEPARATOR, Value
from djdock.transfer.ledger import Finding, Ledger, shown
from djdock.transfer.match import Lane, Route
from djdock.transfer.snapshot import Raw, quoted

# Bytes of values that are held at a time; and those of a piece, whose digest the server is asked for: large enough that
# a query for each costs little.
PORTION = 1 << 20
PIECE = 8 << 20
FIRST_ROWS, MOST_ROWS = 100, 20_000
# Rows that one process takes at a time.
SEGMENT = 50_000


@dataclass(frozen=True)
class Piece:
    """Rows that follow each other, from after one number to another, and the MD5 digest of each lane's values.

    Attributes:
        bytes: the size of the values, about.
        quotes: a text in it holds the sign that texts are quoted with.
        large: it is a single row, with a value that must be read in portions.
    """

    after: int
    last: int
    rows: int
    digests: tuple[bytes, ...]
    bytes: int
    quotes: bool = False
    large: bool = False


@dataclass(frozen=True)
class Scan:
    """What a scan of one table has seen."""

    pieces: tuple[Piece, ...] = ()

    @property
    def rows(self) -> int:
        """Rows in the table."""
        return sum(piece.rows for piece in self.pieces)

    @property
    def bytes(self) -> int:
        """The size of all values, about."""
        return sum(piece.bytes for piece in self.pieces)


@dataclass
class _Part:
    """What a process brings back of a segment."""

    pieces: list[Piece] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    rewritings: list[tuple[int, str, Value]] = field(default_factory=list)


def scan(
    crew: Crew, path: Path, routes: Sequence[Route], ledger: Ledger, tell: Callable[[int, int], None]
) -> list[Scan]:
    """Scans the tables of a snapshot; `tell` hears how many rows are done, of how many bytes.

    What is at fault, and what is sound but written in another form than Django's, goes into the ledger.
    """
    with closing(snapshot.open_for_reading(path)) as connection:
        segments = [
            (number, after, last) for number, route in enumerate(routes) for after, last in _segments(connection, route)
        ]
    parts: dict[int, list[_Part]] = {number: [] for number in range(len(routes))}
    with ThreadPoolExecutor(crew.size) as pool:
        work = [
            pool.submit(_called, crew, path, routes[number], (number, after, last)) for number, after, last in segments
        ]
        for (number, _after, _last), future in zip(segments, work, strict=True):
            part = _result(future, work)
            ledger.add(part.findings)
            ledger.rewrite(number, part.rewritings)
            parts[number].append(part)
            tell(sum(piece.rows for piece in part.pieces), sum(piece.bytes for piece in part.pieces))
    return [Scan(tuple(piece for part in found for piece in part.pieces)) for found in parts.values()]


def _called(crew: Crew, path: Path, route: Route, segment: tuple[int, int, int]) -> _Part:
    (part,) = crew.call(_scan_segment, path, route, segment)
    return part


def _result(future: Future[_Part], work: Sequence[Future[_Part]]) -> _Part:
    try:
        return future.result()
    except BaseException:
        for other in work:
            other.cancel()
        raise


def _segments(connection: sqlite3.Connection, route: Route) -> Iterator[tuple[int, int]]:
    """Ranges of row numbers, each after one and up to another."""
    row, table = route.source.row, route.source.quoted
    # Before the least of all numbers there is only infinity: one less would be the same number again, as a REAL.
    first = f"CASE min({row}) WHEN {-(2**63)} THEN -9e999 ELSE min({row}) - 1 END"
    after = connection.execute(f"SELECT {first} FROM {table} AS t").fetchone()[0]
    while after is not None:
        last = connection.execute(
            f"SELECT max(r) FROM (SELECT {row} AS r FROM {table} AS t WHERE {row} > ? ORDER BY {row} LIMIT ?)",
            (after, SEGMENT),
        ).fetchone()[0]
        if last is not None:
            yield after, last
        after = last


def _scan_segment(path: Path, route: Route, segment: tuple[int, int, int]) -> Iterator[_Part]:
    number, after, last = segment
    with closing(_connect(path)) as connection:
        yield _Segment(connection, number, route).read(after, last)


def _connect(path: Path) -> sqlite3.Connection:
    connection = snapshot.open_for_reading(path, text=bytes)
    functions.register(connection)
    large.limit(connection)
    return connection


class _Segment:
    """Reads a segment, piece by piece."""

    def __init__(self, connection: sqlite3.Connection, number: int, route: Route) -> None:
        self.connection = connection
        self.number = number
        self.route = route
        self.part = _Part()
        self._begun: Piece | None = None
        self._sums: list[hashlib._Hash] = []
        row, table = route.source.row, route.source.quoted
        span = f"FROM {table} AS t WHERE {row} > ? AND {row} <= ?"
        self._end = f"SELECT max(r), count(*) FROM (SELECT {row} AS r {span} ORDER BY {row} LIMIT ?)"
        tests = [test for lane in route.lanes if (test := quick(lane))]
        # In a condition, SQLite leaves off as soon as one of them is true; as values, it would compute them all.
        struck = f"count(*) FILTER (WHERE {' OR '.join(f'({test})' for test in tests)})" if tests else "0"
        texts = (f"group_concat({forms.text(lane)}, '{SEPARATOR.decode()}')" for lane in route.lanes)
        self._sql = f"SELECT {', '.join([struck, *texts])} {span}"
        each = (f"max({test})" if (test := quick(lane)) else "0" for lane in route.lanes)
        self._struck = f"SELECT {', '.join(each)} {span}"

    def read(self, after: int, last: int) -> _Part:
        """All pieces of the segment."""
        wanted = FIRST_ROWS
        while after < last:
            end, rows = self.connection.execute(self._end, (after, last, wanted)).fetchone()
            if not rows:
                break
            size = self._portion(after, end, rows)
            if size is None and rows == 1:
                self._large(after, end)
            elif size is None:
                wanted = max(1, rows // 8)
                continue
            after = end
            wanted = max(1, min(MOST_ROWS, wanted * 8, rows * PORTION // max(1, size or PORTION)))
        self._end_piece()
        return self.part

    def _portion(self, after: int, last: int, rows: int) -> int | None:
        """Reads some rows; returns their size, None where there is something too large in them."""
        try:
            found = self.connection.execute(self._sql, (after, last)).fetchone()
        except (sqlite3.DataError, sqlite3.OperationalError) as error:
            if "too big" in str(error):
                return None
            raise
        lanes = self.route.lanes
        canonical, size, quotes = [], 0, False
        which = self.connection.execute(self._struck, (after, last)).fetchone() if found[0] else [0] * len(lanes)
        for lane, struck, joined in zip(lanes, which, found[1:], strict=True):
            values = joined if isinstance(joined, bytes) else b""
            size += len(values)
            quotes = quotes or (lane.kind.QUOTED and QUOTE in values)
            odd = bool(struck) or lane.kind.look(values, lane.slot)
            try:
                values = lane.kind.canonical(values)
            except (ValueError, OSError, RecursionError):
                odd = True
            if odd:
                self._look_closer(lane, after, last)
            canonical.append(values)
        self._gather(Piece(after, last, rows, (), size, quotes), canonical)
        return size

    def _gather(self, portion: Piece, canonical: Sequence[bytes]) -> None:
        """Adds what was read to the piece that is under way, and ends that where it is large enough."""
        if self._begun is None:
            self._begun = portion
            self._sums = [hashlib.md5(values, usedforsecurity=False) for values in canonical]
        else:
            begun = self._begun
            self._begun = replace(
                begun,
                last=portion.last,
                rows=begun.rows + portion.rows,
                bytes=begun.bytes + portion.bytes,
                quotes=begun.quotes or portion.quotes,
            )
            for total, values in zip(self._sums, canonical, strict=True):
                total.update(SEPARATOR)
                total.update(values)
        if self._begun.bytes >= PIECE:
            self._end_piece()

    def _end_piece(self) -> None:
        if self._begun is not None:
            self.part.pieces.append(replace(self._begun, digests=tuple(total.digest() for total in self._sums)))
            self._begun = None

    def _look_closer(self, lane: Lane, after: int, last: int) -> None:
        """Judges the values of a lane one by one."""
        keys = [f"t.{quoted(name)}" for name in self.route.source.key]
        wanted = ", ".join([self.route.source.row, f"typeof({lane.x})", f"CAST({lane.x} AS BLOB)", lane.x, *keys])
        row, table = self.route.source.row, self.route.source.quoted
        sql = f"SELECT {wanted} FROM {table} AS t WHERE {row} > ? AND {row} <= ? ORDER BY {row}"
        for number, kind, content, plain, *key in self.connection.execute(sql, (after, last)):
            self._note(lane, number, Raw(content) if kind == b"text" else plain, key)

    def _note(self, lane: Lane, row: int, value: Value, key: Sequence[object]) -> None:
        fault, detail = judge(lane, value)
        if fault:
            name = ", ".join(map(_plain, key)) or f"row {row}"
            self.part.findings.append(Finding(self.number, row, name, lane.name, shown(value), fault, detail))
        elif value is not None:
            normal = lane.kind.normal(value, lane.slot)
            if normal != value or type(normal) is not type(value):
                self.part.rewritings.append((row, lane.name, normal))

    def _large(self, after: int, last: int) -> None:
        """Reads a row whose values are too large to be held together, one value at a time."""
        self._end_piece()
        keys = ", ".join(f"t.{quoted(name)}" for name in self.route.source.key) or "NULL"
        table, row = self.route.source.quoted, self.route.source.row
        key = self.connection.execute(f"SELECT {keys} FROM {table} AS t WHERE {row} = ?", (last,)).fetchone()
        digests, size = [], 0
        for lane in self.route.lanes:
            seen = large.examine(self.connection, self.route, lane, last)
            if seen.suspect is not None:
                self._note(lane, last, seen.suspect, key)
            digests.append(seen.digest)
            size += seen.bytes
        self.part.pieces.append(Piece(after, last, 1, tuple(digests), size, large=True))


def quick(lane: Lane) -> str:
    """SQL that is true where a value needs a closer look."""
    test = lane.kind.quick(lane.x, lane.slot)
    if lane.column.required:
        return f"{test} OR {lane.x} IS NULL" if test else f"{lane.x} IS NULL"
    return test


def judge(lane: Lane, value: Value) -> tuple[faults.Fault | None, str]:
    """What is wrong with a value, and what else there is to say about it."""
    if value is None:
        return (faults.EMPTY, "") if lane.column.required else (None, "")
    fault = lane.kind.judge(value, lane.slot)
    return fault, lane.column.written if fault in {faults.TOO_LONG, faults.RANGE, faults.DECIMALS} else ""


def _plain(part: object) -> str:
    return part.decode("utf-8", "backslashreplace") if isinstance(part, bytes) else str(part)
