"""What several commands begin with: the project that we are in, and a .env for a checkout that has none."""

from __future__ import annotations

import os
import secrets
import string
import sys
import zlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from djdock import output
from djdock.apply import apply
from djdock.engines import docker
from djdock.machine import ports
from djdock.plan import dotenv
from djdock.plan.change import Plan
from djdock.project import checkout
from djdock.project.checkout import Checkout
from djdock.project.environment import Database
from djdock.project.facts import Facts
from djdock.project.files import Folder

LETTERS = string.ascii_letters + string.digits
# Below the range that systems hand out to outgoing connections, so that a port stays free while we are down.
FIRST_DATABASE_PORT, DATABASE_PORTS = 15432, 10_000
WEB_PORT = 8000


def machine(root: Path, name: str, database: str, user: str) -> dotenv.Machine:
    """What a new .env says on this machine: fresh secrets, free ports, our ids, a name of this checkout's own.

    Name and port follow from the path: a checkout whose .env was lost finds its containers and data again.
    """
    place = zlib.crc32(str(root.resolve()).encode(errors="surrogateescape"))
    port = ports.next_free(FIRST_DATABASE_PORT + place % DATABASE_PORTS)
    posix = sys.platform != "win32"
    return dotenv.Machine(
        compose_project=f"{name.lower()}-{place:08x}",
        uid=os.getuid() if posix else 1000,
        gid=os.getgid() if posix else 1000,
        web_port=WEB_PORT,
        database=Database(ports.HOST, port, database, user, _secret(32)),
        secret_key=_secret(64),
    )


def ensure(root: Path, facts: Facts) -> Checkout:
    """The checkout in a folder; one that has no .env (a fresh clone) is given one.

    Raises:
        Problem: its .env cannot be used or not be written.
    """
    found = checkout.read(root)
    if found is None:
        described = machine(root, facts.database_name, facts.database_name, facts.database_user)
        if name := docker.project_of(root):
            described = replace(described, compose_project=name)
        change = dotenv.create(Folder(root), described)
        apply(root, Plan((change,)))
        output.outcome("create", change.path, change.why)
        found = checkout.require(root)
    if not found.compose_project:
        found = update(found, {"COMPOSE_PROJECT_NAME": machine(root, facts.database_name, "", "").compose_project}, "")
    return found


def update(found: Checkout, values: Mapping[str, str], why: str) -> Checkout:
    """Gives variables of .env another value, and reads it anew.

    Raises:
        Problem: it cannot be written.
    """
    change = dotenv.update(Folder(found.root), values, why)
    apply(found.root, Plan((change,)))
    output.outcome("change", f"{change.path}: {', '.join(values)}", why)
    return checkout.require(found.root)


def _secret(length: int) -> str:
    # Letters and digits only: they mean the same to Docker Compose, a shell, a URL and every reader of .env files.
    return "".join(secrets.choice(LETTERS) for _ in range(length))
