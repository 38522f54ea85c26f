"""pgloader, as it has to be tuned for a database of Django's: rows only, small batches, and two casts of its own."""

from __future__ import annotations

import shutil

from benchmarks.copying import meter
from benchmarks.copying.case import Attempt, Case, last_line
from benchmarks.copying.meter import Command

NAME = "pgloader"
TITLE = "pgloader, rows only, tuned"
ONCE = False
# Without a small prefetch it ends with "Heap exhausted" at a million rows.
LOAD = """\
LOAD DATABASE
  FROM sqlite://{source}
  INTO {target}
  WITH data only, truncate, reset sequences, prefetch rows = 1000
  {casts};
"""
CAST = "column {table}.{column} to interval drop typemod using microseconds-to-interval"
# Django keeps durations in SQLite as microseconds; pgloader would give PostgreSQL these numbers as seconds.
FUNCTIONS = """\
(in-package :pgloader.transforms)
(defun microseconds-to-interval (value)
  (when value (format nil "~a microseconds" value)))
"""


def copy(case: Case) -> Attempt:
    """Runs pgloader; it ends with exit status 0 whatever it has lost."""
    program = shutil.which("pgloader")
    if program is None:
        raise RuntimeError("pgloader is not installed; on Debian: apt install pgloader")
    durations = [
        CAST.format(table=table, column=column)
        for table, columns in case.schema.tables.items()
        for column, kind in columns.items()
        if kind == "interval"
    ]
    casts = "CAST " + ",\n       ".join(durations)
    target = case.target.url.replace("postgres:", "pgsql:")
    load, functions = case.folder / "copy.load", case.folder / "functions.lisp"
    load.write_text(LOAD.format(source=case.dataset.file.resolve(), target=target, casts=casts), encoding="utf-8")
    functions.write_text(FUNCTIONS, encoding="utf-8")
    argv = (program, "--load-lisp-file", functions, "--root-dir", case.folder, load)
    ended = meter.run(case.server, Command(argv, case.folder))
    return Attempt(ended.cost, failure=last_line(ended.output) if ended.code else "")
