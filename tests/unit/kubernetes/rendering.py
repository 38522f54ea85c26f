"""Lets the real kustomize render what a release gets, and finds its way in the result."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from djdock.deploy.targets import kubernetes
from djdock.plan.production import kubernetes as texts
from djdock.plan.production.kubernetes import Running
from djdock.plan.production.release import Release
from djdock.project.files import Texts
from tests import tools

DIGEST = "sha256:" + "3f2a" * 16
IMAGE = f"registry.example.com/ada/blog@{DIGEST}"
VALUES = {"ALLOWED_HOSTS": "blog.example.com"}
Object = dict[str, Any]


def written(release: Release, *, image: str = IMAGE, values: Mapping[str, str] | None = None) -> dict[str, str]:
    """The files of a release, as they are when an image runs."""
    files = {change.path: change.after for change in kubernetes.files(Texts({}), release)}
    own = {
        texts.RELEASE: texts.component(release, Running(image, "7")),
        texts.CONFIG: texts.config(release, values or VALUES),
    }
    return {**files, **own}


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Writes files into a folder."""
    for path, text in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")


def kustomize(folder: Path) -> str:
    """What kubectl makes of the overlay; it must not have anything to remark."""
    done = tools.run(["kubectl", "kustomize", texts.OVERLAY], folder, timeout=60).ok()
    assert done.err == ""
    return done.out


def objects(text: str) -> dict[tuple[str, str], Object]:
    """Rendered objects by kind and name."""
    found = [one for one in yaml.safe_load_all(text) if one]
    by_name = {(one["kind"], one["metadata"]["name"]): one for one in found}
    assert len(by_name) == len(found)
    return by_name


def pods(found: Mapping[tuple[str, str], Object]) -> dict[str, Object]:
    """The templates of all pods, by the name of what makes them."""
    return {name: one["spec"]["template"] for (_kind, name), one in found.items() if "template" in one.get("spec", {})}
