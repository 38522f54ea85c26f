"""A disk that is full or cannot be written: said as such, nothing half done, and it works once that is put right."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from djdock import journal
from djdock.errors import Problem
from djdock.plan.change import Change, Plan
from tests import tools
from tests.problems import machine
from tests.tools import tree


@pytest.fixture
def workspace() -> Iterator[Path]:
    """A workspace of projects that never run in Docker."""
    with tools.workspace(docker=False) as folder:
        yield folder


@pytest.mark.parametrize("megabytes", [1, 20])
def test_new_on_a_full_disk(workspace: Path, megabytes: int) -> None:
    """Full while packages are installed: the folder is as empty as it was."""
    disk = workspace / "disk"
    with machine.small_disk(disk, megabytes):
        done = tools.djdock("new", "blog", cwd=disk)
        done.problem()
        assert "No space left on device" in done.words
        assert "make room" in done.words
        assert list(disk.iterdir()) == []


@pytest.mark.embedded
def test_up_on_a_full_disk(template: tools.Project, workspace: Path) -> None:
    """Full while packages are installed, then while the database is made; with room the next `up` does the rest."""
    disk = workspace / "disk"
    with machine.small_disk(disk, 300) as resize:
        project = tools.fresh(template, disk / "blog")
        used = int(tools.run(["du", "-sm", project.root], disk).ok().out.split()[0])
        shutil.rmtree(project.root / ".venv")
        resize(used // 2)
        for size in (used + 10, used + 300):
            done = project.djdock("up", "--engine", "embedded")
            done.problem()
            assert "No space left on device" in done.words
            assert not (project.root / ".djdock/postgres/data").exists()
            resize(size)
        project.up("embedded")
        assert tools.page(project.url)[0] == 200
        tools.erase(project.root)


@pytest.mark.embedded
def test_disk_fills_up_while_all_runs(template: tools.Project, workspace: Path) -> None:
    """No space for the files of djdock itself: what runs goes on, and the old state is still whole."""
    disk = workspace / "disk"
    with machine.small_disk(disk, 400) as resize:
        project = tools.fresh(template, disk / "blog")
        project.up("embedded")
        filler = disk / "filler"
        with filler.open("wb") as file:
            try:
                while True:
                    file.write(bytes(1_000_000))
                    file.flush()
            except OSError:
                pass
        before = project.env()
        done = project.djdock("up", "--port", str(tools.free_port()))
        done.problem()
        assert "No space left on device" in done.words
        assert project.env() == before
        filler.unlink()
        resize(500)
        project.up("embedded")
        assert tools.page(project.url)[0] == 200
        tools.erase(project.root)


def test_read_only(workspace: Path) -> None:
    """A place that cannot be written into is named."""
    place = workspace / "place"
    place.mkdir()
    with machine.read_only(place):
        done = tools.djdock("new", "blog", cwd=place)
        done.problem()
        assert f"You may not write in {place}" in done.words
        assert list(place.iterdir()) == []


@pytest.mark.embedded
def test_read_only_checkout(template: tools.Project, workspace: Path) -> None:
    """A project on a read-only disk cannot be started there, and says so."""
    project = tools.fresh(template, workspace / "blog")
    with machine.read_only(project.root):
        done = project.djdock("up", "--engine", "embedded")
        done.problem()
        assert "Read-only file system" in done.words


LARGE, LARGER = "a\n" * 100_000, "b\n" * 120_000


@pytest.mark.parametrize("kilobytes", [8, 100, 250, 500, 620, 700, 1024])
def test_a_disk_that_fills_up_at_any_moment_of_init(workspace: Path, kilobytes: int) -> None:
    """Full while copies are made, while new texts are written, or not at all: before or after, and never between."""
    disk = workspace / "disk"
    with machine.small_disk(disk, 4):
        (disk / "a").write_text(LARGE)
        (disk / "b").write_text("b")
        filler = disk / "filler"
        with filler.open("wb") as file:
            file.write(bytes(room(disk) - kilobytes * 1024))
        before = tree(disk)
        plan = Plan((Change("a", LARGE, LARGER), Change("b", "b", "c"), Change("new/c", None, LARGE)))
        if kilobytes < 640:
            with pytest.raises(Problem, match=r"No space left on device\. Nothing was changed"):
                journal.make(disk, plan)
            assert not (disk / ".djdock/undo").exists()
        else:
            journal.make(disk, plan)
            assert (disk / "a").read_text() == LARGER
            with filler.open("ab") as file:
                file.write(bytes(max(0, room(disk) - 4096)))
            with pytest.raises(Problem, match=r"No space left on device\. Nothing was changed"):
                journal.undo(disk)
            assert (disk / "a").read_text() == LARGER
            filler.unlink()
            filler.write_bytes(b"")
            journal.undo(disk)
        assert {path: entry for path, entry in tree(disk).items() if path != "filler"} == {
            path: entry for path, entry in before.items() if path != "filler"
        }


def room(disk: Path) -> int:
    return shutil.disk_usage(disk).free


def test_one_file_that_may_not_be_replaced(workspace: Path) -> None:
    """A file that is mounted by itself, as containers have them, cannot be replaced: then none is."""
    mounted = workspace / "settings.py"
    (workspace / "a").write_text("1\n")
    mounted.write_text("1\n")
    before = tree(workspace)
    plan = Plan((Change("a", "1\n", "2\n"), Change("new/b", None, "x"), Change("settings.py", "1\n", "2\n")))
    with machine.read_only(mounted):
        with pytest.raises(Problem, match=r"could not be written: .*Nothing was changed"):
            journal.make(workspace, plan)
        assert tree(workspace) == before
    assert not (workspace / ".djdock/undo").exists()
    journal.make(workspace, plan)
    with machine.read_only(mounted), pytest.raises(Problem, match="Nothing was changed"):
        journal.undo(workspace)
    assert (workspace / "a").read_text() == "2\n"
    journal.undo(workspace)
    assert tree(workspace) == before


def test_a_read_only_folder_in_the_project(workspace: Path) -> None:
    """Where one folder cannot be written into, nothing is changed in the others either."""
    (workspace / "closed").mkdir()
    (workspace / "closed/x").write_text("1\n")
    (workspace / "a").write_text("1\n")
    before = tree(workspace)
    with machine.read_only(workspace / "closed"):
        plan = Plan((Change("a", "1\n", "2\n"), Change("closed/x", "1\n", "2\n")))
        with pytest.raises(Problem, match=r"Read-only file system\. Nothing was changed"):
            journal.make(workspace, plan)
        assert tree(workspace) == before
    assert not (workspace / ".djdock/undo").exists()


def test_a_read_only_project(workspace: Path) -> None:
    """Where not even .djdock can be made, the reason is said."""
    (workspace / "a").write_text("1\n")
    with machine.read_only(workspace):
        with pytest.raises(Problem, match="Read-only file system"):
            journal.make(workspace, Plan((Change("a", "1\n", "2\n"),)))
        assert [path.name for path in workspace.iterdir()] == ["a"]
