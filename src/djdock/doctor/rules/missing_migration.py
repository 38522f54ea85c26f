"""A migration that another one needs and that is not there.

https://docs.djangoproject.com/en/stable/topics/migrations/#version-control says how it is meant to be.
"""

from __future__ import annotations

import re

from djdock.doctor.case import Case, Finding

NAME = "missing-migration"
TITLE = "A migration that is not in the repository"
SEEN = (
    "NodeNotFoundError: Migration blog.0003_tags dependencies reference nonexistent parent node ('blog', '0002_post')"
)
CAUSE = "A migration builds on another one that was never committed; or on one of a package, in another version of it."
FIX = "Ask the project's people for the file; where a package owns it, install the version that has it."
DOES = "Nothing: a migration that is made up would not be the one that the data have gone through."

CHILD = re.compile(r"Migration (\w+)\.(\w+)")
PARENT = re.compile(r"\(['\"](\w+)['\"], ['\"](\w+)['\"]\)")


def find(case: Case) -> tuple[Finding, ...]:
    fault = case.symptom.first("django.db.migrations.exceptions.NodeNotFoundError") if case.symptom else None
    if fault is None:
        return ()
    child, parent = CHILD.search(fault.text), PARENT.search(fault.text)
    needed = f"{parent[1]}.{parent[2]}" if parent else "another one"
    where = ""
    if child:
        ending = f"{child[1]}/migrations/{child[2]}.py"
        where = next((path for path in case.paths if f"/{path}".endswith(f"/{ending}")), "")
    own = parent is not None and any(f"/{path}".endswith(f"/{parent[1]}/migrations/__init__.py") for path in case.paths)
    what = (
        f"A migration builds on {needed}, which is not in the repository"
        if own
        else f"A migration builds on {needed}, which is not installed"
    )
    fix = (
        f"Ask the project's people for the migration {needed}."
        if own
        else f"Name the version of the package that has the migration {needed} in the dependencies."
    )
    return (Finding(NAME, what, where, fix),)
