"""The PostgreSQL driver that a project needs: https://docs.djangoproject.com/en/stable/ref/databases/"""

from __future__ import annotations

from collections.abc import Sequence

from djdock.project.compatibility import LAST_OF_OLD_DRIVER, NEW_DRIVER, TIME_ZONE_FIXED, Version
from djdock.project.dependency import Dependency

# Distributions that bring a driver of PostgreSQL which Django's own back end uses.
DRIVERS = frozenset({"psycopg", "psycopg2", "psycopg2-binary", "psycopg2cffi"})
# psycopg 3 alone finds no libpq where none is installed; these bring one.
COMPLETE = frozenset({"psycopg-binary", "psycopg-c"})
# The last version for a Python that newer ones have left.
LAST_PSYCOPG: dict[Version, str] = {(3, 8): "<3.3", (3, 9): "<3.3"}


def requirement(dependencies: Sequence[Dependency], django: Version | None, python: Version) -> str | None:
    """What has to be declared so that the project can talk to PostgreSQL, or None where a driver is declared.

    `django` is its series; None stands for the newest. psycopg 3 for Django 4.2 and newer, psycopg2 below; for Django
    older than 3.1 psycopg2 2.8, which knows the time zone that it expects.
    """
    if any(found.name in DRIVERS for found in dependencies):
        return None
    if django is None or django >= NEW_DRIVER:
        return f"psycopg[binary]>=3.1{',' + LAST_PSYCOPG[python] if python in LAST_PSYCOPG else ''}"
    if django < TIME_ZONE_FIXED and python <= LAST_OF_OLD_DRIVER:
        return "psycopg2-binary>=2.8.6,<2.9"
    return "psycopg2-binary>=2.9"


def is_older(version: str | None, than: str | None) -> bool:
    """Whether a version is older than another one; not where one of them is missing or is no version."""
    from packaging.version import InvalidVersion  # noqa: PLC0415 - not for the daily commands
    from packaging.version import Version as Parsed  # noqa: PLC0415

    if not version or not than:
        return False
    try:
        return Parsed(version) < Parsed(than)
    except InvalidVersion:
        return False
