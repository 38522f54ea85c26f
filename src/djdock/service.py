"""A service of a project, and how it is just now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

# Told what is going on while something is started.
Progress = Callable[[str], None]

# The services that every project has, and one that many have, as compose.yaml names them.
DATABASE, SITE, REDIS = "db", "web", "redis"


@dataclass(frozen=True)
class Service:
    """How a service is just now.

    Attributes:
        state: `running`, `stopped`, `exited` (by itself, with `exit_code`) or what else Docker says.
        health: `healthy`, `unhealthy`, `starting`, or None where nobody checks.
    """

    name: str
    state: str
    health: str | None = None
    exit_code: int | None = None

    @property
    def running(self) -> bool:
        return self.state == "running"
