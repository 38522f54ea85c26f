"""A project that runs without Docker, shared by all tests of this folder, and places for others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import tools


@pytest.fixture(scope="session")
def blog(template: tools.Project) -> Iterator[tools.Project]:
    """A new project, up on the embedded engine. Tests that share it leave it running, and as they found it."""
    with tools.running(template) as made:
        yield made


@pytest.fixture
def workspace() -> Iterator[Path]:
    """A workspace of projects that never run in Docker."""
    with tools.workspace(docker=False) as folder:
        yield folder
