"""Whatever is killed or lost: the next `djdock up` puts it right, on the same ports, with every committed row."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import tools
from tests.embedded import machine

pytestmark = pytest.mark.embedded


@pytest.fixture
def kept(blog: tools.Project) -> Iterator[tools.Project]:
    """The shared project with a row of its own; afterwards it must be whole again, on its old ports, with that row."""
    machine.query(blog, "drop table if exists proof; create table proof (id int); insert into proof values (1)")
    before = blog.env()
    yield blog
    assert blog.env() == before
    assert machine.reloader(blog).children() == [machine.site_server(blog)]
    assert tools.page(blog.url)[0] == 200
    assert machine.query(blog, "select id from proof") == "1"


def test_postmaster_killed(kept: tools.Project) -> None:
    """A killed server leaves a stale pid file; up recovers its data."""
    machine.kill([machine.postmaster(kept)])
    kept.up("embedded")


def test_postmaster_killed_then_a_command(kept: tools.Project) -> None:
    """A management command starts the database by itself; nobody has to think of up first."""
    machine.kill([machine.postmaster(kept)])
    assert kept.djdock("manage", "migrate", "--check").ok().out == ""


def test_backend_killed(kept: tools.Project) -> None:
    """PostgreSQL restarts itself when a child is killed; up meanwhile waits for it and changes no port."""
    child = next(process for process in machine.postmaster(kept).children() if "checkpointer" in process.cmdline()[0])
    machine.kill([child])
    kept.up("embedded")


def test_reloader_killed(kept: tools.Project) -> None:
    """The server below a killed reloader still answers; up replaces it, so that edits reload again."""
    orphan = machine.site_server(kept)
    machine.kill([machine.reloader(kept)])
    assert kept.status()["services"][1] == {"name": "web", "state": "running", "health": "unhealthy", "exit_code": None}
    kept.up("embedded")
    assert machine.ended(orphan)


def test_site_server_killed(kept: tools.Project) -> None:
    """The reloader ends with its server; up starts both."""
    server = machine.site_server(kept)
    machine.kill([server])
    kept.up("embedded")


def test_everything_killed(kept: tools.Project) -> None:
    """As after a power cut."""
    machine.kill(machine.everything(kept))
    kept.up("embedded")


def test_reboot_with_numbers_used_again(kept: tools.Project) -> None:
    """After a reboot the old process numbers belong to others: they are neither taken for ours nor harmed."""
    machine.kill(machine.everything(kept))
    stranger = subprocess.Popen(["sleep", "300"])
    try:
        pid_file = machine.data(kept) / "postmaster.pid"
        lines = pid_file.read_text().splitlines()
        pid_file.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
        state = kept.root / ".djdock/state.json"
        known = json.loads(state.read_text())
        known["processes"]["web"]["pid"] = stranger.pid
        state.write_text(json.dumps(known))
        kept.up("embedded")
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_pid_file_of_another_server(kept: tools.Project, template: tools.Project, workspace: Path) -> None:
    """A pid file that names the living server of another project does not lead to that one being stopped."""
    other = tools.fresh(template, workspace / "other")
    other.up("embedded")
    machine.kill(machine.everything(kept))
    strange = machine.data(other) / "postmaster.pid"
    shutil.copyfile(strange, machine.data(kept) / "postmaster.pid")
    kept.up("embedded")
    assert machine.query(other, "select 1") == "1"


def test_broken_pid_file(kept: tools.Project) -> None:
    """A pid file that a full disk left empty is no obstacle, whether or not the server runs."""
    machine.kill(machine.everything(kept))
    (machine.data(kept) / "postmaster.pid").write_text("")
    kept.up("embedded")


def test_pid_file_deleted_under_a_running_server(kept: tools.Project) -> None:
    """Never two servers on one data directory."""
    first = machine.postmaster(kept)
    (machine.data(kept) / "postmaster.pid").unlink()
    kept.up("embedded")
    assert machine.ended(first)


@pytest.mark.parametrize("content", [None, "", '{"unknown": 1}'])
def test_state_lost_while_running(kept: tools.Project, content: str | None) -> None:
    """The state file can be found out again: without it nothing is started twice."""
    state = kept.root / ".djdock/state.json"
    if content is None:
        state.unlink()
    else:
        state.write_text(content)
    server = machine.postmaster(kept)
    kept.up("embedded")
    assert machine.postmaster(kept) == server


def test_environment_deleted(kept: tools.Project) -> None:
    """The virtual environment is made anew from what is pinned."""
    shutil.rmtree(kept.root / ".venv")
    kept.up("embedded")
    kept.djdock("manage", "check").ok()


def test_interpreter_of_the_environment_gone(kept: tools.Project) -> None:
    """An upgrade of the system may take away the Python that the environment was made with."""
    python = kept.root / ".venv/bin/python"
    python.unlink()
    python.symlink_to("/nowhere/python3")
    kept.up("embedded")
    kept.djdock("manage", "check").ok()


def test_large_logs_are_put_aside(kept: tools.Project) -> None:
    """Logs do not grow for ever: at a start, one that is large becomes the old one."""
    kept.djdock("down").ok()
    for name in ("web", "db"):
        (kept.root / f".djdock/logs/{name}.log").write_bytes(b"old line\n" * 600_000)
    kept.up("embedded")
    for name in ("web", "db"):
        assert (kept.root / f".djdock/logs/{name}.old.log").stat().st_size > 5_000_000
        assert "old line" not in kept.djdock("logs", name).ok().out


def test_log_folder_deleted(kept: tools.Project) -> None:
    """Logs may be tidied away."""
    kept.djdock("down").ok()
    shutil.rmtree(kept.root / ".djdock/logs")
    kept.up("embedded")
    assert "Watching for file changes" in kept.djdock("logs", "web").ok().out


def test_a_shell_in_the_data_directory_lives_on(kept: tools.Project) -> None:
    """Somebody who looks around in the data directory is not ended with what is left of PostgreSQL there."""
    machine.kill(machine.everything(kept))
    shell = subprocess.Popen(["sleep", "300"], cwd=machine.data(kept))
    try:
        kept.up("embedded")
        assert shell.poll() is None
    finally:
        shell.kill()
        shell.wait()


def test_nobody_reaps(kept: tools.Project, tmp_path: Path) -> None:
    """In a container whose first process reaps no orphans, down does not wait for zombies."""
    script = tmp_path / "no_init.py"
    script.write_text(
        "import ctypes, subprocess, sys\n"
        "PR_SET_CHILD_SUBREAPER = 36\n"
        "ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)\n"
        "for command in ('down', 'up', 'down'):\n"
        "    done = subprocess.run([sys.argv[1], command], capture_output=True, text=True, timeout=20)\n"
        "    print(done.returncode, done.stdout, done.stderr)\n"
    )
    done = tools.run(["python3", script, tools.DJDOCK], kept.root)
    assert [line.split()[0] for line in done.ok().out.splitlines() if line[:1].isdigit()] == ["0", "0", "0"], done.out
    kept.up("embedded")
