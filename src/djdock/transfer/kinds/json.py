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
# Digits before and after the point that PostgreSQL's numbers may have.
MOST_DIGITS, MOST_DECIMALS = 131_072, 16_383
# Stands before a number while it passes through as a text: no JSON that is copied holds a NUL.
MARK = "\0"
_MARKED = re.compile(rb'"\\u0000([^"]*)"')
# The escape of a NUL, but not an escaped backslash and the letters that follow it.
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")

look = kind.look
normal = kind.normal
source_text = kind.source_text


# Stand between the values of a list, and for NULL: texts that nobody has, as JSON.
_MADE_UP = b" djdock "
_BETWEEN = "\x1f djdock \x1f"
_READ_BETWEEN = b',"\\u001f djdock \\u001f",'
_WRITTEN_BETWEEN = b', "\\u001f djdock \\u001f", '
_NULL_TEXT = b'"\\u0001 djdock \\u0001"'


class _NotStorable(ValueError):
    """Valid for Python, but nothing that PostgreSQL stores; `fault` says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.reason)
        self.fault = fault


def quick(x: str, slot: Slot) -> str:  # noqa: ARG001 - the shape of the family
    """Bytes, numbers and nothing at all; of other text, reading it finds out."""
    return f"{x} >= x'' OR {x} <= ''"


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


def line(x: str, slot: Slot) -> str:  # noqa: ARG001 - the shape of the family
    """Quoted."""
    return f"""'"' || replace({x}, '"', '""') || '"'"""


def target_text(x: str, slot: Slot) -> str:  # noqa: ARG001 - the shape of the family
    """As PostgreSQL writes it."""
    return f"{x}::text"


def canonical(joined: bytes) -> bytes:
    """Each as PostgreSQL writes it: keys by length, then byte for byte; numbers without an exponent.

    They are read and written together, as one list with texts between them that nobody else writes: that costs half of
    what one at a time does.

    Raises:
        ValueError: one is not JSON, or none that PostgreSQL stores.
    """
    parts = joined.split(SEPARATOR)
    if _MADE_UP in joined:
        return SEPARATOR.join([one if one == NULL else _canonical(one) for one in parts])
    found = _read(b"[" + _READ_BETWEEN.join([_NULL_TEXT if one == NULL else one for one in parts]) + b"]")
    if not isinstance(found, list) or len(found) != 2 * len(parts) - 1 or found[1::2] != [_BETWEEN] * (len(parts) - 1):
        raise ValueError("texts are JSON together that are none alone")
    written = _written(found)[1:-1]
    return written.replace(_WRITTEN_BETWEEN, SEPARATOR).replace(_NULL_TEXT, NULL)


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
def _order(keys: tuple[str, ...]) -> tuple[str, ...]:
    # Objects of one model mostly have the same keys.
    return tuple(sorted(keys, key=_by_length))


def _ordered(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    keys = tuple(found)
    order = _order(keys)
    return found if order == keys else {key: found[key] for key in order}


def _by_length(key: str) -> tuple[int, bytes]:
    written = key.encode("utf-8", "surrogatepass")
    return len(written), written


def _fraction(text: str) -> str:
    number = decimal.Decimal(text)
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or number.adjusted() >= MOST_DIGITS or -exponent > MOST_DECIMALS:
        raise _NotStorable(faults.JSON_NUMBER)
    if number == 0:
        return MARK + (f"0.{'0' * -exponent}" if exponent < 0 else "0")
    return f"{MARK}{number:f}"


def _whole(text: str) -> int | str:
    # Python refuses to read very long numbers as int; PostgreSQL has its own limit.
    if len(text) < 4000:  # noqa: PLR2004 - below Python's limit of 4300 digits
        return int(text)
    if len(text.lstrip("-")) > MOST_DIGITS:
        raise _NotStorable(faults.JSON_NUMBER)
    return MARK + text


def _constant(_name: str) -> None:
    raise _NotStorable(faults.JSON_NUMBER)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_ordered, parse_float=_fraction, parse_int=_whole, parse_constant=_constant
)
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
