"""`djdock undo` as a person sees it: what it says, what it leaves, and how it ends."""

from __future__ import annotations

import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from djdock import journal, state
from djdock.plan.change import Change, Plan
from tests import tools
from tests.tools import tree

INIT = Plan(
    (
        Change("settings.py", "A = 1\n", "A = 2\n"),
        Change("Dockerfile", None, "FROM x\n"),
        Change(".env", None, "SECRET_KEY=x\nDATABASE_URL=postgres://u:p@127.0.0.1:5432/n\n", private=True),
    )
)
GENERATED = {"Dockerfile": "FROM x\n"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    place = tmp_path / "my blog"
    (place / "backend").mkdir(parents=True)
    (place / "backend/manage.py").write_text("")
    (place / "settings.py").write_text("A = 1\n")
    return place


def test_all_of_it_goes_back(root: Path) -> None:
    """From any folder of the project, each file is named, and nothing of djdock is left."""
    before = tree(root, with_djdock=True)
    journal.make(root, INIT, generated=GENERATED)
    journal.note(root, ".venv")
    (root / ".venv").mkdir()
    done = tools.djdock("undo", cwd=root / "backend").ok()
    assert done.out.splitlines() == [
        "   change  settings.py  (as it was)",
        "   remove  Dockerfile",
        "   remove  .env",
        "   remove  .venv",
    ]
    assert tree(root, with_djdock=True) == before
    again = tools.djdock("undo", cwd=root)
    assert "There is nothing to undo" in again.problem()
    assert tree(root, with_djdock=True) == before, "nor does asking leave anything"


def test_data_stay_and_are_named(root: Path) -> None:
    """A database in .djdock is left, out of git's sight, with the name of the project that it belongs to."""
    journal.make(root, INIT)
    (root / ".djdock/postgres/data").mkdir(parents=True)
    state.logs(root)
    state.save(root, state.State(root=str(root), compose_project="blog-00012345", manage="backend/manage.py"))
    done = tools.djdock("undo", cwd=root).ok()
    assert str(root / ".djdock/postgres/data") in done.words
    assert sorted(path.name for path in (root / ".djdock").iterdir()) == [
        ".gitignore", "lock", "postgres", "state.json",
    ]  # fmt: skip
    assert state.load(root) == state.State(root=str(root), compose_project="blog-00012345")


def test_a_project_of_which_all_is_undone_is_unknown_again(root: Path) -> None:
    """Also where an edited file was kept: the next `up` has to look at the project anew."""
    journal.make(root, INIT, generated=GENERATED)
    state.save(root, state.State(root=str(root), compose_project="blog", manage="backend/manage.py"))
    (root / "Dockerfile").write_text("mine\n")
    assert tools.djdock("undo", cwd=root).code == 1
    assert state.load(root) == state.State(root=str(root), compose_project="blog")
    assert (root / ".djdock/generated/Dockerfile").exists(), "the kept file can still be merged"


def test_what_djdock_knew_before_stays(root: Path) -> None:
    """In a project that ran with djdock before its `init`, only that `init` is forgotten."""
    known = state.State(root=str(root), compose_project="blog", manage="backend/manage.py")
    state.save(root, known)
    before = tree(root, with_djdock=True)
    journal.make(root, INIT, generated=GENERATED)
    tools.djdock("undo", cwd=root).ok()
    (root / ".djdock/lock").unlink()
    assert tree(root, with_djdock=True) == before


def test_edited_files_are_named_with_the_difference(root: Path) -> None:
    """Exit code 1; the command that is shown shows the difference; --force keeps the edited text aside."""
    before = tree(root)
    journal.make(root, INIT)
    (root / "settings.py").write_text("A = 3\n")
    done = tools.djdock("undo", cwd=root)
    assert done.code == 1
    assert "     skip  settings.py  (you have edited it since)" in done.out
    assert "djdock undo --force" in done.out
    assert (root / "settings.py").read_text() == "A = 3\n"
    assert not (root / ".env").exists()
    (shown,) = [line.split("the difference: ")[1] for line in done.err.splitlines() if "the difference: " in line]
    difference = subprocess.run(shlex.split(shown), cwd=root, capture_output=True, text=True, check=False).stdout
    assert "-A = 1" in difference
    assert "+A = 3" in difference
    forced = tools.djdock("undo", "--force", cwd=root).ok()
    assert tree(root) == before
    assert (root / ".djdock/undo/kept/settings.py").read_text() == "A = 3\n"
    assert ".djdock/undo/kept/settings.py" in forced.err


INTERRUPTED = """
import os, signal, sys
from pathlib import Path
from djdock import journal
from tests.unit.test_undo import INIT
replaced = 0
def hook(event, arguments):
    global replaced
    if event == "os.rename" and "djdock-" in str(arguments[0]):
        replaced += 1
        if replaced == 2:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
journal.make(Path(sys.argv[1]), INIT, generated={})
"""


def test_an_interrupted_init_is_taken_back(root: Path) -> None:
    """After a kill in the middle, `undo` puts back what had changed, says so, and leaves nothing."""
    before = tree(root, with_djdock=True)
    argv = [sys.executable, "-c", INTERRUPTED, str(root)]
    assert subprocess.run(argv, cwd=Path(__file__).parents[2], check=False).returncode == -signal.SIGKILL
    assert tree(root) not in (before, {})
    done = tools.djdock("undo", cwd=root).ok()
    assert "settings.py  (as it was before the command that was interrupted)" in done.out
    assert tree(root, with_djdock=True) == before


def test_one_command_at_a_time(root: Path) -> None:
    """While another command is at work, `undo` does nothing."""
    journal.make(root, INIT)
    after = tree(root)
    with state.lock(root, "up"):
        assert "Another djdock command is at work" in tools.djdock("undo", cwd=root).problem()
    assert tree(root) == after


def test_outside_of_a_project(tmp_path: Path) -> None:
    """Where djdock has never been, it says so and leaves no folder."""
    assert "There is nothing to undo" in tools.djdock("undo", cwd=tmp_path).problem()
    assert list(tmp_path.iterdir()) == []


def test_an_unreadable_env_does_not_stand_in_the_way(root: Path) -> None:
    """Whether anything runs cannot be known then; that is said, and the files go back."""
    before = tree(root)
    journal.make(root, INIT)
    state.save(root, state.State(engine="embedded"))
    (root / ".env").write_bytes(b"\xff\xfe\xff")
    done = tools.djdock("undo", "--force", cwd=root).ok()
    assert "not known whether anything still runs" in done.words
    assert tree(root) == before
    assert (root / ".djdock/undo/kept/.env").read_bytes() == b"\xff\xfe\xff"
