"""The pre-flight: what would be copied, and everything that speaks against it, before anything is written."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from djdock.errors import Problem
from djdock.transfer import keys, match, models, repairs, scan, snapshot, source, target
from djdock.transfer.ledger import Ledger
from djdock.transfer.match import MIGRATIONS, Match
from djdock.transfer.models import Models
from djdock.transfer.repairs import OnError
from djdock.transfer.scan import Scan

# A row that is left out may leave others dangling, and so on.
MOST_ROUNDS = 20


@dataclass(frozen=True)
class Wish:
    """What the person asked for.

    Attributes:
        only, exclude: apps and models, as `app` or `app.Model`.
        unmanaged: copy the tables of unmanaged models, too.
    """

    on_error: OnError = "report"
    only: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    unmanaged: bool = False


@dataclass(frozen=True)
class Job:
    """What there is to copy.

    Attributes:
        snapshot: the snapshot of the SQLite file, which repairs may change.
        folder: where the findings and the report go.
        models: what Django says of the target.
    """

    snapshot: Path
    folder: Path
    models: Models
    wish: Wish = Wish()


class Progress(Protocol):
    """Who is told how far it is."""

    def phase(self, name: str, total: int) -> None:
        """A phase begins, of so many steps (rows, mostly); of 0 where it is not known."""

    def advance(self, steps: int, size: int = 0) -> None:
        """So many steps more are done, with so many bytes."""


@dataclass(frozen=True)
class Preflight:
    """What the pre-flight has seen.

    Attributes:
        open: how many findings are left that nothing was done about.
        changes: how many values were repaired, or rows left out.
        rewritten: tables with values in another form than Django's own, such as UUIDs with hyphens.
    """

    match: Match
    scans: Sequence[Scan]
    ledger: Ledger
    open: int
    changes: int
    rewritten: tuple[str, ...]

    @property
    def rows(self) -> int:
        """Rows in all tables."""
        return sum(one.rows for one in self.scans)


def run(job: Job, tables: dict[str, target.Table], progress: Progress) -> Preflight:
    """Looks at every value; with `on_error` "null" or "fix", repairs what is at fault in the snapshot.

    Raises:
        Problem: a table or a column is missing on one side, or cannot be copied.
    """
    found = _match(job, tables)
    with closing(snapshot.open_for_reading(job.snapshot)) as connection:
        total = sum(_count(connection, route.source.quoted) for route in found.routes)
    progress.phase("check", total)
    ledger = Ledger(job.folder)
    scans = scan.scan(job.snapshot, found.routes, ledger, progress.advance)
    rewritten = repairs.rewrite(job.snapshot, found, ledger)
    scans = _again(job, found, scans, rewritten)
    keys.check(job.snapshot, found, scans, ledger)
    changes = 0
    if job.wish.on_error != "report":
        scans, changes = _repair(job, found, scans, ledger)
    left = sum(number for *_what, number in ledger.counts(open_only=True))
    names = tuple(found.routes[number].target.name for number in sorted(rewritten))
    return Preflight(found, scans, ledger, left, changes, names)


def _match(job: Job, tables: dict[str, target.Table]) -> Match:
    try:
        chosen = list(models.chosen(job.models, job.wish.only, job.wish.exclude))
    except KeyError as error:
        raise Problem(
            f"There is no app or model {error.args[0]}.",
            hint="Write them as app, or as app.Model, such as: --only shop.Order",
        ) from error
    _refuse_geometry(replace(job.models, models=tuple(chosen)))
    if not job.wish.only:
        chosen.append(MIGRATIONS)
    with closing(snapshot.open_for_reading(job.snapshot, text=bytes.decode)) as connection:
        return match.match(source.read(connection), tables, job.models, chosen, unmanaged=job.wish.unmanaged)


def _refuse_geometry(chosen: Models) -> None:
    if chosen.geometry:
        raise Problem(
            f"Geometry cannot be copied: {', '.join(chosen.geometry)}.",
            details="SpatiaLite and PostGIS keep it in forms of their own, and only GDAL's libraries translate them.",
            hint="Leave these models out with --exclude, and move them with `manage.py dumpdata` and `loaddata`.",
        )


def _count(connection: sqlite3.Connection, table: str) -> int:
    number: int = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    return number


def _again(job: Job, found: Match, scans: Sequence[Scan], touched: frozenset[int]) -> list[Scan]:
    """The scans, with those of tables that were touched since taken anew."""
    numbers = sorted(touched)
    if not numbers:
        return list(scans)
    with closing(Ledger(job.folder, "again.sqlite3")) as unused:
        fresh = scan.scan(job.snapshot, [found.routes[number] for number in numbers], unused, lambda _rows: None)
    anew = dict(zip(numbers, fresh, strict=True))
    return [anew.get(number, one) for number, one in enumerate(scans)]


def _repair(job: Job, found: Match, scans: Sequence[Scan], ledger: Ledger) -> tuple[list[Scan], int]:
    changes, scans = 0, list(scans)
    for _round in range(MOST_ROUNDS):
        result = repairs.repair(job.folder, job.snapshot, found, ledger, job.wish.on_error)
        changes += result.changes
        if not result.touched:
            break
        scans = _again(job, found, scans, result.touched)
        ledger.forget_open(repairs.OF_ROWS)
        keys.check(job.snapshot, found, scans, ledger)
    return scans, changes
