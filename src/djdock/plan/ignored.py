""".gitignore: what must not get into git."""

from __future__ import annotations

from djdock.plan.change import Change
from djdock.project.files import Files

FILE = ".gitignore"


def add(files: Files, path: str) -> Change:
    """Adds a line for a file; every other line stays."""
    before = files.read(FILE)
    text = before or ""
    end = "\r\n" if "\r\n" in text else "\n"
    closed = text if not text or text.endswith("\n") else text + end
    return Change(FILE, before, f"{closed}{path}{end}", f"{path} holds secrets, and must not get into git")
