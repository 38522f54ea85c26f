"""Where a checkout lies, and what happens to its database when it is copied or moved."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import tools
from tests.embedded import machine

pytestmark = pytest.mark.embedded

OWN = ("DATABASE_URL", "POSTGRES_PASSWORD", "DB_PORT", "WEB_PORT", "COMPOSE_PROJECT_NAME")


def closed_home() -> Path | None:
    """Root's home folder, where no other user can enter it."""
    home = Path.home()
    return home if os.geteuid() == 0 and not home.stat().st_mode & stat.S_IXOTH else None


in_closed_home = pytest.mark.skipif(
    closed_home() is None, reason="only root has a home folder that PostgreSQL's user cannot enter"
)


@pytest.fixture
def homespace() -> Iterator[Path]:
    """A workspace in root's home folder."""
    with tools.workspace(docker=False, parent=closed_home()) as folder:
        yield folder


@pytest.fixture
def workspace() -> Iterator[Path]:
    """A workspace of projects that never run in Docker."""
    with tools.workspace(docker=False) as folder:
        yield folder


def started(folder: Path, name: str = "blog") -> tools.Project:
    """A new project that runs and holds a row."""
    made = tools.own_port(tools.new_project(folder, name=name))
    made.up("embedded")
    made.sql("create table proof (id int); insert into proof values (1)")
    return made


def copy(original: tools.Project, name: str) -> tools.Project:
    """What `cp -r` makes of a checkout."""
    target = original.root.with_name(name)
    tools.run(["cp", "-r", original.root, target], original.root.parent).ok()
    return tools.Project(target)


def assert_apart(original: tools.Project, duplicate: tools.Project) -> None:
    """Both run, on ports, passwords and names of their own, and each on its own data."""
    mine, other = original.env(), duplicate.env()
    for name in OWN:
        assert mine[name] != other[name], name
    assert machine.data(original) != machine.data(duplicate)
    assert machine.postmaster(original) != machine.postmaster(duplicate)
    for project in (original, duplicate):
        assert tools.page(project.url)[0] == 200
        assert [service["health"] for service in project.status()["services"]] == ["healthy", "healthy"]
    duplicate.sql("create table only_here (id int)")
    assert original.sql("select to_regclass('only_here')") == ""
    assert original.sql("select id from proof") == "1"


def test_copy_of_a_running_checkout(workspace: Path) -> None:
    """A copy of a running checkout never touches the original, not even before its first up; it starts empty."""
    original = started(workspace)
    before = original.env()
    running = machine.everything(original)
    duplicate = copy(original, "duplicate")
    assert [service["state"] for service in duplicate.status()["services"]] == ["stopped", "stopped"]
    assert "nothing was running" in duplicate.djdock("down").ok().out
    done = duplicate.djdock("psql", "-At", "-c", "select to_regclass('proof')").ok()
    assert done.out.splitlines()[-1] == ""
    assert f"this is a copy of {original.root}" in done.all
    assert "copied while its server ran" in done.err
    duplicate.up("embedded")
    assert original.env() == before
    assert [process for process in running if machine.ended(process)] == []
    assert_apart(original, duplicate)
    assert "copy of" not in duplicate.djdock("up").ok().all


def test_copy_of_a_stopped_checkout(workspace: Path) -> None:
    """The data of a checkout that is down may be copied along; afterwards the two go separate ways."""
    original = started(workspace)
    original.djdock("down").ok()
    duplicate = copy(original, "duplicate")
    duplicate.up("embedded")
    original.up("embedded")
    assert duplicate.sql("select id from proof") == "1"
    assert_apart(original, duplicate)


def test_copied_env_file(workspace: Path) -> None:
    """Somebody who copies .env into a second clone gets no share in the first one's database, and is told."""
    original = started(workspace)
    clone = tools.Project(workspace / "clone")
    kept_out = shutil.ignore_patterns(".djdock", ".venv", "__pycache__")
    shutil.copytree(original.root, clone.root, ignore=kept_out)
    assert (clone.root / ".env").exists()
    done = clone.up("embedded")
    assert f"it was made for {original.env()['COMPOSE_PROJECT_NAME']}" in done.out
    assert_apart(original, clone)


@pytest.mark.parametrize("running", [True, False])
def test_moved_checkout(workspace: Path, *, running: bool) -> None:
    """A checkout that was moved, be it while it ran, keeps its data, its ports and its .env."""
    project = started(workspace)
    before = project.env()
    if not running:
        project.djdock("down").ok()
    moved = tools.Project(project.root.rename(workspace / "moved"))
    moved.up("embedded")
    assert moved.env() == before
    assert moved.sql("select id from proof") == "1"
    assert tools.page(moved.url)[0] == 200
    assert machine.reloader(moved).cwd() == str(moved.root)


@in_closed_home
def test_in_roots_home(homespace: Path) -> None:
    """PostgreSQL's user cannot enter root's home folder: the cluster lies in /var/lib/djdock, and moves with nobody."""
    original = started(homespace)
    assert machine.data(original).parent.parent == Path("/var/lib/djdock")
    duplicate = copy(original, "duplicate")
    duplicate.up("embedded")
    assert_apart(original, duplicate)
    original.djdock("down").ok()
    moved = tools.Project(original.root.rename(homespace / "moved"))
    moved.up("embedded")
    assert moved.sql("select id from proof") == "1"
    # A new project at the old place must not find the data of the one that has moved away.
    successor = tools.own_port(tools.new_project(homespace))
    successor.up("embedded")
    assert successor.sql("select to_regclass('proof')") == ""
    assert_apart(moved, successor)


@in_closed_home
def test_moved_into_roots_home(workspace: Path, homespace: Path) -> None:
    """The cluster inside a project that moves to where PostgreSQL's user cannot enter goes to /var/lib/djdock."""
    project = started(workspace)
    moved = tools.Project(Path(shutil.move(project.root, homespace / "blog")))
    moved.up("embedded")
    assert machine.data(moved).parent.parent == Path("/var/lib/djdock")
    assert moved.sql("select id from proof") == "1"


@pytest.mark.parametrize("folder", ["with space", "zażółć ü 日本"])
def test_unusual_paths(workspace: Path, folder: str) -> None:
    """Spaces and letters of any language in a path, for new, up, commands and from folders below."""
    (workspace / folder).mkdir()
    project = started(workspace / folder)
    assert tools.page(project.url)[0] == 200
    below = project.root / "accounts/migrations"
    assert project.djdock("manage", "migrate", "--check", cwd=below).ok().out == ""
    assert project.djdock("status", cwd=below).ok().out.startswith("project   blog")
    assert project.djdock("run", "python", "-c", "import os; print(os.getcwd())", cwd=below).ok().out == f"{below}\n"
    project.djdock("down", cwd=below).ok()
