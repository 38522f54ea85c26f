"""Prints the tables: python -m benchmarks [PART …] [--runs N] [--write]."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Protocol

from benchmarks import docker, embedded, image, machine, memory, rebuild, start
from benchmarks.table import Table
from djdock.compose import availability


class Part(Protocol):
    """What a module of this family offers."""

    TITLE: str
    NEEDS_DOCKER: bool

    def measure(self, runs: int) -> Sequence[Table]:
        """Takes its figures, in so many turns, and leaves nothing behind."""


PARTS: dict[str, Part] = {
    "start": start,
    "embedded": embedded,
    "docker": docker,
    "rebuild": rebuild,
    "image": image,
    "memory": memory,
}
RESULTS = Path(__file__).with_name("README.md")


def main() -> int:
    arguments = _arguments()
    # Set in some containers and CI systems: everything would be compiled anew at each start, on both sides.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    without_docker = availability.obstacle()
    for name in arguments.parts or PARTS:
        part = PARTS[name]
        if part.NEEDS_DOCKER and without_docker:
            print(f"{name}: left out. {without_docker.cause}", file=sys.stderr)
            continue
        print(f"{name} …", file=sys.stderr, flush=True)
        text = _section(part.TITLE, part.measure, arguments.runs)
        print(f"{text}\n", flush=True)
        if arguments.write:
            _write(name, text)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measures djdock against doing without.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; else all")
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="turns of each contender (default: 5)")
    parser.add_argument(
        "--write", action="store_true", help=f"put the results into {RESULTS.parent.name}/{RESULTS.name}"
    )
    found = parser.parse_args()
    if unknown := [name for name in found.parts if name not in PARTS]:
        parser.error(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    return found


def _section(title: str, measure: Callable[[int], Sequence[Table]], runs: int) -> str:
    where = machine.describe()
    day = datetime.now(timezone.utc).date().isoformat()
    tables = "\n\n".join(map(str, measure(runs)))
    return f"### {title}\n\n{day}, `--runs {runs}`. {where}\n\n{tables}"


def _write(name: str, text: str) -> None:
    """Replaces one part's results; the others stay as they are."""
    before = RESULTS.read_text(encoding="utf-8")
    begin, end = f"<!-- results: {name} -->", f"<!-- end: {name} -->"
    place = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    after = place.sub(lambda _match: f"{begin}\n{text}\n{end}", before)
    RESULTS.write_text(after, encoding="utf-8")


sys.exit(main())
