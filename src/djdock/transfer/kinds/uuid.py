"""UUIDs: UUIDField, 32 hexadecimal digits in SQLite. https://www.postgresql.org/docs/current/datatype-uuid.html."""

from __future__ import annotations

import uuid

from djdock.transfer import faults
from djdock.transfer.faults import Fault
from djdock.transfer.kinds import kind
from djdock.transfer.kinds.kind import NULL, SEPARATOR, Slot, Value, as_text, raw
from djdock.transfer.snapshot import Raw

NAME = "uuid"
TYPES = frozenset({"uuid"})
QUOTED = False
LENGTH = 32
EXPECTED = b"0123456789abcdef" + SEPARATOR + NULL

canonical = kind.canonical
line = kind.line
source_text = kind.source_text


def quick(x: str, slot: Slot) -> str:  # noqa: ARG001 - the shape of the family
    """How long it is; which digits, `look` finds out for many at a time."""
    return f"length({x}) <> {LENGTH} OR {x} >= x''"


def look(joined: bytes, slot: Slot) -> bool:  # noqa: ARG001 - the shape of the family
    """Whether there is anything but digits."""
    return bool(joined.translate(None, EXPECTED))


def judge(value: Value, slot: Slot) -> Fault | None:  # noqa: ARG001 - the shape of the family
    """Whatever Python reads as one is one."""
    return None if isinstance(value, Raw) and _read(as_text(value)) else faults.NOT_A_UUID


def normal(value: Value, slot: Slot) -> Value:  # noqa: ARG001 - the shape of the family
    """Without hyphens, in small letters."""
    found = _read(as_text(value))
    return raw(found.hex) if found else value


def mend(value: Value, slot: Slot) -> Value:  # noqa: ARG001 - the shape of the family
    """The UUID that 16 bytes are, or that stands between blanks."""
    if isinstance(value, bytes) and not isinstance(value, Raw) and len(value) == LENGTH // 2:
        return raw(value.hex())
    found = _read(as_text(value).strip())
    return raw(found.hex) if found else None


def target_text(x: str, slot: Slot) -> str:  # noqa: ARG001 - the shape of the family
    """Without hyphens."""
    return f"encode(uuid_send({x}), 'hex')"


def _read(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
