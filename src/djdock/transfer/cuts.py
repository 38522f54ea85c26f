"""A connection that ends while something is asked or copied: told as what it is, wherever it happens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from djdock.errors import Problem

NOTHING = "Nothing has been changed: the copy is one transaction."


@contextmanager
def told() -> Iterator[None]:
    """Within it, a server that goes away is a Problem.

    Raises:
        Problem: the connection has ended, or the server has no room.
    """
    import psycopg  # noqa: PLC0415 - it takes 130 ms to import

    try:
        yield
    except psycopg.OperationalError as error:
        raise problem(error) from error


def problem(error: Exception, *, committing: bool = False) -> Problem:
    """What there is to say of it; while a transaction is committed, nobody knows whether it was."""
    cause = "The connection to PostgreSQL has ended"
    text = (
        f"{cause} while the copy was committed: all of it is there, or nothing."
        if committing
        else f"{cause}. {NOTHING}"
    )
    return Problem(
        text,
        details=str(error),
        hint="Is the server running, is its disk full? djdock logs db\nThen run the same command again.",
    )
