"""A terminal of 80 columns, in which programs are run as a person runs them."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests import tools

COLUMNS = 80


def run(
    argv: Sequence[str | Path],
    cwd: Path,
    *,
    env: Mapping[str, str] | None = None,
    answers: Sequence[tuple[str, str]] = (),
    timeout: float = 120,
) -> tools.Done:
    """Runs a program in a terminal; each of `answers` is typed when its question has appeared.

    What the program shows is in `out`, standard error included: a terminal shows both.
    """
    screen, end = pty.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 50, COLUMNS, 0, 0))
    process = subprocess.Popen(
        [str(part) for part in argv],
        cwd=cwd,
        env=tools.clean_environment(**{"TERM": "xterm-256color", "COLUMNS": str(COLUMNS), **(env or {})}),
        stdin=end,
        stdout=end,
        stderr=end,
        start_new_session=True,
    )
    os.close(end)
    try:
        text = _watch(screen, list(answers), time.monotonic() + timeout)
        return tools.Done(process.wait(timeout), text.replace("\r\n", "\n"), "")
    finally:
        process.kill()
        process.wait()
        os.close(screen)


def _watch(screen: int, answers: list[tuple[str, str]], end: float) -> str:
    text, seen = "", 0
    while time.monotonic() < end:
        if not select.select([screen], [], [], 0.2)[0]:
            continue
        try:
            piece = os.read(screen, 4096)
        except OSError:  # Linux says so when the last program has closed the terminal
            piece = b""
        if not piece:
            break
        text += piece.decode(errors="replace")
        if answers and answers[0][0] in text[seen:]:
            seen = len(text)
            os.write(screen, f"{answers.pop(0)[1]}\n".encode())
    assert not answers, f"{answers[0][0]!r} was never asked:\n{text}"
    return text
