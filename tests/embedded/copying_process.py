"""A process that copies a SQLite file into a database, and can be killed: python -m tests.embedded.copying_process."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

import psycopg

from djdock.errors import Problem
from tests import transfers


class Spoken:
    """Progress, one line for each phase."""

    def phase(self, name: str, total: int) -> None:
        """Says which."""
        print(name, total, flush=True)

    def advance(self, steps: int, size: int = 0) -> None:
        """Nothing."""


def main(source: Path, url: str, *tables: str) -> int:
    """Copies; says which phase it is in, and in the end how much memory it took beyond its imports, in kilobytes."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        transfer = transfers.prepare(source, lambda: psycopg.connect(url), transfers.models(tables), progress=Spoken())
        if transfer.flight.open:
            print(transfer.faults)
            return 2
        transfer.copy()
    except Problem as problem:
        print(f"Problem: {problem.cause}")
        return 1
    print("done", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
