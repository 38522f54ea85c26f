"""The end of a container's log, which says why it ended."""

from __future__ import annotations

import re

from djdock.errors import last_lines

# So many lines have the project's own among them.
TAIL = 90
# What gunicorn adds when it gives up: where in gunicorn that was, after the traceback that says why.
GAVE_UP = re.compile(
    r"^Traceback \(most recent call last\):\n(?:[ \t].*\n)+gunicorn\.errors\.HaltServer:.*$", re.MULTILINE
)


def end(log: str, count: int) -> str:
    """The last lines that are the project's own."""
    return last_lines(GAVE_UP.sub("", log), count)
