"""Several checkouts of one project on one machine share nothing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import tools
from tests.docker import compose
from tests.tools import Project, run

pytestmark = [pytest.mark.docker, pytest.mark.timeout(240)]


@pytest.fixture
def repository(clone: Project) -> Project:
    """The clone as a git repository with one commit."""
    git = ["git", "-c", "user.name=Somebody", "-c", "user.email=somebody@example.com"]
    for step in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "The beginning"]):
        run([*git, *step], clone.root).ok()
    return clone


@pytest.fixture
def worktree(repository: Project, workspace: Path) -> Iterator[Project]:
    """A second checkout of it, on a branch of its own."""
    folder = workspace / "a branch, zwölf"
    run(["git", "worktree", "add", "--quiet", "-b", "other", str(folder)], repository.root).ok()
    with compose.cleaned(folder):
        yield Project(folder)
    shutil.rmtree(folder)


def test_a_worktree_runs_beside_its_repository(repository: Project, worktree: Project) -> None:
    """Both answer at once, each with rows, ports, secrets and containers of its own; stopping one leaves the other."""
    for project in (repository, worktree):
        compose.up(project)
        compose.add_group(project, project.root.name)
    assert compose.groups(repository) == repository.root.name
    assert compose.groups(worktree) == "a branch, zwölf"
    assert tools.page(repository.url)[0] == tools.page(worktree.url)[0] == 200
    shared = {"DEBUG", "ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS", "HOST_UID", "HOST_GID"}
    assert {name for name, value in repository.env().items() if worktree.env()[name] == value} == shared
    repository.djdock("down").ok()
    assert tools.page(worktree.url)[0] == 200
    assert compose.groups(worktree) == "a branch, zwölf"


def test_a_copied_dotenv_does_not_share_the_database(site: Project, workspace: Path) -> None:
    """A folder copied with its .env gets containers, data and ports of its own, and is refused the original's."""
    before = {name: entry["Id"] for name, entry in compose.containers(site.root).items()}
    copy = Project(workspace / "copy")
    shutil.copytree(site.root, copy.root)
    assert {service["state"] for service in copy.status()["services"]} == {"stopped"}
    assert "nothing was running" in copy.djdock("down").ok().out
    assert f"this is a copy of {site.root}" in copy.djdock("up").ok().words
    assert copy.env()["COMPOSE_PROJECT_NAME"] != site.env()["COMPOSE_PROJECT_NAME"]
    compose.add_group(copy, "in the copy")
    assert compose.groups(site) == ""
    assert {name: entry["Id"] for name, entry in compose.containers(site.root).items()} == before

    path = copy.root / ".env"
    own = path.read_text()
    path.write_text(own.replace(copy.env()["COMPOSE_PROJECT_NAME"], site.env()["COMPOSE_PROJECT_NAME"]))
    for command in ("up", "down", "status"):
        said = " ".join(copy.djdock(command).problem().split())
        assert f"belong to the checkout in {site.root}" in said
        assert "Delete the .env here" in said
    path.write_text(own)


def test_compose_has_nothing_to_warn_of(clone: Project, site: Project) -> None:
    """With .env and without, `docker compose config` prints no warning, and names the project after its checkout."""
    for project in (clone, site):
        assert compose.compose(project.root, "config").ok().err == ""
    assert compose.name(clone.root) == clone.root.name
    assert compose.name(site.root) == site.env()["COMPOSE_PROJECT_NAME"] != "site"
