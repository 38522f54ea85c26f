"""`djdock db copy`, with everything that it does besides copying: its pre-flight and its proof."""

from __future__ import annotations

import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.copying import meter
from benchmarks.copying.case import Attempt, Case, last_line
from benchmarks.copying.meter import Command, Watch
from djdock.transfer.crew import Crew
from djdock.transfer.stream import lines
from tests.tools import DJDOCK

NAME = "djdock"
TITLE = "`djdock db copy`"
ONCE = False
COPIES = ".djdock/copies"
REPORT = "*/report.json"
PROBLEM = "Problem: "


def copy(case: Case) -> Attempt:
    """Runs the command in the project's folder, and reads the times of its steps from its report."""
    root = case.project.root
    shutil.rmtree(root / COPIES, ignore_errors=True)
    argv = (DJDOCK, "db", "copy", case.dataset.file, "--to", case.target.url, "--yes")
    ended = meter.run(case.server, Command(argv, root))
    if ended.code:
        return Attempt(ended.cost, failure=_failure(ended.output))
    reports = list((root / COPIES).glob(REPORT))
    return (
        Attempt(ended.cost, parts=_parts(reports[0])) if reports else Attempt(ended.cost, failure="it left no report")
    )


def idle_readers(file: Path) -> int:
    """Bytes that the processes have resident which read a file, all together, before they have read anything."""
    with Crew(file) as some:
        with ThreadPoolExecutor(some.size) as pool:  # each has to have answered once: it has imported all, then
            list(pool.map(lambda _number: list(some.call(lines, file, ())), range(some.size)))
        watch = Watch(os.getpid())
        watch.look()
        return watch.own - watch.highest[os.getpid()]


def _parts(report: Path) -> dict[str, float]:
    told: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    return {name: float(seconds) for name, seconds in told["seconds"].items()}


def _failure(output: str) -> str:
    """The cause that a Problem names, else the last line that says anything."""
    named = (line.strip() for line in output.splitlines() if PROBLEM in line)
    return next(named, "") or last_line(output)
