"""commands/root.py: the root is found from any folder of a project, and only there."""

from __future__ import annotations

from pathlib import Path

import pytest

from djdock import state
from djdock.commands import root
from djdock.errors import Problem
from tests import projects

MANAGE = projects.manage()


def made(folder: Path, *paths: str) -> Path:
    """A folder with files: each manage.py is a real one, the others are empty."""
    texts = {path: MANAGE if path.endswith("manage.py") else "" for path in paths}
    return projects.write(folder, texts, git=False)


@pytest.mark.parametrize("start", ["", "shop", "shop/migrations"])
def test_from_inside(tmp_path: Path, start: str) -> None:
    """From the root and from any folder of the project it is the same one."""
    made(tmp_path, "manage.py", "requirements.txt", "shop/migrations/__init__.py")
    assert root.find(tmp_path / start) == tmp_path


def test_a_folder_with_dependencies_of_its_own(tmp_path: Path) -> None:
    """A folder that has all of a project is one, whatever lies above it."""
    made(tmp_path, "requirements.txt", "one/manage.py", "one/requirements.txt", "two/manage.py", "two/pyproject.toml")
    assert root.find(tmp_path / "one") == tmp_path / "one"
    assert root.find(tmp_path / "two") == tmp_path / "two"


def test_what_was_said_counts(tmp_path: Path) -> None:
    """Where a manage.py was named once, nobody asks again."""
    made(tmp_path, "one/manage.py", "two/manage.py")
    (tmp_path / "djdock.toml").write_text('manage = "two/manage.py"\n')
    assert root.find(tmp_path) == tmp_path


def test_a_known_project_wins(tmp_path: Path) -> None:
    """What djdock has brought up is found again from every folder, also where files suggest another root."""
    made(tmp_path, "backend/manage.py", "backend/requirements.txt", "backend/shop/urls.py")
    assert root.find(tmp_path / "backend/shop") == tmp_path / "backend"
    state.save(tmp_path, state.State(manage="backend/manage.py"))
    assert root.find(tmp_path / "backend/shop") == tmp_path


def test_a_project_inside_of_a_known_one(tmp_path: Path) -> None:
    """Another manage.py below a known project is a project of its own."""
    made(tmp_path, "manage.py", "example/manage.py", "example/requirements.txt")
    state.save(tmp_path, state.State(manage="manage.py"))
    assert root.find(tmp_path / "example") == tmp_path / "example"
    assert root.find(tmp_path) == tmp_path


def test_it_does_not_leave_the_repository(tmp_path: Path) -> None:
    """A manage.py above the repository belongs to something else."""
    made(tmp_path, "manage.py", "requirements.txt", "other/.git/HEAD", "other/docs/index.md")
    with pytest.raises(Problem, match="not inside a Django project"):
        root.find(tmp_path / "other/docs")


def test_an_unreadable_manage_py_elsewhere(tmp_path: Path) -> None:
    """Bytes that are no text, in a manage.py of a sub-folder, are none of the project's business."""
    made(tmp_path, "backend/manage.py", "requirements.txt")
    (tmp_path / "data").mkdir()
    (tmp_path / "data/manage.py").write_bytes(b"\xff\x00")
    assert root.find(tmp_path) == tmp_path
