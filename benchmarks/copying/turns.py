"""Contenders take turns on one file: each copies into a fresh database, and what it leaves there is looked at."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.copying import reference, schema, verification
from benchmarks.copying.case import Attempt, Case, Contender
from benchmarks.copying.dataset import Dataset
from benchmarks.copying.installation import Installation
from benchmarks.copying.meter import Cost
from benchmarks.copying.reference import Ready
from benchmarks.copying.schema import Schema
from benchmarks.copying.server import TEMPLATE, Server
from benchmarks.place import workplace
from benchmarks.table import in_seconds
from djdock.project.environment import Database

CHUNK = 2**24  # bytes
# Says what is wrong with a copy.
Check = Callable[[Database], list[str]]


@dataclass(frozen=True)
class Arena:
    """Where copies are made: `folder` is for files that are gone afterwards, `cap` seconds for the slowest."""

    project: Installation
    server: Server
    folder: Path
    cap: float


@dataclass
class Result:
    """What came of a contender's turns on one file."""

    contender: Contender
    attempts: list[Attempt] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def failure(self) -> str:
        """Why its figures are those of no whole copy; empty: they are."""
        return next((attempt.failure for attempt in self.attempts if attempt.failure), "")

    @property
    def seconds(self) -> tuple[float, ...]:
        return tuple(attempt.cost.seconds for attempt in self.attempts)

    @property
    def parts(self) -> dict[str, float]:
        """The median of each step that all its turns have come through."""
        first, *others = (attempt.parts for attempt in self.attempts)
        names = [name for name in first if all(name in parts for parts in others)]
        return {name: statistics.median(parts[name] for parts in (first, *others)) for name in names}

    def median(self, figure: Callable[[Cost], float]) -> float:
        return statistics.median(figure(attempt.cost) for attempt in self.attempts)


@dataclass(frozen=True)
class Shared:
    """A case without its target and folder: what all turns on a file share."""

    arena: Arena
    dataset: Dataset
    schema: Schema
    ready: Ready

    def case(self, target: Database, folder: Path) -> Case:
        arena = self.arena
        return Case(
            self.dataset, arena.project, arena.server, target, self.schema, self.ready, folder=folder, cap=arena.cap
        )


def take(arena: Arena, dataset: Dataset, contenders: Sequence[Contender], runs: int) -> list[Result]:
    """A B A B …, each copy held against the reference; a contender that fails once has no more turns."""
    with arena.server.fresh("reference") as right:
        found = reference.make(dataset.file, right)
        with workplace(arena.folder) as files:
            ready = reference.write_out(right, list(found.tables), files / "ready")
            expected = verification.expect(right)
            shared = Shared(arena, dataset, found, ready)
            return _turns(shared, contenders, runs, lambda target: verification.faults(target, expected))


def take_large(arena: Arena, dataset: Dataset, contender: Contender, runs: int) -> Result:
    """As `take`, for one contender that needs no ready files; only the rows are counted afterwards."""
    found = schema.read(arena.server.database(TEMPLATE))
    shared = Shared(arena, dataset, found, Ready(arena.folder))
    return _turns(shared, [contender], runs, lambda target: verification.missing_rows(target, dataset.file))[0]


def _turns(shared: Shared, contenders: Sequence[Contender], runs: int, check: Check) -> list[Result]:
    _warm(shared.dataset.file)
    results = [Result(contender) for contender in contenders]
    for turn in range(runs):
        for result in results:
            if turn and (result.contender.ONCE or result.failure):
                continue
            with shared.arena.server.fresh("target") as target, workplace(shared.arena.folder) as folder:
                attempt = result.contender.copy(shared.case(target, folder))
                faults = [] if attempt.failure else check(target)
            result.attempts.append(attempt)
            result.faults += [fault for fault in faults if fault not in result.faults]
            said = attempt.failure or "; ".join(faults) or "nothing wrong"
            took = in_seconds(attempt.cost.seconds)
            print(f"  {shared.dataset.rows} rows, {result.contender.NAME}: {took}, {said}", file=sys.stderr, flush=True)
    return results


def _warm(file: Path) -> None:
    """Reads a file once: nobody is to wait for the disk because he comes first."""
    with file.open("rb") as opened:
        while opened.read(CHUNK):
            pass
