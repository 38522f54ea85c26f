"""Asks a running PostgreSQL: does it let us in, which version is it, which migrations are applied."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
from psycopg import sql

from djdock.project.environment import Database

# A connection over loopback is there in milliseconds; a server that is just starting may take longer.
TIMEOUT = 5
# The database that every cluster has, whatever else it has.
MAINTENANCE = "postgres"


@dataclass(frozen=True)
class Report:
    """What a server said.

    Attributes:
        version: such as `18.6`.
        migrations: (app, name) of each applied migration.
    """

    version: str
    migrations: frozenset[tuple[str, str]]


def connect(database: Database, name: str | None = None) -> psycopg.Connection[tuple[str, ...]]:
    """A connection of our own, outside any transaction.

    Raises:
        psycopg.OperationalError: there is no server, or it does not let us in.
    """
    return psycopg.connect(
        host=database.host,
        port=database.port,
        dbname=name or database.name,
        user=database.user,
        password=database.password,
        connect_timeout=TIMEOUT,
        autocommit=True,
        application_name="djdock",
    )


def lets_in(database: Database) -> bool:
    """Whether the server accepts this user and password (whatever databases it has)."""
    try:
        connect(database, MAINTENANCE).close()
    except psycopg.OperationalError:
        return False
    return True


def ensure_database(database: Database) -> bool:
    """Makes the database where the server has none of that name; returns whether it did.

    Raises:
        psycopg.OperationalError: the server does not let us in.
    """
    with connect(database, MAINTENANCE) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database.name]).fetchone():
            return False
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database.name)))
        return True


def report(database: Database) -> Report | None:
    """What the server says, or None where it cannot be asked."""
    try:
        with connect(database) as connection:
            number = connection.info.server_version
            exists = connection.execute("SELECT to_regclass('django_migrations')::text").fetchone()
            rows = (
                connection.execute("SELECT app::text, name::text FROM django_migrations").fetchall()
                if exists and exists[0]
                else []
            )
    except psycopg.OperationalError:
        return None
    return Report(f"{number // 10000}.{number % 10000}", frozenset((row[0], row[1]) for row in rows))
