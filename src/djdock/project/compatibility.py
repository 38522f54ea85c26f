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
