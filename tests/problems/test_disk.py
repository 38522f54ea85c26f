"""A disk that is full or cannot be written: said as such, nothing half done, and it works once that is put right."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import tools
from tests.problems import machine


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
