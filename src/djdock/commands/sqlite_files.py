"""Which SQLite file is meant: the one that is named, that the settings fall back on, or the only one of the project."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path, PurePosixPath

from djdock.errors import Problem
from djdock.project.evaluation.library import ROOT
from djdock.project.facts import Facts
from djdock.transfer.migrations import recorded
from djdock.transfer.occupancy import FILLED

HEADER = b"SQLite format 3\0"
ENDINGS = ("*.sqlite3", "*.sqlite", "*.db")
MIGRATIONS = "django_migrations"
DEFAULT = "default"


def find(root: Path, facts: Facts, alias: str, named: Path | None) -> Path:
    """The SQLite file that a database is to be copied from.

    Args:
        named: as the person has named it.

    Raises:
        Problem: there is none, there are several, or it is none of Django's.
    """
    if named is not None:
        return checked(named)
    settled = of_settings(root, facts, alias)
    if settled is not None and settled.is_file():
        return checked(settled)
    if alias != DEFAULT:
        raise Problem(
            f"Which SQLite file goes to the database {alias} cannot be told: the settings name none for it.",
            hint=f"djdock db copy PATH --database {alias}",
        )
    found = sorted(set(_lying(root, facts)))
    if len(found) > 1:
        raise Problem(
            "There are several SQLite files here that Django has used.",
            details="\n".join(_described(root, path) for path in found),
            hint=f"Name the one that is meant: djdock db copy {found[0].relative_to(root)}",
        )
    if found:
        return found[0]
    raise _nowhere(root, settled)


def of_settings(root: Path, facts: Facts, alias: str = DEFAULT) -> Path | None:
    """The SQLite file that the settings name where no variable is set, whether it is there or not."""
    found = facts.evaluation.database(alias)
    if found is None or not str(found.get("ENGINE")).endswith(("sqlite3", "spatialite")):
        return None
    name = found.get("NAME")
    if not isinstance(name, str | PurePosixPath) or not str(name) or ":memory:" in str(name):
        return None
    path = PurePosixPath(str(name))
    if path.is_relative_to(ROOT):
        return root / path.relative_to(ROOT)
    return root / facts.folder / path  # an absolute path stays one


def with_rows(root: Path, facts: Facts) -> Path | None:
    """The file that the settings fall back on, where it holds rows that a person would miss."""
    found = of_settings(root, facts)
    if found is None or not found.is_file():
        return None
    try:
        return found if has_rows(checked(found)) else None
    except (Problem, OSError):
        return None


def left_behind(root: Path, facts: Facts) -> Path | None:
    """The file with rows of a project whose settings may have been changed already: there must be only one."""
    if found := with_rows(root, facts):
        return found
    lying = sorted(set(_lying(root, facts)))
    return lying[0] if len(lying) == 1 and has_rows(lying[0]) else None


def has_rows(path: Path) -> bool:
    """Whether any table holds a row, besides those that Django fills by itself."""
    with closing(_opened(path)) as connection:
        try:
            names = [
                str(name)
                for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
                if not str(name).startswith("sqlite_") and name not in FILLED
            ]
            return any(connection.execute(f"SELECT 1 FROM {_quoted(name)} LIMIT 1").fetchone() for name in names)  # noqa: S608 - a name of the file's own, quoted
        except sqlite3.Error:
            return True  # a virtual table of a module that is not here: better told than missed


def migrations(path: Path) -> tuple[str, ...]:
    """The migrations that a file has seen, each as `app.name`.

    Raises:
        Problem: it cannot be read.
    """
    with _readable(path), closing(_opened(path)) as connection:
        return recorded(connection)


def stamp(path: Path) -> tuple[tuple[int, int], ...]:
    """What changes when somebody writes to a file, or to the log beside it."""
    found = [place.stat() for place in (path, path.with_name(f"{path.name}-wal")) if place.is_file()]
    return tuple((one.st_size, one.st_mtime_ns) for one in found if one.st_size)


def checked(path: Path) -> Path:
    """The path, where it is a SQLite file that Django has used.

    Raises:
        Problem: it is not there, cannot be read, or is something else.
    """
    if not path.is_file():
        raise Problem(
            f"{path} is {'no file' if path.exists() else 'not there'}.",
            hint="djdock db copy PATH, where PATH is the SQLite file on this machine.\n"
            "From a container: docker cp CONTAINER:/its/path/db.sqlite3 db.sqlite3 (while the site is stopped), then: "
            "djdock db copy db.sqlite3",
        )
    with path.open("rb") as file:
        header = file.read(len(HEADER))
    if header != HEADER:
        raise Problem(
            f"{path} is no SQLite database{'; it is empty' if not header else ''}.",
            hint="Name the file that the project has used so far: djdock db copy PATH\n"
            "One that is encrypted (SQLCipher) has to be decrypted first: its own shell exports it.",
        )
    if not _is_djangos(path):
        raise Problem(
            f"{path} has no table {MIGRATIONS}, so Django has never migrated it.",
            hint="Name the file that the project has used so far: djdock db copy PATH",
        )
    return path


def _lying(root: Path, facts: Facts) -> Iterator[Path]:
    for folder in {root, root / facts.folder}:
        for path in (path for ending in ENDINGS for path in folder.glob(ending)):
            with contextlib.suppress(OSError), path.open("rb") as file:
                if file.read(len(HEADER)) == HEADER and _is_djangos(path):
                    yield path


def _is_djangos(path: Path) -> bool:
    with _readable(path), closing(_opened(path)) as connection:
        query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
        return connection.execute(query, [MIGRATIONS]).fetchone() is not None


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Within it, what SQLite has against a file is a Problem."""
    try:
        yield
    except sqlite3.Error as error:
        if path.with_name(f"{path.name}-journal").is_file() and "readonly" in str(error):
            raise Problem(
                f"{path} was being written to when a program died: {path.name}-journal beside it holds what has to be "
                "taken back.",
                hint=f"SQLite does that by itself, when the file is opened once: sqlite3 {path} 'PRAGMA quick_check'\n"
                "Then the same command again.",
            ) from error
        raise Problem(
            f"{path} cannot be read: {error}.",
            hint=f"Look whether it is whole: sqlite3 {path} 'PRAGMA integrity_check'\n"
            "If a program holds it just now, stop that one, then the same command again.",
        ) from error


def _opened(path: Path) -> sqlite3.Connection:
    """A connection that neither writes nor leaves anything beside the file.

    To a file in WAL mode that nobody has open, a merely read-only one would: a log and its index, both empty.
    """
    quiet = not any(path.with_name(f"{path.name}{ending}").exists() for ending in ("-wal", "-journal"))
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro{'&immutable=1' if quiet else ''}", uri=True)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _described(root: Path, path: Path) -> str:
    return f"{path.relative_to(root)}, {path.stat().st_size / 1e6:.1f} MB"


def _nowhere(root: Path, settled: Path | None) -> Problem:
    if settled is not None and not settled.is_relative_to(root):
        return Problem(
            f"The settings name the SQLite file {settled}, which is not on this machine: it is outside the project, as "
            "a container's volume is.",
            hint=f"Copy it here: docker cp CONTAINER:{settled} {settled.name} (while the site is stopped), then: "
            f"djdock db copy {settled.name}",
        )
    named = f" The settings name {settled.relative_to(root)}, which is not there." if settled is not None else ""
    return Problem(
        f"There is no SQLite file of Django's in {root} or beside manage.py.{named}",
        hint="Name the one to copy from: djdock db copy PATH",
    )
