"""Dependencies that are fetched with Git: https://pip.pypa.io/en/stable/topics/vcs-support/"""

from __future__ import annotations

import re

from djdock.doctor import sources
from djdock.doctor.case import Case, Finding

NAME = "git-dependency"
TITLE = "A dependency in a Git repository that cannot be reached"
SEEN = "Git operation failed; Could not resolve host; Permission denied (publickey)"
CAUSE = (
    "A dependency is named by the address of a Git repository, and this machine has no network, no Git "
    "or no rights there."
)
FIX = "See that `git ls-remote ADDRESS` works, or name a release on the package index instead."
DOES = "Nothing: another source may be another version."

ADDRESS = re.compile(r"git\+(?:https?|ssh|git)://[^\s\"'#;,]+|git\s*=\s*[\"'][^\"']+|git@[\w.-]+:[^\s\"'#;,]+")
SAYS = re.compile(
    r"git operation failed|git fetch|git executable|git ls-remote|cannot find command 'git'|git clone", re.IGNORECASE
)
MANIFEST = re.compile(
    r"(?:^|/)(?:[\w.-]*requirements?[\w.-]*\.(?:txt|in)|requirements/[\w.-]+\.txt|pyproject\.toml|Pipfile)$"
)
SECRET = re.compile(r"//[^/@\s]+@")


def find(case: Case) -> tuple[Finding, ...]:
    symptom = case.symptom
    # An installer is another program, that has nothing but its text to show.
    if symptom is None or symptom.step != "install" or not SAYS.search(symptom.text):
        return ()
    found = []
    for path in filter(MANIFEST.search, case.paths):
        for number, line in enumerate(sources.text(case.files, path).splitlines(), start=1):
            match = None if line.lstrip().startswith("#") else ADDRESS.search(line)
            if match and (match[0].rpartition("/")[2].partition("@")[0].removesuffix(".git") in symptom.text):
                address = SECRET.sub("//", match[0])
                what = f"A dependency is fetched from {address}, which this machine cannot reach"
                fix = (
                    "See that git ls-remote works with that address; or name a release from the package index instead."
                )
                found.append(Finding(NAME, what, f"{path}:{number}", fix))
    return tuple(found[:1])
