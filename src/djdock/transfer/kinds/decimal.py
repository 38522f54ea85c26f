"""Decimal numbers: DecimalField. https://www.postgresql.org/docs/current/datatype-numeric.html.

SQLite keeps them as INTEGER or REAL; Django reads a REAL as a decimal number of 15 digits. What it reads is copied.
"""

from __future__ import annotations

import decimal
import math

from djdock.transfer import faults
from djdock.transfer.faults import Fault
from djdock.transfer.kinds import kind
from djdock.transfer.kinds.kind import Slot, Value, as_text

NAME = "decimal"
TYPES = frozenset({"numeric"})
QUOTED = False
DIGITS = 15
# What is less than this part of a number is the noise of binary fractions, not a decimal.
NOISE = 1e-14
_CONTEXT = decimal.Context(prec=DIGITS)
_WIDE = decimal.Context(prec=2000)

canonical = kind.canonical
look = kind.look
normal = kind.normal


def quick(x: str, slot: Slot) -> str:
    """No function but round() without digits and abs(), which are fast; abs() refuses the least of all integers."""
    if slot.column.precision is None or slot.column.scale is None:
        return f"{x} >= '' OR NOT {_within(x, 308)}"
    shifted = f"({x} * 1e{slot.column.scale})"
    return (
        f"{x} >= '' OR NOT {_within(x, slot.column.precision - slot.column.scale)} OR "
        f"CASE WHEN {_within(x, _plain(slot))} THEN abs({shifted} - round({shifted})) > abs({shifted}) * {NOISE} "
        f"ELSE typeof({x}) = 'real' END"
    )


def judge(value: Value, slot: Slot) -> Fault | None:
    """Too many decimals are rounded without a word by the server, and by Django on reading."""
    if not isinstance(value, int | float):
        return faults.NOT_A_NUMBER
    if not math.isfinite(value):
        return faults.INFINITE
    if slot.column.precision is None or slot.column.scale is None:
        return None
    number = read(value)
    if abs(number) >= decimal.Decimal(10) ** (slot.column.precision - slot.column.scale):
        return faults.RANGE
    if isinstance(value, float):
        shifted = value * 10.0**slot.column.scale
        if abs(value) < 10.0 ** _plain(slot):
            return faults.DECIMALS if abs(shifted - round(shifted)) > abs(shifted) * NOISE else None
    return None if number == _rounded(number, slot.column.scale) else faults.DECIMALS


def mend(value: Value, slot: Slot) -> Value:
    """The number that it spells, with as many decimals as the column has."""
    try:
        number = read(value) if isinstance(value, int | float) else decimal.Decimal(as_text(value).strip())
    except decimal.InvalidOperation:
        return None
    if not number.is_finite():
        return None
    if slot.column.precision is None or slot.column.scale is None:
        return float(number)
    number = _rounded(number, slot.column.scale)
    if abs(number) >= decimal.Decimal(10) ** (slot.column.precision - slot.column.scale):
        return None
    return int(number) if number == number.to_integral_value() and abs(number) < 2**63 else float(number)


def line(x: str, slot: Slot) -> str:
    """With as many decimals as the column has, as far as SQLite prints so many digits rightly."""
    return source_text(x, slot)


def source_text(x: str, slot: Slot) -> str:
    """As PostgreSQL writes it, decimals and all."""
    scale = slot.column.scale
    if slot.loose:
        x = f"CAST({x} AS NUMERIC)"  # a column that makes a text of every number
    # Of text, which is at fault here, a function cannot be asked: it might be none that Python can decode.
    slow = f"WHEN {x} < '' THEN djdock_decimal({x}, {-1 if scale is None else scale}) END"
    if scale is None:
        return f"CASE {slow}"
    # Half a unit is rounded away from zero by SQLite: only what has no such half may take the fast way.
    return f"CASE WHEN {_within(x, _plain(slot))} THEN printf('%.{scale}f', {x}) {slow}"


def target_text(x: str, slot: Slot) -> str:
    """As it is; without decimals of its own, the zeros at the end mean nothing."""
    return f"{x}::text" if slot.column.scale is not None else f"trim_scale({x})::text"


def read(value: float) -> decimal.Decimal:
    """The number that Django reads, on SQLite."""
    if isinstance(value, int):
        return decimal.Decimal(value)
    return _CONTEXT.create_decimal_from_float(value)


def written(value: float | None, scale: int) -> str | None:
    """A number with so many decimals; of -1, with as many as it has. A function of SQL: djdock_decimal(x, scale)."""
    if value is None or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    number = read(value)
    if scale >= 0:
        return f"{_rounded(number, scale):f}"
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _rounded(number: decimal.Decimal, scale: int) -> decimal.Decimal:
    return number.quantize(decimal.Decimal(1).scaleb(-scale), context=_WIDE)


def _within(x: str, digits: int) -> str:
    """SQL that is true of numbers with at most so many digits before the point."""
    return f"({x} > -1e{digits} AND {x} < 1e{digits})"


def _plain(slot: Slot) -> int:
    """The power of ten below which a REAL has all its decimals among the 15 digits that SQLite prints rightly."""
    return max(0, DIGITS - 1 - (slot.column.scale or 0))
