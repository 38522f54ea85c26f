"""Projects that several Docker tests look at: making and starting one for each would take most of their time."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import tools
from tests.docker import compose
from tests.tools import Project


@contextmanager
def folder() -> Iterator[Path]:
    """An empty folder that nobody else has, under a name that images can be called after."""
    made = tools.make_folder("djdock-docker-")
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="module")
def shelf() -> Iterator[Path]:
    """A folder for what the tests of one file share: each has its own, so none meets what another made."""
    with folder() as made:
        yield made


@pytest.fixture(scope="session")
def original() -> Iterator[Project]:
    """A new project that is never started: what the clones are made of."""
    with folder() as made:
        yield tools.new_project(made)


@pytest.fixture(scope="session")
def site(original: Project) -> Iterator[Project]:
    """A project that runs in Docker. Whoever stops it or breaks it puts it right again."""
    project = compose.clone(original, original.root.parent / "site")
    compose.up(project)
    yield project
    tools.remove(project)


@pytest.fixture
def clone(original: Project, workspace: Path, request: pytest.FixtureRequest) -> Iterator[Project]:
    """A fresh clone, never started, which may have neither .env nor anything else of this machine.

    Without an .env Compose goes by the folder's name: it is that of the test's file, since others run beside it.
    """
    project = compose.clone(original, workspace / request.path.stem)
    with compose.cleaned(project.root):
        yield project
    if not any((project.root / ".djdock").glob("postgres*")):  # else `workspace` takes the cluster away, too
        shutil.rmtree(project.root)
