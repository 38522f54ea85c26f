"""What each kind of column offers, and what most of them do alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias

from djdock.transfer import target
from djdock.transfer.faults import Fault
from djdock.transfer.snapshot import Raw

# What SQLite stores: NULL, INTEGER, REAL, TEXT (as Raw), BLOB.
Value: TypeAlias = "int | float | Raw | bytes | None"

# Between the values of a column where they are joined, and in place of NULL: what no form has and no keyboard types.
SEPARATOR = b"\x1f"
NULL = b"\x01"
# Around a text in a line of CSV, in place of `"`, which would have to be looked for and doubled in all of them.
QUOTE = b"\x02"


@dataclass(frozen=True)
class Slot:
    """A column that values go to, and what Django knows of it.

    Attributes:
        minimum: the least number that the field allows.
        zone: the time zone that naive times are in; None where all are in UTC (USE_TZ).
        loose: whether SQLite keeps whole numbers as REAL in it, too, having been declared as somebody else would.
    """

    column: target.Column
    minimum: int | None = None
    zone: str | None = None
    loose: bool = False


class Kind(Protocol):
    """A kind of column: how its values look in SQLite, what is wrong with some, and how they travel.

    `x` is always SQL for a value, free of side effects. A value that `judge` finds at fault, or that has another form
    than Django's own, must be noticed by `quick` or `look`: those see every value, `judge` only the rows they name.
    """

    NAME: str
    # The types in PostgreSQL's catalogue that it is for.
    TYPES: frozenset[str]
    # Whether its values may hold what has a meaning in CSV, such as a comma.
    QUOTED: bool

    def quick(self, x: str, slot: Slot) -> str:
        """SQL for SQLite: true where a value needs a closer look; empty where `look` alone decides."""

    def look(self, joined: bytes, slot: Slot) -> bool:
        """Whether one of the values, joined by SEPARATOR, needs a closer look."""

    def judge(self, value: Value, slot: Slot) -> Fault | None:
        """What is wrong with a value that is not NULL."""

    def normal(self, value: Value, slot: Slot) -> Value:
        """A sound value in the form in which Django's SQLite backend writes it."""

    def mend(self, value: Value, slot: Slot) -> Value:
        """The repair of a value at fault: a sound one, in Django's form; None where nothing can be made of it."""

    def line(self, x: str, slot: Slot) -> str:
        """SQL for SQLite: the field of a CSV line, without quotes, for a value that is not NULL."""

    def source_text(self, x: str, slot: Slot) -> str:
        """SQL for SQLite: the text that stands for a value where both sides are compared."""

    def target_text(self, x: str, slot: Slot) -> str:
        """SQL for PostgreSQL: the same text."""

    def canonical(self, joined: bytes) -> bytes:
        """What SQL alone cannot bring into PostgreSQL's form: the values, joined by SEPARATOR, as it writes them."""


def quick(x: str, slot: Slot) -> str:  # noqa: ARG001 - the shape of the family
    """Nothing that SQL could find out."""
    return ""


def look(joined: bytes, slot: Slot) -> bool:  # noqa: ARG001 - the shape of the family
    """Nothing that SQL has not found out."""
    return False


def normal(value: Value, slot: Slot) -> Value:  # noqa: ARG001 - the shape of the family
    """There is only one form."""
    return value


def line(x: str, slot: Slot) -> str:  # noqa: ARG001 - the shape of the family
    """As it is."""
    return x


def source_text(x: str, slot: Slot) -> str:  # noqa: ARG001 - the shape of the family
    """As it is."""
    return x


def target_text(x: str, slot: Slot) -> str:  # noqa: ARG001 - the shape of the family
    """As PostgreSQL writes it."""
    return f"{x}::text"


def canonical(joined: bytes) -> bytes:
    """As they are."""
    return joined


def as_text(value: Value) -> str:
    """A value as a person would read it, whatever class it has in SQLite; its bytes as UTF-8 as far as they are."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return "" if value is None else str(value)


def raw(text: str) -> Raw:
    """A text as SQLite stores it."""
    return Raw(text.encode())
