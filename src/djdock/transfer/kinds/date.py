"""Dates: DateField. https://www.postgresql.org/docs/current/datatype-datetime.html."""

from __future__ import annotations

import datetime as dt

from djdock.transfer import faults
from djdock.transfer.faults import Fault
from djdock.transfer.kinds import kind, moments
from djdock.transfer.kinds.kind import Slot, Value, as_text, raw
from djdock.transfer.snapshot import Raw

NAME = "date"
TYPES = frozenset({"date"})
QUOTED = False

canonical = kind.canonical
line = kind.line
look = kind.look
source_text = kind.source_text
target_text = kind.target_text


def quick(x: str, slot: Slot) -> str:  # noqa: ARG001 - the shape of the family
    """Only of a real date in Django's form does date() give the same text back, where it has something to add; it knows
    a year 0, others do not."""
    return f"date({x}, '+0 days') IS NOT {x} OR +{x} < '0001'"


def judge(value: Value, slot: Slot) -> Fault | None:  # noqa: ARG001 - the shape of the family
    """Django on SQLite reads most of these as NULL; PostgreSQL cuts off a time of day and refuses the others."""
    if not isinstance(value, Raw):
        return faults.NOT_A_DATE
    text = as_text(value)
    if moments.date(text):
        return None
    return faults.DATE_WITH_TIME if moments.moment(text) else faults.NOT_A_DATE


def normal(value: Value, slot: Slot) -> Value:  # noqa: ARG001 - the shape of the family
    """With two digits for month and day."""
    found = moments.date(as_text(value))
    return raw(found.isoformat()) if found else value


def mend(value: Value, slot: Slot) -> Value:  # noqa: ARG001 - the shape of the family
    """The day of a moment."""
    if isinstance(value, int | float):
        found = from_epoch(value)
        return raw(found.date().isoformat()) if found else None
    moment = moments.moment(as_text(value).strip())
    day = moment.date() if moment else moments.date(as_text(value).strip())
    return raw(day.isoformat()) if day else None


def from_epoch(seconds: float) -> dt.datetime | None:
    """The moment so many seconds after 1970 began, naive, in UTC."""
    try:
        return dt.datetime.fromtimestamp(seconds, dt.timezone.utc).replace(tzinfo=None)
    except (ValueError, OverflowError, OSError):
        return None
