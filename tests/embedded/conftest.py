"""A project that runs without Docker, shared by all tests of this folder, and places for others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from djdock.machine import postgres
from djdock.project.environment import Database
from tests import tools
from tests.embedded import databases

MAJORS = [major for major in (14, 15, 16, 17) if Path(f"/usr/lib/postgresql/{major}/bin/initdb").exists()]


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


@pytest.fixture(scope="module", params=[postgres.WHEEL_MAJOR, *MAJORS[-1:]])
def server(request: pytest.FixtureRequest) -> Iterator[databases.Server]:
    """A server without a project: the newest, and one that the machine may have."""
    with tools.workspace(docker=False) as folder, databases.serving(folder, request.param) as running:
        yield running


@pytest.fixture
def database(server: databases.Server) -> Iterator[Database]:
    """An empty database of an ordinary role."""
    with databases.database(server) as made:
        yield made


@pytest.fixture
def connection(server: databases.Server, database: Database) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """A connection of that role."""
    with server.connect(database) as opened:
        yield opened
