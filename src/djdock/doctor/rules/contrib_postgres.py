"""Django's own app for PostgreSQL: https://docs.djangoproject.com/en/stable/ref/contrib/postgres/"""

from __future__ import annotations

import ast

from djdock.doctor import sources
from djdock.doctor.case import Case, Finding
from djdock.doctor.repair import EditSettings
from djdock.plan.python_source import Append, Edit, Insert

NAME = "contrib-postgres"
TITLE = "django.contrib.postgres is not in INSTALLED_APPS"
SEEN = "(postgres.E005) 'django.contrib.postgres' must be in INSTALLED_APPS; (wagtail.E005) the same, from Wagtail"
CAUSE = "Wagtail's search and some fields need Django's app for PostgreSQL; with SQLite nobody noticed."
FIX = "Add 'django.contrib.postgres' to INSTALLED_APPS."
DOES = "Adds it to the list, and leaves every other byte as it is."

CHECKS = {"postgres.E005", "wagtail.E005", "wagtailsearch.E005", "modelsearch.E005"}
APP = "django.contrib.postgres"


def find(case: Case) -> tuple[Finding, ...]:
    symptom = case.symptom
    if symptom is None or not CHECKS & set(symptom.messages):
        return ()
    place = _place(case, "INSTALLED_APPS", depth=3)
    what, fix = f"{APP} is not in INSTALLED_APPS", f'Add "{APP}" to INSTALLED_APPS.'
    if place is None:
        return (Finding(NAME, what, case.settings_file, fix),)
    path, line, edit = place
    return (Finding(NAME, what, f"{path}:{line}", fix, EditSettings(path, (edit,))),)


def _place(case: Case, name: str, *, depth: int) -> tuple[str, int, Edit] | None:
    """Where the app can be added: a list at module level, or the names that INSTALLED_APPS is put together from."""
    found = [
        (path, node)
        for path, node in sources.assignments(case, name)
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.col_offset == 0
    ]
    for path, node in found:
        if isinstance(node.value, ast.List):
            return path, node.lineno, Append(name, f'"{APP}"')
    for _path, node in found:
        for used in ast.walk(node.value) if node.value is not None and depth else ():
            if isinstance(used, ast.Name) and used.id != name and (place := _place(case, used.id, depth=depth - 1)):
                return place
    for path, node in found if depth == 3 else ():  # noqa: PLR2004 - only INSTALLED_APPS itself
        return path, node.lineno, Insert(name, f'{name} = [*{name}, "{APP}"]\n')
    return None
