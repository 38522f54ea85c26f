"""What the steps of a copy ask of their connection: settings for a while, statements by the dozen, found tables."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from djdock.errors import Problem

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[Any]

# https://www.postgresql.org/docs/current/errcodes-appendix.html: what a person can do something about is of these
# classes: values, integrity, disk and memory, limits, rights and definitions.
_ANSWERABLE = ("22", "23", "42", "53", "54", "55")


@contextlib.contextmanager
def settings(connection: Connection, **values: str) -> Iterator[None]:
    """Sets parameters of the server, and what they were before when the block ends well.

    After an error the transaction is rolled back, and the settings with it: they are local to it.
    """
    before = {
        name: str(value)
        for name in values
        for (value,) in connection.execute("SELECT current_setting(%s)", [name], prepare=False).fetchall()
    }
    _set(connection, values)
    yield
    _set(connection, before)


def run(connection: Connection, statements: Sequence[str]) -> None:
    """Runs statements that are complete as they are, in one message to the server."""
    if statements:
        connection.execute(";\n".join(statements).encode(connection.info.encoding), prepare=False)


def set_tablespace(name: str) -> str:
    """The statement after which indexes are made in a tablespace; in the database's own where it has no name."""
    return "SET LOCAL default_tablespace = '" + name.replace("'", "''") + "'"


def locate(connection: Connection, tables: Sequence[tuple[str, str]]) -> list[int]:
    """The object identifiers of tables, given as (schema, name).

    Raises:
        Problem: one of them is not there.
    """
    wanted = list(dict.fromkeys(tables))
    rows = connection.execute(_LOCATE, [[schema for schema, _ in wanted], [name for _, name in wanted]]).fetchall()
    missing = [f"{schema}.{name}" for schema, name, oid in rows if oid is None]
    if missing:
        raise Problem(
            f"The database has no table {', '.join(missing)}.",
            hint="Apply the project's migrations to it first: djdock manage migrate",
        )
    return [oid for _schema, _name, oid in rows]


def answerable(error: psycopg.Error) -> bool:
    """Whether an error is about the rows or the rights, and not about the connection."""
    return (error.sqlstate or "").startswith(_ANSWERABLE)


def _set(connection: Connection, values: dict[str, str]) -> None:
    for name, value in values.items():
        connection.execute("SELECT set_config(%s, %s, true)", [name, value], prepare=False)


_LOCATE = """
SELECT w.schema, w.name, (
    SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = w.schema AND c.relname = w.name AND c.relkind IN ('r', 'p', 'f', 'v', 'm')
) FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY AS w (schema, name, place) ORDER BY w.place
"""
