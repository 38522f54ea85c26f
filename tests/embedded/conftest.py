"""A project that runs without Docker, shared by the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import tools


@pytest.fixture(scope="module")
def blog() -> Iterator[tools.Project]:
    """A new project, up on the embedded engine. Tests that share it leave it running, and as they found it."""
    with tools.workspace(docker=False) as folder:
        made = tools.own_port(tools.new_project(folder))
        made.up("embedded")
        yield made
