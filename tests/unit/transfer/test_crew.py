"""The processes that read a SQLite file: what becomes of their errors, their end, and ours."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from djdock.errors import Problem
from djdock.transfer import crew
from djdock.transfer.crew import Crew
from tests import tools


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file for which processes are started, however small it is."""
    monkeypatch.setattr(crew, "SMALL", 0)
    monkeypatch.setattr(crew, "MOST", 2)
    path = tmp_path / "file"
    path.touch()
    return path


def count(to: int) -> Iterator[tuple[int, int]]:
    """Numbers, each with that of the process which counts."""
    for number in range(to):
        yield number, os.getpid()


def fail(how: str) -> Iterator[int]:
    """One number, and then an end of some kind."""
    yield 1
    if how == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    print("not an answer", flush=True)
    raise sqlite3.DatabaseError(how)


def complain(error: Exception) -> Iterator[int]:
    """An error, after one number."""
    yield 1
    raise error


def test_other_processes(place: Path) -> None:
    """Work is done in other processes, each call in one, and all that it yields comes in order."""
    with Crew(place) as some:
        found = [list(some.call(count, 1000)) for _call in range(3)]
    for numbers in found:
        assert [number for number, _process in numbers] == list(range(1000))
        assert len({process for _number, process in numbers} - {os.getpid()}) == 1


def test_small_file(tmp_path: Path) -> None:
    """For a small file no process is started: that would take longer than the work."""
    (tmp_path / "file").write_bytes(b"small")
    before = psutil.Process().children()
    with Crew(tmp_path / "file") as some:
        assert list(some.call(count, 2)) == [(0, os.getpid()), (1, os.getpid())]
        assert psutil.Process().children() == before


def test_error(place: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """An error comes back as what it is, says where it was raised, and the process goes on to the next work."""
    with Crew(place) as some:
        with pytest.raises(sqlite3.DatabaseError, match="malformed") as raised:
            list(some.call(fail, "malformed"))
        assert "in fail" in str(raised.value.__cause__)
        assert len(list(some.call(count, 3))) == 3
    assert capfd.readouterr().err == "not an answer\n"


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), EOFError("early"), ValueError("no number")])
def test_errors_like_those_of_a_lost_process(place: Path, error: Exception) -> None:
    """An error of the work is not taken for the end of its process, whatever its class."""
    with Crew(place) as some, pytest.raises(type(error)) as raised:
        list(some.call(complain, error))
    assert raised.value.args == error.args


def test_killed(place: Path) -> None:
    """A process that the system ends is told as that, and not waited for."""
    with Crew(place) as some, pytest.raises(Problem, match="has ended") as raised:
        list(some.call(fail, "killed"))
    assert "memory" in raised.value.hint


def test_rest_not_wanted(place: Path) -> None:
    """Who takes no more answers does not have to wait for the work's end."""
    before = psutil.Process().children()
    with Crew(place) as some:
        answers = some.call(count, 10**9)
        assert next(answers)[0] == 0
        answers.close()  # type: ignore[attr-defined] # it is a generator
    assert psutil.Process().children() == before


PROGRAM = """
import sys
from pathlib import Path
from djdock.transfer import crew
from tests.unit.transfer.test_crew import count
crew.SMALL = 0
with crew.Crew(Path(sys.argv[1])) as some:
    work = some.call(count, 10**9)
    next(work)
    print("counting", flush=True)
    sys.stdin.read()
"""


def test_killed_ourselves(place: Path) -> None:
    """When we are killed, our processes end: those that work, and those that wait."""
    argv = [sys.executable, "-c", PROGRAM, str(place)]
    root = Path(__file__).parents[3]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root) as process:
        assert process.stdout
        assert process.stdout.readline() == b"counting\n"
        children = psutil.Process(process.pid).children()
        assert children
        process.kill()
    tools.eventually(lambda: not any(child.is_running() for child in children), what="processes are left")


def test_modules_of_the_folder(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module of the folder we are in is not taken for one of Python's."""
    for name in ("pickle", "sqlite3", "json", "decimal"):
        (place.parent / f"{name}.py").write_text("raise RuntimeError('not meant')\n", encoding="utf-8")
    monkeypatch.chdir(place.parent)
    monkeypatch.setattr(sys, "path", [one or str(Path(__file__).parents[3]) for one in sys.path])
    with Crew(place) as some:
        assert len(list(some.call(count, 3))) == 3
