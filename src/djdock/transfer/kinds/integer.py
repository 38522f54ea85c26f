"""Whole numbers: IntegerField and its sizes, keys. https://www.postgresql.org/docs/current/datatype-numeric.html."""

from __future__ import annotations

import math

from djdock.transfer import faults
from djdock.transfer.faults import Fault
from djdock.transfer.kinds import kind
from djdock.transfer.kinds.kind import Slot, Value, as_text

NAME = "integer"
TYPES = frozenset({"int2", "int4", "int8"})
QUOTED = False
BITS = {"int2": 15, "int4": 31, "int8": 63}
# From here on a REAL may be a whole number that SQLite has not made an INTEGER of.
EXACT = 2**51

canonical = kind.canonical
look = kind.look
normal = kind.normal
target_text = kind.target_text


def limits(slot: Slot) -> tuple[int, int]:
    """The least and the greatest number that fit."""
    bits = BITS[slot.column.type]
    lowest = -(2**bits)
    return max(lowest, lowest if slot.minimum is None else slot.minimum), 2**bits - 1


def quick(x: str, slot: Slot) -> str:
    """Text sorts after every number in SQLite; a REAL with a fraction is not what it is as an INTEGER."""
    low, high = limits(slot)
    odd = f"{x} >= '' OR {x} <> CAST({x} AS INTEGER)"
    if slot.column.type == "int8":
        large = f"(abs({x} / 2) >= {EXACT // 2} AND typeof({x}) = 'real')"
        return f"{odd} OR {large}" + (f" OR {x} < {low}" if slot.minimum is not None else "")
    return f"{odd} OR {x} < {low} OR {x} > {high}"


def judge(value: Value, slot: Slot) -> Fault | None:
    """The server refuses all of these; Django on SQLite cuts a fraction off and says nothing."""
    if not isinstance(value, int | float):
        return faults.NOT_A_NUMBER
    if isinstance(value, float):
        if not math.isfinite(value) or abs(value) >= EXACT:
            return faults.RANGE
        if not value.is_integer():
            return faults.FRACTION
    low, high = limits(slot)
    return None if low <= value <= high else faults.RANGE


def mend(value: Value, slot: Slot) -> Value:
    """The whole number in it, where there is one that fits."""
    number: int | float
    try:
        number = value if isinstance(value, int | float) else _spelt(as_text(value).strip())
        whole = int(number)
    except (ValueError, OverflowError):
        return None
    low, high = limits(slot)
    return whole if low <= whole <= high else None


def line(x: str, slot: Slot) -> str:
    """As it is, without the `.0` of a REAL."""
    return f"CAST({x} AS INTEGER)" if slot.loose else x


source_text = line


def _spelt(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        return float(text)
