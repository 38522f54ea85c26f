"""Whether Docker can be used on this machine, and if not, why."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from djdock.errors import Problem, last_lines
from djdock.process import ask, run

OLDEST_ENGINE, OLDEST_COMPOSE = (20, 10), (2, 24)
# Seconds. Docker Desktop takes calls while it starts or is paused, and answers none of them.
PATIENCE = 15.0
# The line of a hint that names the way without Docker.
WITHOUT = "\nOr go on without: djdock up --engine embedded"


def obstacle(otherwise: str = WITHOUT) -> Problem | None:
    """None when Docker can be used on this machine, else what is in the way; `otherwise` is how to do without."""
    if shutil.which("docker") is None:
        return Problem(
            "Docker is not installed.",
            hint=f"Install it: https://docs.docker.com/get-docker/{otherwise}",
        )
    engine = ask(["docker", "version", "--format", "{{.Server.Version}}"], seconds=PATIENCE)
    if not engine.ok:
        return unreachable(engine.stderr, otherwise)
    compose = run(["docker", "compose", "version", "--short"])
    if not compose.ok:
        old = " (only docker-compose, its first version, is here)" if shutil.which("docker-compose") else ""
        return Problem(
            f"Docker Compose v2 is not installed{old}.",
            hint=f"Install the plugin: https://docs.docker.com/compose/install/{otherwise}",
        )
    for name, found, oldest in (
        ("Docker Engine", engine.stdout, OLDEST_ENGINE),
        ("Docker Compose", compose.stdout, OLDEST_COMPOSE),
    ):
        if _version(found) < oldest:
            return Problem(
                f"{name} {found.strip()} is too old; djdock needs {oldest[0]}.{oldest[1]} or newer.",
                hint=f"Update it: https://docs.docker.com/engine/install/{otherwise}",
            )
    return None


def unreachable(said: str, otherwise: str = WITHOUT) -> Problem:
    """Why the engine does not answer; `said` is what the client wrote."""
    socket = Path("/var/run/docker.sock")
    remote = os.environ.get("DOCKER_HOST", "")
    if not remote and socket.exists() and not os.access(socket, os.R_OK | os.W_OK):
        return Problem(
            f"Docker is there, but you may not use it: no permission on {socket}.",
            hint=f"Join its group, then log in again: sudo usermod -aG docker $USER{otherwise}",
        )
    # The client looks at these in this order.
    named = next((name for name in ("DOCKER_HOST", "DOCKER_CONTEXT") if os.environ.get(name)), "")
    where = f" at {named}={os.environ[named]}" if named else ""
    start = "Start it (Docker Desktop, or: sudo systemctl start docker), then try again."
    if named and not os.environ[named].startswith("unix://"):
        start = (
            f"Is the name right (docker context ls), and does that machine answer? Then: docker version\n"
            f"Or with this machine's own engine: unset {named}"
        )
    return Problem(
        f"Docker is installed, but its engine does not answer{where}.",
        details=last_lines(said, 3),
        hint=f"{start}{otherwise}",
    )


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:2])
