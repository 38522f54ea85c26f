"""A query before the tables exist.

https://docs.djangoproject.com/en/stable/ref/applications/#django.apps.AppConfig.ready says how it is meant to be.
"""

from __future__ import annotations

from djdock.doctor.case import Case, Finding
from djdock.doctor.repair import RunCommand

NAME = "queries-at-import"
TITLE = "A module queries the database while it is imported"
SEEN = 'ProgrammingError: relation "blog_category" does not exist, from `check` or `migrate` on an empty database'
CAUSE = (
    "A line outside of any function (a form's choices, a URL pattern, ready()) asks the database before "
    "any table exists."
)
FIX = "Move the query into a function that is called later: a callable for choices, a method, a lazy object."
DOES = "Applies the migrations without the checks that import the module; where even Django's start needs it, nothing."

MISSING = ("42P01", "42703")  # undefined table, undefined column


def find(case: Case) -> tuple[Finding, ...]:
    symptom = case.symptom
    fault = symptom.state(*MISSING) if symptom else None
    if symptom is None or fault is None or symptom.step not in {"check", "migrate"} or not symptom.own:
        return ()
    outer = symptom.faults[0]
    if any(fault.attribute("migration") for fault in symptom.faults):
        return ()  # while a migration is applied: that is the migration's own affair
    own = [frame for frame in outer.own if frame.file.rpartition("/")[2] != "manage.py"]
    if not own:
        return ()
    what = "The database is asked while the project is still being imported, before its tables exist"
    fix = f"Move the query in {own[-1].where} into a function that is called later."
    by_checks = any(frame.file.replace("\\", "/").find("django/core/checks/") >= 0 for frame in outer.frames)
    repair = RunCommand(("migrate", "--noinput", "--skip-checks")) if by_checks else None
    return (Finding(NAME, what, own[-1].where, fix, repair),)
