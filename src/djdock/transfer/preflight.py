"""The pre-flight: what would be copied, and everything that speaks against it, before anything is written."""

from __future__ import annotations

import difflib
import sqlite3
import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from djdock.errors import Problem
from djdock.transfer import cuts, keys, match, models, repairs, scan, schema, snapshot, source, strangers, target
from djdock.transfer.crew import Crew
from djdock.transfer.job import Connect, Job, Progress
from djdock.transfer.ledger import Ledger
from djdock.transfer.match import MIGRATIONS, Match
from djdock.transfer.models import Models
from djdock.transfer.scan import Scan

# How often the server is asked about what was repaired.
MOST_ROUNDS = 20


@dataclass(frozen=True)
class Preflight:
    """What the pre-flight has seen.

    Attributes:
        open: how many findings are left that nothing was done about.
        changes: how many values were repaired, or rows left out.
        rewritten: tables with values in another form than Django's own, such as UUIDs with hyphens.
        outlook: triggers that will be off while rows come in, keys that are checked anew, and the like.
        seconds: how long it took.
    """

    match: Match
    scans: Sequence[Scan]
    ledger: Ledger
    open: int
    changes: int
    rewritten: tuple[str, ...]
    outlook: schema.Outlook
    seconds: float

    @property
    def rows(self) -> int:
        """Rows in all tables."""
        return sum(one.rows for one in self.scans)


def run(crew: Crew, job: Job, tables: dict[str, target.Table], connect: Connect, progress: Progress) -> Preflight:
    """Looks at every value; with `on_error` "null" or "fix", repairs what is at fault in the snapshot.

    Args:
        connect: gives a connection to the target, which is only asked what types of its own take.

    Raises:
        Problem: a table or a column is missing on one side, or cannot be copied; or the file is damaged.
    """
    with snapshot.whole(job.snapshot):
        return _run(crew, job, tables, connect, progress)


def _run(crew: Crew, job: Job, tables: dict[str, target.Table], connect: Connect, progress: Progress) -> Preflight:
    began = time.monotonic()
    found = _match(job, tables)
    with closing(snapshot.open_for_reading(job.snapshot)) as connection:
        counts = [_count(connection, route.source.quoted) for route in found.routes]
    outlook = _outlook(found, connect)
    progress.phase("check", sum(counts))
    look = _Look(crew, job, found, connect, Ledger(job.folder))
    everything = range(len(found.routes))
    scans = scan.scan(crew, job.snapshot, found.routes, look.ledger, progress.advance)
    _compare(job, found, scans, counts)
    rewritten = repairs.rewrite(job.snapshot, found, look.ledger)
    scans = look.again(scans, rewritten)
    scans = look.ask_server(scans, everything)
    keys.check(crew, job.snapshot, found, [one.rows for one in scans], look.ledger)
    changes = 0
    if job.wish.on_error != "report":
        scans, changes = look.repair(scans)
    left = sum(number for *_what, number in look.ledger.counts(open_only=True))
    names = tuple(found.routes[number].target.name for number in sorted(rewritten))
    return Preflight(found, scans, look.ledger, left, changes, names, outlook, time.monotonic() - began)


def _compare(job: Job, found: Match, scans: Sequence[Scan], counts: Sequence[int]) -> None:
    """Makes sure that all rows were seen: an index, by which SQLite counts, may say otherwise than the table."""
    for route, one, count in zip(found.routes, scans, counts, strict=True):
        if one.rows != count:
            raise snapshot.damaged(job.snapshot, f"{route.source.name} has {count} rows, {one.rows} of them readable")


def _outlook(found: Match, connect: Connect) -> schema.Outlook:
    """What the tables themselves say to being filled.

    Raises:
        Problem: one of them forbids it.
    """
    with cuts.told(), connect() as connection:
        outlook = schema.truncatable(connection, [(one.target.schema, one.target.name) for one in found.routes])
    if outlook.problems:
        first, *others = outlook.problems
        raise Problem(
            first.cause,
            hint=first.hint,
            details="\n".join(filter(None, [first.details, *(one.cause for one in others)])),
        )
    return outlook


def _match(job: Job, tables: dict[str, target.Table]) -> Match:
    try:
        chosen = list(models.chosen(job.models, job.wish.only, job.wish.exclude))
    except KeyError as error:
        raise Problem(
            f"There is no app or model {error.args[0]}.{_meant(job.models, str(error.args[0]))}",
            hint="Write them as app, or as app.Model, such as: --only shop.Order",
        ) from error
    _refuse_geometry(replace(job.models, models=tuple(chosen)))
    if not job.wish.only:
        chosen.append(MIGRATIONS)
    with closing(snapshot.open_for_reading(job.snapshot, text=bytes.decode)) as connection:
        return match.match(source.read(connection), tables, job.models, chosen, unmanaged=job.wish.unmanaged)


def _meant(known: Models, name: str) -> str:
    """The app or model that is called much like a name, as a question."""
    names = {each.lower(): each for model in known.models if not model.made_by for each in (model.app, model.label)}
    close = difflib.get_close_matches(name.lower(), names, 1)
    return f" Did you mean {names[close[0]]}?" if close else ""


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


@dataclass(frozen=True)
class _Look:
    """Looks again at what was changed."""

    crew: Crew
    job: Job
    match: Match
    connect: Connect
    ledger: Ledger

    def again(self, scans: Sequence[Scan], touched: Iterable[int]) -> list[Scan]:
        """The scans, with those of tables that were touched since taken anew."""
        numbers = sorted(touched)
        if not numbers:
            return list(scans)
        routes = [self.match.routes[number] for number in numbers]
        with closing(Ledger(self.job.folder, "again.sqlite3")) as unused:
            fresh = scan.scan(self.crew, self.job.snapshot, routes, unused, lambda _rows, _bytes: None)
        anew = dict(zip(numbers, fresh, strict=True))
        return [anew.get(number, one) for number, one in enumerate(scans)]

    def ask_server(self, scans: Sequence[Scan], numbers: Iterable[int]) -> list[Scan]:
        """The scans, with those of some tables completed by what only the server knows."""
        work = [(number, self.match.routes[number], scans[number]) for number in sorted(numbers)]
        fresh = strangers.check(self.connect, self.job.snapshot, work, self.ledger)
        anew = {number: one for (number, *_rest), one in zip(work, fresh, strict=True)}
        return [anew.get(number, one) for number, one in enumerate(scans)]

    def repair(self, scans: Sequence[Scan]) -> tuple[list[Scan], int]:
        """Repairs until nothing is left that can be; returns the scans of what is then, and how much was changed."""
        changes, scans = 0, list(scans)
        for _round in range(MOST_ROUNDS):
            touched, more = self._repair([one.rows for one in scans])
            changes += more
            if not touched:
                break
            # Whether the server takes what was repaired, only the server knows: it is asked again.
            scans = self.ask_server(self.again(scans, touched), touched)
        return scans, changes

    def _repair(self, counts: list[int]) -> tuple[frozenset[int], int]:
        """Repairs, and again what hung on rows that were left out, until nothing is touched any more."""
        touched: frozenset[int] = frozenset()
        changes = 0
        while True:
            result = repairs.repair(self.job.folder, self.job.snapshot, self.match, self.ledger, self.job.wish.on_error)
            changes += result.changes
            if not result.touched:
                return touched, changes
            touched |= result.touched
            with closing(snapshot.open_for_reading(self.job.snapshot)) as connection:
                for number in result.touched:
                    counts[number] = _count(connection, self.match.routes[number].source.quoted)
            self.ledger.forget_open(repairs.OF_ROWS)
            keys.check(self.crew, self.job.snapshot, self.match, counts, self.ledger)
