"""Dates with a time: DateTimeField. https://docs.djangoproject.com/en/stable/topics/i18n/timezones/#database.

Naive in SQLite: in UTC with USE_TZ, else in the database's time zone. The session that copies is set to that zone.
"""

from __future__ import annotations

from djdock.transfer import faults
from djdock.transfer.faults import Fault
from djdock.transfer.kinds import kind, moments
from djdock.transfer.kinds.date import from_epoch
from djdock.transfer.kinds.kind import Slot, Value, as_text, raw
from djdock.transfer.snapshot import Raw

NAME = "timestamp"
TYPES = frozenset({"timestamptz", "timestamp"})
QUOTED = False
LENGTH = len("YYYY-MM-DD HH:MM:SS")
SHAPES = moments.shapes("0000-00-00 00:00:00")

canonical = kind.canonical
line = kind.line


def quick(x: str, slot: Slot) -> str:
    """julianday() is the fastest that knows a wrong month or minute; the rest is what it takes for granted."""
    odd = (
        f"julianday({x}) IS NULL AND {x} IS NOT NULL OR {moments.has_odd_fraction(x, LENGTH)} OR +{x} < '0001' OR "
        f"substr({x}, 12, 2) > '23' OR {moments.is_no_day(x)}"
    )
    months = moments.months_of_gaps(slot.zone) if slot.zone else ()
    return f"{odd} OR substr({x}, 6, 2) IN ({', '.join(map(repr, months))})" if months else odd


def look(joined: bytes, slot: Slot) -> bool:  # noqa: ARG001 - the shape of the family
    """Whether there are other characters than digits, or other signs between them."""
    return not moments.look_alike(joined, SHAPES)


def judge(value: Value, slot: Slot) -> Fault | None:
    """Django on SQLite reads a bare date as NULL; PostgreSQL takes its midnight, and refuses the others."""
    found = moments.moment(as_text(value)) if isinstance(value, Raw) else None
    if found is None:
        return faults.NOT_A_MOMENT
    if slot.zone and found.tzinfo is None and moments.skipped(found, slot.zone):
        return faults.GAP
    return None


def normal(value: Value, slot: Slot) -> Value:
    """Naive, with a blank in the middle; how many digits the fraction of the second has makes no difference."""
    found = moments.moment(as_text(value))
    try:
        return moments.written(value, moments.stored(moments.local(found, slot.zone)), LENGTH) if found else value
    except OverflowError:  # an offset that leads out of the calendar
        return value


def mend(value: Value, slot: Slot) -> Value:
    """A day's midnight, a moment in seconds, the hour that the clocks went on to."""
    if isinstance(value, int | float):
        found = from_epoch(value)
    else:
        text = as_text(value).strip()
        found = moments.moment(text) or moments.moment(f"{text} 00:00:00")
    if found is None:
        return None
    try:
        found = moments.local(found, slot.zone)
        if slot.zone and moments.skipped(found, slot.zone):
            found = moments.moved_on(found, slot.zone)
    except OverflowError:
        return None
    return raw(moments.stored(found))


def source_text(x: str, slot: Slot) -> str:  # noqa: ARG001 - the shape of the family
    """Without zeros at the end."""
    return moments.trimmed(x, LENGTH)


def target_text(x: str, slot: Slot) -> str:  # noqa: ARG001 - the shape of the family
    """As the clocks of the session's zone showed it."""
    return f"{x}::timestamp::text"
