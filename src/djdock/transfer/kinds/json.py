"""JSON: JSONField. https://www.postgresql.org/docs/current/datatype-json.html."""

from __future__ import annotations

import decimal
import functools
import json
import re
from typing import Any

from djdock.transfer import faults
from djdock.transfer.faults import Fault
from djdock.transfer.kinds import kind
from djdock.transfer.kinds.kind import NULL, SEPARATOR, Slot, Value, as_text, raw
from djdock.transfer.snapshot import Raw

NAME = "json"
TYPES = frozenset({"jsonb"})
QUOTED = True
# Digits before and after the point that PostgreSQL's numbers may have.
MOST_DIGITS, MOST_DECIMALS = 131_072, 16_383
# A number of fewer characters than this has no more digits than PostgreSQL and Python allow.
SHORT = 4000
# Stands before a number while it passes through as a text: no JSON that is copied holds a NUL.
MARK = "\0"
_MARKED = re.compile(rb'"\\u0000([^"]*)"')
# The escape of a NUL, but not an escaped backslash and the letters that follow it.
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")

line = kind.line
look = kind.look
normal = kind.normal
source_text = kind.source_text


# Stand for NULL and between the values of a list, as JSON; and what else would be taken for them, or be a NUL.
_NULL = b'"\\u0001"'
_BETWEEN = b', "\\u001f", '
_MADE_UP = (b"\\u000", b"\\u001")


class _NotStorable(ValueError):
    """Valid for Python, but nothing that PostgreSQL stores; `fault` says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.reason)
        self.fault = fault


def quick(x: str, slot: Slot) -> str:  # noqa: ARG001 - the shape of the family
    """Bytes and numbers; text that is no JSON. What PostgreSQL does not store, reading it finds out."""
    return f"{x} >= x'' OR {x} < '' OR NOT json_valid({x})"


def judge(value: Value, slot: Slot) -> Fault | None:  # noqa: ARG001 - the shape of the family
    """Reads it as strictly as the server does."""
    if not isinstance(value, Raw):
        return faults.NOT_JSON
    try:
        _canonical(value)
    except _NotStorable as error:
        return error.fault
    except (ValueError, RecursionError):
        return faults.NOT_JSON
    return None


def mend(value: Value, slot: Slot) -> Value:
    """Takes out what cannot be stored; what is no JSON at all becomes a string."""
    text = as_text(value)
    try:
        found = json.loads(text, parse_constant=lambda _name: None, parse_float=_number_or_null)
    except (ValueError, RecursionError):
        found = text
    mended = raw(_restored(json.dumps(_cleaned(found), ensure_ascii=False)))
    return None if judge(mended, slot) else mended


def target_text(x: str, slot: Slot) -> str:  # noqa: ARG001 - the shape of the family
    """As PostgreSQL writes it."""
    return f"{x}::text"


def canonical(joined: bytes) -> bytes:
    """Each as PostgreSQL writes it: keys by length, then byte for byte; numbers without an exponent.

    They are read and written together, as one list with SEPARATOR between them: that costs half of what one at a time
    does. Each is JSON by itself, `quick` has seen to that.

    Raises:
        ValueError: one is none that PostgreSQL stores.
    """
    if any(sign in joined for sign in _MADE_UP):
        return SEPARATOR.join([one if one == NULL else _canonical(one) for one in joined.split(SEPARATOR)])
    # A control character is not JSON: these can only be what stands for NULL, and between the values.
    found = _QUICK.decode(f"[{joined.replace(NULL, _NULL).replace(SEPARATOR, b',').decode()}]")
    if len(found) != joined.count(SEPARATOR) + 1:
        raise ValueError("texts are JSON together that are none alone")
    between: list[object] = [SEPARATOR.decode()] * (2 * len(found) - 1)
    between[::2] = found
    written = _written(between)[1:-1]
    return written.replace(_BETWEEN, SEPARATOR).replace(_NULL, NULL)


def _canonical(one: bytes) -> bytes:
    return _written(_read(one))


def _read(one: bytes) -> object:
    if b"\\u0000" in one and _NUL.search(one):
        raise _NotStorable(faults.JSON_NUL)
    return _DECODER.decode(one.decode())


def _written(found: object) -> bytes:
    try:
        written = _ENCODER.encode(found).encode()
    except UnicodeEncodeError as error:
        raise _NotStorable(faults.JSON_SURROGATE) from error
    return _MARKED.sub(rb"\1", written) if b'"\\u0000' in written else written


@functools.lru_cache(maxsize=4096)
def _order(keys: tuple[str, ...]) -> tuple[str, ...] | None:
    # Objects of one model mostly have the same keys.
    order = tuple(sorted(keys, key=_by_length))
    return None if order == keys else order


def _ordered(found: dict[str, Any]) -> dict[str, Any]:
    order = _order(tuple(found))
    return {key: found[key] for key in order} if order else found


def _by_length(key: str) -> tuple[int, bytes]:
    written = key.encode("utf-8", "surrogatepass")
    return len(written), written


def _fraction(text: str) -> str:
    # What has neither an exponent nor a sign that zero might have is written as it is read.
    if text[0] != "-" and len(text) < SHORT and "e" not in text and "E" not in text:
        return MARK + text
    number = decimal.Decimal(text)
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or number.adjusted() >= MOST_DIGITS or -exponent > MOST_DECIMALS:
        raise _NotStorable(faults.JSON_NUMBER)
    if number == 0:
        return MARK + (f"0.{'0' * -exponent}" if exponent < 0 else "0")
    return f"{MARK}{number:f}"


def _whole(text: str) -> int | str:
    # Python refuses to read very long numbers as int; PostgreSQL has its own limit.
    if len(text) < SHORT:  # Python's limit is 4300 digits
        return int(text)
    if len(text.lstrip("-")) > MOST_DIGITS:
        raise _NotStorable(faults.JSON_NUMBER)
    return MARK + text


def _constant(_name: str) -> None:
    raise _NotStorable(faults.JSON_NUMBER)


_DECODER = json.JSONDecoder(object_hook=_ordered, parse_float=_fraction, parse_int=_whole, parse_constant=_constant)
# Calls nothing for a whole number; one of too many digits is a ValueError, then, and read again alone.
_QUICK = json.JSONDecoder(object_hook=_ordered, parse_float=_fraction, parse_constant=_constant)
_ENCODER = json.JSONEncoder(ensure_ascii=False, check_circular=False)


class _Number(str):
    """A number as it will be written, so that cleaning leaves it alone."""

    __slots__ = ()


def _number_or_null(text: str) -> _Number | None:
    try:
        return _Number(_fraction(text))
    except _NotStorable:
        return None


def _cleaned(value: object) -> object:
    if isinstance(value, _Number):
        return value
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_cleaned(one) for one in value]
    if isinstance(value, dict):
        return {_cleaned(key): _cleaned(one) for key, one in value.items()}
    return value


def _restored(text: str) -> str:
    return _MARKED.sub(rb"\1", text.encode()).decode()
