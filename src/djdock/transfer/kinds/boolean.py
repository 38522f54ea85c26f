"""True and false: BooleanField. https://www.postgresql.org/docs/current/datatype-boolean.html."""

from __future__ import annotations

from djdock.transfer import faults
from djdock.transfer.faults import Fault
from djdock.transfer.kinds import kind
from djdock.transfer.kinds.kind import Slot, Value, as_text

NAME = "boolean"
TYPES = frozenset({"bool"})
QUOTED = False
WORDS = {
    **dict.fromkeys(("t", "true", "y", "yes", "on"), 1),
    **dict.fromkeys(("f", "false", "n", "no", "off"), 0),
}

canonical = kind.canonical
look = kind.look
normal = kind.normal


def quick(x: str, slot: Slot) -> str:
    """Anything but 0 and 1; a text is none of them, even in a column that makes texts of numbers."""
    return f"{x} NOT IN (0, 1)" + (f" OR {x} >= ''" if slot.loose else "")


def judge(value: Value, slot: Slot) -> Fault | None:  # noqa: ARG001 - the shape of the family
    """Django on SQLite reads any of these as False; PostgreSQL refuses 2 and takes 'yes'."""
    return None if isinstance(value, int | float) and value in {0, 1} else faults.NOT_A_BOOLEAN


def mend(value: Value, slot: Slot) -> Value:  # noqa: ARG001 - the shape of the family
    """A number other than 0 is true; a word is what it says."""
    if isinstance(value, int | float):
        return int(bool(value))
    text = as_text(value).strip().lower()
    if text in WORDS:
        return WORDS[text]
    try:
        return int(bool(float(text)))
    except ValueError:
        return None


def line(x: str, slot: Slot) -> str:
    """As it is, without the `.0` of a REAL."""
    return f"CAST({x} AS INTEGER)" if slot.loose else x


source_text = line


def target_text(x: str, slot: Slot) -> str:  # noqa: ARG001 - the shape of the family
    """0 and 1, as SQLite has them."""
    return f"{x}::int::text"
