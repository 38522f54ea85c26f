"""state.py: what is remembered survives whatever happens to the file; one command at a time changes a project."""

from __future__ import annotations

import dataclasses
import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from djdock import state
from djdock.errors import Problem
from djdock.state import Started, State

SITE = Started(pid=123, born=1790000000.25, folder="src", port=8000, given="ghi")
FULL = State(engine="embedded", environment="abc", settled="def", processes={"web": SITE, "worker": Started(pid=5)})


def stored(root: Path) -> Path:
    return root / ".djdock/state.json"


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    """All of it comes back; a project that was never started has the empty state, and no folder is made for it."""
    assert state.load(tmp_path) == State()
    assert not (tmp_path / ".djdock").exists()
    state.save(tmp_path, FULL)
    assert state.load(tmp_path) == FULL
    assert [path.name for path in stored(tmp_path).parent.iterdir() if "state" in path.name] == ["state.json"]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[1, 2]", b"null", b"\xff\xfe", b'"x"', b'{"engine": 1, "processes": [1]}']
)
def test_a_broken_file_is_an_empty_state(tmp_path: Path, content: bytes) -> None:
    """Whatever is in the file, there is a state: all of it can be found out again."""
    state.save(tmp_path, FULL)
    stored(tmp_path).write_bytes(content)
    assert state.load(tmp_path) == State()
    state.save(tmp_path, FULL)
    assert state.load(tmp_path) == FULL


def test_another_version_of_djdock_may_have_written_it(tmp_path: Path) -> None:
    """What is known is taken; what is not, or of another kind, is left out."""
    state.save(tmp_path, FULL)
    content = json.loads(stored(tmp_path).read_text())
    del content["settled"]
    content["processes"] = {"web": {**content["processes"]["web"], "pid": None, "of_the_future": 1}, "beat": 7}
    stored(tmp_path).write_text(json.dumps({**content, "of_the_future": [1]}))
    known = {"web": dataclasses.replace(SITE, pid=0)}
    assert state.load(tmp_path) == State(engine="embedded", environment="abc", processes=known)


def test_a_site_that_an_older_djdock_started_is_known(tmp_path: Path) -> None:
    """Its process stood by itself before there were workers; it must be found, or its port would seem to be taken."""
    state.save(tmp_path, FULL)
    old = {"engine": "embedded", "web_pid": 123, "web_born": 1790000000.25, "web_port": 8000, "web_given": "xyz"}
    stored(tmp_path).write_text(json.dumps(old))
    site = Started(pid=123, born=1790000000.25, port=8000, given="xyz")
    assert state.load(tmp_path) == State(engine="embedded", processes={"web": site})


def test_services_are_noted_one_by_one(tmp_path: Path) -> None:
    """To note or strike out one leaves the others, and all else, alone."""
    state.save(tmp_path, FULL)
    state.remember(tmp_path, "beat", Started(pid=9))
    assert state.load(tmp_path) == dataclasses.replace(FULL, processes={**FULL.processes, "beat": Started(pid=9)})
    state.forget(tmp_path, ["beat", "never there"])
    assert state.load(tmp_path) == FULL


def test_git_and_others_leave_the_folder_alone(tmp_path: Path) -> None:
    """The folder ignores itself, and PostgreSQL's user may enter it."""
    assert (state.folder(tmp_path) / ".gitignore").read_text() == "*\n"
    assert state.logs(tmp_path) == tmp_path / ".djdock/logs"
    assert stat.S_IMODE((tmp_path / ".djdock").stat().st_mode) & 0o055 == 0o055 & ~_umask()


def _umask() -> int:
    os.umask(before := os.umask(0))
    return before


# --- the lock ---------------------------------------------------------------------------------------------------------

HOLD = """
import sys
from pathlib import Path
from djdock import state
with state.lock(Path(sys.argv[1]), "up"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock of the project."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_command_is_told_who_is_at_work(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    """While one command changes the project, another one does not wait but says who has it."""
    who = rf"at work on this project: djdock up, process {holder.pid}\."
    with pytest.raises(Problem, match=who), state.lock(tmp_path, "down"):
        pass


def test_a_killed_command_lets_go(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    """After kill -9 nothing has to be cleaned up by hand: the next command gets the lock."""
    holder.kill()
    holder.wait(20)
    with state.lock(tmp_path, "down"):
        assert (tmp_path / ".djdock/lock.owner").read_text() == f"djdock down, process {os.getpid()}\n"
    assert not (tmp_path / ".djdock/lock.owner").exists()


def test_a_command_that_fails_lets_go(tmp_path: Path) -> None:
    """However the block is left, the lock is free again."""
    with pytest.raises(KeyError), state.lock(tmp_path, "up"):
        raise KeyError
    with state.lock(tmp_path, "down"):
        pass


def test_two_projects_do_not_wait_for_each_other(tmp_path: Path) -> None:
    """The lock is the project's own."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    with state.lock(tmp_path / "a", "up"), state.lock(tmp_path / "b", "up"):
        assert (tmp_path / "b/.djdock/lock.owner").exists()


def test_a_refused_command_leaves_no_folder(tmp_path: Path) -> None:
    """Where djdock knew nothing before, and remembers nothing now, nothing of it stays; what it remembers does."""
    with pytest.raises(Problem), state.lock(tmp_path, "init"):
        raise Problem("No.", hint="Yes.")
    assert list(tmp_path.iterdir()) == []
    with state.lock(tmp_path, "init"):
        state.save(tmp_path, state.State(manage="manage.py"))
    assert state.load(tmp_path).manage == "manage.py"
