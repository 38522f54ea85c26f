"""A plan is a value: which files become what, and why. It can be printed, compared and applied."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import Literal

from djdock.project.files import Files

OutcomeOfFile = Literal["create", "change", "same"]
# A diff begins with the names of the two files.
HEADERS = 2
# The part of a line in .env that is no secret, also where the line is commented out.
VARIABLE = re.compile(r"[# \t]*(?:export )?[A-Z_][A-Z0-9_]*=")


@dataclass(frozen=True)
class Change:
    """One file's text before (None: it is not there) and after; `private` files are for their owner's eyes only."""

    path: str
    before: str | None
    after: str
    why: str = ""
    private: bool = False

    @property
    def outcome(self) -> OutcomeOfFile:
        if self.before is None:
            return "create"
        return "same" if self.before == self.after else "change"

    def diff(self) -> str:
        """A unified diff; of a private file only the names of the lines, never their values."""
        old = "/dev/null" if self.before is None else f"a/{self.path}"
        lines = difflib.unified_diff(_lines(self.before or ""), _lines(self.after), old, f"b/{self.path}")
        shown = [_masked(line) if self.private and place >= HEADERS else line for place, line in enumerate(lines)]
        return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in shown)


@dataclass(frozen=True)
class Plan:
    """Changes that belong together: all of them are made, or none."""

    changes: tuple[Change, ...]

    @property
    def effective(self) -> tuple[Change, ...]:
        """The changes that change something."""
        return tuple(change for change in self.changes if change.outcome != "same")

    def __add__(self, other: Plan) -> Plan:
        return Plan(self.changes + other.changes)


def write(files: Files, path: str, after: str, why: str, *, private: bool = False) -> Change:
    """The change that makes a file read `after`, whatever is there now."""
    return Change(path, files.read(path), after, why, private=private)


def _lines(text: str) -> list[str]:
    # Not splitlines: that knows more line ends (a form feed, say) than diff and patch do.
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _masked(line: str) -> str:
    """A line of a diff without the value that it may hold."""
    text = line[1:].rstrip("\r\n")
    if line.startswith("@") or not text or (text.startswith("#") and "=" not in text):
        return line
    named = VARIABLE.match(text)
    return f"{line[0]}{named[0] if named else ''}…\n"
