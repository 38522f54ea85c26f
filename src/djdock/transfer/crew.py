"""Processes of our own that read a SQLite file side by side.

Threads of one process would wait for each other: for Python's lock, and for the one of SQLite's memory. A process is
asked through its standard input and answers through its standard output, item by item; when we are gone it ends, too.
"""

from __future__ import annotations

import os
import pickle
import queue
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import IO, Any, TypeVar

from djdock import process
from djdock.errors import Problem

# Below this size of a file, in bytes, starting processes takes longer than they save.
SMALL = 8 << 20
MOST = 4
# What they will need, imported while they wait for their first work.
NEEDED = ("djdock.transfer.keys", "djdock.transfer.stream")
# The interpreter is told where to find us: a folder such as the project's must not come first, as with `-m`.
PROGRAM = (
    "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); from djdock.transfer import crew; crew.serve()"
)
Item = TypeVar("Item")


class Crew:
    """So many processes as there is work for; none for a small file, whose work is done here.

    A context: the processes end with it.
    """

    def __init__(self, path: Path) -> None:
        number = 0 if path.stat().st_size < SMALL else min(MOST, os.cpu_count() or 1)
        self._idle: queue.SimpleQueue[_Member] = queue.SimpleQueue()
        self._all: list[_Member] = []
        self._number = number

    @property
    def size(self) -> int:
        """How many calls can be under way at the same time, each on a thread of its own."""
        return max(1, self._number)

    def __enter__(self) -> Crew:
        for _number in range(self._number):
            self._all.append(_Member())
            self._idle.put(self._all[-1])
        return self

    def __exit__(self, *_exception: object) -> None:
        for member in self._all:
            member.end()

    def call(self, work: Callable[..., Iterator[Item]], *arguments: object) -> Iterator[Item]:
        """What `work(*arguments)` yields, where `work` is a function of a module.

        Raises:
            Problem: the process has ended before its work had.
        """
        if not self._number:
            yield from work(*arguments)
            return
        member = self._idle.get()
        try:
            yield from member.call(work, arguments)
        finally:
            self._idle.put(member)


class _Member:
    """A process that waits for work."""

    def __init__(self) -> None:
        self._process = process.converse([sys.executable, "-I", "-c", PROGRAM])
        with suppress(Problem):  # one that has ended is told when it is to work
            self._send(sys.path)

    def call(self, work: Callable[..., Iterator[Item]], arguments: tuple[object, ...]) -> Iterator[Item]:
        """What it answers."""
        try:
            self._send((work, arguments))
            while (answer := self._receive()) is not None:
                kind, content = answer
                if kind == "error":
                    raise content[0] from _Remote(content[1])
                yield content
        except GeneratorExit:  # nobody wants the rest
            self.end()
            raise

    def end(self) -> int:
        """Ends it, whatever it does; its exit code."""
        self._process.kill()
        for stream in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                _end_of(stream).close()
        return self._process.wait()

    def _send(self, content: object) -> None:
        with self._connected():
            stream = _end_of(self._process.stdin)
            pickle.dump(content, stream)
            stream.flush()

    def _receive(self) -> tuple[str, Any] | None:
        with self._connected():
            answer: tuple[str, Any] | None = pickle.load(_end_of(self._process.stdout))  # noqa: S301 - it is of our own
            return answer

    @contextmanager
    def _connected(self) -> Iterator[None]:
        """Within it, a process that is gone is a Problem."""
        try:
            yield
        except (EOFError, OSError, ValueError, pickle.UnpicklingError) as error:  # closed, or cut off
            raise _ended(self.end()) from error


class _Remote(Exception):
    """Where an error was raised in another process, as text; shown as the cause of that error."""

    def __str__(self) -> str:
        return f'\n"""\n{self.args[0]}"""'


def serve() -> None:
    """Works off what comes in through standard input, until that ends."""
    stdin, stdout = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever else writes must not come between the answers
    for name in NEEDED:
        import_module(name)
    try:
        while True:
            work, arguments = pickle.load(stdin)  # noqa: S301 - it is of our own
            try:
                for item in work(*arguments):
                    _answer(stdout, ("item", item))
            except BrokenPipeError:
                raise
            except Exception as error:
                _answer(stdout, ("error", _portable(error)))
            else:
                _answer(stdout, None)
    except (EOFError, BrokenPipeError):
        os._exit(0)  # nobody is there any more


def _portable(error: Exception) -> tuple[Exception, str]:
    """An error that can be sent, and where it was raised."""
    text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - it is of our own
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}"), text
    return error, text


def _answer(stdout: IO[bytes], content: object) -> None:
    pickle.dump(content, stdout, pickle.HIGHEST_PROTOCOL)
    stdout.flush()


def _end_of(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise RuntimeError("Pipes were asked for.")
    return stream


def _ended(code: int) -> Problem:
    return Problem(
        f"A process that reads the SQLite file has ended (exit code {code}). Nothing has been changed.",
        hint="Did the system end it because memory was short? Then run the same command again.",
    )
