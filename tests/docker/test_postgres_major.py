"""PostgreSQL's major version decides where the data lie, and data of one are never touched by another."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import tools
from tests.docker import compose
from tests.tools import Project

pytestmark = [pytest.mark.docker, pytest.mark.timeout(240)]


@pytest.fixture
def older(workspace: Path) -> Project:
    """A project on PostgreSQL 17, as `djdock new` makes it."""
    return tools.new_project(workspace, "--postgres", "17")


def switch(project: Project, old: str, new: str) -> None:
    file = project.root / "compose.yaml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_another_major_is_refused_and_going_back_works(older: Project) -> None:
    """17 keeps its data where 17 wants them; 18 in compose.yaml is a Problem that touches nothing; 17 goes on."""
    compose.up(older)
    compose.add_group(older, "made by 17")
    assert older.status()["postgres"]["version"].startswith("17.")
    mounts = compose.containers(older.root)["db"]["Mounts"]
    volume = f"{older.env()['COMPOSE_PROJECT_NAME']}_db"
    assert [(mount["Name"], mount["Destination"]) for mount in mounts] == [(volume, "/var/lib/postgresql/data")]

    switch(older, "postgres:17-trixie", "postgres:18-trixie")
    switch(older, "/var/lib/postgresql/data", "/var/lib/postgresql")
    for command in (["up"], ["restart"], ["manage", "check"]):
        said = older.djdock(*command).problem()
        assert f"The database in the volume {volume} was made by PostgreSQL 17" in said
        assert "Nothing was touched" in said
        assert "postgres:17-trixie" in said

    switch(older, "postgres:18-trixie", "postgres:17-trixie")
    switch(older, "/var/lib/postgresql", "/var/lib/postgresql/data")
    older.up("docker")
    assert compose.groups(older) == "made by 17"
