"""Lengths of time: DurationField, whole microseconds in SQLite. https://docs.djangoproject.com/en/stable/ref/models/fields/#durationfield."""

from __future__ import annotations

from djdock.transfer import target
from djdock.transfer.faults import Fault
from djdock.transfer.kinds import integer, kind
from djdock.transfer.kinds.kind import Slot, Value

NAME = "duration"
TYPES = frozenset({"interval"})
QUOTED = False
DAY = 86_400_000_000
# What holds microseconds in SQLite.
NUMBER = Slot(target.Column("", "int8", "bigint", required=False, generated=False))

canonical = kind.canonical
look = kind.look
normal = kind.normal
source_text = integer.source_text


def quick(x: str, slot: Slot) -> str:  # noqa: ARG001 - the shape of the family
    """Anything but a whole number."""
    return integer.quick(x, NUMBER)


def judge(value: Value, slot: Slot) -> Fault | None:  # noqa: ARG001 - the shape of the family
    """As of any whole number."""
    return integer.judge(value, NUMBER)


def mend(value: Value, slot: Slot) -> Value:  # noqa: ARG001 - the shape of the family
    """As of any whole number."""
    return integer.mend(value, NUMBER)


def line(x: str, slot: Slot) -> str:  # noqa: ARG001 - the shape of the family
    """Whole days and what is left over, as psycopg writes a timedelta; a bare number would be read as seconds."""
    rest = f"(({x} % {DAY} + {DAY}) % {DAY})"
    return f"printf('%lld days %lld us', ({x} - {rest}) / {DAY}, {rest})"


def target_text(x: str, slot: Slot) -> str:  # noqa: ARG001 - the shape of the family
    """Microseconds again."""
    return f"(extract(epoch from {x}) * 1000000)::int8::text"
