"""Which PostgreSQL a Django supports (https://docs.djangoproject.com/en/stable/ref/databases/#postgresql-notes)."""

from __future__ import annotations

import re

from djdock.doctor.case import Case, Finding

NAME = "postgres-too-old"
TITLE = "PostgreSQL is too old for this Django"
SEEN = "django.db.utils.NotSupportedError: PostgreSQL 14 or later is required (found 13.22)."
CAUSE = "Each Django series has an oldest PostgreSQL that it works with, and refuses to connect to older ones."
FIX = "Name a newer PostgreSQL; where data of the older one are to be kept, dump them first."
DOES = "Nothing: another major version needs another volume, and your data are in the old one."

NUMBER = re.compile(r"\d+")


def find(case: Case) -> tuple[Finding, ...]:
    fault = case.symptom.first("django.db.utils.NotSupportedError") if case.symptom else None
    if fault is None or not fault.passes("django/db/backends/base/base.py", "check_database_version_supported"):
        return ()
    wanted = NUMBER.search(fault.text)
    newest = f"PostgreSQL {wanted[0]} or newer" if wanted else "a newer PostgreSQL"
    fix = "Save the data (djdock manage dumpdata), name a newer version (djdock up --postgres 18), and load them again."
    return (Finding(NAME, f"This Django needs {newest}", "", fix),)
