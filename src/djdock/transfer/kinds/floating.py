"""Floating point numbers: FloatField. https://www.postgresql.org/docs/current/datatype-numeric.html#DATATYPE-FLOAT."""

from __future__ import annotations

import math

from djdock.transfer import faults
from djdock.transfer.faults import Fault
from djdock.transfer.kinds import kind
from djdock.transfer.kinds.kind import Slot, Value, as_text

NAME = "float"
TYPES = frozenset({"float8"})
QUOTED = False

canonical = kind.canonical
look = kind.look
normal = kind.normal


def quick(x: str, slot: Slot) -> str:  # noqa: ARG001 - the shape of the family
    """Text and bytes sort after every number."""
    return f"{x} >= ''"


def judge(value: Value, slot: Slot) -> Fault | None:  # noqa: ARG001 - the shape of the family
    """Both sides know infinity; SQLite cannot store NaN."""
    return None if isinstance(value, int | float) else faults.NOT_A_NUMBER


def mend(value: Value, slot: Slot) -> Value:
    """The number that it spells; infinity only where the column does not make a text of it, which SQLite reads as 0."""
    try:
        number = float(as_text(value).strip())
    except ValueError:
        return None
    return None if math.isnan(number) or (slot.loose and math.isinf(number)) else number


def line(x: str, slot: Slot) -> str:  # noqa: ARG001 - the shape of the family
    """All digits that it takes to read the same number back, as Python writes it."""
    return f"djdock_repr(CAST({x} AS REAL))"


def source_text(x: str, slot: Slot) -> str:  # noqa: ARG001 - the shape of the family
    """The number bit for bit."""
    return f"hex(djdock_bits(CAST({x} AS REAL)))"


def target_text(x: str, slot: Slot) -> str:  # noqa: ARG001 - the shape of the family
    """The number bit for bit."""
    return f"upper(encode(float8send({x}), 'hex'))"
