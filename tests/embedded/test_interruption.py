"""Interrupted, killed, or started twice: nothing is half done, and the next command works."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests import tools
from tests.embedded import machine

pytestmark = pytest.mark.embedded


@contextlib.contextmanager
def begun(cwd: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A djdock command at work, in a process group of its own, as a terminal would have it."""
    with subprocess.Popen(
        [tools.DJDOCK, *arguments],
        cwd=cwd,
        env=tools.clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        yield process


def stop_when(process: subprocess.Popen[str], reached: Callable[[], object], number: signal.Signals) -> str:
    """Sends a signal at the very moment when a condition holds; returns what the command has written until its end.

    As the terminal does, Ctrl-C reaches the programs that it runs, too; the other signals reach the command alone.
    """
    end = time.monotonic() + 60
    while not reached():
        assert process.poll() is None, f"ended before that: {process.stdout and process.stdout.read()}"
        assert time.monotonic() < end
        time.sleep(0.002)
    if number == signal.SIGINT:
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    return process.communicate(timeout=60)[0]


def moments_of_new(workspace: Path) -> dict[str, Callable[[], object]]:
    """What can be seen of a `new` at work, in the order in which it comes."""
    return {
        "begun": lambda: list(workspace.glob(".blog.djdock-new-*")),
        "installing": lambda: list(workspace.glob(".blog.djdock-new-*/requirements.txt")),
        "scaffolding": lambda: list(workspace.glob(".blog.djdock-new-*/manage.py")),
        "written": lambda: list(workspace.glob(".blog.djdock-new-*/.env")),
    }


def test_new_killed(workspace: Path) -> None:
    """kill -9 leaves a hidden folder at most; the next `new` takes it away."""
    for moment, reached in moments_of_new(workspace).items():
        with begun(workspace, "new", "blog") as process:
            stop_when(process, reached, signal.SIGKILL)
        assert [path.name for path in workspace.iterdir() if not path.name.startswith(".blog.djdock-new-")] == [], (
            moment
        )
    tools.djdock("new", "blog", cwd=workspace).ok()
    assert [path.name for path in workspace.iterdir()] == ["blog"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_new_interrupted(workspace: Path, number: signal.Signals, code: int) -> None:
    """Ctrl-C and a polite kill leave nothing at all, folders that were made for it included."""
    for moment in ("begun", "installing") if number == signal.SIGINT else ("scaffolding",):
        reached = moments_of_new(workspace / "deep/er")[moment]
        with begun(workspace, "new", "blog", "deep/er/blog") as process:
            shown = stop_when(process, reached, number)
        assert process.returncode == code, (moment, shown)
        assert "Traceback" not in shown
        assert list(workspace.iterdir()) == [], moment


def moments_of_up(project: tools.Project) -> dict[str, Callable[[], object]]:
    """What can be seen of a first `up` at work."""
    own = project.root / ".djdock"
    return {
        "making the cluster": (own / "postgres/unfinished/base").exists,
        "starting the server": (own / "postgres/data/postmaster.pid").exists,
        "migrating": lambda: any("migrate" in line for line in command_lines(project)),
        "starting the site": lambda: any("runserver" in line for line in command_lines(project)),
    }


def command_lines(project: tools.Project) -> list[str]:
    """The command lines of what runs in a project's folder."""
    found = []
    for process in machine.working_in(project.root):
        with contextlib.suppress(psutil.NoSuchProcess):
            found.append(" ".join(process.cmdline()))
    return found


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_up_stopped(template: tools.Project, workspace: Path, number: signal.Signals, code: int) -> None:
    """Whenever `up` is ended, however: the next one carries on, right away."""
    project = tools.fresh(template, workspace / "blog")
    before = project.env()
    for moment, reached in moments_of_up(project).items():
        with begun(project.root, "up", "--engine", "embedded") as process:
            shown = stop_when(process, reached, number)
        assert process.returncode == code, (moment, shown)
        assert "Traceback" not in shown
        if number != signal.SIGKILL:
            assert not (project.root / ".djdock/postgres/password").exists()
            # A signal that comes while the program is being started leaves it to end by itself, seconds later.
            tools.eventually(
                lambda: not [line for line in command_lines(project) if "migrate" in line],
                what=f"still migrating: {moment}",
            )
    project.up("embedded")
    assert project.env() == before
    assert tools.page(project.url)[0] == 200
    assert {path.name for path in (project.root / ".djdock/postgres").iterdir()} == {"data"}
    assert machine.query(project, "select count(*) from pg_database where datname = 'blog'") == "1"


def test_two_at_once(blog: tools.Project) -> None:
    """Commands that change something do so one at a time: who comes too late is told who is at work."""
    blog.djdock("down").ok()
    with (
        begun(blog.root, "up") as first,
        begun(blog.root, "up") as second,
        begun(blog.root, "manage", "check") as third,
    ):
        ended = [(process, process.communicate(timeout=120)[0]) for process in (first, second, third)]
    assert 0 in {process.returncode for process, _shown in ended}
    for process, shown in ended:
        assert process.returncode in {0, 1}, shown
        assert "Traceback" not in shown
        if process.returncode:
            assert "Another djdock command is at work on this project: djdock " in " ".join(shown.split())
    assert "ready" in blog.djdock("up").ok().out
    assert tools.page(blog.url)[0] == 200


def test_lock_of_a_killed_command(blog: tools.Project) -> None:
    """The lock goes with the process that held it, whatever its file says."""
    (blog.root / ".djdock/lock.owner").write_text("djdock up, process 1\n")
    blog.djdock("up").ok()
