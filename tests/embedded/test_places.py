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
def original(template: tools.Project, workspace: Path) -> tools.Project:
    """A project that runs and holds a row."""
    return started(tools.fresh(template, workspace / "blog"))


def started(made: tools.Project) -> tools.Project:
    """A project, after its first up, with a row."""
    made.up("embedded")
    machine.query(made, "create table proof (id int); insert into proof values (1)")
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
    machine.query(duplicate, "create table only_here (id int)")
    assert machine.query(original, "select to_regclass('only_here')") == ""
    assert machine.query(original, "select id from proof") == "1"


def test_copy_of_a_running_checkout(original: tools.Project) -> None:
    """A copy of a running checkout never touches the original, not even before its first up; it starts empty."""
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


def test_copy_of_a_stopped_checkout(original: tools.Project) -> None:
    """The data of a checkout that is down may be copied along; afterwards the two go separate ways."""
    original.djdock("down").ok()
    duplicate = copy(original, "duplicate")
    duplicate.up("embedded")
    original.up("embedded")
    assert machine.query(duplicate, "select id from proof") == "1"
    assert_apart(original, duplicate)


def test_copied_env_file(template: tools.Project, workspace: Path) -> None:
    """Somebody who copies .env into a second clone gets no share in the first one's database, and is told."""
    original, clone = (tools.fresh(template, workspace / name) for name in ("first", "second"))
    (original.root / ".env").unlink()
    started(original)
    shutil.copyfile(original.root / ".env", clone.root / ".env")
    done = clone.up("embedded")
    assert f"it was made for {original.env()['COMPOSE_PROJECT_NAME']}" in done.out
    assert_apart(original, clone)


@pytest.mark.parametrize("running", [True, False])
def test_moved_checkout(original: tools.Project, *, running: bool) -> None:
    """A checkout that was moved, be it while it ran, keeps its data, its ports and its .env."""
    before = original.env()
    if not running:
        original.djdock("down").ok()
    moved = tools.Project(original.root.rename(original.root.with_name("moved")))
    moved.up("embedded")
    assert moved.env() == before
    assert machine.query(moved, "select id from proof") == "1"
    assert tools.page(moved.url)[0] == 200
    assert machine.reloader(moved).cwd() == str(moved.root)


@in_closed_home
def test_in_roots_home(template: tools.Project, homespace: Path) -> None:
    """PostgreSQL's user cannot enter root's home folder: the cluster lies in /var/lib/djdock, and is nobody else's."""
    original = started(tools.fresh(template, homespace / "blog"))
    assert machine.data(original).parent.parent == Path("/var/lib/djdock")
    duplicate = copy(original, "duplicate")
    duplicate.up("embedded")
    assert_apart(original, duplicate)
    original.djdock("down").ok()
    moved = tools.Project(original.root.rename(homespace / "moved"))
    # A new project at the old place must not find the data of the one that has moved away, nor take them from it.
    successor = tools.own_port(tools.new_project(homespace))
    successor.up("embedded")
    assert machine.query(successor, "select to_regclass('proof')") == ""
    before = moved.env()
    moved.up("embedded")
    assert moved.env() == before
    assert_apart(moved, successor)


@in_closed_home
def test_moved_into_roots_home(original: tools.Project, homespace: Path) -> None:
    """The cluster inside a project that moves to where PostgreSQL's user cannot enter goes to /var/lib/djdock."""
    moved = tools.Project(Path(shutil.move(original.root, homespace / "blog")))
    moved.up("embedded")
    assert machine.data(moved).parent.parent == Path("/var/lib/djdock")
    assert machine.query(moved, "select id from proof") == "1"


def test_unusual_path(workspace: Path) -> None:
    """Spaces, quotes and letters of any language in a path, for new, up, commands and from folders below."""
    folder = workspace / "my 'own' zażółć 日本 $HOME"
    folder.mkdir()
    tools.djdock("new", "blog", "a b/blog", cwd=folder).ok()
    project = started(tools.own_port(tools.Project(folder / "a b/blog")))
    assert tools.page(project.url)[0] == 200
    below = project.root / "accounts/migrations"
    assert project.djdock("manage", "migrate", "--check", cwd=below).ok().out == ""
    assert project.djdock("status", cwd=below).ok().out.startswith("project   blog")
    assert project.djdock("run", "python", "-c", "import os; print(os.getcwd())", cwd=below).ok().out == f"{below}\n"
    project.djdock("down", cwd=below).ok()
