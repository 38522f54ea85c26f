"""A release as Compose knows it on this machine, and the calls of `docker compose` for it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from djdock.errors import Problem, last_lines
from djdock.plan.production.compose import PROXY
from djdock.plan.production.release import CADDYFILE, COMPOSE_FILE, ENV_FILE, IMAGE
from djdock.process import Result, run

if TYPE_CHECKING:  # the targets import this module
    from djdock.deploy.targets.target import Site


@dataclass(frozen=True)
class Project:
    """A release on this machine.

    Attributes:
        name: under which Compose keeps its containers, networks and volumes.
        services, networks, volumes, secrets: what the compose file says of each, with all variables filled in.
    """

    site: Site
    name: str
    services: Mapping[str, Mapping[str, Any]]
    networks: Mapping[str, Mapping[str, Any]]
    volumes: Mapping[str, Mapping[str, Any]]
    secrets: Mapping[str, Mapping[str, Any]]

    @property
    def workers(self) -> tuple[str, ...]:
        """The services that work beside the site, as far as the file still has them."""
        return tuple(worker.name for worker in self.site.release.workers if worker.name in self.services)

    @property
    def has_proxy(self) -> bool:
        """Whether the file has the proxy; people with one of their own may have taken it out."""
        return PROXY in self.services

    def with_image(self, image: str) -> Project:
        """The same with another image."""
        return replace(self, site=replace(self.site, image=image))


def load(site: Site) -> Project:
    """Reads the compose file as Compose does.

    Raises:
        Problem: it cannot be read, or a variable or the proxy's own file is missing.
    """
    if not (site.root / COMPOSE_FILE).is_file():
        raise _deleted(COMPOSE_FILE)
    done = call(site, ["config", "--format", "json"])
    if not done.ok:
        raise Problem(
            f"Docker Compose cannot read {COMPOSE_FILE}.",
            details=last_lines(done.stderr, 6),
            hint=f"Correct what the last line says, in {COMPOSE_FILE} or {ENV_FILE}; then the same command again.",
        )
    found = json.loads(done.stdout)
    parts = {part: found.get(part) or {} for part in ("services", "networks", "volumes", "secrets")}
    project = Project(site, found["name"], **parts)
    if project.has_proxy and _mounts(project, CADDYFILE) and not (site.root / CADDYFILE).is_file():
        raise _deleted(CADDYFILE)
    return project


def _mounts(project: Project, path: str) -> bool:
    """Whether the proxy gets a file of this folder from the machine."""
    return any(
        str(volume.get("source")) == str(project.site.root / path)
        for volume in project.services[PROXY].get("volumes", ())
    )


def _deleted(path: str) -> Problem:
    return Problem(
        f"{path} is not there, and the site runs by it.", hint="The same command with --replace makes it anew."
    )


def program(site: Site) -> list[str]:
    """The words that every call of Compose begins with; they mean the same in whatever folder it is run."""
    env_file = site.root / ENV_FILE
    # Without one Compose would take .env, which belongs to development.
    named = str(env_file) if env_file.is_file() else os.devnull
    return [
        "docker", "compose", "--file", str(site.root / COMPOSE_FILE), "--project-directory", str(site.root),
        "--env-file", named,
    ]  # fmt: skip


def environment(site: Site) -> dict[str, str]:
    """The variables that Compose is given: those of production, and nothing that would mean another project."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("COMPOSE_")}
    return {**own, "COMPOSE_ANSI": "never", **site.values, IMAGE: site.image}


def call(site: Site, arguments: Sequence[str], stdin: str = "") -> Result:
    """Runs `docker compose` to its end."""
    return run([*program(site), *arguments], cwd=site.root, env=environment(site), stdin=stdin)
