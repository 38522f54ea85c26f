"""What the rows are made of: words, texts, moments and addresses, in the form in which Django stores them in SQLite."""

from __future__ import annotations

import ipaddress
import random
from datetime import date, timedelta
from pathlib import Path

Random = random.Random

# On its first line plain English; on its second letters of several scripts, some outside the basic plane, and what
# COPY, CSV, JSON and shells each give a meaning of their own.
WORDS_FILE = Path(__file__).with_name("words.txt")
ENDINGS = (" ",) * 40 + (", ",) * 6 + (". ",) * 5 + ("\n", "\n\n", "\r\n", "\t", "  ", "\n\\.\n", "\\N\t")
PLAIN_SHARE = 0.93
PROSE_LENGTH = 400_000  # characters
FIRST_DAY = date(2012, 1, 1)
DAYS = 5_000
SECONDS = 86_400
MILLION = 1_000_000
MOST = 0.8

_DAYS = tuple((FIRST_DAY + timedelta(days=number)).isoformat() for number in range(DAYS))
_MINUTES = tuple(f"{number // 60:02}:{number % 60:02}:" for number in range(1440))
_TWO = tuple(f"{number:02}" for number in range(60))


def prose(chance: Random) -> str:
    """One long text, of which others are pieces."""
    plain, others = (line.split(" ") for line in WORDS_FILE.read_text(encoding="utf-8").splitlines())
    parts: list[str] = []
    length = 0
    while length < PROSE_LENGTH:
        words = plain if chance.random() < PLAIN_SHARE else others
        word = words[int(chance.random() * len(words))]
        ending = ENDINGS[int(chance.random() * len(ENDINGS))]
        parts += (word, ending)
        length += len(word) + len(ending)
    return "".join(parts)


def piece(text: str, chance: Random, shortest: int, longest: int) -> str:
    """A text of so many characters; blanks and line ends at either end stay."""
    length = shortest + int(chance.random() * (longest - shortest + 1))
    begin = int(chance.random() * (len(text) - longest))
    return text[begin : begin + length]


def day(chance: Random) -> str:
    """`2020-02-29`."""
    return _DAYS[int(chance.random() * DAYS)]


def clock(second: int, microsecond: int) -> str:
    """`23:59:59`, or `23:59:59.000001`: Python leaves out microseconds that are 0."""
    text = _MINUTES[second // 60] + _TWO[second % 60]
    return f"{text}.{microsecond:06}" if microsecond else text


def time(chance: Random) -> str:
    """A time of day."""
    return clock(int(chance.random() * SECONDS), microseconds(chance))


def moment(chance: Random) -> str:
    """`2020-02-29 23:59:59.000001`, in UTC."""
    return f"{_DAYS[int(chance.random() * DAYS)]} {time(chance)}"


def moment_at(second: int, microsecond: int) -> str:
    """The moment so many seconds after the first day began."""
    return f"{_DAYS[second // SECONDS]} {clock(second % SECONDS, microsecond)}"


def microseconds(chance: Random) -> int:
    """Below a million; every fifth is none."""
    return int(chance.random() * MILLION) if chance.random() < MOST else 0


def decimal(units: int, places: int) -> str:
    """`-12.30` for -1230 and 2: SQLite makes of it an integer or a float, as it does of what Django binds."""
    whole, rest = divmod(abs(units), 10**places)
    return f"{'-' if units < 0 else ''}{whole}.{rest:0{places}}"


def uuid(chance: Random) -> str:
    """A random UUID as 32 hexadecimal digits."""
    bits = chance.getrandbits(128) & ~(0xF << 76) & ~(0x3 << 62) | (0x4 << 76) | (0x2 << 62)
    return f"{bits:032x}"


def ip4(chance: Random) -> str:
    """An IPv4 address."""
    bits = chance.getrandbits(32)
    return f"{bits >> 24}.{bits >> 16 & 255}.{bits >> 8 & 255}.{bits & 255}"


def ip6(chance: Random) -> str:
    """An IPv6 address, in the short form in which Django stores it."""
    bits = chance.getrandbits(48)
    if bits % 50 == 0:
        return str(ipaddress.IPv6Address(bits << 60 | bits))
    return f"2001:db8:{bits >> 32 | 1:x}::{bits & 0xFFFF | 1:x}"


def ip(chance: Random) -> str:
    """An address of either kind."""
    return ip4(chance) if chance.random() < MOST else ip6(chance)
