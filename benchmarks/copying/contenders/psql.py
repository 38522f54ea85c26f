"""`\\copy` of ready text files, with all keys and indexes in place, in one transaction."""

from __future__ import annotations

from benchmarks.copying import script
from benchmarks.copying.case import Attempt, Case

NAME = "psql"
TITLE = "`psql \\copy` of ready text files, keys and indexes in place"
ONCE = False


def copy(case: Case) -> Attempt:
    """Truncates, copies, sets the sequences."""
    schema = case.schema
    lines = [script.truncate(schema), *script.copies(schema, case.ready, "text", ""), *script.sequences(schema)]
    return script.run(case, lines)
