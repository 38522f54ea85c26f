"""README.md and the tutorial are done for real, from their own text."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests import tools
from tests.docs import test_facts, walk

pytestmark = pytest.mark.embedded


@pytest.fixture
def folder() -> Iterator[Path]:
    """A workspace for what never runs in Docker."""
    with tools.workspace(docker=False) as place:
        yield place


def test_the_readme_works(folder: Path) -> None:
    """The daily commands of README.md do what the comments beside them say."""
    reader = walk.Reader(folder)
    day = walk.blocks("README.md", "## Every day")[0][1].splitlines()
    until_up = next(index for index, line in enumerate(day) if line.startswith("djdock up")) + 1
    for line in day[:until_up]:
        reader.type(line)

    assert tools.page(reader.project.url)[0] == 200
    assert reader.project.url in reader.last
    for line in day[until_up:]:
        reader.type(line)
    assert reader.project.status()["url"] is None


def test_the_tutorial_works(folder: Path) -> None:
    """Who follows docs/tutorial.md ends with a row in PostgreSQL, and sees on the way what the page shows."""
    reader = walk.Reader(folder)
    blocks = walk.blocks("docs/tutorial.md")
    [row] = [index for index, (_language, block) in enumerate(blocks) if "psql" in block]
    reader.follow(blocks[:row])
    # What the page lets its reader do in the browser; other tests do it there.
    reader.djdock(["shell", "-c", "from posts.models import Post; Post.objects.create(title='The first row')"])
    reader.follow(blocks[row : row + 1])

    assert "The first row" in reader.last
    reader.follow(blocks[row + 1 :])
    assert not any(service["state"] == "running" for service in reader.project.status()["services"])


def test_an_existing_project_is_converted(folder: Path) -> None:
    """Who follows docs/existing-project.md sees what the page shows: dry run, start, merged edits, undo."""
    reader = walk.Reader(folder)
    blocks = walk.blocks("docs/existing-project.md")
    [rows] = [index for index, (_language, block) in enumerate(blocks) if "djdock db copy" in block]
    reader.follow(blocks[:rows])

    image = (reader.folder / "Dockerfile").read_text(encoding="utf-8")
    assert "The shop" in image
    assert "uv pip install 'gunicorn" in image  # as it was before the second `init`
    assert reader.project.status()["url"] is None


def test_rows_are_moved_from_sqlite(folder: Path) -> None:
    """Who follows docs/how-to/move-from-sqlite.md sees what it shows: the copy, a refusal, the repair, the way back."""
    reader = walk.Reader(folder)
    blocks = walk.blocks("docs/how-to/move-from-sqlite.md")
    [start] = [index for index, (_language, block) in enumerate(blocks) if "mkdir shop" in block]
    reader.follow(blocks[start:])

    assert reader.project.sql("SELECT username, length(last_name) FROM auth_user") == "ada|150"
    assert reader.project.sql("SELECT count(*) FROM auth_user_groups") == "1"
    with closing(sqlite3.connect(reader.folder / "db.sqlite3")) as connection:
        assert connection.execute("SELECT length(last_name) FROM auth_user").fetchone() == (206,)
    report = json.loads(max(reader.folder.glob(".djdock/copies/*/report.json")).read_text(encoding="utf-8"))
    told = [
        row[0].strip("` ").split("`, `") for row in test_facts.table("docs/how-to/move-from-sqlite.md", "## The report")
    ]
    assert [name for names in told for name in names] == list(report)
    reader.type("djdock undo")
    assert "sqlite3" in (reader.folder / "config/settings.py").read_text(encoding="utf-8")


def test_a_page_that_shows_something_else_is_noticed() -> None:
    """What a page leaves out may be anything; all other lines have to be there, in this order."""
    assert walk.is_shown("    …\n  a  b\n", "  x\n  a  b\n")
    assert not walk.is_shown("    …\n  a  b\n", "  a  c\n")
    assert not walk.is_shown("  a\n", "  a\n  b\n")
