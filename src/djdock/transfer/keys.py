"""The pre-flight, second part: keys that refer to nothing, and values that are not unique by PostgreSQL's rules."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path

from djdock.transfer import faults, functions, snapshot
from djdock.transfer.crew import Crew
from djdock.transfer.ledger import Finding, Ledger
from djdock.transfer.match import Lane, Match, Route
from djdock.transfer.snapshot import quoted
from djdock.transfer.target import ForeignKey, Unique


def check(crew: Crew, path: Path, match: Match, counts: Sequence[int], ledger: Ledger) -> None:
    """Checks the foreign keys and the unique indexes of all tables; findings go into the ledger.

    Args:
        counts: how many rows each table has.
    """
    work = []
    rows = {route.target.name: count for route, count in zip(match.routes, counts, strict=True)}
    for number, route in enumerate(match.routes):
        for unique in route.target.unique:
            if lanes := _unproven(route, unique):
                work.append(partial(_duplicates, number, route, lanes, unique))
        for key in route.target.foreign_keys:
            if parent := match.route(key.table):
                work.append(partial(_dangling, number, route, key, (parent, rows[key.table])))
    with ThreadPoolExecutor(crew.size) as pool:
        for findings in pool.map(lambda task: list(crew.call(_with_connection, path, task)), work):
            ledger.add(findings)


def _with_connection(path: Path, task: partial[Iterator[Finding]]) -> Iterator[Finding]:
    with closing(snapshot.open_for_reading(path, text=bytes)) as connection:
        functions.register(connection)
        yield from task(connection)


def _unproven(route: Route, unique: Unique) -> tuple[Lane, ...]:
    """The lanes of a unique index that SQLite has not kept unique in the same sense."""
    lanes = tuple(filter(None, (route.lane(column) for column in unique.columns)))
    if len(lanes) < len(unique.columns):
        return ()  # one of them is computed by PostgreSQL
    same = frozenset(lane.name for lane in lanes) in route.source.unique
    strict = unique.nulls or all(lane.required for lane in lanes)
    return () if same and strict and not any(_folds(lane) for lane in lanes) else lanes


def _folds(lane: Lane) -> bool:
    """Whether PostgreSQL takes values for equal that differ byte for byte."""
    return lane.column.type in {"citext", "bpchar"}


def _comparable(lane: Lane, x: str) -> str:
    """SQL for a value, such that SQLite takes those for equal that PostgreSQL does, whatever collation it was given."""
    if lane.column.type == "citext":
        return f"CASE WHEN {x} IS NOT NULL THEN djdock_lower(CAST({x} AS BLOB)) END"
    return f"rtrim({x}, ' ') COLLATE BINARY" if lane.column.type == "bpchar" else f"{x} COLLATE BINARY"


def _duplicates(
    number: int, route: Route, lanes: tuple[Lane, ...], unique: Unique, connection: sqlite3.Connection
) -> Iterator[Finding]:
    values = ", ".join(_comparable(lane, lane.x) for lane in lanes)
    present = " AND ".join(f"{lane.x} IS NOT NULL" for lane in lanes) if unique.nulls else "1"
    shown = " || ', ' || ".join(f"ifnull({lane.x}, 'NULL')" for lane in lanes)
    row = route.source.row
    rows = connection.execute(
        f"SELECT r, k, v FROM (SELECT {row} AS r, {_key(route)} AS k, {shown} AS v, "
        f"row_number() OVER (PARTITION BY {values} ORDER BY {row}) AS n "
        f"FROM {route.source.quoted} AS t WHERE {present}) WHERE n > 1 ORDER BY r"
    )
    names = ", ".join(lane.name for lane in lanes)
    for found, key, value in rows:
        yield Finding(number, found, _text(key), names, _text(value), faults.DUPLICATE)


def _dangling(
    number: int, route: Route, key: ForeignKey, parent: tuple[Route, int], connection: sqlite3.Connection
) -> Iterator[Finding]:
    lanes = tuple(filter(None, (route.lane(column) for column in key.columns)))
    referred = tuple(filter(None, (parent[0].lane(column) for column in key.referred)))
    if len(lanes) < len(key.columns) or len(referred) < len(lanes):
        return
    folds = any(map(_folds, referred))
    if (
        len(lanes) == 1
        and not folds
        and _all_present(connection, (route, lanes[0]), (parent[0], referred[0]), parent[1])
    ):
        return
    present = " AND ".join(f"{lane.x} IS NOT NULL" for lane in lanes)
    shown = " || ', ' || ".join(lane.x for lane in lanes)
    rows = connection.execute(
        f"SELECT {route.source.row}, {_key(route)}, {shown} FROM {route.source.quoted} AS t WHERE {present} "
        f"AND {_missing(lanes, referred, parent[0])} ORDER BY 1"
    )
    names = ", ".join(lane.name for lane in lanes)
    for row, name, value in rows:
        yield Finding(number, row, _text(name), names, _text(value), faults.DANGLING, parent[0].target.name)


def _missing(lanes: Sequence[Lane], referred: Sequence[Lane], parent: Route) -> str:
    """SQL that is true of a row without a parent. Its value stands on the left: there the collation counts."""
    pairs = [
        (
            _comparable(one, lane.x),
            _comparable(one, f"p.{quoted(one.name)}") if _folds(one) else f"p.{quoted(one.name)}",
        )
        for lane, one in zip(lanes, referred, strict=True)
    ]
    if len(pairs) == 1 and _folds(referred[0]):
        [(mine, theirs)] = pairs  # no index helps: a list is made once
        return f"{mine} NOT IN (SELECT {theirs} FROM {parent.source.quoted} AS p WHERE {theirs} IS NOT NULL)"
    there = " AND ".join(f"{mine} = {theirs}" for mine, theirs in pairs)
    return f"NOT EXISTS (SELECT 1 FROM {parent.source.quoted} AS p WHERE {there})"


def _all_present(
    connection: sqlite3.Connection, child: tuple[Route, Lane], parent: tuple[Route, Lane], rows: int
) -> bool:
    """Whether nothing dangles, found out the cheap way: where the parent's keys have no hole, it takes two comparisons;
    else each value that occurs is looked up once."""
    (route, lane), (above, referred) = child, parent
    name = quoted(referred.name)
    low, high, kinds = connection.execute(
        f"SELECT min(p.{name}), max(p.{name}), typeof(min(p.{name})) || typeof(max(p.{name})) "
        f"FROM {above.source.quoted} AS p"
    ).fetchone()
    is_key = above.source.key == (referred.name,)
    if is_key and kinds == b"integerinteger" and high - low + 1 == rows:
        least, most, both = connection.execute(
            f"SELECT min({lane.x}), max({lane.x}), typeof(min({lane.x})) || typeof(max({lane.x})) "
            f"FROM {route.source.quoted} AS t"
        ).fetchone()
        if least is None or (both == b"integerinteger" and low <= least and most <= high):
            return True
    values = f"SELECT DISTINCT {lane.x} COLLATE BINARY AS v FROM {route.source.quoted} AS t WHERE {lane.x} IS NOT NULL"
    missing = f"SELECT 1 FROM {above.source.quoted} AS p WHERE d.v COLLATE BINARY = p.{name}"
    return connection.execute(f"SELECT 1 FROM ({values}) AS d WHERE NOT EXISTS ({missing}) LIMIT 1").fetchone() is None


def _key(route: Route) -> str:
    """SQL for the primary key of a row, as a person would write it."""
    return " || ', ' || ".join(f"t.{quoted(name)}" for name in route.source.key) or route.source.row


def _text(value: object) -> str:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
