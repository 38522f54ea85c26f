"""What a deployment will change on this machine, in lines for a person to read before it does."""

from __future__ import annotations

from collections.abc import Iterator

from djdock.deploy.single_host import containers, rollout
from djdock.deploy.single_host.project import Project, call
from djdock.plan.production.compose import DATABASE, MIGRATE, PROXY, REDIS, SITE
from djdock.process import run


def preview(project: Project) -> Iterator[str]:
    """One line for each volume, and for each service that is made or changed."""
    for name, volume in sorted(project.volumes.items()):
        full = str(volume.get("name") or f"{project.name}_{name}")
        if not run(["docker", "volume", "inspect", full]).ok:
            yield f"create volume {full}"
    defined = _definitions(project)
    for name in (DATABASE, REDIS):
        if name in project.services:
            yield from _data(project, name, defined.get(name, ""))
    yield f"{MIGRATE}: runs once, with {project.site.image}"
    yield _site(project)
    for name in project.workers:
        count = max(1, containers.count(project.name, name))
        yield f"{name}: starts anew with {project.site.image}{f' ({count} containers)' if count > 1 else ''}"
    yield from _proxy(project, defined.get(PROXY, ""))
    for container in rollout.outdated(project):
        yield f"{container.service}: ends, since the file has it no longer"


def _data(project: Project, name: str, definition: str) -> Iterator[str]:
    found = containers.find(project.name, name)
    if not found:
        yield f"create {name}: {project.services[name]['image']}"
    elif definition and found[-1].definition != definition:
        yield f"{name}: starts anew, because its part of the file has changed; requests wait or fail meanwhile"


def _site(project: Project) -> str:
    serving = rollout.serving(project)
    if not serving:
        return f"create {SITE}: {project.site.image}"
    many = f" ({len(serving)} containers)" if len(serving) > 1 else ""
    before = containers.made_from(serving[0])
    if before == project.site.image:
        return f"{SITE}: starts anew with {before}{many}"
    return f"{SITE}: {before} → {project.site.image}{many}"


def _proxy(project: Project, definition: str) -> Iterator[str]:
    if not project.has_proxy:
        return
    found = containers.find(project.name, PROXY)
    if not found:
        yield f"create {PROXY}: {project.services[PROXY]['image']}"
    elif definition and found[-1].definition != definition:
        yield f"{PROXY}: starts anew, because its part of the file has changed; the site is away for a second"


def _definitions(project: Project) -> dict[str, str]:
    """Compose's hash of each service, as it stands on the containers that it has made."""
    said = call(project.site, ["config", "--hash", "*"]).stdout
    return dict(line.split() for line in said.splitlines() if len(line.split()) == 2)  # noqa: PLR2004 - name, hash
