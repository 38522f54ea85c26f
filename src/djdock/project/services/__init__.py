"""The services beside the site, and what the project's Docker files say of their versions."""

from __future__ import annotations

import re

from djdock.project.files import Files
from djdock.project.services import postgres

__all__ = ["postgres", "python_image"]

PYTHON_IMAGE = re.compile(r"^\s*FROM\s+(?:--\S+\s+)*(?:\S+/)?python:(3\.\d+)", re.IGNORECASE)


def python_image(files: Files) -> tuple[str, str] | None:
    """The Python version of the image that the Dockerfile builds on, and the line that says it."""
    for number, line in enumerate((files.read("Dockerfile") or "").splitlines(), start=1):
        if match := PYTHON_IMAGE.match(line):
            return match[1], f"Dockerfile:{number}"
    return None
