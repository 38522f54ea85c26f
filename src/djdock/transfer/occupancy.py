"""What a database holds already, beside the rows that `migrate` itself puts into an empty one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from djdock.transfer import target

if TYPE_CHECKING:
    import psycopg
    from psycopg import sql

# ruff: noqa: PLC0415 - psycopg takes 130 ms to import

# Filled by Django itself, and from the code alone: nobody keeps data of their own there.
FILLED = frozenset({"django_migrations", "django_content_type", "auth_permission", "django_site"})


def counted(connection: psycopg.Connection[Any], tables: Iterable[str]) -> Mapping[str, int]:
    """How many rows those tables hold that hold any; what Django fills from the code alone is not looked at."""
    found = {}
    there = target.read(connection)
    for name in sorted(set(tables) - FILLED):
        if name in there and (rows := _count(connection, there[name])):
            found[name] = rows
    return found


def surplus(
    connection: psycopg.Connection[Any], other: psycopg.Connection[Any], counts: Mapping[str, int]
) -> Mapping[str, int]:
    """How many rows tables hold whose keys another database does not have.

    Args:
        other: a database in which nothing was done but `migrate`.
        counts: tables and their rows, as `counted` says.
    """
    found = {}
    there = target.read(other)
    for name, count in counts.items():
        # Where there are more than `migrate` makes, which of them are its own makes no difference.
        made = _count(other, there[name]) if name in there else 0
        more = count if count > made else len(_keys(connection, name) - _keys(other, name))
        if more:
            found[name] = more
    return found


def _keys(connection: psycopg.Connection[Any], name: str) -> set[tuple[str, ...]]:
    """The primary keys of a table's rows, as text; whole rows where it has none."""
    from psycopg import sql

    table = target.read(connection)[name]
    columns = connection.execute(_PRIMARY_KEY, (table.quoted,)).fetchall()
    parts = [sql.SQL("t.{}::text").format(sql.Identifier(column)) for (column,) in columns]
    key = sql.SQL(", ").join(parts) if parts else sql.SQL("t::text")
    return set(connection.execute(sql.SQL("SELECT {} FROM {} AS t").format(key, _named(table))).fetchall())


def _count(connection: psycopg.Connection[Any], table: target.Table) -> int:
    from psycopg import sql

    row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(_named(table))).fetchone()
    return int(row[0]) if row else 0


def _named(table: target.Table) -> sql.Identifier:
    from psycopg import sql

    return sql.Identifier(table.schema, table.name)


_PRIMARY_KEY = """
SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
WHERE i.indisprimary AND i.indrelid = %s::regclass ORDER BY a.attnum
"""
