""".dockerignore: what must not get into an image, and what an image has no use for."""

from __future__ import annotations

import re

from djdock.plan.text import render
from djdock.project.docker_files import FIRST_LINE, is_own
from djdock.project.files import Files

# Folders that a project may also have as a part of its source: they are left out where git does not have them either.
PERHAPS = ("media", "staticfiles")
BESIDE = ("compose.yaml", "Dockerfile", "README.md")


def text(files: Files, path: str, beside: tuple[str, ...]) -> str:
    """The text of a project's .dockerignore; one that is not djdock's keeps its lines, and gets the secrets it lacks.

    `beside` are the paths of the Docker files that go with it.
    """
    ignored = set(re.findall(r"^\s*/?([^#\s/]+)/?\s*$", files.read(".gitignore") or "", re.MULTILINE))
    ours = new(tuple(name for name in PERHAPS if name in ignored), beside)
    theirs = files.read(path)
    if theirs is None or is_own(files, path):
        return ours
    return _merged(theirs, ours)


def new(
    folders: tuple[str, ...] = PERHAPS, beside: tuple[str, ...] = ("compose.yaml", "Dockerfile", "README.md")
) -> str:
    """The text of a .dockerignore; `folders` are left out beside what never belongs into an image.

    Changes of the files in `beside` are none of the image's.
    """
    return render(
        "dockerignore.txt",
        mark=FIRST_LINE,
        folders="".join(f"{folder}\n" for folder in folders),
        beside="".join(f"{name}\n" for name in beside).rstrip(),
    )


def _merged(theirs: str, ours: str) -> str:
    """The lines that are there, then the secrets that are not named among them."""
    secrets = ours.split("\n\n", maxsplit=1)[0]
    known = {line.strip().strip("/") for line in theirs.splitlines()}
    missing = [line for line in secrets.splitlines() if not line.startswith("#") and line.strip("/") not in known]
    if not missing:
        return theirs
    gap = "" if theirs.endswith("\n") or not theirs else "\n"
    return f"{theirs}{gap}\n# Secrets, history, and what belongs to one machine.\n" + "".join(
        f"{line}\n" for line in missing
    )
