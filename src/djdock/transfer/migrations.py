"""The migrations that a SQLite file has seen, against the project's: rows fit only the schema they were made for."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from djdock.errors import Problem
from djdock.transfer.models import Migrations, Models

NUMBERS = re.compile(r"(?:^|_)(\d{4})(?=_|$)")
MOST_SHOWN = 12


@dataclass(frozen=True)
class Difference:
    """How the migrations of a SQLite file and of the project differ, each as `app.name`.

    Attributes:
        behind: the project has them, and the file has not seen them.
        ahead: the file has seen them, and the project's code does not know them.
        forgotten: the file notes them, and they are gone without a trace in the schema to expect: of apps that are
            no longer installed, or squashed since and deleted.
    """

    behind: tuple[str, ...] = ()
    ahead: tuple[str, ...] = ()
    forgotten: tuple[str, ...] = ()


def recorded(connection: sqlite3.Connection) -> tuple[str, ...]:
    """The migrations that a SQLite file has seen, in the order of their application.

    Raises:
        sqlite3.Error: it is no SQLite file, or has no table of migrations.
    """
    rows = connection.execute("SELECT app, name FROM django_migrations ORDER BY id").fetchall()
    return tuple(f"{app}.{name}" for app, name in rows)


def compare(seen: Sequence[str], project: Migrations, installed: Iterable[str]) -> Difference:
    """How the migrations of a file and of the project differ.

    A migration that replaces others counts as applied where they all are, as it does for Django.
    """
    applied = _with_replaced(seen, project.replaces)
    replaced = {old for olds in project.replaces.values() for old in olds}
    # What stands for migrations that are all there is missed as these.
    behind = sorted(
        name for name in project.disk - applied if not project.disk.issuperset(project.replaces.get(name, (name, "")))
    )
    unknown = [name for name in seen if name not in project.disk and name not in replaced]
    apps = frozenset(installed)
    ahead = [name for name in unknown if _app(name) in apps and not _is_past(name, seen, project)]
    gone = [name for name in unknown if name not in ahead]
    return Difference(tuple(behind), tuple(dict.fromkeys(ahead)), tuple(dict.fromkeys(gone)))


@dataclass(frozen=True)
class Origin:
    """What to call a SQLite file in messages.

    Attributes:
        settings: the project's settings module.
        inside: the file's path as the project's own processes see it.
    """

    name: str
    settings: str = ""
    inside: str = ""


def check(snapshot: Path, models: Models, origin: Origin) -> Difference:
    """As `judge`, for a file."""
    with closing(sqlite3.connect(f"{snapshot.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        seen = recorded(connection)
    return judge(seen, models, origin)


def judge(seen: Sequence[str], models: Models, origin: Origin) -> Difference:
    """Makes sure that a SQLite file has seen exactly the migrations that the project has.

    Raises:
        Problem: it has seen fewer, or more.
    """
    found = compare(seen, models.migrations, models.installed)
    if found.ahead:
        raise Problem(
            f"The project's code is older than {origin.name}: the file has seen {_count(found.ahead)} that the code "
            "does not have.",
            details=_listed(found.ahead),
            hint="Check out the version of the project that the file was used with last (git pull?), then the same "
            "command again.",
        )
    if found.behind:
        strange = _strange(found, seen, models)
        doubt = f"Is it this project's? It has apps that the project does not have: {', '.join(strange)}.\n" * bool(
            strange
        )
        raise Problem(
            f"{origin.name} is older than the project: it has not seen {_count(found.behind)} that the project has.",
            details=_listed(found.behind),
            hint=f"{doubt}Keep a copy of {origin.name}, then migrate it with this project's settings. Beside "
            "manage.py, a file sqlite_settings.py:\n"
            f"  from {origin.settings} import *\n"
            '  DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", '
            f'"NAME": "{origin.inside}"}}}}\n'
            "Then: djdock manage migrate --settings sqlite_settings\n"
            "After that the same command again; sqlite_settings.py can go.",
        )
    return found


def _strange(found: Difference, seen: Sequence[str], models: Models) -> list[str]:
    """Apps of a file that the project does not have, where the file in turn has never seen apps that this one has."""
    seen_apps = {_app(name) for name in seen}
    if not found.behind or any(_app(name) in seen_apps for name in found.behind):
        return []
    return sorted({_app(name) for name in found.forgotten} - models.installed)


def _with_replaced(seen: Iterable[str], replaces: Mapping[str, tuple[str, ...]]) -> set[str]:
    """What counts as applied: also what is replaced by what was applied, and what replaces what was."""
    applied = set(seen)
    while True:
        more = {name for name, olds in replaces.items() if olds and applied.issuperset(olds)}
        more |= {old for name, olds in replaces.items() if name in applied for old in olds}
        if more <= applied:
            return applied
        applied |= more


def _is_past(name: str, seen: Sequence[str], project: Migrations) -> bool:
    """Whether a migration that is not there any more lies before the end of what is there of its app.

    That is what squashing leaves, once what was squashed is deleted; what lies after the end is what is missing here.
    """
    own = [other for other in project.disk if _app(other) == _app(name)]
    if any(other in own for other in seen[seen.index(name) + 1 :]):
        return True
    end = max((_number(other) for other in own), default=-1)
    return 0 <= _number(name) <= end


def _number(name: str) -> int:
    """The highest of the numbers in a migration's name: 5 in `0001_squashed_0005_title`; -1 where there is none."""
    return max((int(number) for number in NUMBERS.findall(name.partition(".")[2])), default=-1)


def _app(name: str) -> str:
    return name.partition(".")[0]


def _count(names: Sequence[str]) -> str:
    return "a migration" if len(names) == 1 else f"{len(names)} migrations"


def _listed(names: Sequence[str]) -> str:
    more = [f"… and {len(names) - MOST_SHOWN} more"] if len(names) > MOST_SHOWN else []
    return "\n".join([*names[:MOST_SHOWN], *more])
