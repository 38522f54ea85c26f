"""Static files that were not collected.

https://docs.djangoproject.com/en/stable/ref/contrib/staticfiles/#manifeststaticfilesstorage says how it is meant to be.
"""

from __future__ import annotations

import re

from djdock.doctor.case import Case, Finding
from djdock.doctor.repair import RunCommand

NAME = "missing-static-files"
TITLE = "Static files were not collected"
SEEN = "ValueError: Missing staticfiles manifest entry for 'css/base.css'"
CAUSE = (
    "The storage gives each file a name with a hash, from a list that `collectstatic` writes; it was not "
    "run, or before a file was there."
)
FIX = "`djdock manage collectstatic --noinput`, and again after each new static file."
DOES = "Runs that command."

ENTRY = re.compile(r"'([^']+)'")


def find(case: Case) -> tuple[Finding, ...]:
    symptom = case.symptom
    fault = symptom.first("ValueError") if symptom else None
    if symptom is None or fault is None or not fault.passes("django/contrib/staticfiles/storage.py"):
        return ()
    entry = ENTRY.search(fault.text)
    named = entry[1] if entry else "a file"
    if fault.passes("django/contrib/staticfiles/management/commands/collectstatic.py"):
        what = f"A static file refers to {named}, which does not exist"
        fix = f"Add {named}, or take the reference out; a front end that makes it must be built first."
        return (Finding(NAME, what, "", fix),)
    where = symptom.where or next((path for path in case.paths if path.endswith(f"/{named}")), "")
    repair = RunCommand(("collectstatic", "--noinput"))
    return (
        Finding(
            NAME, f"The static file {named} was not collected", where, "djdock manage collectstatic --noinput", repair
        ),
    )
