"""The one gate to other programs. Secrets travel in environments and standard input, never in arguments."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NoReturn

from djdock.errors import Problem

Environment = Mapping[str, str]
# More than any build writes; enough to say what went wrong.
LINES_KEPT = 10_000
# Seconds that an interrupted program has for its last words.
LAST_WORDS = 5
WINDOWS = sys.platform == "win32"


@dataclass(frozen=True)
class Account:
    """The user that a program runs as; None elsewhere means: as we are."""

    uid: int
    gid: int
    name: str


@dataclass(frozen=True)
class Result:
    """What a finished program left: its exit code and what it wrote."""

    code: int
    stdout: str
    stderr: str

    @property
    def ok(self) -> bool:
        return self.code == 0

    @property
    def text(self) -> str:
        """Both streams, for a message."""
        return "\n".join(part for part in (self.stdout.strip("\n"), self.stderr.strip("\n")) if part)


def run(
    argv: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Environment | None = None,
    stdin: str = "",
    account: Account | None = None,
) -> Result:
    """Runs a program to its end and captures what it writes.

    A program that is not there gives the shell's exit code, 127, so that callers have one way of failing to look at.
    """
    try:
        done = subprocess.run(
            [str(part) for part in argv],
            cwd=cwd,
            env=None if env is None else dict(env),
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
    except (FileNotFoundError, PermissionError) as error:
        return Result(127, "", f"{argv[0]}: {error.strerror}")
    return Result(done.returncode, done.stdout, done.stderr)


def ask(argv: Sequence[str | Path], *, seconds: float) -> Result:
    """Runs a program that asks another one something, and ends it when no answer comes within some seconds.

    That gives the exit code of timeout(1), 124; a program that is not there 127.
    """
    try:
        done = subprocess.run(
            [str(part) for part in argv],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        return Result(124, "", f"{argv[0]} had no answer after {seconds:g} seconds.")
    except (FileNotFoundError, PermissionError) as error:
        return Result(127, "", f"{argv[0]}: {error.strerror}")
    return Result(done.returncode, done.stdout, done.stderr)


def write_to(place: Path, argv: Sequence[str | Path], *, env: Environment) -> Result:
    """Runs a program to its end; what it writes goes into a file that only we may read, and not through us."""
    try:
        with open(place, "wb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            done = subprocess.run(
                [str(part) for part in argv],
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
                check=False,
            )
    except (FileNotFoundError, PermissionError) as error:
        return Result(127, "", f"{argv[0]}: {error.strerror}")
    return Result(done.returncode, "", done.stderr)


class Silent(Exception):
    """A program did not write its first line in time, and was interrupted; `text` is what it wrote then."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def follow(
    argv: Sequence[str | Path],
    *,
    cwd: Path,
    env: Environment | None = None,
    on_line: Callable[[str], None],
    first_line_within: float | None = None,
) -> Result:
    """Runs a program to its end and hands on each line while it comes.

    The streams are merged in the result; of a program that talks for days it holds the end.

    Raises:
        Silent: it wrote nothing for `first_line_within` seconds.
    """
    lines: deque[str] = deque(maxlen=LINES_KEPT)
    with subprocess.Popen(
        [str(part) for part in argv],
        cwd=cwd,
        env=None if env is None else dict(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as process:
        assert process.stdout is not None  # noqa: S101 - PIPE was asked for; this is for the type checker
        silence = _Silence(process, first_line_within)
        try:
            for line in process.stdout:
                silence.end()
                lines.append(line)
                on_line(line.rstrip("\n"))
        except BaseException:
            process.terminate()  # else it would go on, and we would wait for its end
            raise
        finally:
            silence.end()
    if silence.broken:
        raise Silent("".join(lines))
    return Result(process.returncode, "".join(lines), "")


class _Silence:
    """Interrupts a program that has written nothing for some seconds, as Ctrl-C would: Python says where it was."""

    def __init__(self, process: subprocess.Popen[str], seconds: float | None) -> None:
        self.broken = False
        self._process = process
        self._timer = None if seconds is None else threading.Timer(seconds, self._break)
        if self._timer:
            self._timer.daemon = True
            self._timer.start()

    def end(self) -> None:
        if self._timer:
            self._timer.cancel()

    def _break(self) -> None:
        self.broken = True
        if not WINDOWS:
            self._process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(LAST_WORDS)
        self._process.kill()


def become(argv: Sequence[str | Path], *, cwd: Path | None = None, env: Environment | None = None) -> NoReturn:
    """Hands the terminal, the pipes, the signals and the exit code over to a program, for good.

    On POSIX this process is replaced, so nothing stands between the person and the program.

    Raises:
        Problem: there is no such program.
    """
    words = [str(part) for part in argv]
    sys.stdout.flush()
    sys.stderr.flush()
    if cwd is not None:
        os.chdir(cwd)
    try:
        if not WINDOWS:
            os.execvpe(words[0], words, os.environ if env is None else env)  # noqa: S606 - no shell is what is wanted
        sys.exit(subprocess.run(words, env=None if env is None else dict(env), check=False).returncode)
    except (FileNotFoundError, PermissionError) as error:
        raise Problem(
            f"There is no program {words[0]} here that could be run.",
            hint=f"If it is a management command: djdock manage {words[0]}\n"
            "If a package brings it: add the package to what the project depends on, then: djdock up",
        ) from error


def start(
    argv: Sequence[str | Path],
    *,
    cwd: Path,
    env: Environment,
    log: IO[bytes],
    account: Account | None = None,
) -> subprocess.Popen[bytes]:
    """Starts a program that outlives us: its own session (no Ctrl-C of ours reaches it), its output in `log`."""
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
    return subprocess.Popen(
        [str(part) for part in argv],
        cwd=cwd,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=not WINDOWS,
        creationflags=flags,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )


def converse(argv: Sequence[str | Path]) -> subprocess.Popen[bytes]:
    """Starts a program that is asked through its standard input, and answers through its standard output.

    It has its own session: what the terminal sends reaches us alone.
    """
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP
    return subprocess.Popen(
        [str(part) for part in argv],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=not WINDOWS,
        creationflags=flags,
    )
