"""`djdock undo` on a project that runs: what it stops, what it leaves, and what comes back."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from djdock import journal, state
from djdock.plan import dotenv
from djdock.plan.change import Change, Plan
from djdock.project.environment import Database
from djdock.project.files import Folder
from tests import tools
from tests.embedded import machine
from tests.tools import tree

pytestmark = pytest.mark.embedded


def described(password: str) -> dotenv.Machine:
    """What an `init` would find for this checkout, each time with another password."""
    database = Database("127.0.0.1", tools.free_port(), "blog", "blog", password)
    return dotenv.Machine("blog-of-a-test", 1000, 1000, tools.free_port(), database, "x" * 50)


def init(project: tools.Project, password: str) -> None:
    """Writes what an `init` would: an environment file, and a line into the settings."""
    files, settings = Folder(project.root), "django_project/settings.py"
    text = files.read(settings) or ""
    changes = (dotenv.create(files, described(password)), Change(settings, text, f"{text}\nINTERNAL_IPS = []\n"))
    journal.make(project.root, Plan(changes))
    journal.note(project.root, ".venv")
    state.save(project.root, replace(state.load(project.root), manage="manage.py"))


def test_undo_of_a_running_project(template: tools.Project, workspace: Path) -> None:
    """The site and the database stop, the tree is the same to the byte, and the rows are there when it comes back."""
    project = tools.fresh(template, workspace / "blog")
    shutil.rmtree(project.root / ".venv")
    (project.root / ".env").unlink()
    before = tree(project.root)
    init(project, "first")
    project.up("embedded")
    machine.query(project, "create table kept (line text); insert into kept values ('a row')")
    project.up("embedded", "--port", str(tools.free_port()))  # the next line of .env that djdock itself changes
    processes = machine.everything(project)
    assert processes
    url = project.url
    done = project.djdock("undo").ok()
    assert "stop  db" in done.out
    assert "stop  web" in done.out
    assert str(machine.data(project)) in done.words
    assert tree(project.root) == before
    assert all(machine.ended(process) for process in processes)
    with pytest.raises(OSError, match="refused"):
        tools.page(url)
    init(project, "second")
    project.up("embedded")
    assert machine.query(project, "select line from kept") == "a row"
    project.djdock("undo").ok()
    assert tree(project.root) == before
