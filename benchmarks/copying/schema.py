"""What a database is made of, read from its catalogue: tables and columns, keys, indexes, sequences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psycopg

from djdock.project.environment import Database

COLUMNS = """
    SELECT c.relname, a.attname, format_type(a.atttypid, NULL)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY c.relname, a.attnum
"""
CONSTRAINTS = """
    SELECT t.relname, k.conname, k.contype, pg_get_constraintdef(k.oid)
    FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid
    WHERE k.connamespace = 'public'::regnamespace AND k.convalidated AND k.contype IN ('p', 'u', 'f', 'c')
    ORDER BY t.relname, k.conname
"""
INDEXES = """
    SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid), k.oid IS NOT NULL
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u')
    WHERE c.relnamespace = 'public'::regnamespace AND i.indisvalid
    ORDER BY 1
"""
SEQUENCES = """
    SELECT c.relname, a.attname, pg_get_serial_sequence(quote_ident(c.relname), a.attname)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attidentity <> ''
    ORDER BY c.relname
"""


@dataclass(frozen=True)
class Constraint:
    """A validated constraint; `kind` is a letter of PostgreSQL's: p(rimary), u(nique), f(oreign), c(heck)."""

    table: str
    name: str
    kind: str
    definition: str


@dataclass(frozen=True)
class Index:
    """A valid index; `of_constraint`: it comes and goes with one."""

    name: str
    definition: str
    of_constraint: bool


@dataclass(frozen=True)
class Counter:
    """What numbers the rows of a table."""

    table: str
    column: str
    name: str

    @property
    def to_set(self) -> str:
        """The statement that lets it go on after the highest key; an empty table's starts at 1."""
        highest = f'max("{self.column}")'
        return (
            f"SELECT setval('{self.name}', greatest({highest}, 1), coalesce({highest} > 0, false)) "  # noqa: S608
            f'FROM "{self.table}"'
        )


@dataclass(frozen=True)
class Schema:
    """A database without its rows. `tables`: the columns of each, with their types, in their order."""

    tables: Mapping[str, Mapping[str, str]]
    constraints: Sequence[Constraint]
    indexes: Sequence[Index]
    sequences: Sequence[Counter]

    def of_kind(self, kind: str) -> list[Constraint]:
        return [constraint for constraint in self.constraints if constraint.kind == kind]


def read(database: Database) -> Schema:
    """The schema of a database."""
    tables: dict[str, dict[str, str]] = {}
    with psycopg.connect(database.url) as connection:
        for table, column, kind in connection.execute(COLUMNS):
            tables.setdefault(table, {})[column] = kind
        return Schema(
            tables,
            [Constraint(*row) for row in connection.execute(CONSTRAINTS)],
            [Index(*row) for row in connection.execute(INDEXES)],
            [Counter(*row) for row in connection.execute(SEQUENCES)],
        )
