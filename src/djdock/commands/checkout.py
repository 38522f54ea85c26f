"""What several commands begin with: the project that we are in, and a .env for a checkout that has none."""

from __future__ import annotations

import os
import re
import secrets
import string
import sys
import zlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from djdock import engines, journal, output, state
from djdock.compose import containers
from djdock.engines.engine import Engine
from djdock.machine import ports
from djdock.plan import database as database_plan
from djdock.plan import dotenv
from djdock.plan.change import Plan
from djdock.project import checkout
from djdock.project.checkout import Checkout
from djdock.project.environment import Database
from djdock.project.facts import Facts, evaluation_of
from djdock.project.files import Folder

LETTERS = string.ascii_letters + string.digits
# Below the range that systems hand out to outgoing connections, so that a port stays free while we are down.
FIRST_DATABASE_PORT, DATABASE_PORTS = 15432, 10_000
WEB_PORT = 8000
# As `machine` makes it: a name, and what tells for which folder.
OWN_NAME = re.compile(r"(?P<name>.+)-(?P<salt>[0-9a-f]{3})(?P<digest>[0-9a-f]{5})")
NO_SALT = "000"


def machine(root: Path, name: str, database: str, user: str, *, salt: str = NO_SALT) -> dotenv.Machine:
    """What a new .env says on this machine: fresh secrets, free ports, our ids, a name of this checkout's own.

    Name and port follow from the path: a clone whose .env was lost finds its containers and data again. With a salt of
    its own a project that is made anew does not: in its folder there may have been another one, whose volume is left.
    """
    digest = salt + _digest(root, salt)
    port = ports.next_free(FIRST_DATABASE_PORT + int(digest, 16) % DATABASE_PORTS)
    posix = sys.platform != "win32"
    return dotenv.Machine(
        # Docker wants single separators between letters and digits in the name of an image.
        compose_project="-".join((*re.findall(r"[a-z0-9]+", name.lower()), digest)),
        uid=os.getuid() if posix else 1000,
        gid=os.getgid() if posix else 1000,
        web_port=WEB_PORT,
        database=Database(ports.HOST, port, database, user, new_secret(32)),
        secret_key=new_secret(),
    )


def fresh_machine(root: Path, facts: Facts) -> dotenv.Machine:
    """What a new .env says; a project that djdock or plain Compose has run here before keeps its name, and its data."""
    described = machine(root, facts.database_name, facts.database_name, facts.database_user)
    name = _known_name(root) or containers.project_of(root)
    return replace(described, compose_project=name) if name else described


def ensure(root: Path, facts: Facts) -> Checkout:
    """The checkout in a folder; one that has no .env (a fresh clone), or that of another one, is given its own.

    Raises:
        Problem: its .env cannot be used or not be written.
    """
    found = checkout.read(root)
    if found is None:
        described = fresh_machine(root, facts)
        change = dotenv.create(Folder(root), described)
        journal.amend(root, Plan((change,)))
        output.outcome("create", change.path, change.why)
        found = checkout.require(root)
    elif is_foreign(found):
        found = _renew(found, facts)
    if not found.compose_project:
        found = update(found, {"COMPOSE_PROJECT_NAME": machine(root, facts.database_name, "", "").compose_project}, "")
    claim(found)
    return found


def new_salt() -> str:
    """What sets a project that is made anew apart from all that was in its folder before."""
    return f"{secrets.randbelow(0xFFF) + 1:03x}"


def claim(found: Checkout) -> None:
    """Notes that a checkout's .env is its own."""
    known = state.load(found.root)
    claimed = replace(known, root=str(found.root.resolve()), compose_project=found.compose_project)
    if claimed != known:
        state.save(found.root, claimed)


def _known_name(root: Path) -> str:
    known = state.load(root)
    return known.compose_project if known.root == str(root.resolve()) else ""


def is_foreign(found: Checkout) -> bool:
    """Whether .env was written for another checkout: this one is its copy, or .env alone was copied.

    Ports, password and names of containers in it are the other one's. A checkout that was moved is no copy.
    """
    here, known = found.root.resolve(), state.load(found.root)
    if known.root:
        home = state.load(Path(known.root))
        # Another project may be there by now: then this one has moved away.
        there = (home.root, home.compose_project) == (known.root, known.compose_project)
        return known.root != str(here) and there and not here.samefile(known.root)
    made_for = OWN_NAME.fullmatch(found.compose_project)
    return made_for is not None and made_for["digest"] != _digest(found.root, made_for["salt"])


def engine_of(found: Checkout) -> Engine | None:
    """The engine that a checkout was last started on; None where it never was, a copy for instance."""
    return None if is_foreign(found) else engines.BY_NAME.get(state.load(found.root).engine)


def _renew(found: Checkout, facts: Facts) -> Checkout:
    """Gives a copy what two checkouts cannot share: ports, a password, the name of its containers and volumes."""
    known = state.load(found.root)
    made_for = OWN_NAME.fullmatch(found.compose_project)
    name = made_for["name"] if made_for else found.compose_project
    fresh = machine(found.root, name, found.database.name, found.database.user, salt=new_salt())
    values = {
        **database_values(found.root, facts, fresh.database),
        "COMPOSE_PROJECT_NAME": fresh.compose_project,
        "WEB_PORT": str(ports.next_free(found.web_port + 1, frozenset({fresh.database.port}))),
    }
    origin = f"this is a copy of {known.root}" if known.root else f"it was made for {found.compose_project}"
    found = update(found, values, f"{origin}, and gets a database and ports of its own")
    state.save(found.root, state.State(engine=known.engine, environment=known.environment, manage=known.manage))
    return found


def database_values(root: Path, facts: Facts, database: Database) -> dict[str, str]:
    """What the env file says of a database: under djdock's names, and under those that the settings read."""
    files = Folder(root)
    own = database_plan.find_variables(lambda environment: evaluation_of(files, facts, environment), {}) or {}
    return {
        **database_plan.filled(own, database),
        "DATABASE_URL": database.url,
        "POSTGRES_PASSWORD": database.password,
        "DB_PORT": str(database.port),
    }


def update(found: Checkout, values: Mapping[str, str], why: str) -> Checkout:
    """Gives variables of .env another value, and reads it anew.

    Raises:
        Problem: it cannot be written.
    """
    change = dotenv.update(Folder(found.root), values, why)
    journal.amend(found.root, Plan((change,)))
    output.outcome("change", f"{change.path}: {', '.join(values)}", why)
    return checkout.require(found.root)


def settle_database_port(found: Checkout, facts: Facts) -> Checkout:
    """Finds a port for a database that does not run, and keeps it in .env, where the one that it says is taken.

    Raises:
        Problem: there is none, or .env cannot be written.
    """
    port = found.database.port
    if ports.is_free(port):
        return found
    free = ports.next_free(port + 1, frozenset({found.web_port}))
    who = ports.holder(port) or "another program"
    return update(found, database_values(found.root, facts, found.database.at(free)), f"port {port} is taken by {who}")


def _digest(root: Path, salt: str) -> str:
    return f"{zlib.crc32(f'{salt} {root.resolve()}'.encode(errors='surrogateescape')) & 0xFFFFF:05x}"


def new_secret(length: int = 64) -> str:
    # Letters and digits only: they mean the same to Docker Compose, a shell, a URL and every reader of .env files.
    return "".join(secrets.choice(LETTERS) for _ in range(length))
