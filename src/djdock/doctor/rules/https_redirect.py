"""Every page redirects to https:// (https://docs.djangoproject.com/en/stable/ref/settings/#secure-ssl-redirect)."""

from __future__ import annotations

import ast

from djdock.doctor import sources
from djdock.doctor.case import Case, Finding
from djdock.doctor.repair import EditSettings, Repair, SetVariable
from djdock.plan.python_source import Assign, Import

NAME = "https-redirect"
TITLE = "The site redirects to https:// on a machine that has none"
SEEN = "The browser shows https://localhost:8000/ and cannot connect"
CAUSE = "SECURE_SSL_REDIRECT is on: right behind a proxy with a certificate, wrong on a developer's machine."
FIX = "Let it depend on DEBUG or on a variable: SECURE_SSL_REDIRECT = not DEBUG"
DOES = (
    "Sets the variable that decides it, or the one that decides DEBUG where it depends on that. A bare True becomes a "
    "variable, which stays True where nobody sets it, and is False in .env."
)

REDIRECTS = range(300, 400)
SETTING = "SECURE_SSL_REDIRECT"
READ = f'os.environ.get("{SETTING}", "True") == "True"'


def find(case: Case) -> tuple[Finding, ...]:
    symptom = case.symptom
    if symptom is None or symptom.status not in REDIRECTS or not symptom.location.startswith("https://"):
        return ()
    if not symptom.location.startswith(("https://localhost", "https://127.0.0.1", "https://[::1]")):
        return ()  # to another site altogether
    found = sources.assignments(case, SETTING)
    where = f"{found[0][0]}:{found[0][1].lineno}" if found else case.settings_file
    what = "The site redirects every page to https://, and nothing answers there on this machine"
    fix = f"{SETTING} = not DEBUG"
    repair = _repair(case)
    if isinstance(repair, EditSettings):
        decides = SetVariable(SETTING, "False", "boolean")
        return (Finding(NAME, what, where, fix, decides), Finding(NAME, what, where, fix, repair))
    return (Finding(NAME, what, where, fix, repair),)


def _repair(case: Case) -> Repair | None:
    for name in sources.deciding(case, SETTING):
        if "DEBUG" in name:
            return SetVariable(name, "True", "boolean")
        return SetVariable(name, "False", "boolean")
    for path, node in sources.assignments(case, SETTING):
        parsed = sources.tree(sources.text(case.files, path))
        for parent in ast.walk(parsed) if parsed else ():
            if isinstance(parent, ast.If) and any(inner is node for inner in ast.walk(parent)):
                names = {used.id for used in ast.walk(parent.test) if isinstance(used, ast.Name)}
                for name in sources.deciding(case, "DEBUG") if "DEBUG" in names else ():
                    return SetVariable(name, "True", "boolean")
        value = getattr(node, "value", None)
        if node.col_offset == 0 and isinstance(value, ast.Constant):
            # On wherever nobody says otherwise, as it was; .env here says otherwise.
            return EditSettings(path, (Import("import os"), Assign(SETTING, READ)))
    return None
