"""The kinds of columns, one module each: how values look in SQLite, what may be wrong with them, how they travel."""

from __future__ import annotations

from djdock.transfer import target
from djdock.transfer.kinds import (
    binary,
    boolean,
    date,
    decimal,
    duration,
    floating,
    integer,
    json,
    network,
    stranger,
    text,
    time,
    timestamp,
    uuid,
)
from djdock.transfer.kinds.kind import Kind

REGISTRY: tuple[Kind, ...] = (
    *(integer, text, boolean, timestamp, date, time, duration),
    *(decimal, floating, uuid, json, binary, network),
)


_OF_TYPE = {type_: kind for kind in REGISTRY for type_ in kind.TYPES}


def of(column: target.Column) -> Kind:
    """The kind of a column; a stranger where its type is none that Django itself writes from SQLite."""
    return _OF_TYPE.get(column.type, stranger)
