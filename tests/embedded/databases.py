"""A PostgreSQL server without a project, and databases in it: for tests of what is asked of a server."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from djdock.embedded import cluster
from djdock.machine import accounts, postgres
from djdock.project.environment import Database
from tests import tools

NUMBERS = itertools.count()
PASSWORD = "only-of-tests"


@dataclass(frozen=True)
class Server:
    """A running server, and how its superuser gets in."""

    database: Database
    programs: postgres.Server

    def connect(self, database: Database | None = None, **options: Any) -> psycopg.Connection[tuple[Any, ...]]:
        """A connection of the superuser, or of a database's own user."""
        return psycopg.connect((database or self.database).url, **options)

    def rooted(self, database: Database) -> Database:
        """A database as the superuser gets in."""
        return replace(database, user=self.database.user, password=self.database.password)

    def dump(self, database: Database) -> str:
        """A database's schema as pg_dump writes it: an opinion that is not ours."""
        done = tools.run(
            [self.programs.program("pg_dump"), "--schema-only", f"--dbname={database.url}"], Path("/")
        ).ok()
        # Newer releases guard their output with a random word.
        return "\n".join(line for line in done.out.splitlines() if not line.startswith(("\\restrict", "\\unrestrict")))


@contextlib.contextmanager
def serving(folder: Path, major: int = postgres.WHEEL_MAJOR) -> Iterator[Server]:
    """A server of its own in a folder, stopped in the end."""
    database = Database("127.0.0.1", tools.free_port(), "postgres", "root", PASSWORD)
    programs = postgres.find_or_fetch(major)
    made = cluster.Cluster(folder / "cluster", major, programs, accounts.for_server(folder), folder / "log")
    cluster.bring_up(made, database)
    try:
        with psycopg.connect(database.url, autocommit=True) as connection:
            # Tests that make a database each wait for the disk most of the time, and none of them pulls the plug.
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")
        yield Server(database, programs)
    finally:
        cluster.take_down(made.data)


@contextlib.contextmanager
def database(server: Server) -> Iterator[Database]:
    """An empty database, of an ordinary role that owns it and is no superuser."""
    name = f"of_a_test_{next(NUMBERS)}"
    role, words = sql.Identifier(name), {"role": sql.Identifier(name), "password": sql.Literal(PASSWORD)}
    with server.connect(autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE {role} LOGIN PASSWORD {password}").format(**words))
        connection.execute(sql.SQL("CREATE DATABASE {role} OWNER {role}").format(**words))
    try:
        yield replace(server.database, name=name, user=name)
    finally:
        with server.connect(autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(role))
            connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(role))


def make(connection: psycopg.Connection[Any], *statements: str) -> None:
    """Makes tables and rows, each statement in a transaction of its own."""
    for statement in statements:
        connection.execute(statement.encode())
        connection.commit()


def load(connection: psycopg.Connection[Any], table: tuple[str, str], rows: str) -> None:
    """COPY … FREEZE, as the copy does it: it fails where the table was not emptied in this transaction."""
    command = sql.SQL("COPY {} FROM STDIN (FORMAT csv, FREEZE)").format(sql.Identifier(*table))
    with connection.cursor().copy(command) as copy:
        copy.write(rows)


def number(connection: psycopg.Connection[Any], query: str) -> int:
    """The one number that a query gives."""
    row = connection.execute(query.encode()).fetchone()
    assert row
    return int(row[0])
