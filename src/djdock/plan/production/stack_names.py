"""Names in a stack: of what Swarm keeps, of the variables that decide them, and of the labels of nodes."""

from __future__ import annotations

import re
import zlib

from djdock.plan.compose import Worker
from djdock.plan.production.release import DATABASE_PASSWORD, Release

# What makes the names of secrets and configs new when their texts are.
SECRETS_VERSION, PASSWORD_VERSION, CADDYFILE_VERSION = (
    "SECRETS_VERSION",
    "POSTGRES_PASSWORD_VERSION",
    "CADDYFILE_VERSION",
)
# Where the stack is not to be called as the project is: two of them on one Swarm, for a trial and for real.
STACK_NAME = "STACK_NAME"
# No object of a Swarm may have a longer name; a version is a digest's first eight digits.
LONGEST_NAME, VERSION_LENGTH = 64, 8
# Processes of which two at a time would do everything twice.
SINGLE = re.compile(r"(?:beat|scheduler)\b")


def replicas(service: str) -> str:
    """The variable that says how many tasks a service has."""
    return f"{re.sub(r'[^A-Z0-9]', '_', service.upper())}_REPLICAS"


def label(release: Release, what: str) -> str:
    """The label that a node has on which a part of the release is to run: `data` for volumes, `proxy` for the ports."""
    return f"{release.name}.{what}"


def is_single(worker: Worker) -> bool:
    """Whether there must never be two of it, as with what starts tasks at their times."""
    return SINGLE.match(worker.name) is not None


def object_name(release: Release, name: str) -> str:
    """What a secret is called in the Swarm, between the stack's name and its version; not too long, and no other's."""
    room = LONGEST_NAME - len(release.name) - VERSION_LENGTH - 2
    return name if len(name) <= room else f"{name[: room - 5]}-{zlib.crc32(name.encode()) & 0xFFFF:04x}"


def secrets(release: Release) -> dict[str, str]:
    """The secrets of the stack, each with the variable that holds its version."""
    own = {DATABASE_PASSWORD: PASSWORD_VERSION} if release.database else {}
    return own | {name: SECRETS_VERSION for name in release.secrets if name not in own}
