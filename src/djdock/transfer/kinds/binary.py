"""Bytes: BinaryField. https://www.postgresql.org/docs/current/datatype-binary.html."""

from __future__ import annotations

from djdock.transfer import faults
from djdock.transfer.faults import Fault
from djdock.transfer.kinds import kind
from djdock.transfer.kinds.kind import Slot, Value

NAME = "binary"
TYPES = frozenset({"bytea"})
QUOTED = False

canonical = kind.canonical
look = kind.look
source_text = kind.source_text


def quick(x: str, slot: Slot) -> str:  # noqa: ARG001 - the shape of the family
    """Numbers and texts sort before bytes."""
    return f"{x} < x''"


def judge(value: Value, slot: Slot) -> Fault | None:  # noqa: ARG001 - the shape of the family
    """Text is bytes, too."""
    return None if isinstance(value, bytes) else faults.NOT_BYTES


def normal(value: Value, slot: Slot) -> Value:  # noqa: ARG001 - the shape of the family
    """Text as its bytes."""
    return bytes(value) if isinstance(value, bytes) else value


def mend(value: Value, slot: Slot) -> Value:  # noqa: ARG001 - the shape of the family
    """A number has no bytes."""
    return None


def line(x: str, slot: Slot) -> str:  # noqa: ARG001 - the shape of the family
    """In hexadecimal digits."""
    return f"'\\x' || hex({x})"


def target_text(x: str, slot: Slot) -> str:  # noqa: ARG001 - the shape of the family
    """As they are."""
    return x
