"""Which versions of Django, Python and PostgreSQL run together.

Sources: the release notes and the FAQ of each Django version ("What Python version can I use with Django?"), and
`DatabaseFeatures.minimum_database_version` of its PostgreSQL back end.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from djdock.errors import Problem

Version = tuple[int, int]
NUMBERS = re.compile(r"([0-9]+)\.([0-9]+)(?:\.[0-9]+)*")


@dataclass(frozen=True)
class Support:
    """What one Django series runs on: Python from … to …, and PostgreSQL from a major version on."""

    oldest_python: Version
    newest_python: Version
    postgres: int


DJANGO: dict[Version, Support] = {
    (4, 2): Support((3, 8), (3, 12), 12),
    (5, 0): Support((3, 10), (3, 12), 12),
    (5, 1): Support((3, 10), (3, 13), 13),
    (5, 2): Support((3, 10), (3, 14), 14),
    (6, 0): Support((3, 12), (3, 14), 14),
    (6, 1): Support((3, 12), (3, 14), 15),
}
# Those that `djdock new` makes no project with, and that exist in the wild. Pythons up to the newest that they work on,
# which for some is one or two newer than the FAQ promises: up to 1.10 the admin is a syntax error on 3.7, and what is
# older than 2.2 uses names of `collections` that 3.10 took away.
LEGACY: dict[Version, Support] = {
    (1, 8): Support((3, 4), (3, 6), 9),
    (1, 9): Support((3, 4), (3, 6), 9),
    (1, 10): Support((3, 4), (3, 6), 9),
    (1, 11): Support((3, 4), (3, 9), 9),
    (2, 0): Support((3, 4), (3, 9), 9),
    (2, 1): Support((3, 5), (3, 9), 9),
    (2, 2): Support((3, 5), (3, 10), 9),
    (3, 0): Support((3, 6), (3, 10), 9),
    (3, 1): Support((3, 6), (3, 10), 9),
    (3, 2): Support((3, 6), (3, 11), 9),
    (4, 0): Support((3, 8), (3, 11), 10),
    (4, 1): Support((3, 8), (3, 11), 11),
}
# Django older than this takes a connection's time zone for wrong with psycopg2 2.9, and 2.8 ends with Python 3.9.
TIME_ZONE_FIXED, LAST_OF_OLD_DRIVER = (3, 1), (3, 9)
# Django from this one on can use psycopg 3.
NEW_DRIVER = (4, 2)
# The Debian release of the newest official image python:X.Y-slim-RELEASE.
DEBIAN: dict[Version, str] = {(3, 6): "bullseye", (3, 7): "bookworm", (3, 8): "bookworm"}
# Older ones are looked for and named in messages, and no environment is made with them: packaging tools are gone.
OLDEST_PYTHON: Version = (3, 8)
# Newest first. Those that have an official image python:X.Y-slim-trixie, and that psycopg 3 is built for.
PYTHONS: tuple[Version, ...] = ((3, 14), (3, 13), (3, 12), (3, 11), (3, 10))
POSTGRES: tuple[int, ...] = (18, 17, 16, 15, 14)
DEFAULT_POSTGRES = 18


def text(version: Version) -> str:
    """`(3, 13)` as `3.13`."""
    return f"{version[0]}.{version[1]}"


def parse(version: str, what: str) -> Version:
    """`3.13` or `3.13.2` as `(3, 13)`.

    Raises:
        Problem: it is no version number; `what` names the option.
    """
    match = NUMBERS.fullmatch(version)
    if match is None:
        example = "--django 5.2" if what == "--django" else "--python 3.13"
        raise Problem(f"{version!r} is no version that {what} can take.", hint=f"Write it as X.Y, such as {example}")
    return int(match[1]), int(match[2])


def check_django(version: Version) -> Support:
    """What a Django series runs on; for one that is newer than this table, what its newest row says.

    Raises:
        Problem: the series is older than the oldest that the psycopg 3 driver works with.
    """
    if version < min(DJANGO):
        raise Problem(
            f"djdock makes no new project with Django {text(version)}: its support has ended, and it cannot use the "
            "PostgreSQL driver psycopg 3.",
            hint="djdock new NAME --django 5.2   (the long-term support release), or leave --django out",
        )
    return DJANGO.get(version) or DJANGO[max(DJANGO)]


def pythons_for(django: Version | None) -> tuple[Version, ...]:
    """The Python versions that can run a Django series (any series where it is None), newest first."""
    if django is None:
        return PYTHONS
    support = check_django(django)
    return tuple(python for python in PYTHONS if support.oldest_python <= python <= support.newest_python)


def support(django: Version) -> Support:
    """What any Django series runs on; a newer one than the table has is like its newest, an older one like its oldest.

    Python's upper bound is the lower one of Django's own and of the driver's that it can use.
    """
    table = {**LEGACY, **DJANGO}
    found = table.get(django) or table[min(table) if django < min(table) else max(table)]
    if django > max(table):
        return Support(found.oldest_python, max(PYTHONS), found.postgres)
    if django < TIME_ZONE_FIXED:
        return Support(found.oldest_python, min(found.newest_python, LAST_OF_OLD_DRIVER), found.postgres)
    return found


def series(version: str) -> Version | None:
    """`4.2.11` as `(4, 2)`, `5` as `(5, 0)`; None where it does not begin with a number."""
    match = re.match(r"v?(\d+)(?:\.(\d+))?", version.strip())
    return (int(match[1]), int(match[2] or 0)) if match else None


def debian(python: Version) -> str:
    """The Debian release of a Python's official image, the part of its tag after `slim-`."""
    return DEBIAN.get(python, "trixie")


def check(django: Version | None, python: Version | None, postgres: int) -> None:
    """Refuses what cannot work together.

    Raises:
        Problem: with the reason, and a combination that works.
    """
    if postgres not in POSTGRES:
        raise Problem(
            f"PostgreSQL {postgres} is not among the versions that djdock runs: {', '.join(map(str, POSTGRES))}.",
            hint=f"Leave --postgres out to get {DEFAULT_POSTGRES}, or name one of these.",
        )
    if python is not None and python not in PYTHONS:
        raise Problem(
            f"Python {text(python)} is not among the versions that djdock makes projects for: "
            f"{', '.join(map(text, PYTHONS))}.",
            hint="Leave --python out to get the newest one of this machine, or name one of these.",
        )
    if django is None:
        return
    support = check_django(django)
    if python is not None and python not in pythons_for(django):
        fitting = pythons_for(django)
        raise Problem(
            f"Django {text(django)} runs on Python {text(fitting[-1])} to {text(fitting[0])}, not on {text(python)}.",
            hint=f"--python {text(fitting[0])}, or another --django.",
        )
    if postgres < support.postgres:
        raise Problem(
            f"Django {text(django)} needs PostgreSQL {support.postgres} or newer; it refuses to connect to {postgres}.",
            hint=f"--postgres {DEFAULT_POSTGRES}, or an older --django.",
        )


def series_for(python: Version) -> Version:
    """The newest Django series of this table that runs on a Python version."""
    return max(django for django, support in DJANGO.items() if support.oldest_python <= python <= support.newest_python)
