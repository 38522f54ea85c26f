"""Models that have changed without a migration.

https://docs.djangoproject.com/en/stable/ref/django-admin/#django-admin-makemigrations says how it is meant to be.
"""

from __future__ import annotations

import re

from djdock.doctor.case import Case, Finding

NAME = "uncommitted-migrations"
TITLE = "Models without their migration"
SEEN = 'relation "blog_post" does not exist, or column … does not exist, after all migrations were applied'
CAUSE = (
    "A model was changed and `makemigrations` was not run, or what it wrote was not committed (a "
    ".gitignore with `migrations/`)."
)
FIX = "`djdock manage makemigrations`, look at what it writes, `djdock manage migrate`, and commit it."
DOES = "Nothing: what it would write becomes a part of the project's history."

TABLE = re.compile(r"[\"«„](\w+)[\"»“]")


def find(case: Case) -> tuple[Finding, ...]:
    symptom = case.symptom
    if symptom is None:
        return ()
    apps = symptom.unmade
    if not apps and (fault := symptom.state("42P01")) and (table := TABLE.search(fault.text)):
        # Only an app of the project, and only one that has models and not a single migration.
        owners = [app for app in _without_migrations(case) if table[1].startswith(f"{app}_")]
        apps = tuple(owners[:1])
    if not apps:
        return ()
    listed = " ".join(apps)
    where = next(
        (
            path
            for path in case.paths
            if f"/{path}".endswith((f"/{apps[0]}/models.py", f"/{apps[0]}/models/__init__.py"))
        ),
        "",
    )
    what = f"The models of {', '.join(apps)} have no migration for what they are now"
    fix = f"djdock manage makemigrations {listed}, look at what it wrote, then djdock manage migrate, and commit it."
    return (Finding(NAME, what, where, fix),)


def _without_migrations(case: Case) -> list[str]:
    paths = set(case.paths)
    folders = {path.rpartition("/")[0] for path in paths if path.endswith("/models.py")}
    return [
        folder.rpartition("/")[2]
        for folder in sorted(folders)
        if not any(path.startswith(f"{folder}/migrations/0") for path in paths)
    ]
