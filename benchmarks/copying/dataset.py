"""The SQLite files: made by the project's own migrations, filled row by row, kept for the next run."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from benchmarks.copying import installation, material, rows
from benchmarks.copying.installation import PROJECT, Installation

SEED = 1
# When the migrations ran, so that the same rows make the same file.
MIGRATED = "2026-01-02 03:04:05.678901"
# No journal and no waiting for the disk: a file that was not finished is thrown away.
FAST = ("journal_mode = OFF", "synchronous = OFF", "cache_size = -200000", "locking_mode = EXCLUSIVE")


@dataclass(frozen=True)
class Dataset:
    """A file and what is in it; `rows` counts what was made, not what migrations have filled in."""

    file: Path
    rows: int

    @property
    def bytes(self) -> int:
        return self.file.stat().st_size


def make(project: Installation, folder: Path, total: int, seed: int = SEED) -> Dataset:
    """The file of so many rows, made where this folder does not have it yet; 0 rows: what `migrate` leaves.

    Raises:
        ValueError: so few rows that some tables would be empty.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{total}-{seed}-{_version()}.sqlite3"
    if not file.exists():
        unfinished = file.with_suffix(".unfinished")
        unfinished.unlink(missing_ok=True)
        project.manage("migrate", "--verbosity", "0", url=installation.sqlite_url(unfinished))
        with closing(sqlite3.connect(unfinished, isolation_level=None)) as connection:
            _fill(connection, total, seed)
        unfinished.rename(file)
    return Dataset(file, total)


def _fill(connection: sqlite3.Connection, total: int, seed: int) -> None:
    for setting in FAST:
        connection.execute(f"PRAGMA {setting}")
    connection.execute("UPDATE django_migrations SET applied = ?", (MIGRATED,))
    if not total:
        return
    indexes = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql NOT NULL").fetchall()
    connection.execute("BEGIN")
    for name, _sql in indexes:
        connection.execute(f'DROP INDEX "{name}"')
    for table, values in rows.fill(total, seed):
        columns = table.columns.split()
        names, places = ", ".join(f'"{column}"' for column in columns), ", ".join("?" * len(columns))
        connection.executemany(f'INSERT INTO "{table.name}" ({names}) VALUES ({places})', values)  # noqa: S608 - ours
    for _name, sql in indexes:
        connection.execute(sql)
    connection.execute("COMMIT")


def _version() -> str:
    """Tells files apart that other code has made."""
    sources = (Path(rows.__file__), Path(material.__file__), material.WORDS_FILE, Path(__file__), *_migrations())
    return hashlib.sha256(b"\0".join(source.read_bytes() for source in sources)).hexdigest()[:8]


def _migrations() -> Iterator[Path]:
    yield from sorted(PROJECT.glob("*/migrations/0*.py"))
