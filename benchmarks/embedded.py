"""From nothing to the first page without Docker."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from benchmarks.by_hand import ByHand
from benchmarks.measure import Sample, seconds, take_turns
from benchmarks.place import NEW, TIMEOUT, our_project, run, time_of, wait_for_page, workplace
from benchmarks.table import Goal, Line, Table, in_seconds
from tests import tools
from tests.tools import DJDOCK, Project

TITLE = "Without Docker"
NEEDS_DOCKER = False
MOST_COLD_RUNS = 3
LONGEST_START, LONGEST_SECOND_UP = 4.0, 1.0  # seconds


def measure(runs: int) -> Sequence[Table]:
    with workplace() as folder:
        return [_first_page(folder, runs), _second_up(folder, runs)]


def _first_page(folder: Path, runs: int) -> Table:
    numbers = count()
    parts: dict[str, list[float]] = {"new": [], "up": []}

    def ours() -> float:
        with _made(folder / f"ours-{next(numbers)}", {}) as (new, up):
            parts["new"].append(new)
            parts["up"].append(up)
            return new + up

    def by_hand() -> float:
        hand = ByHand(folder / f"hand-{next(numbers)}")
        try:
            return seconds(hand.make_and_start)
        finally:
            hand.remove()

    warm = take_turns({"hand": by_hand, "ours": ours}, runs, warm_up=1)
    cold = take_turns({"ours": lambda: _cold(folder)}, min(runs, MOST_COLD_RUNS))
    lines = [
        Line("by hand: venv, pip, startproject, initdb, migrate, runserver", warm["hand"], warm["hand"]),
        Line("`djdock new` and `djdock up`", warm["ours"], warm["hand"]),
        Line("of these, `djdock new`", Sample(tuple(parts["new"][1:])), warm["hand"]),
        Line("of these, `djdock up`", Sample(tuple(parts["up"][1:])), warm["hand"]),
        Line("`djdock new` and `djdock up`, all caches empty", cold["ours"], warm["hand"]),
    ]
    took = warm["ours"].median
    goal = Goal(
        f"with a warm cache the first page is there within {in_seconds(LONGEST_START)}; it takes {in_seconds(took)}",
        took < LONGEST_START,
    )
    return Table("From nothing to the first page", in_seconds, lines, (goal,))


def _cold(folder: Path) -> float:
    """With nothing fetched before: neither packages nor PostgreSQL."""
    caches = {name: folder / name for name in ("UV_CACHE_DIR", "DJDOCK_CACHE_DIR")}
    for cache in caches.values():
        shutil.rmtree(cache, ignore_errors=True)
        cache.mkdir(mode=0o755)
    with _made(folder / "cold", {name: str(cache) for name, cache in caches.items()}) as (new, up):
        return new + up


@contextmanager
def _made(folder: Path, env: Mapping[str, str]) -> Iterator[tuple[float, float]]:
    """How long `new` took, and `up` with the first page."""
    folder.mkdir()
    project = Project(folder / "blog")
    port = tools.free_port()

    def up() -> None:
        run([DJDOCK, "up", "--engine", "embedded", "--port", str(port)], project.root, env)
        wait_for_page(port)

    try:
        yield time_of(NEW, folder, env), seconds(up)
    finally:
        tools.remove(project)
        folder.rmdir()


def _second_up(folder: Path, runs: int) -> Table:
    with our_project(folder / "second") as project:
        begin = Sample((seconds(lambda: project.up("embedded", timeout=TIMEOUT)),))
        # Once more, so that it has seen that nothing is left to do.
        again = take_turns({"ours": lambda: time_of([DJDOCK, "up"], project.root)}, runs, warm_up=1)["ours"]
    lines = [Line("`djdock up`, the first", begin, begin), Line("`djdock up` again", again, begin)]
    goal = Goal(
        f"a second `up` takes under {in_seconds(LONGEST_SECOND_UP)}; it takes {in_seconds(again.median)}",
        again.median < LONGEST_SECOND_UP,
    )
    return Table("`up` once more, with nothing left to do", in_seconds, lines, (goal,))
