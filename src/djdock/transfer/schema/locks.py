"""Locks on tables: had soon, or else a Problem that names who holds them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import psycopg

from djdock.errors import Problem
from djdock.transfer.schema.session import run, settings

if TYPE_CHECKING:
    Connection = psycopg.Connection[Any]

# The second one where whoever holds one table waits for another that we hold.
_REFUSED = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)
_CAUSE = "Somebody else is using tables of this database, and does not let go of them."
_HINT = "Stop the site and whatever else uses the database, then try again."


def take(connection: Connection, tables: Sequence[str], patience: float) -> None:
    """Locks tables (quoted names) against everybody, readers too, until the transaction ends.

    A savepoint of its own keeps the transaction usable when that fails: after the wait, `pg_blocking_pids` has nothing
    to say any more, and `pg_locks` is asked instead.

    Args:
        patience: seconds that each lock may take.

    Raises:
        Problem: somebody holds one of them.
    """
    try:
        with connection.transaction(), _timeout(connection, patience):
            run(connection, [f"LOCK TABLE {', '.join(tables)} IN ACCESS EXCLUSIVE MODE"])
    except _REFUSED as error:
        raise _in_use(connection, tables) from error


@contextlib.contextmanager
def waiting(connection: Connection, patience: float) -> Iterator[None]:
    """For statements that lock what cannot be locked beforehand, as other roles' tables.

    Raises:
        Problem: a lock takes longer than `patience` seconds.
    """
    try:
        with _timeout(connection, patience):
            yield
    except _REFUSED as error:
        raise Problem(_CAUSE, details=str(error), hint=_HINT) from error


def _timeout(connection: Connection, patience: float) -> contextlib.AbstractContextManager[None]:
    return settings(connection, lock_timeout=f"{patience * 1000:.0f}ms")


def _in_use(connection: Connection, tables: Sequence[str]) -> Problem:
    connection.execute(
        "SELECT pg_stat_clear_snapshot()"
    )  # else a transaction sees the activity of when it first looked
    rows = connection.execute(_HOLDERS, [list(tables)]).fetchall()
    pids = sorted({pid for pid, *_rest in rows if pid is not None})
    hint = _HINT
    if pids:
        hint += " To cut them off: SELECT " + ", ".join(f"pg_terminate_backend({pid})" for pid in pids)
    if len(pids) < len({pid for pid, *_rest in rows}):
        hint += " A prepared transaction is ended with ROLLBACK PREPARED; they are listed in pg_prepared_xacts."
    return Problem(
        _CAUSE,
        details="\n".join(_line(*row) for row in rows),
        hint=hint,
    )


def _line(pid: int | None, user: str | None, program: str | None, doing: str | None, table: str) -> str:
    who = "a prepared transaction" if pid is None else f"process {pid} (user {user}, {program or 'unnamed program'})"
    return f"{who} holds {table}" + (f": {doing}" if doing else "")


_HOLDERS = """
SELECT l.pid, a.usename::text, a.application_name, concat_ws(', ', a.state, left(a.query, 100)),
       string_agg(DISTINCT l.relation::regclass::text, ', ')
FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'relation' AND l.granted AND l.pid IS DISTINCT FROM pg_backend_pid()
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND l.relation = ANY((%s::text[])::regclass[])
GROUP BY 1, 2, 3, 4 ORDER BY 1
"""
