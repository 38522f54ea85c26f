"""Source for Python 2 (https://docs.python.org/3/howto/pyporting.html)."""

from __future__ import annotations

import re

from djdock.doctor import sources
from djdock.doctor.case import Case, Finding

NAME = "python-two"
TITLE = "Code for Python 2"
SEEN = "SyntaxError: Missing parentheses in call to 'print'"
CAUSE = "The project was written for Python 2, whose support ended in 2020; Python 3 cannot read such source."
FIX = "Convert the code to Python 3 first, for example with `2to3` of a Python up to 3.12, and use a Django of today."
DOES = "Nothing: such a conversion needs a look at what strings and divisions are meant to be."

SIGNS = re.compile(
    r"^\s*print\s+[\"'\w%]|^\s*except\s+[\w.]+\s*,\s*\w+\s*:|^\s*raise\s+\w+\s*,\s*[\"'\w]|\bur[\"']|^\s*exec\s+[\"'\w]"
    r"|[=(,\s]0[0-7]{2,}\b|\b\d+L\b|<>"
)


def find(case: Case) -> tuple[Finding, ...]:
    fault = case.symptom.first("SyntaxError") if case.symptom else None
    if fault is None:
        return ()
    path = fault.attribute("filename")
    line = int(fault.attribute("lineno") or 0)
    lines = sources.text(case.files, path).splitlines()
    # Python may name the line after the one that is wrong.
    for number in (line, line - 1):
        if 0 < number <= len(lines) and SIGNS.search(lines[number - 1]):
            what = f"{path} is source for Python 2, which Python 3 cannot read"
            return (Finding(NAME, what, f"{path}:{number}", "Convert the project to Python 3 first: 2to3 --write ."),)
    return ()
