"""Django before 3.1 and psycopg2 from 2.9 on (https://github.com/psycopg/psycopg2/issues/1293)."""

from __future__ import annotations

from djdock.doctor.case import Case, Finding
from djdock.doctor.repair import InstallRequirement, UsePython

NAME = "older-psycopg-needed"
TITLE = "psycopg2 is too new for this Django"
SEEN = "AssertionError: database connection isn't set to UTC"
CAUSE = "psycopg2 2.9 reports time zones in another way than Django 3.0 and older expect."
FIX = "Ask for psycopg2-binary<2.9 on Python 3.9 or older; better still, use a Django that is supported."
DOES = "Installs psycopg2-binary<2.9 in the environment, on Python 3.9, the newest that it was built for."


def find(case: Case) -> tuple[Finding, ...]:
    fault = case.symptom.first("AssertionError") if case.symptom else None
    if fault is None or not fault.passes("backends/postgresql/utils.py", "utc_tzinfo_factory"):
        return ()
    what = "This Django cannot work with psycopg2 2.9 or newer, because it expects time zones in their older form"
    fix = "Ask for psycopg2-binary<2.9 and Python 3.9 or older; or for Django 3.1 or newer."
    needed = "Django before 3.1 works with psycopg2 up to 2.8"
    found = [Finding(NAME, what, "", fix, InstallRequirement("psycopg2-binary<2.9", needed))]
    if not case.python or int(case.python.partition(".")[2] or 0) > 9:  # noqa: PLR2004 - Python 3.9
        found.insert(0, Finding(NAME, what, "", fix, UsePython("3.9")))
    return tuple(found)
