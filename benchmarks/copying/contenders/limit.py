"""The limit: `\\copy` of ready binary files with FREEZE, with all keys and indexes made anew afterwards."""

from __future__ import annotations

from benchmarks.copying import script
from benchmarks.copying.case import Attempt, Case

NAME = "limit"
TITLE = "the limit: `psql \\copy` of ready binary files, FREEZE, keys and indexes rebuilt"
ONCE = False
MEMORY = "256MB"  # for building indexes


def copy(case: Case) -> Attempt:
    """Drops foreign keys, indexes and the other keys, truncates, copies, and puts it all back, in one transaction."""
    schema = case.schema
    lines = [
        f"SET LOCAL maintenance_work_mem = '{MEMORY}';",
        *script.drops(schema),
        script.truncate(schema),
        *script.copies(schema, case.ready, "binary", ", FREEZE"),
        *script.rebuilds(schema),
        *script.sequences(schema),
    ]
    return script.run(case, lines)
