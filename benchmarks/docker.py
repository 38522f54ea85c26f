"""From nothing to the first page with Docker: djdock, plain Compose on the same files, and the tutorial's files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from benchmarks import tutorial
from benchmarks.build import Image, forgotten, new_mark
from benchmarks.measure import Contender, Sample, seconds, take_turns
from benchmarks.place import NEW, TIMEOUT, our_project, run, wait_for_page, workplace
from benchmarks.table import Goal, Line, Table, in_seconds
from tests import tools
from tests.tools import DJDOCK, Project

TITLE = "With Docker"
NEEDS_DOCKER = True
MOST_COLD_RUNS = 3
# What of two figures that mean the same may come from the machine alone.
NOISE = 0.05
OURS, PLAIN, TUTORIAL = "`djdock up`", "`docker compose up` on the same files", "the tutorial's files, by script"


def measure(runs: int) -> Sequence[Table]:
    with workplace() as folder:
        tables = [_from_nothing(folder, runs)]
        with our_project(folder / "ours") as project, tutorial.project(folder / "tutorial") as other:
            start = _Starts(project, other)
            tables.extend(
                (
                    _starts("An empty volume, the image in the build cache", start.contenders(cold=False), runs),
                    _starts(
                        "An empty volume, nothing in the build cache",
                        start.contenders(cold=True),
                        min(runs, MOST_COLD_RUNS),
                    ),
                )
            )
    return tables


def _from_nothing(folder: Path, runs: int) -> Table:
    numbers = count()

    def ours() -> float:
        made = folder / f"new-{next(numbers)}"
        made.mkdir()
        project, port = Project(made / "blog"), tools.free_port()

        def new_and_up() -> None:
            run(NEW, made)
            run([DJDOCK, "up", "--engine", "docker", "--port", str(port)], project.root)
            wait_for_page(port)

        try:
            return seconds(new_and_up)
        finally:
            tools.remove(project)

    def theirs() -> float:
        made = tutorial.Tutorial(folder / f"tutorial-{next(numbers)}", tools.free_port())

        def make_and_start() -> None:
            made.make()
            made.start()

        try:
            return seconds(make_and_start)
        finally:
            made.remove()

    samples = take_turns({"theirs": theirs, "ours": ours}, runs, warm_up=1)
    lines = [
        Line("the tutorial's steps, by script", samples["theirs"], samples["theirs"]),
        Line("`djdock new` and `djdock up`", samples["ours"], samples["theirs"]),
    ]
    return Table("From nothing to the first page, caches warm", in_seconds, lines)


@dataclass(frozen=True)
class _Stack:
    """The containers of a compose file: `compose` is what a command to them begins with."""

    image: Image
    compose: Sequence[str]

    def time(self, start: Callable[[], None], *, cold: bool) -> float:
        """How long a start takes; its containers and its volume are gone afterwards."""
        if not cold:
            return self._time(start)
        mark = new_mark()
        self.image.remove()
        with forgotten(mark), self.image.marked(mark):
            return self._time(start)

    def _time(self, start: Callable[[], None]) -> float:
        try:
            return seconds(start)
        finally:
            run([*self.compose, "down", "--volumes", "--timeout", "2"], self.image.folder)


@dataclass(frozen=True)
class _Starts:
    """Starts of two projects that are made already, each on an empty volume."""

    ours: Project
    theirs: tutorial.Tutorial

    def contenders(self, *, cold: bool) -> Mapping[str, Contender]:
        """The three, in turns; `cold` gives each turn a Dockerfile that no build has seen."""
        port = int(self.ours.env()["WEB_PORT"])

        def plain() -> None:
            run(["docker", "compose", "up", "--detach", "--build"], self.ours.root)
            wait_for_page(port)

        def djdock() -> None:
            self.ours.up("docker", timeout=TIMEOUT)
            wait_for_page(port)

        ours = _Stack(Image(self.ours.root, f"{self.ours.env()['COMPOSE_PROJECT_NAME']}-web"), ["docker", "compose"])
        theirs = _Stack(Image(self.theirs.root, f"{self.theirs.name}-web"), self.theirs.argv)
        return {
            TUTORIAL: lambda: theirs.time(self.theirs.start, cold=cold),
            PLAIN: lambda: ours.time(plain, cold=cold),
            OURS: lambda: ours.time(djdock, cold=cold),
        }


def _starts(title: str, contenders: Mapping[str, Contender], runs: int) -> Table:
    samples = take_turns(contenders, runs, warm_up=1)
    lines = [Line(name, samples[name], samples[PLAIN]) for name in contenders]
    return Table(title, in_seconds, lines, (_no_slower(samples[OURS], samples[PLAIN]),))


def _no_slower(ours: Sample, plain: Sample) -> Goal:
    more = ours.above(plain)
    text = f"no slower than plain `docker compose`, within {NOISE:.0%} for noise; it takes {in_seconds(more)} more"
    return Goal(text, more < NOISE * plain.median)
