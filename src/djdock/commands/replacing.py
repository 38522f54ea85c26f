"""What to do about rows that the target of a copy holds already: refuse, or keep a dump of them first."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path

from djdock import output, state
from djdock.commands import description
from djdock.commands import destination as destinations
from djdock.commands.description import Project, Question
from djdock.commands.destination import Destination
from djdock.database import dump
from djdock.errors import Problem
from djdock.service import Progress
from djdock.transfer import occupancy
from djdock.transfer.models import Models

MOST_SHOWN = 12
AGAIN = "The same command with --into-nonempty replaces them; a dump of the database is written first."


class Occupied(Problem):
    """The target holds rows that nobody has asked to be replaced."""


def rows_there(
    project: Project, destination: Destination, models: Models, tables: Iterable[str], progress: Progress
) -> Mapping[str, int]:
    """The rows that would be replaced, by their tables, but for those that `migrate` itself has made.

    Where any table is in doubt, a scratch database is migrated to see what it would hold; where none can be made, its
    rows count as somebody's.
    """
    if models.fresh:
        return {}
    with closing(destination.connect()) as connection:
        counts = occupancy.counted(connection, tables)
        if not counts:
            return {}
        with destinations.scratch(destination) as scratch:
            if scratch is None:
                return counts
            progress("looking what migrations make by themselves")
            try:
                description.ask(project, Question(scratch.alias, scratch.inside), progress)
            except Problem:
                return counts
            with closing(scratch.connect()) as other:
                return occupancy.surplus(connection, other, counts)


def any_rows(destination: Destination, models: Models, tables: Iterable[str]) -> Mapping[str, int]:
    """The rows that would be replaced, those of `migrate` among them: a dump of these is soon made, where telling them
    apart takes as long as the project's migrations do.
    """
    if models.fresh:
        return {}
    with closing(destination.connect()) as connection:
        return occupancy.counted(connection, tables)


def refuse(counts: Mapping[str, int]) -> Occupied:
    """What to say where nobody has asked for these rows to be replaced."""
    return Occupied(
        f"The database is not empty: {_rows(counts)}. Nothing was changed.",
        details=_listed(counts),
        hint=AGAIN,
    )


def agree(counts: Mapping[str, int], *, yes: bool) -> None:
    """Asks whether rows may be replaced.

    Raises:
        Problem: no, or nobody is there to ask.
    """
    if yes:
        return
    if not output.is_asked():
        raise Problem(
            f"This would replace {_rows(counts)}, and there is no terminal to ask at. Nothing was changed.",
            details=_listed(counts),
            hint="To agree: the same command with --yes",
        )
    output.table(("table", "rows"), [(name, f"{count:,}") for name, count in counts.items()], right={1})
    if not output.confirm(f"Replace {_rows(counts)}? A dump is written first."):
        raise Problem("Nothing was changed.", hint="To only look at what a copy would do: djdock db copy --dry-run")


def keep(project: Project, destination: Destination) -> Path:
    """Writes a dump of the target, and returns where it is.

    Raises:
        Problem: it could not be written.
    """
    root = project.checkout.root
    place = state.folder(root) / "dumps" / f"{datetime.now():%Y%m%d-%H%M%S}.dump"
    if destination.engines and destination.parameters["dbname"] == project.checkout.database.name:
        command = project.engine.dump(project.checkout, dump.ARGUMENTS)
        dump.write(command.argv, command.env, place)
    else:
        with closing(destination.connect()) as connection:
            major = connection.info.server_version // 10000
        dump.write([dump.program(major), *dump.ARGUMENTS], dump.environment(destination.parameters), place)
    return place


def way_back(project: Project, destination: Destination, place: Path) -> str:
    """The command that puts a dump back."""
    name = place.relative_to(project.checkout.root).as_posix()
    if destination.engines and destination.parameters["dbname"] == project.checkout.database.name:
        return project.engine.restore_line(project.checkout, name)
    known = destination.parameters
    url = f"postgres://{known.get('user', '')}@{known.get('host', '')}:{known.get('port', '5432')}/{known['dbname']}"
    return f"pg_restore --clean --if-exists --dbname {shlex.quote(url)} {name}"


def _rows(counts: Mapping[str, int]) -> str:
    total, tables = sum(counts.values()), len(counts)
    return f"{total:,} row{'s' * (total != 1)} in {tables} table{'s' * (tables != 1)}"


def _listed(counts: Mapping[str, int]) -> str:
    largest = sorted(counts.items(), key=lambda one: -one[1])
    more = [f"… and {len(largest) - MOST_SHOWN} more tables"] if len(largest) > MOST_SHOWN else []
    return "\n".join([*(f"{name}: {count:,}" for name, count in largest[:MOST_SHOWN]), *more])
