"""A pseudo-terminal: a program runs in it as it would for a person who sits and types."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import subprocess
import termios
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from tests.tools import clean_environment

CONTROL_CODES = re.compile(r"\x1b(\[[0-9;?]*[A-Za-z]|\][^\x07]*\x07|[=>])")


class Terminal:
    """A program and the terminal that it runs in; a context manager that ends both."""

    def __init__(self, argv: Sequence[str | Path], cwd: Path) -> None:
        self.screen = ""
        self._unseen = 0
        self._ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [str(part) for part in argv],
            cwd=cwd,
            env=clean_environment(TERM="xterm"),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            # The first terminal of its session: what Ctrl-C reaches, and what getpass reads from.
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - no threads are running
        )
        os.close(theirs)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)
        os.close(self._ours)

    def expect(self, text: str, timeout: float = 60) -> str:
        """Waits until `text` appears below what was waited for before; returns what came up to it."""
        end = time.monotonic() + timeout
        while (found := self.screen.find(text, self._unseen)) < 0:
            assert time.monotonic() < end, f"{text!r} did not appear within {timeout} s:\n{self.screen}"
            assert self._read(), f"the program ended before {text!r} appeared:\n{self.screen}"
        seen, self._unseen = self.screen[self._unseen : found], found + len(text)
        return seen

    def type(self, keys: str) -> None:
        """Types; a line ends with \\r, Ctrl-C is \\x03."""
        os.write(self._ours, keys.encode())

    def code(self, timeout: float = 60) -> int:
        """Waits for the end of the program; its exit code."""
        end = time.monotonic() + timeout
        while self._read():
            assert time.monotonic() < end, f"still running after {timeout} s:\n{self.screen}"
        return self.process.wait(timeout)

    def _read(self) -> bool:
        """Takes what has come, for at most a moment; whether more may come."""
        if not select.select([self._ours], [], [], 0.2)[0]:
            return True
        try:
            data = os.read(self._ours, 65536)
        except OSError:  # Linux says so when the last program has closed its end
            return False
        self.screen += CONTROL_CODES.sub("", data.decode(errors="replace"))
        return bool(data)
