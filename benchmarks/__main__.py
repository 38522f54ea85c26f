"""Prints the tables: python -m benchmarks [PART …] [--runs N] [--write]; or: corpus LIST FOLDER, copy, serving."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Protocol

from benchmarks import corpus, docker, embedded, image, machine, memory, rebuild, results, start
from benchmarks.copying import command as copying
from benchmarks.serving import command as serving
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


def main() -> int:
    if sys.argv[1:2] == ["corpus"]:  # it takes a list, and other options
        return corpus.main(sys.argv[2:])
    if sys.argv[1:2] == ["copy"]:  # likewise
        return copying.main(sys.argv[2:])
    if sys.argv[1:2] == ["serving"]:  # likewise
        return serving.main(sys.argv[2:])
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
        where = machine.describe()
        tables = "\n\n".join(map(str, part.measure(arguments.runs)))
        text = results.section(part.TITLE, f"--runs {arguments.runs}", where, tables)
        print(f"{text}\n", flush=True)
        if arguments.write:
            results.write(name, text)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measures djdock against doing without.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; else all")
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="turns of each contender (default: 5)")
    parser.add_argument(
        "--write", action="store_true", help=f"put the results into {results.FILE.parent.name}/{results.FILE.name}"
    )
    found = parser.parse_args()
    if unknown := [name for name in found.parts if name not in PARTS]:
        parser.error(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    return found


sys.exit(main())
