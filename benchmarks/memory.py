"""How much memory it takes: what runs in the background, and `djdock up` while it is at work."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from benchmarks import tutorial
from benchmarks.by_hand import ByHand
from benchmarks.measure import Sample, take_turns
from benchmarks.place import our_project, run, workplace
from benchmarks.table import Goal, Line, Table, in_megabytes
from djdock.compose import availability
from djdock.embedded import background, location, pid_file
from djdock.engines.engine import DATABASE, SITE
from tests.tools import DJDOCK, Project

TITLE = "Memory"
NEEDS_DOCKER = False
UNITS = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
PEAK = re.compile(r"^VmHWM:\s+(\d+) kB", re.MULTILINE)


def measure(runs: int) -> Sequence[Table]:
    with workplace() as folder:
        tables = [_embedded(folder, runs)]
        with_docker = availability.obstacle() is None
        if with_docker:
            tables.append(_docker(folder, runs))
        if sys.platform == "linux":
            tables.append(_peak(folder, runs, ["embedded", *(["docker"] if with_docker else [])]))
    return tables


def _embedded(folder: Path, runs: int) -> Table:
    hand = ByHand(folder / "hand")
    with our_project(folder / "ours", "embedded") as project:
        try:
            hand.make_and_start()
            samples = take_turns(
                {
                    "hand": lambda: _resident(hand.processes()),
                    "ours": lambda: _resident([*_database(project), *background.find(project.root, SITE)]),
                    DATABASE: lambda: _resident(_database(project)),
                    SITE: lambda: _resident(background.find(project.root, SITE)),
                },
                runs,
            )
        finally:
            hand.remove()
        left = [process for process in psutil.process_iter() if _is_djdock(process)]
    lines = [
        Line("by hand: PostgreSQL and the development server", samples["hand"], samples["hand"]),
        Line("after `djdock up`", samples["ours"], samples["hand"]),
        Line("of this, PostgreSQL", samples[DATABASE], samples["hand"]),
        Line("of this, the site (reloader and server)", samples[SITE], samples["hand"]),
    ]
    goals = (Goal("no process of djdock itself stays behind", not left),)
    return Table("What runs without Docker", in_megabytes, lines, goals)


def _database(project: Project) -> list[psutil.Process]:
    found = pid_file.find(location.data(project.root))
    return [found] if found else []


def _resident(processes: Sequence[psutil.Process]) -> float:
    """Bytes of processes and all their children; a page that several of them share counts once.

    Where the system does not say who shares what (all but Linux), shared pages count several times.
    """
    family = {member for process in processes for member in (process, *process.children(recursive=True))}
    infos = [member.memory_full_info() for member in family]
    return float(sum(getattr(info, "pss", info.rss) for info in infos))


def _is_djdock(process: psutil.Process) -> bool:
    try:
        return str(DJDOCK) in process.cmdline()
    except psutil.Error:
        return False


def _docker(folder: Path, runs: int) -> Table:
    with (
        our_project(folder / "docker", "docker") as project,
        tutorial.project(folder / "tutorial", running=True) as other,
    ):
        ours = {name: _container(project.root, ["docker", "compose"], name) for name in (DATABASE, SITE)}
        theirs = {name: _container(other.root, other.argv, name) for name in (DATABASE, SITE)}
        samples = take_turns(
            {
                "theirs": lambda: _of_containers(list(theirs.values())),
                "ours": lambda: _of_containers(list(ours.values())),
                DATABASE: lambda: _of_containers([ours[DATABASE]]),
                SITE: lambda: _of_containers([ours[SITE]]),
            },
            runs,
        )
    lines = [
        Line("the tutorial's containers", samples["theirs"], samples["theirs"]),
        Line("djdock's containers", samples["ours"], samples["theirs"]),
        Line("of this, the database", samples[DATABASE], samples["theirs"]),
        Line("of this, the site (reloader and server)", samples[SITE], samples["theirs"]),
    ]
    return Table("What runs with Docker, without Docker's own processes", in_megabytes, lines)


def _container(root: Path, compose: Sequence[str], service: str) -> str:
    return run([*compose, "ps", "--quiet", service], root).strip()


def _of_containers(identifiers: Sequence[str]) -> float:
    said = run(["docker", "stats", "--no-stream", "--format", "{{json .MemUsage}}", *identifiers], Path.cwd())
    return sum(_bytes(json.loads(line).split("/")[0].strip()) for line in said.splitlines())


def _bytes(text: str) -> float:
    """`35.26MiB` as bytes."""
    digits = text.rstrip("BKMGi")
    return float(digits) * UNITS[text[len(digits) :]]


def _peak(folder: Path, runs: int, engines: Sequence[str]) -> Table:
    check = "`manage.py check`"
    samples: dict[str, Sample] = {}
    for engine in engines:
        with our_project(folder / f"peak-{engine}", engine) as project:

            def up(project: Project = project, engine: str = engine) -> float:
                project.djdock("down").ok()
                return _highest([DJDOCK, "up", "--engine", engine], project.root)

            def manage(project: Project = project) -> float:
                return _highest([project.root / ".venv/bin/python", "manage.py", "check"], project.root)

            found = take_turns({check: manage, f"`djdock up --engine {engine}`": up}, runs)
            samples |= found
    lines = [Line(name, sample, samples[check]) for name, sample in samples.items()]
    return Table("The most that a process had at once, what it starts not counted", in_megabytes, lines)


def _highest(argv: Sequence[str | Path], folder: Path) -> float:
    """The most memory that a process had resident, in bytes. Linux keeps it up to date; we look until the end."""
    highest = 0
    with subprocess.Popen([str(part) for part in argv], cwd=folder, stdout=subprocess.DEVNULL) as process:
        status = Path(f"/proc/{process.pid}/status")
        while process.poll() is None:
            # After its end, until we have taken note of that, a process has no memory.
            if found := PEAK.search(status.read_text()):
                highest = int(found[1]) * 1024
            time.sleep(0.002)
    return float(highest)
