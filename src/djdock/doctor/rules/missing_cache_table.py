"""The cache keeps its entries in a table that is not there yet.

https://docs.djangoproject.com/en/stable/topics/cache/#creating-the-cache-table says how it is meant to be.
"""

from __future__ import annotations

from djdock.doctor import sources
from djdock.doctor.case import Case, Finding
from djdock.doctor.repair import RunCommand

NAME = "missing-cache-table"
TITLE = "The table of the cache does not exist"
SEEN = 'ProgrammingError: relation "my_cache_table" does not exist'
CAUSE = "The cache is kept in the database, and its table is made by a command of its own, not by migrations."
FIX = "`djdock manage createcachetable`"
DOES = "Runs that command."


def find(case: Case) -> tuple[Finding, ...]:
    fault = case.symptom.state("42P01") if case.symptom else None
    if case.symptom is None or fault is None:
        return ()
    if not any(fault.passes("django/core/cache/backends/db.py") for fault in case.symptom.faults):
        return ()
    where = ""
    for path in sources.settings_files(case):
        if number := sources.line_of(sources.text(case.files, path), r"DatabaseCache"):
            where = f"{path}:{number}"
            break
    repair = RunCommand(("createcachetable",))
    return (
        Finding(
            NAME, "The cache is kept in a table that does not exist", where, "djdock manage createcachetable", repair
        ),
    )
