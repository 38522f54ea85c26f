"""Pieces of a stack file, and the versions of what Swarm cannot change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from djdock.deploy.stacks import stack_file
from djdock.deploy.targets import swarm
from djdock.deploy.targets.target import Site
from djdock.errors import Problem
from djdock.project.files import Texts
from tests.unit.kubernetes import releases


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site with its files and secrets, on no engine."""
    release = releases.WORKERS
    for change in swarm.files(Texts({}), release):
        (tmp_path / change.path).write_text(change.after)
    (tmp_path / "secrets").mkdir()
    for name in ("SECRET_KEY", "DATABASE_URL", "POSTGRES_PASSWORD"):
        (tmp_path / "secrets" / name).write_text(f"{name}\n")
    return Site(tmp_path, release, {"ALLOWED_HOSTS": "shop.example.com"}, "shop:1", tmp_path / "secrets")


def test_a_piece_has_what_its_services_use_and_nothing_else(site: Site) -> None:
    """The database comes without the site's secrets and network: a piece must not make what it does not need."""
    stack = stack_file.read(site)
    piece = stack_file.piece(stack, {"db": stack.services["db"]})
    assert set(piece) == {"version", "services", "networks", "volumes", "secrets"}
    assert (set(piece["networks"]), set(piece["volumes"]), set(piece["secrets"])) == (
        {"data"},
        {"db"},
        {"POSTGRES_PASSWORD"},
    )
    web = stack_file.piece(stack, {"web": stack.services["web"]})
    assert set(web["secrets"]) == {"SECRET_KEY", "DATABASE_URL"}
    assert "volumes" not in web


def test_versions_follow_what_is_in_the_files(site: Site) -> None:
    """A secret that changes renames those of the site and not the database's, and the other way round; nothing else
    does, wherever the project lies.
    """
    first = stack_file.versions(site)
    assert stack_file.versions(replace(site, wait=1)) == first
    (site.secrets / "SECRET_KEY").write_text("another")
    second = stack_file.versions(site)
    assert {name for name in first if first[name] != second[name]} == {"SECRETS_VERSION"}
    (site.secrets / "POSTGRES_PASSWORD").write_text("another")
    third = stack_file.versions(site)
    assert {name for name in first if second[name] != third[name]} == {"POSTGRES_PASSWORD_VERSION"}
    (site.root / "Caddyfile.stack").write_text("localhost")
    assert stack_file.versions(site)["CADDYFILE_VERSION"] != third["CADDYFILE_VERSION"]
    assert all(len(version) == 8 for version in third.values())


def test_a_missing_secret_is_named(site: Site) -> None:
    """Nothing goes to the Swarm with a secret that is not there; a look at what would happen needs none."""
    (site.secrets / "SECRET_KEY").unlink()
    with pytest.raises(Problem, match="secrets/SECRET_KEY"):
        stack_file.read(site)
    assert stack_file.read(site, planned=True).services


def test_the_env_file_decides_and_what_runs_stays(site: Site) -> None:
    """The number of tasks that run is kept where the env file says none; what it says wins."""
    assert stack_file.read(site, keep={"web": 5}).environment["WEB_REPLICAS"] == "5"
    said = replace(site, values={**site.values, "WEB_REPLICAS": "3", "STACK_NAME": "trial"})
    stack = stack_file.read(said, keep={"web": 5})
    assert stack.environment["WEB_REPLICAS"] == "3"
    assert (stack.name, stack.scoped("web")) == ("trial", "trial_web")
    assert stack.filled("${STACK_NAME:-shop}_x_${NOTHING:-1}$$") == "trial_x_1$"
    assert stack.filled("${IMAGE:?it has to be there}") == "shop:1"


@pytest.mark.parametrize(("text", "says"), [("a: [", "no YAML"), ("services:\n", "no services"), (None, "There is no")])
def test_a_stack_that_cannot_be_read(site: Site, text: str | None, says: str) -> None:
    """What a person made of the file is named, in place of a traceback."""
    (site.root / "stack.yaml").unlink()
    if text is not None:
        (site.root / "stack.yaml").write_text(text)
    with pytest.raises(Problem, match=says):
        stack_file.read(site)


def test_images_without_a_registry_are_recognised() -> None:
    """Such a name would be looked for on Docker Hub, among the official images."""
    assert not stack_file.is_in_registry("redmine:3f2a")
    assert stack_file.is_in_registry("registry.example.com/shop@sha256:aa")
