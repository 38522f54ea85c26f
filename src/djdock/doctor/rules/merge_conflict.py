"""Marks of an unresolved merge (https://git-scm.com/docs/git-merge#_how_conflicts_are_presented)."""

from __future__ import annotations

import re

from djdock.doctor import sources
from djdock.doctor.case import Case, Finding

NAME = "merge-conflict"
TITLE = "A merge conflict that was not resolved"
SEEN = "SyntaxError: invalid syntax, at a line with <<<<<<<, ======= or >>>>>>>"
CAUSE = "Git could not merge two versions of a file, marked both in it, and the marks were committed or left."
FIX = "Open the file, keep the lines that are right, delete the three marks, and commit."
DOES = "Nothing: which of the two versions is right only you can know."

MARKS = re.compile(r"^<{7} .*?^={7}\s*$.*?^>{7} ", re.MULTILINE | re.DOTALL)
# Where a mark does harm without an exception that names the file.
READ_BY_TOOLS = re.compile(
    r"(?:^|/)(?:manage\.py|[\w.-]*requirements?[\w.-]*\.(?:txt|in)|requirements/[\w.-]+\.txt|pyproject\.toml|Pipfile|"
    r"poetry\.lock|uv\.lock|package\.json|[\w.-]*compose[\w.-]*\.ya?ml|Dockerfile[\w.-]*|\.env[\w.-]*)$"
)


def find(case: Case) -> tuple[Finding, ...]:
    symptom = case.symptom
    if symptom is None:
        paths = [path for path in case.paths if READ_BY_TOOLS.search(path)] + list(sources.settings_files(case))
    else:
        paths = [fault.attribute("filename") for fault in symptom.faults if fault.is_a("SyntaxError")]
        if symptom.step == "install":
            paths += [path for path in case.paths if READ_BY_TOOLS.search(path)]
    found = []
    for path in dict.fromkeys(filter(None, paths)):
        source = sources.text(case.files, path)
        if match := MARKS.search(source):
            where = f"{path}:{source.count(chr(10), 0, match.start()) + 1}"
            what = f"{path} holds a merge conflict that was not resolved"
            found.append(Finding(NAME, what, where, f"Open {path}, keep the lines that are right, delete the marks."))
    return tuple(found)
