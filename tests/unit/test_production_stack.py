"""What is written for Swarm, for every shape of project: nothing that Swarm ignores, refuses, or would do twice."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
import yaml

from djdock.deploy.targets import swarm
from djdock.plan.change import is_marked
from djdock.plan.compose import Worker
from djdock.plan.production import stack, stack_names
from djdock.plan.production.release import STACK_CADDYFILE, STACK_FILE, Release, Setting
from djdock.project.files import Texts
from tests.unit.kubernetes import releases

# What `docker stack deploy` turns into a service: all others it drops, `tmpfs` without a word.
# https://github.com/docker/cli/blob/master/cli/compose/convert/service.go
TAKEN = {
    "cap_add", "cap_drop", "command", "configs", "deploy", "entrypoint", "environment", "healthcheck", "image", "init",
    "logging", "networks", "ports", "read_only", "secrets", "stop_grace_period", "user", "volumes",
}  # fmt: skip
DEPLOY = {
    "endpoint_mode", "labels", "mode", "placement", "replicas", "resources", "restart_policy", "rollback_config",
    "update_config",
}  # fmt: skip


@cache
def parsed(name: str) -> dict[str, Any]:
    """The stack of a release, as YAML has it."""
    found: dict[str, Any] = yaml.safe_load(stack.text(releases.ALL[name]))
    return found


@pytest.mark.parametrize("name", releases.ALL)
def test_no_key_is_ignored(name: str) -> None:
    """Every key means something to Swarm, and every service has an image, limits and rotated logs."""
    for service, keys in parsed(name)["services"].items():
        assert set(keys) <= TAKEN, service
        assert set(keys["deploy"]) <= DEPLOY, service
        assert keys["read_only"] is True, service
        assert keys["cap_drop"] == ["ALL"], service
        assert keys["logging"]["options"] == {"max-size": "10m", "max-file": "3"}, service
        if service != "migrate":
            assert set(keys["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}, service
            assert keys["deploy"]["restart_policy"]["max_attempts"], service


@pytest.mark.parametrize("name", releases.ALL)
def test_every_shape_has_what_it_needs(name: str) -> None:
    """Services, volumes, networks and secrets follow from the release, and nothing is there that it does not use."""
    release, found = releases.ALL[name], parsed(name)
    data = {*(["db"] if release.database else []), *(["redis"] if release.redis else [])}
    assert set(found["services"]) == {"migrate", "web", "proxy", *data, *(worker.name for worker in release.workers)}
    assert set(found["volumes"]) == {"caddy", *data, *(["media"] if release.media else [])}
    assert set(found["networks"]) == {"site", *(["data"] if data else [])}
    passwords = {"POSTGRES_PASSWORD"} if release.database else set()
    assert set(found.get("secrets", {})) == {*release.secrets, *passwords}
    for service in data:
        assert found["services"][service]["networks"] == ["data"]
        assert "ports" not in found["services"][service]
        assert found["services"][service]["deploy"]["placement"]["constraints"] == [
            f"node.labels.{release.name}.data == true"
        ]
    placed = "placement" in found["services"]["web"]["deploy"]
    assert placed == bool(release.media)
    published = [(port["target"], port["mode"]) for port in found["services"]["proxy"]["ports"]]
    expected = [(80, "host"), (443, "host"), (443, "host")] if release.hosts else [(80, "host")]
    assert published == expected


def test_the_site_is_replaced_without_a_gap() -> None:
    """A new task first, then an old one; back by itself; alive is asked, not ready; and never two that start tasks."""
    services = parsed("workers")["services"]
    web = services["web"]["deploy"]
    assert (web["update_config"]["order"], web["update_config"]["failure_action"]) == ("start-first", "rollback")
    assert web["endpoint_mode"] == "dnsrr"
    assert "test" not in services["web"]["healthcheck"]
    assert services["worker"]["deploy"]["update_config"]["order"] == "start-first"
    assert services["beat"]["deploy"]["update_config"]["order"] == "stop-first"
    assert services["beat"]["deploy"]["replicas"] == 1
    assert services["db"]["deploy"]["update_config"]["order"] == "stop-first"
    assert "WAIT_FOR_MIGRATIONS" not in services["migrate"]["environment"]
    assert all("WAIT_FOR_MIGRATIONS" in services[name]["environment"] for name in ("web", "worker", "beat"))


def test_secrets_belong_to_the_user_of_the_site() -> None:
    """The database's own password is not among the site's secrets, and no secret is a variable."""
    services = parsed("plain")["services"]
    assert [
        (one["source"], one["uid"], one["mode"]) for one in services["web"]["secrets"]
    ] == [("SECRET_KEY", "10001", 0o400), ("DATABASE_URL", "10001", 0o400)]  # fmt: skip
    assert services["db"]["secrets"] == ["POSTGRES_PASSWORD"]
    assert services["web"]["environment"]["SECRET_KEY_FILE"] == "/run/secrets/SECRET_KEY"
    assert "SECRET_KEY" not in services["web"]["environment"]


def test_names_are_not_longer_than_swarm_takes() -> None:
    """A long name of a stack and a long name of a secret fit all the same, and two secrets never get one name."""
    name = "a" * 40
    names = ("SOCIAL_AUTH_GOOGLE_OAUTH2_SECRET", "SOCIAL_AUTH_GOOGLE_OAUTH3_SECRET")
    release = Release(name, tuple(Setting(one, "secret") for one in names))
    found = [entry["name"] for entry in yaml.safe_load(stack.text(release))["secrets"].values()]
    real = [re.sub(r"\$\{(\w+):-(\w+)\}", lambda m: "12345678" if "VERSION" in m[1] else m[2], one) for one in found]
    assert all(len(one) <= 64 for one in real)
    assert len(set(real)) == 2


def test_a_dollar_sign_stays_one() -> None:
    """What Swarm's client would take for a variable is written so that it does not."""
    worker = Worker("worker", ("sh", "-c", "echo $HOME"))
    found = yaml.safe_load(
        stack.text(replace(releases.PLAIN, settings=(Setting("A", "fixed", "b$c"),), workers=(worker,)))
    )
    assert found["services"]["worker"]["command"][-1] == "echo $$HOME"
    assert found["services"]["web"]["environment"]["A"] == "b$$c"


@pytest.mark.parametrize("name", releases.ALL)
def test_files_are_marked_and_fit(name: str) -> None:
    """djdock's texts say whose they are, so that edits are merged; a second time nothing changes."""
    release = releases.ALL[name]
    first = swarm.files(Texts({}), release)
    again = swarm.files(Texts({change.path: change.after for change in first}), release)
    assert [change.path for change in first] == [STACK_FILE, STACK_CADDYFILE]
    assert all(is_marked(change.after) and change.generated for change in first)
    assert all(change.outcome == "same" for change in again)
    for change in first:
        assert "{{" not in change.after
        assert change.after.endswith("\n")
        assert not change.after.endswith("\n\n")
        assert "\n\n\n" not in change.after
        assert all(len(line) <= 120 and line == line.rstrip() for line in change.after.splitlines())


def test_what_starts_tasks_is_recognised() -> None:
    """By the names that `project.processes` gives; a worker that is merely called similarly is none."""
    single = [name for name in ("beat", "beat-2", "scheduler", "worker", "beats", "heartbeat")
              if stack_names.is_single(Worker(name, ()))]  # fmt: skip
    assert single == ["beat", "beat-2", "scheduler"]
