"""Takes off tables what makes loading them slow, and empties them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

from djdock.errors import Problem
from djdock.transfer.schema import catalogue, locks
from djdock.transfer.schema.session import locate, run, set_tablespace, settings

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[Any]

PATIENCE = 10.0  # seconds for a lock; autovacuum, which gives way, takes one to notice


@dataclass(frozen=True)
class Suspended:
    """What was dropped, and all that it takes to bring it back.

    Attributes:
        tables: their object identifiers.
        before: all definitions by name, as they were; as they will be, where PostgreSQL has more than one text for one.
        indexes: dropped, in the order in which they are to be built.
        foreign_keys: dropped, those of other tables into these too.
        triggers: a person's own, switched off.
        kept: label and reason of each index that could not be dropped, and is filled row by row.
    """

    tables: Sequence[int]
    before: Mapping[str, str]
    indexes: Sequence[catalogue.Index]
    foreign_keys: Sequence[catalogue.ForeignKey]
    triggers: Sequence[catalogue.Trigger]
    kept: Sequence[tuple[str, str]]

    @property
    def outside(self) -> Sequence[str]:
        """Foreign keys of tables that are not copied: their rows have to find the new ones."""
        return [key.label for key in self.foreign_keys if key.outside]


def suspend(connection: Connection, tables: Sequence[tuple[str, str]], *, patience: float = PATIENCE) -> Suspended:
    """Drops foreign keys of and into tables, their indexes and keys, switches their triggers off, and empties them.

    COPY … (FREEZE) then works in the same transaction, at the same level: it accepts a table that was emptied in the
    current savepoint, or in one within it that is released.

    Args:
        tables: (schema, name) of each.
        patience: seconds that a lock may take.

    Raises:
        Problem: a table is not there, or somebody holds it.
    """
    found = locate(connection, tables)
    _require_transaction(connection)
    if not found:
        return Suspended([], {}, [], [], [], [])
    names = _names(connection, found)
    locks.take(connection, [*names, *_around(connection, found, names)], patience)
    # Only what is read under the lock is sure to stay so.
    indexes = catalogue.indexes(connection, found)
    suspended = Suspended(
        tables=found,
        before=catalogue.definitions(connection, found),
        indexes=[index for index in indexes if not index.held_by],
        foreign_keys=catalogue.foreign_keys(connection, found),
        triggers=catalogue.triggers(connection, found),
        kept=[(index.label, index.held_by) for index in indexes if index.held_by],
    )
    _refuse_invalid(indexes)
    with locks.waiting(connection, patience):
        run(connection, [*_drops(suspended), f"TRUNCATE {', '.join(f'ONLY {name}' for name in names)}"])
    return replace(suspended, before={**suspended.before, **_rehearse(connection, suspended)})


def _rehearse(connection: Connection, suspended: Suspended) -> Mapping[str, str]:
    """The definitions of indexes with conditions or expressions, built once over the empty tables from their own text.

    PostgreSQL tells a condition such as `status IN ('open', 'held')` as `= ANY (ARRAY[…])`; made from that, it tells it
    in a third way, and from then on always. So it does after a dump was restored.
    """
    computed = [index for index in suspended.indexes if index.computed]
    if not computed:
        return {}
    unheard = catalogue.definitions(connection, suspended.tables)
    with (
        settings(connection, default_tablespace="", **catalogue.UNAMBIGUOUS),
        connection.transaction(force_rollback=True),
    ):
        for index in computed:
            run(connection, [set_tablespace(index.tablespace), *index.statements])
        built = catalogue.definitions(connection, suspended.tables)
    return {name: text for name, text in built.items() if name not in unheard}


def _require_transaction(connection: Connection) -> None:
    if connection.info.transaction_status.name != "INTRANS":
        raise RuntimeError("What is suspended outside a transaction would stay so after a crash.")


def _around(connection: Connection, tables: Sequence[int], names: Sequence[str]) -> list[str]:
    """Tables at the other end of a foreign key: to drop it locks them, too. Those of other roles cannot be locked."""
    keys = catalogue.foreign_keys(connection, tables)
    ends = {key.table for key in keys} | {key.referred for key in keys if not key.theirs}
    return sorted(ends.difference(names))


def _names(connection: Connection, tables: Sequence[int]) -> list[str]:
    rows = connection.execute(
        "SELECT format('%%I.%%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE c.oid = ANY(%s) ORDER BY c.oid",
        [list(tables)],
    ).fetchall()
    return [name for (name,) in rows]


def _refuse_invalid(indexes: Sequence[catalogue.Index]) -> None:
    problem = invalid(indexes)
    if problem:
        raise problem


def invalid(indexes: Sequence[catalogue.Index]) -> Problem | None:
    """What to say about indexes that PostgreSQL does not use: TRUNCATE would make them valid without a word."""
    broken = [index for index in indexes if not index.valid]
    if not broken:
        return None
    listed = ", ".join(index.name for index in broken)
    return Problem(
        f"The database has indexes that are not valid, as a failed CREATE INDEX CONCURRENTLY leaves them: {listed}.",
        hint=f"Drop them, or build them anew: REINDEX INDEX {broken[0].name}",
    )


def _drops(suspended: Suspended) -> Iterator[str]:
    """One statement a table: a hundred small ones would cost a hundred rounds of the catalogue's caches."""
    for trigger in suspended.triggers:
        yield f"ALTER TABLE {trigger.table} DISABLE TRIGGER {trigger.name}"
    for table, keys in groupby(suspended.foreign_keys, lambda key: key.table):
        yield f"ALTER TABLE {table} " + ", ".join(f"DROP CONSTRAINT {key.name}" for key in keys)
    constrained = [index for index in suspended.indexes if index.constraint]
    for table, indexes in groupby(constrained, lambda index: index.table):
        yield f"ALTER TABLE {table} " + ", ".join(f"DROP CONSTRAINT {index.constraint}" for index in indexes)
    alone = [index.name for index in suspended.indexes if not index.constraint]
    if alone:
        yield "DROP INDEX " + ", ".join(alone)
