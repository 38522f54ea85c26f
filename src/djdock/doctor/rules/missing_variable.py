"""A variable that the settings need and that is not set (https://12factor.net/config)."""

from __future__ import annotations

import re

from djdock.doctor import sources, variables
from djdock.doctor.case import Case, Finding
from djdock.doctor.symptom import Fault, Symptom

NAME = "missing-variable"
TITLE = "An environment variable is not set"
SEEN = (
    "KeyError: 'SECRET_KEY'; ImproperlyConfigured: Set the DEBUG environment variable; The SECRET_KEY "
    "setting must not be empty."
)
CAUSE = (
    "The settings read a variable that has no default, and nothing sets it: the person's own .env is not "
    "in the repository."
)
FIX = "Set it in .env. What it is for says the file that reads it, or an example file such as .env.example."
DOES = "Writes it to .env: a random value for a secret, the example's value, or one that is usual in development."

WORD = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*\b")
QUOTED = re.compile(r"[\"'](\w+)[\"']")
PYDANTIC = re.compile(r"^(\w+)\n\s+(?:Field|field) required", re.MULTILINE)
EMPTY_SETTING = re.compile(r"^The (\w+) setting must not be empty")


def find(case: Case) -> tuple[Finding, ...]:
    symptom = case.symptom
    if symptom is None:
        return ()
    names = [name for fault in symptom.faults for name in _named(case, symptom, fault)]
    missing = [name for name in dict.fromkeys(names) if not case.variables.get(name)]
    if missing and symptom.step != "request":
        # The settings stop at the first one that is missing; the person, and the next run, need to know of all.
        missing += [reading.name for reading in case.reads if reading.required and reading.name not in case.variables]
    return tuple(_finding(case, symptom, name) for name in dict.fromkeys(missing))


def _finding(case: Case, symptom: Symptom, name: str) -> Finding:
    where = next((reading.source for reading in case.reads if reading.name == name), "") or symptom.where
    repair = variables.assignment(case, name)
    return Finding(NAME, f"The environment variable {name} is not set", where, f"Set {name} in .env.", repair)


def _named(case: Case, symptom: Symptom, fault: Fault) -> list[str]:
    """The variables that one exception says are missing."""
    own = fault.own
    if fault.is_a("KeyError") and fault.args:
        return [fault.args[0]] if _is_of_environment(case, fault) else []
    if found := _by_reader(fault):
        return found
    if fault.is_a("django.core.exceptions.ImproperlyConfigured") and (match := EMPTY_SETTING.match(fault.text)):
        return list(sources.deciding(case, match[1]))
    if own and fault.is_a("TypeError", "AttributeError") and "NoneType" in fault.text:
        in_settings = own[-1].file in sources.settings_files(case)
        return list(sources.variables_at(case, own[-1].file, own[-1].line)) if in_settings else []
    raised_here = own and own[-1] == fault.frames[-1] and symptom.step != "request"
    return _in_text(case, fault) if raised_here else []


def _is_of_environment(case: Case, fault: Fault) -> bool:
    """Whether a KeyError comes from the variables of the process, or from what a library made of them."""
    if fault.frames and fault.frames[-1].file.endswith(("os.py", "<frozen os>")):
        return True
    if fault.passes("environ/environ.py") or fault.passes("environ.py", "get_value"):
        return True
    own = fault.own
    return bool(own) and fault.args[0] in sources.variables_at(case, own[-1].file, own[-1].line)


def _by_reader(fault: Fault) -> list[str]:
    """The variables that python-decouple, environs or pydantic say are missing."""
    if fault.is_a("decouple.UndefinedValueError"):
        return fault.text.split()[:1]
    if fault.is_a("environs.EnvError", "environs.exceptions.EnvError") and "nvalid" not in fault.type:
        return QUOTED.findall(fault.text)[:1]
    if fault.type.startswith("pydantic") and fault.type.endswith("ValidationError"):
        return [name.upper() for name in PYDANTIC.findall(fault.text)]
    return []


def _in_text(case: Case, fault: Fault) -> list[str]:
    """The variables that an exception of the project's own names: the settings read them, or name them as a text."""
    read = {reading.name for reading in case.reads}
    texts = [sources.text(case.files, frame.file) for frame in fault.own]
    return [
        word
        for word in dict.fromkeys(WORD.findall(fault.text))
        if word in read or (len(word) > 3 and any(re.search(rf"[\"']{word}[\"']", text) for text in texts))  # noqa: PLR2004
    ]
