"""Copies what the pre-flight found sound, in one transaction: all of it is there and proven, or nothing has changed."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from djdock.errors import Problem
from djdock.transfer import cuts, proof, schema, stream
from djdock.transfer.crew import Crew
from djdock.transfer.job import Job, Progress
from djdock.transfer.preflight import Preflight
from djdock.transfer.proof import Difference, Proven

if TYPE_CHECKING:
    import psycopg

UTF8 = "UTF8"


@dataclass(frozen=True)
class Copied:
    """What was copied.

    Attributes:
        tables: by the name of the table, what was proven of it.
        sizes: by the name of the table, the bytes that were sent.
        sequences: by name, the number that each gives out next.
        seconds: by phase, how long it took; `rebuild`, of keys and indexes, is a part of `copy`.
    """

    tables: Mapping[str, Proven]
    sizes: Mapping[str, int]
    sequences: Mapping[str, int]
    seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Rows in all tables."""
        return sum(table.rows for table in self.tables.values())


def copy(
    crew: Crew, job: Job, preflight: Preflight, connect: Callable[[], psycopg.Connection[Any]], progress: Progress
) -> Copied:
    """Replaces the rows of the target's tables by those of the snapshot, and proves that they are the same.

    Raises:
        Problem: something speaks against it, the server refuses a row or is gone, or the sides differ in the end. The
            target is as it was before, then.
    """
    import psycopg  # noqa: PLC0415 - it takes 130 ms to import

    # Of a connection that is lost it warns on standard error; that is told as a Problem.
    logging.getLogger("psycopg").setLevel(logging.ERROR)
    committing = False
    try:
        with connect() as connection:
            connection.autocommit = True
            with connection.transaction():
                copied = _copy(crew, job, preflight, connection, progress)
                committing = True
            return copied
    except psycopg.OperationalError as error:
        raise cuts.problem(error, committing=committing) from error


def _copy(
    crew: Crew, job: Job, preflight: Preflight, connection: psycopg.Connection[Any], progress: Progress
) -> Copied:
    seconds: dict[str, float] = {}
    _settle_session(connection, job)
    names = [(route.target.schema, route.target.name) for route in preflight.match.routes]
    with _timed(seconds, "copy"):
        suspended = schema.suspend(connection, names)
        sizes = _send(crew, job, preflight, connection, progress)
        with _timed(seconds, "rebuild"):
            schema.restore(connection, suspended, _teller(progress))
            sequences = schema.set_sequences(connection, names)
    with _timed(seconds, "proof"):
        if differences := schema.changed(connection, suspended):
            raise _not_restored(differences)
        tables = _prove(preflight, connection, progress)
    return Copied(tables, sizes, sequences, seconds)


def _settle_session(connection: psycopg.Connection[Any], job: Job) -> None:
    encoding = connection.execute("SHOW server_encoding").fetchone()
    if encoding and encoding[0] != UTF8:
        raise Problem(
            f"The database is encoded in {encoding[0]}, not in UTF8.",
            hint="Make one that is: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0",
        )
    # A role's limits of time are for a site's queries. The one of transactions came with PostgreSQL 17.
    limits = ["statement_timeout", "idle_in_transaction_session_timeout"]
    limits += ["transaction_timeout"] if connection.info.server_version >= 170000 else []  # noqa: PLR2004
    zone = "UTC" if job.models.use_tz else job.models.time_zone
    for name, value in (
        ("TimeZone", zone),
        ("DateStyle", "ISO, YMD"),
        ("IntervalStyle", "postgres"),
        ("client_encoding", UTF8),
        *((limit, "0") for limit in limits),
    ):
        connection.execute("SELECT set_config(%s, %s, true)", (name, value))


def _send(
    crew: Crew, job: Job, preflight: Preflight, connection: psycopg.Connection[Any], progress: Progress
) -> dict[str, int]:
    import psycopg  # noqa: PLC0415 - it takes 130 ms to import

    progress.phase("copy", preflight.rows)
    sizes = {route.target.name: 0 for route in preflight.match.routes}
    work = [
        (route, scan.pieces) for route, scan in zip(preflight.match.routes, preflight.scans, strict=True) if scan.pieces
    ]
    blocks = crew.call(stream.lines, job.snapshot, work)
    for route, _pieces in work:
        name = route.target.name
        try:
            sizes[name] = stream.send(connection, route, blocks, progress.advance)
        except psycopg.OperationalError:
            raise
        except psycopg.Error as error:
            raise _refused(name, error) from error
    return sizes


def _refused(table: str, error: Exception) -> Problem:
    return Problem(
        f"PostgreSQL refuses a row of {table}. Nothing has been changed.",
        details=str(error),
        hint="The row is the one that CONTEXT names. Correct it in SQLite, then run the same command again.",
    )


def _prove(preflight: Preflight, connection: psycopg.Connection[Any], progress: Progress) -> dict[str, Proven]:
    progress.phase("prove", preflight.rows)
    proof.begin(connection)
    tables = {}
    for route, scan in zip(preflight.match.routes, preflight.scans, strict=True):
        found = proof.prove(connection, route, scan, progress.advance)
        if isinstance(found, Difference):
            raise _different(found)
        tables[route.target.name] = found
    return tables


def _teller(progress: Progress) -> Callable[[str, int, int], None]:
    before = 0

    def tell(_what: str, done: int, total: int) -> None:
        nonlocal before
        if done == 0:
            progress.phase("rebuild", total)
        else:
            progress.advance(done - before)
        before = done

    return tell


@contextmanager
def _timed(seconds: dict[str, float], phase: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    seconds[phase] = time.monotonic() - began


def _different(found: Difference) -> Problem:
    where = f"{found.table}.{found.column}" if found.column else found.table
    what = (
        f"In {where}, the values after row {found.after} are not what SQLite has"
        if found.column
        else f"{where} has {found.found} rows where SQLite has {found.expected}"
    )
    return Problem(
        f"{what}. Nothing has been changed.",
        hint="Is there a trigger, a rule or a column type on this table that changes values? Leave the table out with "
        "--exclude,\nor report this with the table's definition: a copy that is not equal must not happen.",
    )


def _not_restored(differences: object) -> Problem:
    return Problem(
        "Not everything that hangs on the tables could be brought back as it was. Nothing has been changed.",
        details="\n".join(map(str, differences)) if isinstance(differences, list | tuple) else str(differences),
        hint="Report this with the definitions above; leave the tables out with --exclude until then.",
    )
