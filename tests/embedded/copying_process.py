"""A process that copies a SQLite file into a database, and can be killed: python -m tests.embedded.copying_process.

The file is read by processes of its own, small as it is.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import psycopg

from djdock.errors import Problem
from djdock.transfer import crew
from tests import transfers


class Spoken:
    """Progress, one line for each phase."""

    def phase(self, name: str, total: int) -> None:
        """Says which."""
        print(name, total, flush=True)

    def advance(self, steps: int, size: int = 0) -> None:
        """Nothing."""


def most_memory() -> int:
    """The most memory that this process has had, in kilobytes; getrusage() counts the process that started it, too."""
    status = Path("/proc/self/status")
    found = re.search(r"VmHWM:\s+(\d+)", status.read_text()) if status.exists() else None
    return int(found[1]) if found else 0


def main(source: Path, url: str, *tables: str) -> int:
    """Copies; says which phase it is in, and in the end how much memory it took beyond its imports, in kilobytes."""
    before = most_memory()
    crew.SMALL = 0
    try:
        transfer = transfers.prepare(source, lambda: psycopg.connect(url), transfers.models(tables), progress=Spoken())
        if transfer.flight.open:
            print(transfer.faults)
            return 2
        transfer.copy()
    except Problem as problem:
        print(f"Problem: {problem.cause}")
        return 1
    print("done", most_memory() - before, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
