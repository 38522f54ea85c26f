"""`dumpdata` and `loaddata`: Django's own way, and what most guides advise."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from benchmarks.copying import installation, meter
from benchmarks.copying.case import Attempt, Case, last_line
from benchmarks.copying.meter import Command
from benchmarks.place import time_of

NAME = "fixtures"
TITLE = "`dumpdata` and `loaddata`"
ONCE = True
# What migrate has filled in already clashes otherwise. Primary keys stay: without them users would be renumbered.
DUMP = ("dumpdata", "--natural-foreign", "--exclude", "contenttypes", "--exclude", "auth.permission")
# At this verbosity loaddata tells how far it is.
LOAD = ("loaddata", "--verbosity", "3")
PROGRESS = re.compile(r"Processed (\d+) object")
OBJECT = b'{"model": '
CHUNK = 2**24  # bytes


def copy(case: Case) -> Attempt:
    """Writes a fixture and loads it; where that takes longer than the cap, it is ended."""
    fixture, root = case.folder / "rows.json", case.project.root
    manage = (case.project.python, "manage.py")
    source = {"DATABASE_URL": installation.sqlite_url(case.dataset.file)}
    start = time_of((*manage, "check"), root, source)
    dumped = meter.run(case.server, Command((*manage, *DUMP, "--output", fixture), root, source))
    if dumped.code:
        return Attempt(dumped.cost, failure=last_line(dumped.output))
    target = {"DATABASE_URL": case.target.url}
    loaded = meter.run(case.server, Command((*manage, *LOAD, fixture), root, target, limit=case.cap))
    attempt = Attempt(
        dumped.cost.and_then(loaded.cost),
        parts={"start": start, "dumpdata": dumped.cost.seconds, "loaddata": loaded.cost.seconds},
        objects=count(fixture),
    )
    if loaded.code is None:
        done = ([0, *map(int, PROGRESS.findall(loaded.output))])[-1]
        return replace(
            attempt, failure=f"ended after {case.cap / 60:.0f} minutes with {done} of {attempt.objects} objects"
        )
    return replace(attempt, failure=last_line(loaded.output)) if loaded.code else attempt


def estimate(smaller: Attempt, larger: Attempt) -> float:
    """Seconds that an attempt which was ended would have taken, if its objects take as long as those of another."""
    an_object = (smaller.parts["loaddata"] - smaller.parts["start"]) / smaller.objects
    return larger.parts["dumpdata"] + larger.parts["start"] + larger.objects * an_object


def count(fixture: Path) -> int:
    """How many objects a fixture holds: in its texts every quotation mark has a backslash before it."""
    found, rest = 0, b""
    with fixture.open("rb") as file:
        while more := file.read(CHUNK):
            part = rest + more
            found += part.count(OBJECT)
            rest = part[1 - len(OBJECT) :]
    return found
