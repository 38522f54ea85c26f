"""One host with Docker Compose, and nothing else: https://docs.docker.com/compose/how-tos/production/"""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from pathlib import Path

from djdock.compose import availability, images
from djdock.deploy.single_host import changes, containers, data, failures, migration, rollout
from djdock.deploy.single_host import project as projects
from djdock.deploy.targets.target import Site
from djdock.errors import Problem
from djdock.plan.change import Change, generate
from djdock.plan.production import caddy
from djdock.plan.production import compose as file
from djdock.plan.production.release import CADDYFILE, COMPOSE_FILE, Release
from djdock.process import Result, run
from djdock.project.files import Files
from djdock.service import Progress

NAME = "compose"
TITLE = "Compose"
# Addresses of engines that are on this machine.
LOCAL = ("unix://", "npipe://", "fd://", "tcp://127.0.0.1:", "tcp://localhost:")
CONTEXT = "{{.Name}} {{.Endpoints.docker.Host}}"


def files(files: Files, release: Release) -> tuple[Change, ...]:
    return (
        generate(files, COMPOSE_FILE, file.text(release), "the site on one host, for `docker compose`"),
        generate(
            files,
            CADDYFILE,
            caddy.text(release),
            "what the public reaches"
            + ", with TLS" * bool(release.hosts)
            + ", uploaded files too" * release.shows_media,
        ),
    )


def missing(root: Path) -> Problem | None:  # noqa: ARG001 - it is the same for all
    if obstacle := availability.obstacle(otherwise=""):
        return obstacle
    name, address = _context()
    if address.startswith(LOCAL):
        return None
    return Problem(
        f"Docker works on another machine here ({name}: {address}), and Compose gives containers files of the machine "
        "that it works on: there are no secrets there.",
        hint="Run djdock on that machine: clone the project there, then: djdock deploy compose\n"
        "Or with this machine's engine: docker context use default\n"
        "Swarm takes secrets along to other machines: djdock deploy swarm",
    )


def claimed(site: Site) -> Problem | None:
    return data.claimed(projects.load(site))


def place(site: Site) -> str:
    project = projects.load(site)
    return f"Docker on {socket.gethostname()} (context {_context()[0]}), as {project.name}"


def running(site: Site) -> str | None:
    serving = rollout.serving(projects.load(site))
    return containers.made_from(serving[0]) if serving else None


def needs_registry(site: Site) -> Problem | None:  # noqa: ARG001 - what is built here runs here
    return None


def preview(site: Site) -> Sequence[str]:
    return tuple(changes.preview(projects.load(site)))


def manage(site: Site, arguments: Sequence[str], stdin: str = "") -> Result:
    _get_image(projects.load(site))
    once = ["run", "--rm", "--no-deps", "-T", "--quiet-pull", file.MIGRATE]
    done = projects.call(site, [*once, "python", "manage.py", *arguments], stdin)
    if not done.ok and (obstacle := failures.of_engine(done.text)):
        raise obstacle
    return done


def start_database(site: Site, progress: Progress) -> None:
    data.start(projects.load(site), progress)


def dump(site: Site, place: Path) -> None:
    data.dump(projects.load(site), place)


def migrate(site: Site, progress: Progress) -> None:
    project = projects.load(site)
    _get_image(project)
    migration.run_to_end(project, progress)


def switch(site: Site, progress: Progress) -> None:
    project = projects.load(site)
    _get_image(project)
    if obstacle := failures.taken_port(project):
        raise obstacle
    if serving := rollout.serving(project):
        rollout.take_over(project, serving, progress)
    else:
        rollout.begin(project, progress)


def rollback(site: Site, progress: Progress) -> str:
    switch(site, progress)
    return f"{site.image} serves again; the database was left as it is"


def address(site: Site) -> str:
    if site.release.hosts:
        port = site.values.get("HTTPS_PORT") or "443"
        return f"https://{site.release.hosts[0]}{'' if port == '443' else f':{port}'}/"
    return f"http://127.0.0.1:{site.values.get('WEB_PORT') or '8000'}/"


def _context() -> tuple[str, str]:
    """The name of the place that Docker's client works with, and its address."""
    if host := os.environ.get("DOCKER_HOST", ""):
        return "DOCKER_HOST", host
    name, _, address = run(["docker", "context", "inspect", "--format", CONTEXT]).stdout.strip().partition(" ")
    return name or "default", address or LOCAL[0]


def _get_image(project: projects.Project) -> None:
    """Makes sure that the image to run is on this machine.

    Raises:
        Problem: it is not, and cannot be pulled.
    """
    image = project.site.image
    if images.is_here(image):
        return
    done = run(["docker", "pull", "--quiet", image])
    if not done.ok:
        raise failures.no_image(image, done.text)
