"""What a failed `docker compose` came from: a port, an image, the disk, a file that is missing, or something else."""

from __future__ import annotations

import re
from collections.abc import Iterator

from djdock.compose import images, networks
from djdock.deploy.single_host import containers
from djdock.deploy.single_host.project import Project
from djdock.errors import Problem, last_lines
from djdock.machine import ports
from djdock.plan.production.compose import PROXY
from djdock.plan.production.release import COMPOSE_FILE, ENV_FILE
from djdock.process import run

AGAIN = "then: djdock deploy compose"
# What the system itself says (ENOSPC), whichever program passes it on.
DISK_FULL = re.compile(r"no space left on device", re.IGNORECASE)


def diagnose(project: Project, said: str) -> Problem:
    """The Problem for what Compose wrote when it failed."""
    if found := of_engine(said):
        return found
    if missing := _missing_files(project):
        return Problem(
            f"{COMPOSE_FILE} names files that are not here: {', '.join(missing)}.", hint=f"Write them, {AGAIN}"
        )
    for service in project.services.values():
        if not images.is_here(str(service["image"])):
            return no_image(str(service["image"]), said)
    return taken_port(project) or Problem(
        "docker compose failed.", details=last_lines(said), hint=f"Look at the last line above, {AGAIN}"
    )


def of_engine(said: str) -> Problem | None:
    """The Problem of an engine that has no room left, whatever it was asked to run; None where that is not said."""
    if DISK_FULL.search(said):
        place = run(["docker", "info", "--format", "{{.DockerRootDir}}"]).stdout.strip()
        return Problem(
            f"The disk is full: Docker cannot write below {place or 'its folder'}.",
            details=last_lines(said, 4),
            hint=f"Make room (docker system df says what takes it; docker image prune removes unused images), {AGAIN}",
        )
    return networks.problem(said, again="djdock deploy compose")


def no_image(name: str, said: str) -> Problem:
    """The Problem of an image that is neither here nor to be had."""
    return Problem(
        f"The image {name} is not on this machine and cannot be pulled.",
        details=last_lines(said, 4),
        hint="Build it: djdock build\n"
        f"Or check its name, the network, and `docker login` if the registry wants it, {AGAIN}",
    )


def taken_port(project: Project) -> Problem | None:
    """The first port of the proxy that somebody else holds; None where all are free, or the proxy runs already."""
    if not project.has_proxy or any(one.running for one in containers.find(project.name, PROXY)):
        return None
    for name, port in _published(project):
        if not ports.is_free(port):
            holder = ports.holder(port)
            return Problem(
                f"Port {port} of this machine is taken{f' (by {holder})' if holder else ''}, and the site is to answer "
                "there.",
                hint=f"Stop what holds it, {AGAIN}\nOr name another port in {ENV_FILE} ({name}=…), {AGAIN}",
            )
    return None


def _published(project: Project) -> Iterator[tuple[str, int]]:
    """The variable and the number of each port that the proxy publishes."""
    named = {"80": "HTTP_PORT" if project.site.release.hosts else "WEB_PORT", "443": "HTTPS_PORT"}
    for port in project.services[PROXY].get("ports", ()):
        number = str(port.get("published", ""))
        if number.isdecimal() and port.get("protocol", "tcp") == "tcp":
            yield named.get(str(port.get("target")), "the port in " + COMPOSE_FILE), int(number)


def _missing_files(project: Project) -> list[str]:
    """The files of secrets that are not here."""
    secrets = project.secrets
    root = project.site.root
    found = [root / str(secret["file"]) for secret in secrets.values() if "file" in secret]
    return [path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
            for path in found if not path.is_file()]  # fmt: skip
