"""The containers of a project on this machine, as Docker tells them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from djdock.compose import availability
from djdock.compose.containers import LABEL
from djdock.deploy import logs
from djdock.process import ask, run


@dataclass(frozen=True)
class Container:
    """What `docker inspect` says of one container.

    Attributes:
        image, image_id: the image's name, as it was asked for, and its own id.
        definition: Compose's hash of what the file said of the service when the container was made.
        state: `running`, `restarting`, `exited`, `created` …
        health: `healthy`, `unhealthy`, `starting`, or None where nobody checks.
        restarts: how often Docker has started it again.
        finished: when it last ended, in Docker's own words.
        addresses, aliases: its IP address in each network, and its names there.
    """

    id: str
    service: str
    image: str
    image_id: str
    definition: str
    created: str
    state: str
    health: str | None
    restarts: int
    exit_code: int
    finished: str
    addresses: Mapping[str, str]
    aliases: Mapping[str, tuple[str, ...]]

    @property
    def running(self) -> bool:
        return self.state == "running"

    @property
    def healthy(self) -> bool:
        """Whether it runs and its health check passes, where it has one."""
        return self.running and self.health in {None, "healthy"}


def find(name: str, service: str = "") -> tuple[Container, ...]:
    """The containers of a project, running or not, the oldest first; one-off runs are not among them.

    Raises:
        Problem: Docker does not answer.
    """
    wanted = [f"label={LABEL}.project={name}", f"label={LABEL}.oneoff=False"]
    wanted += [f"label={LABEL}.service={service}"] if service else []
    filters = [word for label in wanted for word in ("--filter", label)]
    listed = ask(["docker", "ps", "--all", "--quiet", "--no-trunc", *filters], seconds=availability.PATIENCE)
    if not listed.ok:
        raise availability.unreachable(listed.stderr, "")
    return inspect(listed.stdout.split())


def inspect(ids: Iterable[str]) -> tuple[Container, ...]:
    """These containers as they are now, the oldest first; one that is gone is not among them."""
    wanted = list(ids)
    if not wanted:
        return ()
    # One that is gone makes the exit code 1; the others are told all the same.
    entries = json.loads(run(["docker", "inspect", "--type", "container", *wanted]).stdout or "[]")
    return tuple(sorted(map(_container, entries), key=lambda container: container.created))


def count(name: str, service: str) -> int:
    """How many containers of a service are to run: those that do, and those that Docker is starting again."""
    return sum(container.state in {"running", "restarting"} for container in find(name, service))


def made_from(container: Container) -> str:
    """The image of a container as Docker finds it: by its name or, where that means another image since, by its id."""
    found = run(["docker", "image", "inspect", "--format", "{{.Id}}", container.image])
    return container.image_id if found.ok and found.stdout.strip() != container.image_id else container.image


def log(container: Container, lines: int = 15) -> str:
    """The end of a container's log."""
    return logs.end(run(["docker", "logs", "--tail", str(logs.TAIL), container.id]).text, lines)


def remove(containers: Iterable[Container]) -> None:
    """Stops containers, each within the time that it has for that, and takes them away."""
    ids = [container.id for container in containers]
    if ids:
        run(["docker", "stop", *ids])
        run(["docker", "rm", "--force", *ids])


def _container(entry: dict[str, Any]) -> Container:
    labels, state = entry["Config"]["Labels"] or {}, entry["State"]
    networks = entry["NetworkSettings"]["Networks"] or {}
    return Container(
        id=entry["Id"],
        service=labels.get(f"{LABEL}.service", ""),
        image=entry["Config"]["Image"],
        image_id=entry["Image"],
        definition=labels.get(f"{LABEL}.config-hash", ""),
        created=entry["Created"],
        state=state["Status"],
        health=(state.get("Health") or {}).get("Status"),
        restarts=entry["RestartCount"],
        exit_code=state["ExitCode"],
        finished=state["FinishedAt"],
        addresses={name: network["IPAddress"] for name, network in networks.items() if network.get("IPAddress")},
        aliases={name: tuple(network.get("Aliases") or ()) for name, network in networks.items()},
    )
