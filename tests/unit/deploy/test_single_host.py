"""Of deployments to one host what needs no engine: what a failure of Compose came from, and which image is whose."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from djdock.compose import networks
from djdock.deploy.single_host import containers, failures, health, proxy, rollout
from djdock.deploy.single_host.project import Project
from djdock.deploy.targets.target import Site
from djdock.plan.production.release import Release


def project(root: Path, secrets: tuple[str, ...] = ()) -> Project:
    """A site with one service and some secrets."""
    site = Site(root, Release("shop", ()), {}, "shop:1", root / "secrets")
    services = {"web": {"image": "shop:1"}}
    return Project(site, "shop", services, {}, {}, {name: {"file": f"./secrets/{name}"} for name in secrets})


def test_a_full_disk_is_told_as_one(tmp_path: Path) -> None:
    """Whatever else went wrong after it."""
    found = failures.diagnose(project(tmp_path, ("KEY",)), "write /var/lib/docker/x: no space left on device")
    assert "disk is full" in found.cause
    assert "docker system df" in found.hint


@pytest.mark.parametrize(
    "said",
    [
        "could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network",
        "all predefined address pools have been fully subnetted",
    ],
)
def test_no_room_for_another_network(tmp_path: Path, said: str) -> None:
    """Who has many projects meets it: it is told with the engine's own words, and is nobody's missing image."""
    output = f" Network shop_front  Creating\nfailed to create network shop_front: Error response from daemon: {said}\n"
    found = failures.diagnose(project(tmp_path), output)
    assert "no range of addresses left" in found.cause
    assert found.details.endswith(said)
    assert "djdock deploy compose" in found.hint
    assert networks.problem(" Network shop_front  Created\n", again="djdock up") is None


def test_a_secret_that_is_missing_is_named(tmp_path: Path) -> None:
    """With the path of its file, which Docker's own message hides in a longer one; one that is there is not."""
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/THERE").write_text("x")
    found = failures.diagnose(project(tmp_path, ("KEY", "THERE")), "bind source path does not exist")
    assert "secrets/KEY" in found.cause
    assert "THERE" not in found.cause


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("shop", "shop"),
        ("shop:1", "shop"),
        ("registry.example.com:5000/shop", "registry.example.com:5000/shop"),
        ("registry.example.com:5000/shop:1", "registry.example.com:5000/shop"),
        ("shop@sha256:0123", "shop"),
        ("registry.example.com/shop:1@sha256:0123", "registry.example.com/shop"),
    ],
)
def test_images_of_one_project_have_one_name(image: str, name: str) -> None:
    """Their tags and digests differ; a port is no tag."""
    assert rollout.repository(image) == name


def test_requests_are_back_before_the_new_version_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C at the proxy's turn: it may have turned, so it turns back first, and then the new containers are removed.

    Docker is replaced here: the moment is too short to be hit from outside.
    """
    done: list[str] = []

    def interrupt(*_: object) -> None:
        done.append("turn")
        raise KeyboardInterrupt

    def step(name: str) -> Callable[..., None]:
        return lambda *_: done.append(name)

    monkeypatch.setattr(proxy, "turn", interrupt)
    for module, name in ((proxy, "prepare"), (proxy, "keep"), (proxy, "release"), (containers, "remove")):
        monkeypatch.setattr(module, name, step(name))
    for module, name in ((containers, "find"), (rollout, "_up"), (health, "wait")):
        monkeypatch.setattr(module, name, lambda *_: ())
    with pytest.raises(KeyboardInterrupt):
        rollout.take_over(project(tmp_path), (), lambda _line: None)
    assert done[done.index("turn") :] == ["turn", "keep", "remove", "release"]
