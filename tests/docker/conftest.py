"""Projects that several Docker tests look at: making and starting one for each would take most of their time."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import tools
from tests.docker import compose
from tests.tools import Project


@pytest.fixture(scope="session")
def shelf() -> Iterator[Path]:
    """A folder that lasts for all Docker tests."""
    folder = Path(tempfile.mkdtemp(prefix="djdock-docker-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def original(shelf: Path) -> Project:
    """A new project that is never started: what the clones are made of."""
    return tools.new_project(shelf)


@pytest.fixture(scope="session")
def site(original: Project, shelf: Path) -> Iterator[Project]:
    """A project that runs in Docker. Whoever stops it or breaks it puts it right again."""
    project = compose.clone(original, shelf / "site")
    compose.up(project)
    yield project
    tools.remove(project)


@pytest.fixture
def clone(original: Project, workspace: Path) -> Iterator[Project]:
    """A fresh clone, never started, which may have neither .env nor anything else of this machine."""
    project = compose.clone(original, workspace / "blog")
    with compose.cleaned(project.root):
        yield project
    if not any((project.root / ".djdock").glob("postgres*")):  # else `workspace` takes the cluster away, too
        shutil.rmtree(project.root)
