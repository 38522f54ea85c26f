"""A plan is a value: which files become what, and why. It can be printed, compared and applied."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import Literal

from djdock.project.files import Files

OutcomeOfFile = Literal["create", "change", "same", "conflict"]
# In the first line of every file that djdock writes whole, behind whatever begins a comment there.
MARK = "Made by djdock, yours to edit"
SIGNATURE = f"# {MARK}; `djdock init` merges its changes with yours."
# A diff begins with the names of the two files.
HEADERS = 2
# The part of a line in .env that is no secret, also where the line is commented out.
VARIABLE = re.compile(r"[# \t]*(?:export )?[A-Z_][A-Z0-9_]*=")


@dataclass(frozen=True)
class Change:
    """One file's text before (None: it is not there) and after.

    Attributes:
        private: the file is for its owner's eyes only.
        generated: djdock writes the whole of it, so a later version of it can be merged with what the person edited.
        conflict: djdock and the person have changed the same lines; `after` shows both.
    """

    path: str
    before: str | None
    after: str
    why: str = ""
    private: bool = False
    generated: bool = False
    conflict: bool = False

    @property
    def outcome(self) -> OutcomeOfFile:
        if self.conflict:
            return "conflict"
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
class Skip:
    """A file that is left as it is although djdock would have it otherwise, why, and the diff to what that would be."""

    path: str
    why: str
    difference: str = ""


@dataclass(frozen=True)
class Plan:
    """Changes that belong together: all of them are made, or none; and what is left alone, with its reason."""

    changes: tuple[Change, ...]
    skips: tuple[Skip, ...] = ()

    @property
    def effective(self) -> tuple[Change, ...]:
        """The changes that change something."""
        return tuple(change for change in self.changes if change.before != change.after)

    @property
    def conflicts(self) -> tuple[Change, ...]:
        """The files in which a person has to choose between their lines and djdock's."""
        return tuple(change for change in self.changes if change.conflict)

    def __add__(self, other: Plan) -> Plan:
        return Plan(self.changes + other.changes, self.skips + other.skips)


def write(files: Files, path: str, after: str, why: str, *, private: bool = False) -> Change:
    """The change that makes a file read `after`, whatever is there now."""
    return Change(path, files.read(path), after, why, private=private)


def generate(files: Files, path: str, text: str, why: str) -> Change:
    """The change that makes a file which djdock writes whole; what the person made of an earlier one is merged later.

    A text that does not name djdock in its first lines could not be told from the person's own: ValueError.
    """
    if not is_marked(text):
        raise ValueError(f"{path} does not say that djdock made it")
    return Change(path, files.read(path), text, why, generated=True)


def is_marked(text: str) -> bool:
    """Whether a text says that djdock made it; a `# syntax=` or `#!` line may come before that."""
    return any(MARK in line for line in text.split("\n", 3)[:3])


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
