"""Copies from SQLite to PostgreSQL, by djdock and by what people use else: which is how fast, and who is right.

python -m benchmarks copy --rows 1000000 --files FOLDER --only-files
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks.copying import dataset
from benchmarks.copying.installation import install


def main(words: Sequence[str]) -> int:
    """Makes the files; the exit code."""
    arguments = _arguments(words)
    arguments.files.mkdir(parents=True, exist_ok=True)
    project = install(arguments.files / "project")
    for total in arguments.rows:
        made = dataset.make(project, arguments.files, total)
        print(f"{made.file}: {made.rows} rows, {made.bytes / 1e6:.0f} MB; the project is {project.root}")
    return 0


def _arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks copy", description=__doc__.splitlines()[0])
    parser.add_argument("--rows", nargs="+", type=int, default=[20_000, 1_000_000], metavar="N", help="how many")
    parser.add_argument("--files", type=Path, required=True, metavar="FOLDER", help="keeps the files that are made")
    parser.add_argument("--only-files", action="store_true", help="make the files, and measure nothing")
    return parser.parse_args(words)
