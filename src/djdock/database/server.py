"""Asks a running PostgreSQL: does it let us in, which version is it, which migrations are applied."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from djdock.errors import Problem
from djdock.machine import ports
from djdock.project.environment import Database

if TYPE_CHECKING:
    import psycopg

# ruff: noqa: PLC0415 - psycopg takes 130 ms to import, and a server that does not answer needs none of it

# A connection over loopback is there in milliseconds; a server that is just starting may take longer.
TIMEOUT = 5
# Recovery after a crash takes a second or two; where sessions use up all connections, one of them may end.
PATIENCE = 20.0
# The database that every cluster has, whatever else it has.
MAINTENANCE = "postgres"


@dataclass(frozen=True)
class Report:
    """What a server said.

    Attributes:
        version: such as `18.6`.
        migrations: `app.name` of each applied migration, and when it was applied (seconds since the epoch).
    """

    version: str
    migrations: Mapping[str, float]

    def applied_since(self, before: Report | None, moment: float) -> int:
        """How many migrations were applied since `before`; where that is not known, since a moment.

        The moment is a second best: it compares the clock of this machine with that of a container.
        """
        if before is not None:
            return len(self.migrations.keys() - before.migrations.keys())
        return sum(applied >= moment for applied in self.migrations.values())


def connect(database: Database, name: str | None = None) -> psycopg.Connection[tuple[Any, ...]]:
    """A connection of our own, outside any transaction.

    Raises:
        psycopg.OperationalError: there is no server, or it does not let us in.
    """
    import psycopg

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
    """Whether the server accepts this user and password (whatever databases it has).

    Waits for one that refuses without asking for a password: it recovers, or has too many connections.

    Raises:
        Problem: it goes on refusing.
    """
    import psycopg

    end = time.monotonic() + PATIENCE
    while True:
        try:
            connect(database, MAINTENANCE).close()
        except psycopg.OperationalError as error:
            if error.pgconn is not None and error.pgconn.used_password:
                return False
            if time.monotonic() > end:
                raise Problem(
                    "PostgreSQL runs, but accepts no connection just now.",
                    details=str(error),
                    hint="Wait a moment, then try again. What it has to say about it: djdock logs db",
                ) from error
            time.sleep(0.05)
        else:
            return True


def has(database: Database) -> bool:
    """Whether the server lets us into the database itself."""
    import psycopg

    try:
        connect(database).close()
    except psycopg.OperationalError:
        return False
    return True


def ensure_database(database: Database) -> bool:
    """Makes the database where the server has none of that name; returns whether it did.

    Raises:
        Problem: it cannot be made.
    """
    import psycopg
    from psycopg import sql

    try:
        with connect(database, MAINTENANCE) as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database.name]).fetchone():
                return False
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database.name)))
            return True
    except psycopg.Error as error:
        raise Problem(
            f"The database {database.name} could not be made.",
            details=str(error),
            hint="What PostgreSQL has to say about it: djdock logs db",
        ) from error


def report(database: Database) -> Report | None:
    """What the server says, or None where it cannot be asked."""
    if not ports.answers(database.port):
        return None
    import psycopg

    try:
        with connect(database) as connection:
            number = connection.info.server_version
            exists = connection.execute("SELECT to_regclass('django_migrations')::text").fetchone()
            rows = (
                connection.execute(
                    "SELECT app || '.' || name, extract(epoch FROM applied)::float8 FROM django_migrations"
                ).fetchall()
                if exists and exists[0]
                else []
            )
    except psycopg.OperationalError:
        return None
    return Report(f"{number // 10000}.{number % 10000}", dict(rows))


def remake(database: Database) -> None:
    """Makes an empty database, in the place of one of that name that an interrupted trial may have left.

    Raises:
        Problem: it cannot be made.
    """
    drop(database)
    ensure_database(database)


def drop(database: Database) -> None:
    """Drops a database; whoever still uses it is cut off."""
    import psycopg
    from psycopg import sql

    with contextlib.suppress(psycopg.Error), connect(database, MAINTENANCE) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
            [database.name],
        )
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(database.name)))


def has_tables(database: Database) -> bool:
    """Whether a database is there and holds any table of its own."""
    import psycopg

    query = "SELECT 1 FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema') LIMIT 1"
    try:
        with connect(database) as connection:
            return connection.execute(query).fetchone() is not None
    except psycopg.OperationalError:
        return False


def take_place(new: Database, old: Database) -> None:
    """Gives a database the name of another one, which must be empty and goes.

    Raises:
        Problem: the other one is in use.
    """
    import psycopg
    from psycopg import sql

    drop(old)
    try:
        with connect(new, MAINTENANCE) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
                [new.name],
            )
            names = sql.Identifier(new.name), sql.Identifier(old.name)
            connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(*names))
    except psycopg.Error as error:
        raise Problem(
            f"The database {old.name} could not be put in its place.",
            details=str(error),
            hint="Close what is connected to it, then: djdock up",
        ) from error


def add_extension(database: Database, name: str) -> None:
    """Creates an extension in a database, and in the one that new databases are copies of.

    Raises:
        Problem: this server has no such extension, or the user may not create it.
    """
    import psycopg
    from psycopg import sql

    for place in ("template1", database.name):
        try:
            with connect(database, place) as connection:
                connection.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(name)))
        except psycopg.Error as error:
            raise Problem(
                f"The project needs the extension {name}, and this PostgreSQL cannot have it.",
                details=str(error),
                hint=f"Use a server that brings {name}: in compose.yaml an image such as postgis/postgis or "
                "pgvector/pgvector, with: djdock up --engine docker",
            ) from error
