"""What can be wrong with a value, and how it is repaired: a table in the docs is made of this."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """A kind of fault.

    Attributes:
        name: what it is called in reports.
        reason: what PostgreSQL, or reading the value back, would make of it.
        repair: what `--on-error fix` does.
    """

    name: str
    reason: str
    repair: str


NUL = Fault("nul", "holds a NUL character, which PostgreSQL cannot store in text", "the NUL characters are taken out")
ENCODING = Fault("encoding", "is not valid UTF-8", "bytes that are no UTF-8 become U+FFFD, the replacement character")
TOO_LONG = Fault("too-long", "is longer than its column", "cut to the length of its column")
BINARY = Fault("binary", "holds bytes in a column of text", "read as UTF-8 text")
NOT_TEXT = Fault("not-text", "holds a number in a column of text", "written as text")
NOT_A_NUMBER = Fault("not-a-number", "is not a number", "the number that it spells, else NULL")
FRACTION = Fault("fraction", "has a fraction in a column of integers", "the fraction is cut off, as Django reads it")
RANGE = Fault("range", "is out of the range of its column", "NULL")
NOT_A_BOOLEAN = Fault(
    "not-a-boolean",
    "is neither 0 nor 1",
    "other numbers are true; yes, true, on, t and their opposites as they say; else NULL",
)
DECIMALS = Fault("decimals", "has more decimals than its column", "rounded half to even, as Django reads it")
INFINITE = Fault("infinite", "is infinite", "NULL")
NOT_A_DATE = Fault("not-a-date", "is not a date", "seconds since 1970 become their day in UTC, else NULL")
DATE_WITH_TIME = Fault("date-with-time", "has a time of day in a column of dates", "the time of day is cut off")
NOT_A_TIME = Fault("not-a-time", "is not a time of day", "NULL")
NOT_A_MOMENT = Fault(
    "not-a-datetime",
    "is not a date and time",
    "a date becomes its midnight, seconds since 1970 become that moment, else NULL",
)
GAP = Fault("no-such-hour", "names an hour that the clocks skipped", "moved on by as much as the clocks were")
NOT_A_UUID = Fault("not-a-uuid", "is not a UUID", "NULL")
NOT_JSON = Fault("not-json", "is not JSON", "kept as a JSON string")
JSON_NUL = Fault("json-nul", "holds \\u0000, which PostgreSQL cannot store in JSON", "the NUL characters are taken out")
JSON_SURROGATE = Fault(
    "json-surrogate",
    "holds half of a surrogate pair, which PostgreSQL cannot store",
    "it becomes U+FFFD, the replacement character",
)
JSON_NUMBER = Fault("json-number", "holds NaN, Infinity or a number that PostgreSQL cannot store", "it becomes null")
NOT_AN_ADDRESS = Fault("not-an-address", "is not an IP address", "NULL")
NOT_BYTES = Fault("not-bytes", "holds a number in a column of bytes", "NULL")
REFUSED = Fault(
    "refused",
    "is refused by a type that only PostgreSQL has",
    "lists and objects in JSON become arrays and hstore, else NULL",
)
EMPTY = Fault("null", "is NULL in a column that allows none", "the field's default, or an empty text")
DANGLING = Fault(
    "dangling",
    "refers to a row that is not there",
    "NULL; where the column allows none, the row is left out and kept in the report",
)
DUPLICATE = Fault(
    "duplicate",
    "repeats a value that must be unique",
    "the first row stays, the others are left out and kept in the report",
)

ALL: tuple[Fault, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Fault))
BY_NAME = {fault.name: fault for fault in ALL}
