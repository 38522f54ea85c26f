"""Times of day: TimeField. https://www.postgresql.org/docs/current/datatype-datetime.html."""

from __future__ import annotations

from djdock.transfer import faults
from djdock.transfer.faults import Fault
from djdock.transfer.kinds import kind, moments
from djdock.transfer.kinds.kind import Slot, Value, as_text, raw
from djdock.transfer.snapshot import Raw

NAME = "time"
TYPES = frozenset({"time"})
QUOTED = False
LENGTH = len("HH:MM:SS")
SHAPES = moments.shapes("00:00:00")

canonical = kind.canonical
line = kind.line
target_text = kind.target_text


def quick(x: str, slot: Slot) -> str:  # noqa: ARG001 - the shape of the family
    """julianday() knows a wrong minute, and takes an hour 24 for the next day's first."""
    return f"julianday({x}) IS NULL AND {x} IS NOT NULL OR {moments.has_odd_fraction(x, LENGTH)} OR +{x} >= '24'"


def look(joined: bytes, slot: Slot) -> bool:  # noqa: ARG001 - the shape of the family
    """Whether there are other characters than digits, or other signs between them."""
    return not moments.look_alike(joined, SHAPES)


def judge(value: Value, slot: Slot) -> Fault | None:  # noqa: ARG001 - the shape of the family
    """PostgreSQL takes 24:00:00, which Python cannot read back, and refuses the others."""
    return None if isinstance(value, Raw) and moments.time(as_text(value)) else faults.NOT_A_TIME


def normal(value: Value, slot: Slot) -> Value:  # noqa: ARG001 - the shape of the family
    """With seconds; how many digits their fraction has makes no difference."""
    found = moments.time(as_text(value))
    return moments.written(value, moments.stored(found), LENGTH) if found else value


def mend(value: Value, slot: Slot) -> Value:  # noqa: ARG001 - the shape of the family
    """The time of day in a moment."""
    text = as_text(value).strip()
    moment = moments.moment(text)
    found = moment.time() if moment else moments.time(text)
    return raw(moments.stored(found)) if found else None


def source_text(x: str, slot: Slot) -> str:  # noqa: ARG001 - the shape of the family
    """Without zeros at the end."""
    return moments.trimmed(x, LENGTH)
