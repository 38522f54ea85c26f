"""Secrets do not belong into Git (https://12factor.net/config)."""

from __future__ import annotations

import re

from djdock.doctor import sources
from djdock.doctor.case import Case, Finding

NAME = "env-in-git"
TITLE = "A file with secrets is in Git"
SEEN = "`git ls-files .env` prints .env"
CAUSE = (
    "The file was committed before it was ignored, or is not ignored at all; its values are in the history for ever."
)
FIX = "git rm --cached .env, a line .env in .gitignore, and new values for what was in it."
DOES = "Nothing: what the project's other people need of it is not known. djdock keeps its own values elsewhere then."

SECRET = re.compile(
    r"^\s*(?:export\s+)?\w*(?:SECRET|PASSWORD|PASSWD|TOKEN|API_?KEY|PRIVATE)\w*\s*=\s*[\"']?[^\s\"'$#]{6,}",
    re.MULTILINE | re.IGNORECASE,
)
EXAMPLE = re.compile(r"example|sample|dist|template|test|default", re.IGNORECASE)


def find(case: Case) -> tuple[Finding, ...]:
    found = []
    for path in sorted(case.tracked or ()):
        name = path.rpartition("/")[2]
        if not re.fullmatch(r"\.env(?:\.[\w.-]+)?|\w+\.env", name) or EXAMPLE.search(name):
            continue
        text = sources.text(case.files, path)
        if match := SECRET.search(text):
            number = text.count("\n", 0, match.end()) + 1
            what = f"{path} holds secrets and is in Git"
            fix = f"git rm --cached {path}, add it to .gitignore, and change the secrets that were in it."
            found.append(Finding(NAME, what, f"{path}:{number}", fix))
    return tuple(found)
