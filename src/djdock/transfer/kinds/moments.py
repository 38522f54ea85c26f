"""Dates and times as text: the forms that Django reads from SQLite, and the hours that a time zone skips."""

from __future__ import annotations

import datetime as dt
import functools
import re
import zoneinfo
from collections.abc import Callable
from typing import TypeVar

from djdock.transfer.kinds.kind import NULL, SEPARATOR, Value, as_text, raw

_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_TIME = re.compile(r"(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.,](\d{1,6})\d*)?)?")
_ZONE = re.compile(r"\s*(?:(Z)|([+-])(\d{2}):?(\d{2})?)")
A_DAY = dt.timedelta(days=1)
FIRST_YEAR, LAST_YEAR = 1850, 2100
# Turns every digit into 0.
_ZEROS = bytes.maketrans(b"123456789", b"000000000")
Part = TypeVar("Part", dt.date, dt.time)


def date(text: str) -> dt.date | None:
    """The date that a text is, and nothing else."""
    found = _DATE.fullmatch(text)
    return _valid(dt.date, *map(int, found.groups())) if found else None


def time(text: str) -> dt.time | None:
    """The time of day that a text is, and nothing else."""
    found = _TIME.fullmatch(text)
    return _time(found) if found else None


def moment(text: str) -> dt.datetime | None:
    """The date and time that a text is; aware where it names its offset from UTC."""
    day = _DATE.match(text)
    clock = _TIME.match(text, day.end() + 1) if day and text[day.end() : day.end() + 1] in {" ", "T"} else None
    if not day or not clock:
        return None
    found_date, found_time = _valid(dt.date, *map(int, day.groups())), _time(clock)
    if found_date is None or found_time is None:
        return None
    found = dt.datetime.combine(found_date, found_time)
    rest = text[clock.end() :]
    if not rest:
        return found
    zone = _ZONE.fullmatch(rest)
    if not zone:
        return None
    offset = dt.timedelta(hours=int(zone[3] or 0), minutes=int(zone[4] or 0))
    if offset >= A_DAY:
        return None
    return found.replace(tzinfo=dt.timezone(-offset if zone[2] == "-" else offset))


def stored(value: dt.datetime | dt.time) -> str:
    """As Django's SQLite backend writes it."""
    return value.isoformat(" ") if isinstance(value, dt.datetime) else value.isoformat()


def written(value: Value, form: str, seconds: int) -> Value:
    """Django's form of a value; the value itself where only the number of digits of its fraction is another."""
    text = as_text(value)
    same = text[:seconds] == form[:seconds] and text[seconds:].rstrip("0.") == form[seconds:].rstrip("0.")
    return value if same else raw(form)


def local(value: dt.datetime, zone: str | None) -> dt.datetime:
    """Naive, in a time zone; in UTC where there is none."""
    if value.tzinfo is None:
        return value
    there = zoneinfo.ZoneInfo(zone) if zone else dt.timezone.utc
    return value.astimezone(there).replace(tzinfo=None)


def skipped(value: dt.datetime, zone: str) -> bool:
    """Whether the clocks of a zone never showed this time."""
    return moved_on(value, zone) != value


def moved_on(value: dt.datetime, zone: str) -> dt.datetime:
    """What the clocks showed at a time that they skipped."""
    there = value.replace(tzinfo=zoneinfo.ZoneInfo(zone))
    return there.astimezone(dt.timezone.utc).astimezone(there.tzinfo).replace(tzinfo=None)


@functools.cache
def months_of_gaps(zone: str) -> tuple[str, ...]:
    """The months, as two digits, in which the clocks of a zone ever skipped an hour."""
    there = zoneinfo.ZoneInfo(zone)
    day, months, before = dt.datetime(FIRST_YEAR, 1, 1, tzinfo=there), set(), None
    while day.year <= LAST_YEAR:
        offset = day.utcoffset()
        if before is not None and offset is not None and offset > before:
            months |= {f"{day.month:02}", f"{(day - dt.timedelta(days=1)).month:02}"}
        before = offset
        day += dt.timedelta(days=1)
    return tuple(sorted(months))


def trimmed(x: str, seconds: int) -> str:
    """SQL for SQLite: a time without the zeros at the end of its fraction, as PostgreSQL writes it."""
    return f"CASE WHEN length({x}) > {seconds} AND substr({x}, -1) = '0' THEN rtrim(rtrim({x}, '0'), '.') ELSE {x} END"


def has_odd_fraction(x: str, seconds: int) -> str:
    """SQL for SQLite: whether neither nothing nor a fraction of six digits follows the seconds."""
    return f"length({x}) NOT IN ({seconds}, {seconds + len('.000000')})"


def is_no_day(x: str) -> str:
    """SQL for SQLite: whether the month has no such day. date() counts on only where it has something to add."""
    return f"(substr({x}, 9, 2) > '28' AND date({x}, '+0 days') IS NOT substr({x}, 1, 10))"


def shapes(form: str) -> frozenset[bytes]:
    """What a form such as `00:00` looks like with zeros for digits, with and without a trimmed fraction of a second."""
    return frozenset(f"{form}{fraction}".encode() for fraction in ("", *(f".{'0' * digits}" for digits in range(1, 7))))


def look_alike(joined: bytes, expected: frozenset[bytes]) -> bool:
    """Whether all values, joined by SEPARATOR, have one of the expected shapes, or are NULL."""
    return not set(joined.translate(_ZEROS).split(SEPARATOR)) - expected - {NULL, b""}


def _time(found: re.Match[str]) -> dt.time | None:
    hour, minute, second, fraction = found.groups()
    return _valid(dt.time, int(hour), int(minute), int(second or 0), int((fraction or "").ljust(6, "0")))


def _valid(make: Callable[..., Part], *parts: int) -> Part | None:
    try:
        return make(*parts)
    except ValueError:
        return None
