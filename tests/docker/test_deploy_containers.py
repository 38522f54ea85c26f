"""What Docker says of real containers: which of them work, those started again too, and what they are made of."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from djdock.deploy.single_host import containers, health
from djdock.deploy.single_host.containers import Container
from djdock.deploy.single_host.project import Project
from djdock.deploy.targets.target import Site
from djdock.errors import Problem
from djdock.plan.production.release import Release
from tests import caddy_image, tools
from tests.docker.single_host import quiet
from tests.tools import run

pytestmark = [pytest.mark.docker, pytest.mark.timeout(120)]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A site of which nothing runs but what a test starts."""
    return Project(Site(tmp_path, Release("shop", ()), {}, "shop:1", tmp_path, 15.0), "shop", {}, {}, {}, {})


@pytest.fixture
def started(tmp_path: Path) -> Iterator[list[str]]:
    """The ids of containers that are gone in the end."""
    ids: list[str] = []
    yield ids
    run(["docker", "rm", "--force", *ids], tmp_path)


def start(ids: list[str], script: str, *options: str) -> Container:
    caddy_image.ensure()
    argv = ["docker", "run", "--detach", "--restart", "unless-stopped", "--entrypoint", "sh", *options]
    ids.append(run([*argv, "caddy:2", "-c", script], Path.cwd()).ok().out.strip())
    return look(ids[-1])


def look(container: str) -> Container:
    [found] = containers.inspect([container])
    return found


def test_a_database_that_was_killed_last_month_is_healthy(project: Project, started: list[str]) -> None:
    """Docker counts its restarts for ever: no later deployment may fail for those that are long over."""
    options = ("--health-cmd", "true", "--health-interval", "1s")
    database = start(started, "while true; do sleep 1; done", *options)
    for number in range(1, health.RESTARTS + 2):
        [entry] = json.loads(run(["docker", "inspect", database.id], Path.cwd()).ok().out)
        # Not `docker kill`, which counts as the person's own wish that it ends.
        run(["kill", "-9", str(entry["State"]["Pid"])], Path.cwd()).ok()
        tools.eventually(lambda: look(database.id).restarts == number and look(database.id).running, 20)  # noqa: B023
    health.wait(project, [look(database.id)], quiet)


def test_a_worker_that_ends_once_and_then_runs_is_well(project: Project, started: list[str]) -> None:
    """The first time may have been somebody else's fault."""
    worker = start(started, "test -e /tmp/second || { touch /tmp/second; exit 1; }; sleep 600", "--init")
    assert health.wait(project, [worker], quiet, 2.0) < 15


def test_a_worker_that_ends_again_and_again_is_not(project: Project, started: list[str]) -> None:
    """However healthy each of its lives looks at first."""
    worker = start(started, "sleep 0.5; echo no such queue; exit 1", "--init")
    with pytest.raises(Problem) as raised:
        health.wait(project, [worker], quiet, 5.0)
    assert "no such queue" in raised.value.details


def test_a_tag_that_was_moved_is_told_from_what_runs(tmp_path: Path) -> None:
    """Whoever builds under the same name each time still gets back to what ran before: that has its id as its name."""
    tag, name = f"djdock-moved:{secrets.token_hex(4)}", f"djdock-moved-{secrets.token_hex(4)}"
    build = ["docker", "build", "--quiet", "--tag", tag, "-"]
    caddy_image.ensure()
    try:
        first = run(build, tmp_path, stdin="FROM caddy:2\nLABEL version=1\n").ok().out.strip()
        run(["docker", "run", "--detach", "--name", name, "--entrypoint", "sleep", tag, "60"], tmp_path).ok()
        assert containers.made_from(look(name)) == tag
        run(build, tmp_path, stdin="FROM caddy:2\nLABEL version=2\n").ok()
        assert containers.made_from(look(name)) == first
        # Compose takes an id where a name stands.
        text = f'services:\n  web:\n    image: {first}\n    entrypoint: ["true"]\n'
        (tmp_path / "compose.yaml").write_text(text)
        run(["docker", "compose", "--project-name", name, "run", "--rm", "web"], tmp_path).ok()
    finally:
        run(["docker", "rm", "--force", name], tmp_path)
        run(["docker", "compose", "--project-name", name, "down"], tmp_path)
        run(["docker", "image", "rm", "--force", tag], tmp_path)
