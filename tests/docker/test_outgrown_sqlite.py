"""The way that a tutorial does not tell: a blog with rows on SQLite goes to PostgreSQL, in Docker."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import blog_on_sqlite

pytestmark = pytest.mark.docker


def test_a_blog_moves_to_postgresql(workspace: Path) -> None:
    """Every row is there and equal, the admin can be entered, new rows get new numbers; a second copy is refused."""
    blog_on_sqlite.move(workspace / "blog", "docker")
