"""Types that SQLite has no counterpart of: arrays, ranges, hstore, enums, domains. https://www.postgresql.org/docs/current/sql-createtype.html.

Their values are texts in SQLite. Which of them the server takes, and what it makes of them, only the server knows: see
strangers.py.
"""

from __future__ import annotations

import json

from djdock.transfer import faults
from djdock.transfer.faults import Fault
from djdock.transfer.kinds import kind, text
from djdock.transfer.kinds.kind import Slot, Value, as_text, raw
from djdock.transfer.snapshot import Raw

NAME = "other"
TYPES: frozenset[str] = frozenset()
QUOTED = True

canonical = kind.canonical
normal = kind.normal
source_text = kind.source_text
target_text = kind.target_text
look = text.look
line = text.line


def quick(x: str, slot: Slot) -> str:  # noqa: ARG001 - the shape of the family
    """Bytes; a number is taken for its digits."""
    return f"{x} >= x''"


def judge(value: Value, slot: Slot) -> Fault | None:
    """What no type takes as text."""
    if isinstance(value, int | float):
        return None
    return faults.BINARY if not isinstance(value, Raw) else text.judge(value, slot)


def mend(value: Value, slot: Slot) -> Value:
    """A list as JSON becomes an array, an object an hstore; text loses what no text may hold."""
    if isinstance(value, Raw) and 0 not in value:
        try:
            found = json.loads(value)
        except ValueError:
            return None
        if isinstance(found, list) and slot.column.type.startswith("_"):
            return raw(_array(found))
        if isinstance(found, dict) and slot.column.type == "hstore":
            return raw(", ".join(f"{_text(str(key))}=>{_text(one)}" for key, one in found.items()))
        return None
    return raw(as_text(value).replace("\0", ""))


def _array(items: list[object]) -> str:
    return "{" + ",".join(_array(item) if isinstance(item, list) else _text(item) for item in items) + "}"


def _text(item: object) -> str:
    if item is None:
        return "NULL"
    text_ = item if isinstance(item, str) else json.dumps(item)
    return '"' + text_.replace("\\", "\\\\").replace('"', '\\"') + '"'
