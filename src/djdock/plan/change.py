"""A plan is a value: which files become what, and why. It can be printed, compared and applied."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Literal

from djdock.project.files import Files

OutcomeOfFile = Literal["create", "change", "same"]


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
        before = (self.before or "").splitlines(keepends=True)
        after = self.after.splitlines(keepends=True)
        if self.private:
            before, after = _masked(before), _masked(after)
        return "".join(difflib.unified_diff(before, after, f"a/{self.path}", f"b/{self.path}"))


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


def _masked(lines: list[str]) -> list[str]:
    return [line.split("=", 1)[0] + "=…\n" if "=" in line and not line.startswith("#") else line for line in lines]
