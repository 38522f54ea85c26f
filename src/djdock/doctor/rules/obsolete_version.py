"""`version` at the head of a compose file is obsolete: https://docs.docker.com/reference/compose-file/version-and-name/"""

from __future__ import annotations

from djdock.doctor import docker_files, edits
from djdock.doctor.case import Case, Finding

NAME = "obsolete-version"
TITLE = "`version` in the compose file does nothing"
SEEN = "the attribute `version` is obsolete, it will be ignored, please remove it to avoid potential confusion"
CAUSE = "Docker Compose 2 reads one format only, and warns of the line on every command."
FIX = "Delete the line."
DOES = "Deletes the line."


def find(case: Case) -> tuple[Finding, ...]:
    found = []
    for compose in docker_files.composes(case):
        version = compose.document.get("version")
        if version is not None and version.kind == "text":
            where = f"{compose.path}:{version.key_line}"
            repair = edits.without_line(case, where, "Docker Compose ignores it, and warns each time")
            found.append(Finding(NAME, f"`version` in {compose.path} is obsolete", where, "Delete the line.", repair))
    return tuple(found)
