"""A variable with a value that the settings cannot use (https://django-environ.readthedocs.io/en/latest/types.html)."""

from __future__ import annotations

from djdock.doctor import sources, variables
from djdock.doctor.case import Case, Finding
from djdock.doctor.repair import Kind, SetVariable
from djdock.doctor.symptom import Fault

NAME = "invalid-variable"
TITLE = "An environment variable has a value that does not fit"
SEEN = "ValueError: invalid literal for int() with base 10: ''; ValueError: Invalid truth value"
CAUSE = "The settings turn a variable into a number, a truth value or a list, and its value is none."
FIX = "Correct the value in .env: numbers without quotes, True or False, lists with commas."
DOES = "Sets one that fits, where it can tell from the settings what they need."

ERRORS = (
    "ValueError", "SyntaxError", "TypeError", "decimal.InvalidOperation", "environs.EnvValidationError",
    "environs.exceptions.EnvValidationError", "marshmallow.exceptions.ValidationError",
    "django.core.exceptions.ImproperlyConfigured", "binascii.Error",
)  # fmt: skip
USUAL: dict[Kind, str] = {"boolean": "False", "number": "1", "json": "{}", "list": "", "hosts": "localhost,127.0.0.1"}


def find(case: Case) -> tuple[Finding, ...]:
    fault = case.symptom.first(*ERRORS) if case.symptom and case.symptom.step != "request" else None
    if fault is None:
        return ()
    frame = next((frame for frame in reversed(fault.own) if frame.file in sources.settings_files(case)), None)
    names = [
        name for name in (sources.variables_at(case, frame.file, frame.line) if frame else ()) if name in case.variables
    ]
    if frame is None or len(names) != 1:
        return ()  # none of them, or no telling which
    [name] = names
    what = f"The settings cannot use the value of the variable {name}"
    return (Finding(NAME, what, frame.where, f"Correct {name} in .env: {_expected(fault)}.", _repair(case, name)),)


def _repair(case: Case, name: str) -> SetVariable | None:
    kind = variables.kind(case, name)
    value = variables.known(case, name)
    if value is None or value == case.variables[name]:
        value = "True" if name.endswith("DEBUG") else USUAL.get(kind)
    return None if value is None or value == case.variables[name] else SetVariable(name, value, kind)


def _expected(fault: Fault) -> str:
    # Never the whole text: it quotes the value, which may be a secret.
    if "int()" in fault.text or "float" in fault.text:
        return "a number is needed"
    if "truth" in fault.text or "bool" in fault.text:
        return "True or False is needed"
    return f"{fault.type} was raised when it was read"
