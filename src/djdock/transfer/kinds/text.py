"""Text: CharField, TextField, SlugField and their like. https://www.postgresql.org/docs/current/datatype-character.html."""

from __future__ import annotations

from djdock.transfer import faults
from djdock.transfer.faults import Fault
from djdock.transfer.kinds import kind
from djdock.transfer.kinds.kind import Slot, Value, as_text, raw
from djdock.transfer.snapshot import Raw

NAME = "text"
TYPES = frozenset({"text", "varchar", "bpchar", "citext", "name"})
QUOTED = True

canonical = kind.canonical
line = kind.line
normal = kind.normal
target_text = kind.target_text


def quick(x: str, slot: Slot) -> str:
    """A number sorts before every text in SQLite, bytes after it: two comparisons, and no function called."""
    odd = f"{x} < '' OR {x} >= x''"
    return f"{odd} OR length({x}) > {slot.column.length}" if slot.column.length else odd


def look(joined: bytes, slot: Slot) -> bool:  # noqa: ARG001 - the shape of the family
    """Whether there is a NUL, or a byte that is no UTF-8."""
    if b"\0" in joined:
        return True
    if joined.isascii():
        return False
    try:
        joined.decode()
    except UnicodeDecodeError:
        return True
    return False


def judge(value: Value, slot: Slot) -> Fault | None:
    """PostgreSQL cuts blanks at the end of a text that is too long without a word, and refuses the others."""
    if not isinstance(value, bytes):
        return faults.NOT_TEXT
    if not isinstance(value, Raw):
        return faults.BINARY
    if 0 in value:
        return faults.NUL
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return faults.ENCODING
    return faults.TOO_LONG if slot.column.length and len(text) > slot.column.length else None


def mend(value: Value, slot: Slot) -> Value:
    """Reads bytes as UTF-8, takes NULs out, cuts what is too long."""
    text = as_text(value).replace("\0", "")
    return raw(text[: slot.column.length] if slot.column.length else text)


def source_text(x: str, slot: Slot) -> str:
    """As it is; of `char(n)`, PostgreSQL gives the text without the blanks that it fills up with."""
    return f"rtrim({x}, ' ')" if slot.column.type == "bpchar" else x
