"""How long djdock takes to do nothing of its own: its help, and what it costs on top of the program that it runs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measure import take_turns
from benchmarks.place import our_project, time_of, workplace
from benchmarks.table import Goal, Line, Table, in_seconds
from djdock.compose import availability
from tests.tools import DJDOCK

TITLE = "Start"
NEEDS_DOCKER = False
# Each is short: more turns cost little, and a median of many is steadier.
TIMES = 4
LARGEST_COST = 0.080  # seconds


def measure(runs: int) -> Sequence[Table]:
    turns = runs * TIMES
    with workplace() as folder:
        tables = [_help(folder, turns), _embedded(folder, turns)]
        if availability.obstacle() is None:
            tables.append(_docker(folder, turns))
    return tables


def _help(folder: Path, turns: int) -> Table:
    floor, ours = "python -c pass", "djdock --help"
    samples = take_turns(
        {
            floor: lambda: time_of([sys.executable, "-c", "pass"], folder),
            ours: lambda: time_of([DJDOCK, "--help"], folder),
        },
        turns,
        warm_up=1,
    )
    lines = [Line(f"`{name}`", samples[name], samples[floor]) for name in (floor, ours)]
    return Table("djdock's own start", in_seconds, lines)


def _embedded(folder: Path, turns: int) -> Table:
    with our_project(folder / "embedded", "embedded") as project:
        python = project.root / ".venv/bin/python"
        return _check("embedded", project.root, [python, "manage.py", "check"], turns)


def _docker(folder: Path, turns: int) -> Table:
    with our_project(folder / "docker", "docker") as project:
        plain = ["docker", "compose", "exec", "-T", "web", "python", "manage.py", "check"]
        return _check("docker", project.root, plain, turns)


def _check(engine: str, root: Path, plain: Sequence[str | Path], turns: int) -> Table:
    samples = take_turns(
        {
            "plain": lambda: time_of(plain, root),
            "ours": lambda: time_of([DJDOCK, "manage", "check"], root),
        },
        turns,
        warm_up=1,
    )
    named = " ".join(Path(word).name if isinstance(word, Path) else word for word in plain)
    lines = [
        Line(f"`{named}`", samples["plain"], samples["plain"]),
        Line("`djdock manage check`", samples["ours"], samples["plain"]),
    ]
    cost = samples["ours"].above(samples["plain"])
    goal = Goal(
        f"`djdock manage check` costs under {in_seconds(LARGEST_COST)} more; it costs {in_seconds(cost)}",
        cost < LARGEST_COST,
    )
    return Table(f"A management command, engine {engine}", in_seconds, lines, (goal,))
