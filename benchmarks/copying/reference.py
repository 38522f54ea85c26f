"""What a copy has to come to: a plain and slow one, that a test compares with what Django reads on both sides."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from benchmarks.copying import schema
from benchmarks.copying.schema import Schema
from djdock.project.environment import Database

CHUNK = 2**20  # bytes
FORMATS = ("text", "binary")


def _interval(microseconds: int) -> str:
    return f"{microseconds} microseconds"


def _decimal(number: float) -> str:
    return format(number, ".15g")  # what Django makes of a float: SQLite has kept no more digits


# By PostgreSQL's name of a type: everything else it reads in the form in which SQLite has it.
CONVERSIONS: Mapping[str, Callable[[Any], object]] = {"interval": _interval, "numeric": _decimal}


def make(source: Path, target: Database) -> Schema:
    """Copies all tables; returns the target's schema."""
    found = schema.read(target)
    with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as reader, psycopg.connect(target.url) as writer:
        writer.execute("SET TIME ZONE 'UTC'")
        names = sql.SQL(", ").join(map(sql.Identifier, found.tables))
        writer.execute(sql.SQL("TRUNCATE {}").format(names))
        for table, columns in found.tables.items():
            _copy(reader, writer, table, columns)
        for counter in found.sequences:
            writer.execute(counter.to_set)
    return found


def _copy(reader: sqlite3.Connection, writer: psycopg.Connection[Any], table: str, columns: Mapping[str, str]) -> None:
    conversions = [CONVERSIONS.get(kind) for kind in columns.values()]
    quoted = ", ".join(f'"{name}"' for name in columns)
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)
    with writer.cursor().copy(statement) as copy:
        for row in reader.execute(f'SELECT {quoted} FROM "{table}"'):  # noqa: S608 - names of our own tables
            copy.write_row([
                value if value is None or convert is None else convert(value)
                for value, convert in zip(row, conversions, strict=True)
            ])  # fmt: skip


@dataclass(frozen=True)
class Ready:
    """Files that hold a database's rows as COPY writes them, one a table and format."""

    folder: Path

    def file(self, table: str, form: str) -> Path:
        return self.folder / f"{table}.{form}"


def write_out(database: Database, tables: Sequence[str], folder: Path) -> Ready:
    """Writes the files into a folder."""
    folder.mkdir()
    ready = Ready(folder)
    with psycopg.connect(database.url) as connection:
        for table in tables:
            for form in FORMATS:
                statement = sql.SQL("COPY {} TO STDOUT (FORMAT {})").format(sql.Identifier(table), sql.SQL(form))
                with connection.cursor().copy(statement) as copy, ready.file(table, form).open("wb", CHUNK) as file:
                    for part in copy:
                        file.write(part)
    return ready
