"""A cluster that is played, a project with its files of production, and the calls of kubectl that were made."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from djdock import process
from djdock.deploy.kubernetes import client, image, pod, rollout
from djdock.deploy.targets import kubernetes
from djdock.deploy.targets.target import Site
from djdock.plan.production.release import Release
from djdock.project.files import Texts
from tests.unit.kubernetes import releases, rendering
from tests.unit.kubernetes.stand_in import Call, Kubectl

SECRETS = {
    "SECRET_KEY": "k3y" * 20,
    "DATABASE_URL": "postgres://shop:s3cr3t@db:5432/shop",
    "POSTGRES_PASSWORD": "s3cr3t",
}
CONTEXT = "production"
CONFIG = {"current-context": CONTEXT, "clusters": [{"cluster": {"server": "https://10.0.0.1:6443"}}]}
V1, V2, V3 = (f"registry.example.com/shop@sha256:{sign * 64}" for sign in "123")


@dataclass(frozen=True)
class Played:
    """The cluster behind the stand-in, and the project's site in it."""

    kubectl: Kubectl
    site: Site

    def situation(self, **changes: Any) -> None:
        """Lets the cluster be different from now on; see stand_in.py."""
        self.kubectl.situation |= changes

    @property
    def objects(self) -> dict[str, Any]:
        """What is in the cluster now, by `kind/namespace/name`; a copy."""
        return copy.deepcopy(self.kubectl.objects)

    @property
    def calls(self) -> list[Call]:
        """The calls that were made."""
        return self.kubectl.calls

    def image_of(self, name: str) -> str:
        """The image that a Deployment's pods are made from."""
        found: str = self.objects[f"deployment/shop/{name}"]["spec"]["template"]["spec"]["containers"][0]["image"]
        return found

    def at(self, reference: str) -> Site:
        """The site, with another image to come."""
        return replace(self.site, image=reference)

    def deploy(self, reference: str) -> None:
        """All steps of a deployment, as the command takes them."""
        site = self.at(reference)
        for step in (kubernetes.start_database, kubernetes.migrate, kubernetes.switch):
            step(site, lambda _text: None)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The played cluster is always as far as it will come."""
    for module in (pod, rollout, kubernetes):
        monkeypatch.setattr(module, "PAUSE", 0.01)
    for remembered in (image._digest, client.chosen):
        remembered.cache_clear()
    yield
    for remembered in (image._digest, client.chosen):
        remembered.cache_clear()


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Played]:
    """Makes a project of a release, and a cluster that kubectl finds."""

    def make(release: Release, values: Mapping[str, str] | None = None) -> Played:
        root = tmp_path / "shop"
        (root / "secrets").mkdir(parents=True)
        for name, value in SECRETS.items():
            (root / "secrets" / name).write_text(value + "\n")
        rendering.write(root, {change.path: change.after for change in kubernetes.files(Texts({}), release)})
        kubectl = Kubectl({"config": CONFIG})
        monkeypatch.setattr(process, "run", kubectl.run)
        monkeypatch.setattr(process, "ask", kubectl.run)
        monkeypatch.setattr(process, "write_to", kubectl.write_to)
        given = {"ALLOWED_HOSTS": "shop.example.com", **(values or {})}
        return Played(kubectl, Site(root, release, given, V1, root / "secrets", wait=0.3))

    return make


@pytest.fixture
def played(play: Callable[..., Played]) -> Played:
    """A project with workers, PostgreSQL and Redis, on an empty cluster."""
    return play(releases.WORKERS)
