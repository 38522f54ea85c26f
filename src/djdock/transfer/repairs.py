"""Repairs what a scan has found, in the snapshot alone; every value that changes is written down."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from djdock.transfer import faults, scan, snapshot
from djdock.transfer.job import OnError
from djdock.transfer.kinds.kind import Value, raw
from djdock.transfer.ledger import Finding, Ledger, stored
from djdock.transfer.match import Lane, Match, Route
from djdock.transfer.snapshot import Raw, quoted

# Every value that was changed and every row that was left out, one JSON object a line.
CHANGES = "changed.jsonl"
# What is no single value.
OF_ROWS = frozenset({faults.DANGLING, faults.DUPLICATE})

LEFT_OUT = "left out"


@dataclass(frozen=True)
class Result:
    """What a repair has come to: which tables it changed, by their number among the routes, and in how many places."""

    touched: frozenset[int]
    changes: int


def rewrite(path: Path, match: Match, ledger: Ledger) -> frozenset[int]:
    """Brings sound values into the form that Django writes; returns the numbers of the tables that it touched."""
    touched = set()
    with closing(snapshot.open_for_repair(path)) as connection:
        connection.execute("BEGIN")
        for number, route in enumerate(match.routes):
            for row, lane, value in ledger.rewritings(number):
                touched.add(number)
                try:
                    connection.execute(_update(route, lane), (value, row))
                except sqlite3.IntegrityError:
                    # In its other form it was different from a value that is already there.
                    ledger.add([Finding(number, row, f"row {row}", lane, str(value), faults.DUPLICATE)])
        connection.execute("COMMIT")
    ledger.clear()
    return frozenset(touched)


def repair(folder: Path, path: Path, match: Match, ledger: Ledger, on_error: OnError) -> Result:
    """Repairs what is still at fault: with "null" what may be NULL, with "fix" as the table of faults says."""
    touched, changes = set(), 0
    with (
        closing(snapshot.open_for_repair(path)) as connection,
        (folder / CHANGES).open("a", encoding="utf-8") as file,
    ):
        connection.execute("BEGIN")
        for finding in _open(ledger):
            done = _Repair(connection, match.routes[finding.route], file).do(finding, on_error)
            if done:
                ledger.settle(finding, done)
                touched.add(finding.route)
                changes += 1
        connection.execute("COMMIT")
    return Result(frozenset(touched), changes)


def _open(ledger: Ledger) -> Iterator[Finding]:
    return (finding for finding in ledger.findings() if not finding.done)


@dataclass(frozen=True)
class _Repair:
    """The repair of single findings in one table."""

    connection: sqlite3.Connection
    route: Route
    file: IO[str]

    def do(self, finding: Finding, on_error: OnError) -> str:
        """Repairs one; returns what became of it, empty where nothing could be done."""
        lanes = [lane for lane in self.route.lanes if lane.name in finding.lane.split(", ")]
        if finding.fault in OF_ROWS:
            return self._row(finding, lanes, on_error)
        lane = lanes[0]
        present, before = self._value(lane, finding.row)
        if not present:
            return LEFT_OUT
        after = None if on_error == "null" else self._mended(lane, before, finding)
        if after is None and lane.column.required:
            return ""
        return self._write(finding, lane, before, after)

    def _mended(self, lane: Lane, before: Value, finding: Finding) -> Value:
        after = None if finding.fault is faults.EMPTY else lane.kind.mend(before, lane.slot)
        if after is not None and scan.judge(lane, after)[0] is None:
            return after
        if not lane.column.required:
            return None
        return _default(lane)

    def _row(self, finding: Finding, lanes: list[Lane], on_error: OnError) -> str:
        # SQLite may not allow NULL where PostgreSQL does; then its row cannot stay, either.
        loose = [lane for lane in lanes if not lane.column.required and not lane.required]
        if finding.fault is faults.DANGLING and loose:
            for lane in loose:
                self._write(finding, lane, self._value(lane, finding.row)[1], None)
            return "NULL"
        return "" if on_error == "null" else self._leave_out(finding)

    def _write(self, finding: Finding, lane: Lane, before: Value, after: Value) -> str:
        try:
            self.connection.execute(_update(self.route, lane.name), (stored(after), finding.row))
        except sqlite3.IntegrityError:
            # A NOT NULL of SQLite's that PostgreSQL does not have, or a value that another row has.
            return self._leave_out(finding) if after is not None else ""
        self._note(finding, lane.name, before, after)
        return "NULL" if after is None else json.dumps(_told(after), ensure_ascii=False)

    def _leave_out(self, finding: Finding) -> str:
        row, table = self.route.source.row, self.route.source.quoted
        names = [column.name for column in self.route.source.columns]
        wanted = ", ".join(f"t.{quoted(name)}" for name in names)
        found = self.connection.execute(f"SELECT {wanted} FROM {table} AS t WHERE {row} = ?", (finding.row,)).fetchone()
        if found is None:
            return LEFT_OUT  # for another fault of the same row
        self._note(finding, finding.lane, None, None, dict(zip(names, map(_told, found), strict=True)))
        self.connection.execute(f"DELETE FROM {table} AS t WHERE {row} = ?", (finding.row,))
        return LEFT_OUT

    def _value(self, lane: Lane, row: int) -> tuple[bool, Value]:
        """Whether the row is still there, and its value."""
        found = self.connection.execute(
            f"SELECT {lane.x} FROM {self.route.source.quoted} AS t WHERE {self.route.source.row} = ?",
            (row,),
        ).fetchone()
        return (True, found[0]) if found else (False, None)

    def _note(
        self, finding: Finding, lane: str, before: Value, after: Value, row: dict[str, object] | None = None
    ) -> None:
        told = {"table": self.route.target.name, "key": finding.key, "column": lane, "fault": finding.fault.name}
        change = {"row": row} if row is not None else {"before": _told(before), "after": _told(after)}
        self.file.write(json.dumps({**told, **change}, ensure_ascii=False) + "\n")


def _update(route: Route, lane: str) -> str:
    return f"UPDATE {route.source.quoted} AS t SET {quoted(lane)} = ? WHERE {route.source.row} = ?"


def _default(lane: Lane) -> Value:
    """The default of a field, as Django would keep it in SQLite; None where there is none that fits."""
    value = _own_default(lane)
    if value is not None and scan.judge(lane, value)[0]:
        value = lane.kind.mend(value, lane.slot)  # a decimal, for one, is told as a text
    return None if value is None or scan.judge(lane, value)[0] else lane.kind.normal(value, lane.slot)


def _own_default(lane: Lane) -> Value:
    """The default of a field as it was told; an empty text where Django keeps that instead of NULL."""
    if lane.field is not None and lane.field.has_default and lane.field.default is not None:
        value = lane.field.default
        if lane.kind.NAME == "json":
            return raw(json.dumps(value))
        if isinstance(value, bool):
            return int(value)
        return value if isinstance(value, int | float) else raw(str(value))
    return raw("") if lane.kind.NAME == "text" else None


def _told(value: Value) -> object:
    """A value as JSON holds it; bytes, and text that is none, as hexadecimal digits."""
    if isinstance(value, Raw):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return {"hex": value.hex()}
    return {"hex": value.hex()} if isinstance(value, bytes) else value
