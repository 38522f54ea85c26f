"""What a PostgreSQL database has: its tables, their columns and keys, as its own catalogue says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from djdock.transfer import cuts

if TYPE_CHECKING:
    import psycopg


@dataclass(frozen=True)
class Column:
    """A column.

    Attributes:
        type: the name of its type in the catalogue, such as `int8`, `varchar`, `timestamptz`, `_text`.
        written: its type as SQL writes it, such as `character varying(10)`.
        length: most characters, where it has a limit.
        precision, scale: of a `numeric`: digits in all, and after the point.
    """

    name: str
    type: str
    written: str
    required: bool
    generated: bool
    length: int | None = None
    precision: int | None = None
    scale: int | None = None

    @property
    def quoted(self) -> str:
        """Its name as SQL."""
        return quoted(self.name)


@dataclass(frozen=True)
class Unique:
    """A unique index over columns alone; `nulls` says whether several NULLs are allowed in it."""

    columns: tuple[str, ...]
    nulls: bool


@dataclass(frozen=True)
class ForeignKey:
    """Columns that must name a row of another table."""

    name: str
    columns: tuple[str, ...]
    table: str
    referred: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table, and the schema that it is in."""

    schema: str
    name: str
    columns: tuple[Column, ...]
    unique: tuple[Unique, ...]
    foreign_keys: tuple[ForeignKey, ...]

    @property
    def quoted(self) -> str:
        """Its name as SQL, with its schema."""
        return f"{quoted(self.schema)}.{quoted(self.name)}"


def quoted(name: str) -> str:
    """An identifier as PostgreSQL reads it."""
    return '"' + name.replace('"', '""') + '"'


def read(connection: psycopg.Connection[Any]) -> dict[str, Table]:
    """The tables that an unqualified name means to this connection, by that name.

    Raises:
        Problem: the server is gone.
    """
    with cuts.told():
        return _read(connection)


def _read(connection: psycopg.Connection[Any]) -> dict[str, Table]:
    found = {oid: (schema, name) for oid, schema, name in connection.execute(_TABLES).fetchall()}
    columns: dict[int, dict[int, Column]] = {oid: {} for oid in found}
    for oid, number, *rest in connection.execute(_COLUMNS).fetchall():
        if oid in columns:
            columns[oid][number] = Column(*rest)
    unique: dict[int, list[Unique]] = {oid: [] for oid in found}
    for oid, numbers, nulls in connection.execute(_UNIQUE.format(nulls=_nulls(connection))).fetchall():
        if oid in found:
            unique[oid].append(Unique(tuple(columns[oid][number].name for number in numbers), nulls))
    keys: dict[int, list[ForeignKey]] = {oid: [] for oid in found}
    for name, oid, referred, own, other in connection.execute(_FOREIGN_KEYS).fetchall():
        if oid in found and referred in found:
            keys[oid].append(
                ForeignKey(
                    name,
                    tuple(columns[oid][number].name for number in own),
                    found[referred][1],
                    tuple(columns[referred][number].name for number in other),
                )
            )
    return {
        name: Table(schema, name, tuple(columns[oid].values()), tuple(unique[oid]), tuple(keys[oid]))
        for oid, (schema, name) in found.items()
    }


def _nulls(connection: psycopg.Connection[Any]) -> str:
    # NULLS NOT DISTINCT came with PostgreSQL 15.
    return "NOT i.indnullsnotdistinct" if connection.info.server_version >= 150000 else "true"  # noqa: PLR2004


_TABLES = """
SELECT c.oid, n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND pg_table_is_visible(c.oid) AND n.nspname NOT IN ('pg_catalog', 'information_schema')
"""
_COLUMNS = """
SELECT a.attrelid, a.attnum, a.attname, y.typname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
       a.attgenerated <> '',
       CASE WHEN y.typname IN ('varchar', 'bpchar') AND a.atttypmod > 4 THEN a.atttypmod - 4 END,
       CASE WHEN y.typname = 'numeric' AND a.atttypmod > 4 THEN ((a.atttypmod - 4) >> 16) & 65535 END,
       CASE WHEN y.typname = 'numeric' AND a.atttypmod > 4 THEN (((a.atttypmod - 4) & 2047) # 1024) - 1024 END
FROM pg_attribute a JOIN pg_type y ON y.oid = a.atttypid JOIN pg_class c ON c.oid = a.attrelid
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p') ORDER BY a.attrelid, a.attnum
"""
_UNIQUE = """
SELECT i.indrelid, (i.indkey::int2[])[0:i.indnkeyatts - 1], {nulls} FROM pg_index i
WHERE i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL
"""
_FOREIGN_KEYS = """
SELECT conname, conrelid, confrelid, conkey, confkey FROM pg_constraint WHERE contype = 'f' AND conparentid = 0
"""
