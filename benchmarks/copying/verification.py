"""What a copy got wrong, held against the reference: rows, values, sequences, keys and indexes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from benchmarks.copying import schema
from benchmarks.copying.schema import Schema
from djdock.project.environment import Database

# The sum of hashes is the same in whatever order the rows come.
FINGERPRINT = "SELECT count(*), coalesce(sum(hashtextextended(ROW({})::text, 0)::numeric), 0) FROM {}"
MOST_NAMES = 5  # shown
Fingerprint = tuple[int, int]


@dataclass(frozen=True)
class Expected:
    """What a right copy has: the reference is asked once, and stays for questions about columns."""

    reference: Database
    schema: Schema
    fingerprints: Mapping[str, Fingerprint]


def expect(reference: Database) -> Expected:
    """Takes the fingerprints of all tables of the reference."""
    found = schema.read(reference)
    with psycopg.connect(reference.url) as connection:
        return Expected(
            reference,
            found,
            {table: _fingerprint(connection, table, columns) for table, columns in found.tables.items()},
        )


def faults(target: Database, expected: Expected) -> list[str]:
    """All that differs from the reference, in words; none: everything is there and right."""
    with psycopg.connect(target.url) as connection:
        found = [*_rows(connection, expected), *_sequences(connection, expected)]
    mine = schema.read(target)
    for what, here, there in (
        ("foreign keys", mine.of_kind("f"), expected.schema.of_kind("f")),
        ("other constraints", _others(mine), _others(expected.schema)),
        ("indexes", mine.indexes, expected.schema.indexes),
    ):
        if missing := len(there) - sum(item in here for item in there):
            found.append(f"{missing} of {len(there)} {what} missing or changed")
        if more := sum(item not in there for item in here):
            found.append(f"{more} {what} that Django did not make")
    return found


def missing_rows(target: Database, source: Path) -> list[str]:
    """Tables of a SQLite file that have another number of rows in the target: all that a file too large for a reference
    is held against.
    """
    with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as reader, psycopg.connect(target.url) as there:
        found = []
        for table in schema.read(target).tables:
            question = f'SELECT count(*) FROM "{table}"'  # noqa: S608 - names of our own tables
            wanted, row = reader.execute(question).fetchone()[0], there.execute(question.encode()).fetchone()
            if row is None or row[0] != wanted:
                found.append(f"{table}: {row[0] if row else 0} of {wanted} rows")
        return found


def _others(found: Schema) -> Sequence[schema.Constraint]:
    return [constraint for constraint in found.constraints if constraint.kind != "f"]


def _rows(connection: psycopg.Connection[Any], expected: Expected) -> Iterator[str]:
    wrong = []
    for table, right in expected.fingerprints.items():
        found = _fingerprint(connection, table, expected.schema.tables[table])
        if found[0] != right[0]:
            yield f"{table}: {found[0]} of {right[0]} rows"
        elif found != right:
            columns = _wrong_columns(connection, expected, table)
            wrong += [f"{table}.{column}" for column in columns] or [f"{table} (values belong to other rows)"]
    if wrong:
        yield f"wrong values in {_some(wrong)}"


def _wrong_columns(connection: psycopg.Connection[Any], expected: Expected, table: str) -> list[str]:
    with psycopg.connect(expected.reference.url) as reference:
        return [
            column
            for column, kind in expected.schema.tables[table].items()
            if _fingerprint(connection, table, {column: kind}) != _fingerprint(reference, table, {column: kind})
        ]


def _fingerprint(connection: psycopg.Connection[Any], table: str, columns: Mapping[str, str]) -> Fingerprint:
    """Of whole rows, or of some columns, given with their types."""
    connection.execute("SET TIME ZONE 'UTC'")
    # 25 hours are equal to a day and an hour, but not as text.
    forms = {"interval": "justify_hours({})"}
    values = [sql.SQL(forms.get(kind, "{}")).format(sql.Identifier(name)) for name, kind in columns.items()]
    row = connection.execute(sql.SQL(FINGERPRINT).format(sql.SQL(", ").join(values), sql.Identifier(table))).fetchone()
    if row is None:
        raise RuntimeError("a query that always has one row has none")
    return int(row[0]), int(row[1])


def _sequences(connection: psycopg.Connection[Any], expected: Expected) -> Iterator[str]:
    wrong = []
    for counter in expected.schema.sequences:
        row = connection.execute(
            f'SELECT coalesce(max("{counter.column}"), 0) >= '  # noqa: S608 - names of our own tables
            f'(SELECT last_value + is_called::int FROM {counter.name}) FROM "{counter.table}"'.encode()
        ).fetchone()
        if row and row[0]:
            wrong.append(counter.table)
    if wrong:
        yield f"{len(wrong)} of {len(expected.schema.sequences)} sequences would give keys that are taken"


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:MOST_NAMES])
    return shown if len(names) <= MOST_NAMES else f"{shown} and {len(names) - MOST_NAMES} more"
