"""`djdock db copy` with Docker: the rows of a project that began on SQLite, in the container's PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import tools
from tests.embedded.test_db_copy import COUNT, ROWS, begin
from tests.terminal import Terminal

pytestmark = pytest.mark.docker


def test_up_takes_the_rows_along(workspace: Path) -> None:
    """All rows are there after one command; they are replaced after a dump, which the shown command puts back."""
    project = begin(workspace / "shop")
    done = project.up("docker", "--yes", "--port", str(tools.free_port()))
    assert "every column of every table is the same on both sides" in done.out
    assert project.sql(COUNT) == str(ROWS)

    project.sql("INSERT INTO things_thing (id, name, price) VALUES (9000, 'mine', 1)")
    assert "things_thing" in project.djdock("db", "copy").problem()
    done = project.djdock("db", "copy", "--into-nonempty", "--yes").ok()
    assert "The site runs on this database" in done.err
    assert project.sql(COUNT) == str(ROWS)
    [line] = [line for line in done.err.splitlines() if "To put back" in line]
    tools.run(["sh", "-c", line.partition(": ")[2]], project.root).ok()
    assert project.sql("SELECT name FROM things_thing WHERE id = 9000") == "mine"

    # At a terminal, while the site runs: what asks the project's interpreter in its container has no terminal itself.
    with Terminal([tools.DJDOCK, "db", "copy", "--into-nonempty"], project.root) as terminal:
        terminal.expect("Replace ")
        terminal.type("y\r")
        terminal.expect("every column of every table is the same on both sides")
        assert terminal.code() == 0

    # The same server by its URL: the container knows it under another address than we do.
    url = {"TARGET": project.env()["DATABASE_URL"]}
    assert project.djdock("db", "copy", "--to", "TARGET", "--into-nonempty", "--yes", env=url).ok()
    assert project.sql(COUNT) == str(ROWS)
