"""commands/root.py: which project is meant, where several lie below the current folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from djdock.commands import root
from djdock.errors import Problem

MANAGE = "import os\n\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'config.settings')\n"


@pytest.fixture
def several(tmp_path: Path) -> Path:
    """A repository with two projects."""
    (tmp_path / ".git").mkdir()
    for name in ("api", "shop"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "manage.py").write_text(MANAGE, encoding="utf-8")
    return tmp_path


def test_several_projects_are_not_guessed_between(several: Path) -> None:
    """Where nothing tells which project is meant, the person is told how to say it."""
    with pytest.raises(Problem, match="nothing tells which one is meant") as caught:
        root.find(several)
    assert "--manage api/manage.py" in caught.value.hint


@pytest.mark.parametrize("named", ["shop/manage.py", "nowhere/manage.py"])
def test_who_names_manage_py_is_not_asked_which_one(several: Path, named: str) -> None:
    """What that hint says to type works; a path with nothing there is for the reading of the project to tell."""
    assert root.find(several, named) == several


def test_a_manage_py_below_may_be_named_beside_another_one(several: Path) -> None:
    """The current folder is the root of the project that is named, even though it has a manage.py itself."""
    (several / "manage.py").write_text(MANAGE, encoding="utf-8")

    assert root.find(several, "shop/manage.py") == several
