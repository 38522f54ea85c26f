"""Builds again what was taken off tables, as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, groupby
from typing import TYPE_CHECKING, Any

import psycopg

from djdock.errors import Problem
from djdock.transfer.schema import catalogue
from djdock.transfer.schema.session import answerable, run, set_tablespace, settings

if TYPE_CHECKING:
    from djdock.transfer.schema.suspension import Suspended

    Connection = psycopg.Connection[Any]

# MB for sorting one index, all its workers together. Measured with a million rows: 64, 128, 256 and 512 take the same
# time, and 32 a third longer, because it leaves no worker its least share.
MEMORY = 128
WORKERS = 2  # beside the one that leads; without them, indexes take a third longer
LARGE = 8 << 20  # bytes of a table whose steps are told one by one; from here on PostgreSQL uses workers, too
BATCH = 50  # steps over small tables that go to the server in one message


@dataclass(frozen=True)
class _Step:
    what: str
    table: str
    tablespace: str
    statements: list[str]


def restore(connection: Connection, suspended: Suspended, tell: Callable[[str, int, int], None]) -> None:
    """Builds indexes and keys, then foreign keys, which are checked, and switches triggers on again.

    Args:
        tell: is told what comes next, how many steps are done, and of how many.

    Raises:
        Problem: the rows do not fit: they are not unique, or refer to what is not there.
    """
    steps = [
        *(
            _Step(f"index {index.label}", index.table, index.tablespace, index.statements)
            for index in suspended.indexes
        ),
        *(_Step(f"foreign key {key.label}", key.table, "", _foreign_key(key)) for key in suspended.foreign_keys),
    ]
    done = 0
    with settings(connection, default_tablespace="", **catalogue.UNAMBIGUOUS, **_resources(connection)):
        for batch in _batches(connection, steps):
            tell(batch[0].what, done, len(steps))
            _build(connection, batch)
            done += len(batch)
        run(connection, [_switch_on(trigger) for trigger in suspended.triggers])
    if steps:
        tell(steps[-1].what, done, len(steps))


def _batches(connection: Connection, steps: Sequence[_Step]) -> Iterator[list[_Step]]:
    """Steps over large tables alone, others together: the way to a server may take longer than a small index."""
    names = list({step.table for step in steps})
    query = "SELECT name, pg_relation_size(name::regclass) FROM unnest(%s::text[]) AS name"
    sizes = dict(connection.execute(query, [names]).fetchall())
    batch: list[_Step] = []
    for step in steps:
        alone = sizes[step.table] >= LARGE
        if batch and (alone or len(batch) == BATCH):
            yield batch
            batch = []
        batch.append(step)
        if alone:
            yield batch
            batch = []
    if batch:
        yield batch


def _resources(connection: Connection) -> dict[str, str]:
    """More memory than the default, but never less than what the server's owner gave; no compilation of checks.

    A limit of time that a role has for the statements of a site is none for those of a copy.
    """
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
        "statement_timeout": "0",
    }


def _foreign_key(key: catalogue.ForeignKey) -> list[str]:
    made = f"ALTER TABLE {key.table} ADD CONSTRAINT {key.name} {key.definition}"
    return [made, key.comment] if key.comment else [made]


def _switch_on(trigger: catalogue.Trigger) -> str:
    always = "ALWAYS " if trigger.state == "A" else ""
    return f"ALTER TABLE {trigger.table} ENABLE {always}TRIGGER {trigger.name}"


def _build(connection: Connection, batch: Sequence[_Step]) -> None:
    statements = [
        statement
        for place, steps in groupby(batch, lambda step: step.tablespace)
        for statement in (set_tablespace(place), *chain.from_iterable(step.statements for step in steps))
    ]
    try:
        run(connection, statements)
    except psycopg.Error as error:
        if not answerable(error):
            raise
        raise _unfit(batch, error) from error


def _unfit(batch: Sequence[_Step], error: psycopg.Error) -> Problem:
    said = error.diag
    named = f"{said.table_name}: {said.constraint_name}"
    what = next((step.what for step in batch if step.what.endswith(f" {named}")), batch[0].what)
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
