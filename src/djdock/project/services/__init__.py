"""What runs beside the site: which services a project needs, and what its Docker files say of their versions."""

from __future__ import annotations

import re
from typing import Protocol

from djdock.project.files import Files
from djdock.project.services import others, postgres, rabbitmq, redis
from djdock.project.signs import Need, Signs

__all__ = ["REGISTRY", "Service", "find", "postgres", "python_image"]

PYTHON_IMAGE = re.compile(r"^\s*FROM\s+(?:--\S+\s+)*(?:\S+/)?python:(3\.\d+)", re.IGNORECASE)


class Service(Protocol):
    """What a member of this family offers."""

    @property
    def NAME(self) -> str:  # noqa: N802 - members are modules, and it is their constant
        """As services of compose files are called."""

    def detect(self, signs: Signs) -> Need | None:
        """The need for it with its evidence, or None."""


REGISTRY: tuple[Service, ...] = (postgres, redis, rabbitmq, *others.REGISTRY)


def find(signs: Signs) -> tuple[Need, ...]:
    """All that a project needs beside the site; PostgreSQL is the first."""
    found = (service.detect(signs) for service in REGISTRY)
    return tuple(need for need in found if need)


def python_image(files: Files) -> tuple[str, str] | None:
    """The Python version of the image that the Dockerfile builds on, and the line that says it."""
    for number, line in enumerate((files.read("Dockerfile") or "").splitlines(), start=1):
        if match := PYTHON_IMAGE.match(line):
            return match[1], f"Dockerfile:{number}"
    return None
