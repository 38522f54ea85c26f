"""Builds again what was taken off tables, as it was."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import psycopg

from djdock.errors import Problem
from djdock.transfer.schema import catalogue
from djdock.transfer.schema.session import answerable, run, settings

if TYPE_CHECKING:
    from djdock.transfer.schema.suspension import Suspended

    Connection = psycopg.Connection[Any]

MEMORY = 256  # MB for sorting one index, all its workers together
WORKERS = 2  # beside the one that leads


def restore(connection: Connection, suspended: Suspended, tell: Callable[[str, int, int], None]) -> None:
    """Builds indexes and keys, then foreign keys, which are checked, and switches triggers on again.

    Args:
        tell: is told what comes next, how many steps are done, and of how many.

    Raises:
        Problem: the rows do not fit: they are not unique, or refer to what is not there.
    """
    steps = [
        *((f"index {index.label}", index.tablespace, _index(index)) for index in suspended.indexes),
        *((f"foreign key {key.label}", None, _foreign_key(key)) for key in suspended.foreign_keys),
    ]
    tablespace = None
    with settings(connection, default_tablespace="", **_resources(connection)):
        for done, (what, wanted, statements) in enumerate(steps):
            tell(what, done, len(steps))
            change = [] if wanted in {None, tablespace} else [_set_tablespace(str(wanted))]
            tablespace = tablespace if wanted is None else wanted
            _build(connection, what, [*change, *statements])
        run(connection, [_switch_on(trigger) for trigger in suspended.triggers])
    if steps:
        tell(steps[-1][0], len(steps), len(steps))


def _resources(connection: Connection) -> dict[str, str]:
    """More memory than the default, but never less than what the server's owner gave; no compilation of checks."""
    rows = connection.execute(
        "SELECT name, setting::bigint FROM pg_settings "
        "WHERE name IN ('maintenance_work_mem', 'max_parallel_maintenance_workers')"
    ).fetchall()
    now = dict(rows)
    memory = max(MEMORY * 1024, now["maintenance_work_mem"])
    return {
        "maintenance_work_mem": f"{memory}kB",
        "max_parallel_maintenance_workers": str(max(WORKERS, now["max_parallel_maintenance_workers"])),
        "jit": "off",
    }


def _set_tablespace(name: str) -> str:
    return "SET LOCAL default_tablespace = '" + name.replace("'", "''") + "'"


def _index(index: catalogue.Index) -> list[str]:
    add = f"ALTER TABLE {index.table} ADD CONSTRAINT {index.constraint}"
    if index.whole:
        return [f"{add} {index.declares}", *([index.options] if index.options else []), *index.extras]
    if not index.constraint:
        return [index.definition, *index.extras]
    # ADD CONSTRAINT alone would lose storage parameters.
    kind = "PRIMARY KEY" if index.kind == "p" else "UNIQUE"
    return [index.definition, f"{add} {kind} USING INDEX {index.bare}{index.deferral}", *index.extras]


def _foreign_key(key: catalogue.ForeignKey) -> list[str]:
    made = f"ALTER TABLE {key.table} ADD CONSTRAINT {key.name} {key.definition}"
    return [made, key.comment] if key.comment else [made]


def _switch_on(trigger: catalogue.Trigger) -> str:
    always = "ALWAYS " if trigger.state == "A" else ""
    return f"ALTER TABLE {trigger.table} ENABLE {always}TRIGGER {trigger.name}"


def _build(connection: Connection, what: str, statements: Sequence[str]) -> None:
    try:
        run(connection, statements)
    except psycopg.Error as error:
        if not answerable(error):
            raise
        raise _unfit(what, error) from error


def _unfit(what: str, error: psycopg.Error) -> Problem:
    said = error.diag
    lines = [said.message_primary, said.message_detail, said.message_hint]
    if isinstance(error, psycopg.errors.ForeignKeyViolation):
        hint = "Rows refer to others that are not there. Copy those too, or remove the reference in the SQLite file."
    elif isinstance(error, psycopg.errors.IntegrityError):
        hint = "Rows of the SQLite file are the same under PostgreSQL's rules. Change or remove one of them."
    else:
        hint = "Nothing was changed. Put right what PostgreSQL names, then try again."
    return Problem(
        f"The rows are in, but this could not be built over them: {what}.",
        details="\n".join(line for line in lines if line),
        hint=hint,
    )
