"""The one error type that is meant for the person at the keyboard."""

from __future__ import annotations

import re

# What programs send to a terminal beside text: colours, and Compose's "erase this line" in its logs.
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Problem(Exception):
    """Something that stops the command and that the person can do something about.

    `cause` is one sentence that says what is wrong; `hint` says what to do about it and what to try next;
    `details` are lines of evidence (the end of a log, a traceback), shown between the two.
    """

    exit_code = 1

    def __init__(self, cause: str, *, hint: str, details: str = "") -> None:
        super().__init__(cause)
        self.cause = cause
        self.hint = hint
        self.details = details.strip("\n")


def last_lines(text: str, count: int = 12) -> str:
    """The end of a long text, which is where programs say what went wrong."""
    lines = [line.rstrip() for line in CONTROL.sub("", text).splitlines() if line.strip()]
    return "\n".join(lines[-count:])
