"""`djdock db copy`: every row of a SQLite file in PostgreSQL, proven equal; or nothing is changed."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from djdock import output, state
from djdock.commands import description, destination, replacing, run, sqlite_files, summary, unmanaged
from djdock.commands import root as root_of
from djdock.commands.description import Project, Question
from djdock.commands.destination import Destination
from djdock.commands.summary import Report
from djdock.errors import Problem
from djdock.output import Bar
from djdock.project.facts import read_folder
from djdock.service import SITE
from djdock.transfer import migrations, models, repairs, snapshot, target
from djdock.transfer.crew import Crew
from djdock.transfer.job import Job, Wish
from djdock.transfer.migrations import Origin
from djdock.transfer.models import Models

if TYPE_CHECKING:
    from djdock.transfer.copying import Copied
    from djdock.transfer.preflight import Preflight

# ruff: noqa: PLC0415 - psycopg takes long to import: that is done while the project's interpreter starts

COPIES = "copies"
PHASES = {
    "snapshot": "taking a snapshot",
    "check": "looking at every value",
    "copy": "copying rows",
    "rebuild": "building keys and indexes",
    "prove": "comparing both sides",
}


@dataclass(frozen=True)
class Options:
    """What the person asked for.

    Attributes:
        database: the alias of the settings.
        to: a URL, the name of a variable that holds one, or `-`.
    """

    file: Path | None = None
    database: str = "default"
    to: str | None = None
    wish: Wish = field(default_factory=Wish)
    dry_run: bool = False
    into_nonempty: bool = False
    yes: bool = False
    as_json: bool = False


@dataclass(frozen=True)
class Copy:
    """A copy under way: from where, to where, and where what it leaves is kept."""

    project: Project
    source: Path
    destination: Destination
    folder: Path
    options: Options
    bar: Bar
    seconds: dict[str, float] = field(default_factory=dict)


def copy(options: Options) -> int:
    """Copies a SQLite file into the project's database, or into any; returns the exit code.

    Raises:
        Problem: something is in the way, or values cannot be copied as they are. Nothing was changed then.
    """
    root = root_of.find(Path.cwd())
    if not state.load(root).manage:
        raise Problem(
            "This project has not been brought to PostgreSQL yet.",
            hint="djdock up does that, and offers to copy the rows of its SQLite file.",
        )
    facts = read_folder(root)
    source = sqlite_files.find(root, facts, options.database, options.file)
    checkout, engine = run.ready(root, "db copy")
    with state.lock(root, "db copy"):
        transfer(Project(checkout, engine, facts), source, options)
    return 0


def transfer(project: Project, source: Path, options: Options) -> None:
    """Copies a SQLite file, and says what came of it; the caller holds the project's lock.

    Raises:
        Problem: as `copy`.
    """
    place = _destination(project, options)
    folder = _new_folder(project.checkout.root)
    before = sqlite_files.stamp(source)
    try:
        with output.counting() as bar:
            _transfer(Copy(project, source, place, folder, options, bar))
    finally:
        _tidy(folder)
    if sqlite_files.stamp(source) != before and not options.dry_run:
        output.warn(
            f"{source.name} was written to meanwhile: what came after the snapshot is not in PostgreSQL. Stop what "
            "uses it (a development server, a worker), then: djdock db copy --into-nonempty"
        )


def _transfer(what: Copy) -> None:
    options, root = what.options, what.project.checkout.root
    if not options.as_json:
        output.outcome("found", _relative(what.source, root), f"goes to {what.destination.address}")
    with ExitStack() as stack:
        crew = stack.enter_context(Crew(what.source))
        described, place = _look(what, stack)
        taken = what.folder / snapshot.NAME
        migrations.check(taken, described, _origin(what))
        with closing(place.connect()) as connection:
            tables = target.read(connection)
        what.bar.pause()
        quiet = options.yes or options.dry_run or options.as_json
        wish = options.wish if quiet else unmanaged.asked(options.wish, described, taken, tables)
        counts = {} if options.dry_run else _occupied(what, described, wish)
        job = Job(taken, what.folder, described, wish)
        from djdock.transfer import preflight

        flight = preflight.run(crew, job, tables, place.connect, _Told(what.bar))
        stack.callback(flight.ledger.close)
        what.bar.pause()
        report = Report(root, what.folder, _relative(what.source, root), what.destination.address, flight, what.seconds)
        if flight.open:
            raise summary.refused(report, options.wish.on_error, as_json=options.as_json)
        kept = replacing.keep(what.project, place) if counts else None
        if kept is not None and not options.as_json:
            output.outcome("create", _relative(kept, root), "a dump of what the database holds")
        if not options.dry_run:
            report = replace(report, copied=_copy(what, crew, job, flight))
        summary.show(report, as_json=options.as_json)
        if kept is not None:
            output.note(f"To put back what was there: {replacing.way_back(what.project, place, kept)}")


def _look(what: Copy, stack: ExitStack) -> tuple[Models, Destination]:
    """The models, with the snapshot taken meanwhile; and the target, which for a dry run may be a scratch database."""
    what.bar.phase(PHASES["snapshot"], 0)
    began = time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        taken = pool.submit(_take, what)
        found = _describe(what, stack)
        taken.result()
    what.seconds["snapshot"] = time.monotonic() - began
    what.bar.pause()
    return found


def _take(what: Copy) -> None:
    snapshot.take(what.source, what.folder, what.bar.reach)
    import_module("djdock.transfer.copying")


def _describe(what: Copy, stack: ExitStack) -> tuple[Models, Destination]:
    options, place = what.options, what.destination
    question = Question(
        alias=options.database,
        target=place.target,
        expected=place.expected,
        migrate=not options.dry_run,
        seen=sqlite_files.migrations(what.source),
    )
    described = description.ask(what.project, question, what.bar.tell)
    if described.migrations.plan or described.lacking:
        # Of a dry run, or held back because the file may have seen others: that is looked at before any is applied.
        migrations.judge(question.seen or (), described, _origin(what))
        question = replace(question, seen=None)
        described = described if options.dry_run else description.ask(what.project, question, what.bar.tell)
    if described.newly_applied and not options.as_json:
        what.bar.pause()
        output.outcome("migrate", f"migrations, {len(described.newly_applied)} applied")
    if not (described.migrations.plan or described.lacking):
        return described, place
    # Only a dry run leaves migrations unapplied: what they would make is looked at elsewhere.
    scratch = stack.enter_context(destination.scratch(place))
    if scratch is None:
        raise Problem(
            f"There are {len(described.migrations.plan)} migrations to apply before a copy can be tried, and no "
            "scratch database can be made here.",
            hint="Without --dry-run they are applied first; values are looked at then before any row is written, too.\n"
            "For a scratch database the role needs the right to make one: ALTER ROLE … CREATEDB",
        )
    elsewhere = replace(question, target=scratch.inside, expected=None, migrate=True)
    return description.ask(what.project, elsewhere, what.bar.tell), scratch


def _occupied(what: Copy, described: Models, wish: Wish) -> Mapping[str, int]:
    """The rows that are to be replaced, where that was asked for.

    Raises:
        Problem: it was not.
    """
    options = what.options
    with contextlib.suppress(KeyError):  # what is no app and no model is told by the pre-flight
        chosen = models.chosen(described, wish.only, wish.exclude)
        tables = [model.table for model in chosen if model.present and (model.managed or wish.unmanaged)]
        if options.into_nonempty and options.yes:
            return replacing.any_rows(what.destination, described, tables)
        counts = replacing.rows_there(what.project, what.destination, described, tables, what.bar.tell)
        what.bar.pause()
        if counts and not options.into_nonempty:
            raise replacing.refuse(counts)
        if counts:
            replacing.agree(counts, yes=options.yes)
        return counts
    return {}


def _copy(what: Copy, crew: Crew, job: Job, flight: Preflight) -> Copied:
    project, place = what.project, what.destination
    services = project.engine.services(project.checkout) if place.engines else ()
    if any(service.name == SITE and service.running for service in services):
        output.warn("The site runs on this database: its pages wait while rows are copied.")
    from djdock.transfer import copying

    copied = copying.copy(crew, job, flight, place.connect, _Told(what.bar))
    what.bar.pause()
    return copied


class _Told:
    """Shows the phases by words of our own."""

    def __init__(self, bar: Bar) -> None:
        self._bar = bar
        self.advance = bar.advance

    def phase(self, name: str, total: int) -> None:
        """A phase begins."""
        self._bar.phase(PHASES.get(name, name), total)


def _destination(project: Project, options: Options) -> Destination:
    if options.to is not None:
        found = destination.of_url(project, options.to)
    elif options.database == sqlite_files.DEFAULT:
        found = destination.of_project(project)
    else:
        found = destination.of_settings(project, options.database, lambda _line: None)
    return replace(found, alias=options.database)


def _new_folder(root: Path) -> Path:
    """A folder for what this copy leaves; what a copy that was killed has left of its snapshot goes."""
    copies = state.folder(root) / COPIES
    for left in copies.glob("*"):
        _tidy(left)
    folder = copies / f"{datetime.now():%Y%m%d-%H%M%S}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _tidy(folder: Path) -> None:
    """Removes a snapshot and what was noted beside it; what a person may want to read stays."""
    for left in folder.glob("*.sqlite3*"):
        left.unlink(missing_ok=True)
    changes = folder / repairs.CHANGES
    if changes.is_file() and not changes.stat().st_size:
        changes.unlink()
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _relative(path: Path, root: Path) -> str:
    """A path from the root on, where it is below it."""
    whole = path.resolve()
    return whole.relative_to(root.resolve()).as_posix() if whole.is_relative_to(root.resolve()) else str(whole)


def _origin(what: Copy) -> Origin:
    """What to call the file, with its path as the project's own processes see it."""
    project = what.project
    name = _relative(what.source, project.checkout.root)
    inside = name if name.startswith("/") else f"{project.engine.inside(project.checkout)}/{name}"
    return Origin(what.source.name, project.facts.settings.value, inside)
