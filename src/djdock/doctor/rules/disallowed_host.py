"""Host names that the site answers to (https://docs.djangoproject.com/en/stable/ref/settings/#allowed-hosts)."""

from __future__ import annotations

import ast

from djdock.doctor import sources
from djdock.doctor.case import Case, Finding
from djdock.doctor.repair import EditSettings, Repair, SetVariable
from djdock.plan.python_source import Append

NAME = "disallowed-host"
TITLE = "The site does not answer to localhost"
SEEN = (
    "400 Bad Request; DisallowedHost: Invalid HTTP_HOST header; You must set settings.ALLOWED_HOSTS if DEBUG is False."
)
CAUSE = "ALLOWED_HOSTS does not name localhost: it lists the host names of production, or is empty while DEBUG is off."
FIX = "Add localhost and 127.0.0.1 to ALLOWED_HOSTS, through its variable where it has one."
DOES = (
    "Sets the variable that ALLOWED_HOSTS reads; else the one that turns DEBUG on; else adds the two names to the list."
)

NAMES = ("localhost", "127.0.0.1")


def find(case: Case) -> tuple[Finding, ...]:
    symptom = case.symptom
    if symptom is None:
        return ()
    command = symptom.first("django.core.management.base.CommandError")
    refused = symptom.first("django.core.exceptions.DisallowedHost") or (
        command and "settings.ALLOWED_HOSTS" in command.text
    )
    if not refused:
        return ()
    found = sources.assignments(case, "ALLOWED_HOSTS")
    where = f"{found[0][0]}:{found[0][1].lineno}" if found else case.settings_file
    what = "The site does not answer to localhost: ALLOWED_HOSTS does not name it"
    return (Finding(NAME, what, where, "Add localhost and 127.0.0.1 to ALLOWED_HOSTS.", _repair(case)),)


def _repair(case: Case) -> Repair | None:
    for name in sources.deciding(case, "ALLOWED_HOSTS"):
        return SetVariable(name, _joined(case, name), "hosts")
    found = sources.assignments(case, "ALLOWED_HOSTS")
    literal = next(
        (
            (path, node)
            for path, node in found
            if isinstance(getattr(node, "value", None), ast.List) and node.col_offset == 0
        ),
        None,
    )
    if literal and literal[1].value.elts:  # type: ignore[attr-defined] # it is a list
        return EditSettings(literal[0], tuple(Append("ALLOWED_HOSTS", f'"{name}"') for name in NAMES))
    # Django lets localhost in by itself while DEBUG is on and the list is empty.
    for name in sources.deciding(case, "DEBUG"):
        if case.variables.get(name, "").lower() not in {"1", "true", "yes", "on"}:
            return SetVariable(name, "True", "boolean")
    return EditSettings(literal[0], tuple(Append("ALLOWED_HOSTS", f'"{name}"') for name in NAMES)) if literal else None


def _joined(case: Case, name: str) -> str:
    """The two names as the settings take them apart: with commas, blanks, or as JSON."""
    reading = next((reading for reading in case.reads if reading.name == name), None)
    path, line = sources.place(reading.source) if reading else ("", 0)
    node = sources.statement(case.files, path, line)
    for call in ast.walk(node) if node else ():
        match call:
            case ast.Call(func=ast.Attribute(attr="split"), args=[ast.Constant(value=str(separator))]):
                return separator.join(NAMES)
            case ast.Call(func=ast.Attribute(attr="split"), args=[]):
                return " ".join(NAMES)
            case ast.Call(func=ast.Attribute(attr="loads" | "json")):
                return '["localhost", "127.0.0.1"]'
    if node is not None and any(
        isinstance(part, ast.List) and any(_reads(e) for e in part.elts) for part in ast.walk(node)
    ):
        return NAMES[0]
    return ",".join(NAMES)


def _reads(node: ast.expr) -> bool:
    """Whether an element of a list is a reading: [os.environ["HOST"]] holds one name, and not several."""
    return isinstance(node, ast.Call | ast.Subscript)
