"""Two migrations that follow the same one.

https://docs.djangoproject.com/en/stable/topics/migrations/#version-control says how it is meant to be.
"""

from __future__ import annotations

import re

from djdock.doctor.case import Case, Finding

NAME = "conflicting-migrations"
TITLE = "Two migrations follow the same one"
SEEN = (
    "CommandError: Conflicting migrations detected; multiple leaf nodes in the migration graph: (0003_a, "
    "0003_b in blog)."
)
CAUSE = "Two branches added a migration after the same one, and were merged."
FIX = "`djdock manage makemigrations --merge` writes a migration that joins them; look at it, and commit it."
DOES = "Nothing: the order of the two may matter to your data."

APPS = re.compile(r"\bin (\w+)")


def find(case: Case) -> tuple[Finding, ...]:
    fault = case.symptom.first("django.core.management.base.CommandError") if case.symptom else None
    if fault is None or not fault.text.startswith("Conflicting migrations detected"):
        return ()
    apps = APPS.findall(fault.text.partition(":")[2])
    named = f" in {', '.join(apps)}" if apps else ""
    fix = "djdock manage makemigrations --merge   (look at what it writes, and commit it)"
    return (Finding(NAME, f"Two migrations{named} follow the same one", f"{apps[0]}/migrations" if apps else "", fix),)
