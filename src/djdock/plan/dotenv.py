""".env and .env.example: one list of variables, with secrets and without."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from djdock.plan.change import Change, write
from djdock.plan.text import render
from djdock.project.environment import FILE, Database
from djdock.project.files import Files

EXAMPLE = ".env.example"


@dataclass(frozen=True)
class Machine:
    """What the plan is told about this checkout and this machine, because only they can know it.

    Attributes:
        compose_project: unique on this machine, so that two checkouts never share containers or data.
        uid, gid: who owns the files, in the container too.
    """

    compose_project: str
    uid: int
    gid: int
    web_port: int
    database: Database
    secret_key: str = field(repr=False)


def create(files: Files, machine: Machine) -> Change:
    """Writes .env with this checkout's own secrets."""
    text = render(
        "dotenv.txt",
        header="# Of this checkout alone: holds secrets, is not in git. .env.example says what each line is for.",
        secret_key=machine.secret_key,
        database_url=machine.database.url,
        compose_project=machine.compose_project,
        password=machine.database.password,
        db_port=machine.database.port,
        web_port=machine.web_port,
        uid=machine.uid,
        gid=machine.gid,
    )
    return write(files, FILE, text, "secrets and ports of this checkout", private=True)


def example(files: Files, user: str, name: str) -> Change:
    """Writes .env.example: the same lines with values to replace."""
    text = render(
        "dotenv.txt",
        header="# Copy to .env and fill in; `djdock up` does it by itself. Use letters and digits only in values:\n"
        "# Docker Compose and Python read quotes, # and $ differently.",
        secret_key="replace-with-50-random-letters-and-digits",  # noqa: S106 - a placeholder
        database_url=f"postgres://{user}:replace-with-a-password@127.0.0.1:5432/{name}",
        compose_project=f"{name}-1",
        password="replace-with-a-password",  # noqa: S106 - a placeholder
        db_port=5432,
        web_port=8000,
        uid=1000,
        gid=1000,
    )
    return write(files, EXAMPLE, text, "says what .env holds")


def update(files: Files, values: Mapping[str, str], why: str) -> Change:
    """Gives some variables of .env another value; every other line stays as it is."""
    before = files.read(FILE)
    after = before or ""
    for name, value in values.items():
        after = _set(after, name, value)
    return Change(FILE, before, after, why, private=True)


def _set(text: str, name: str, value: str) -> str:
    line = re.compile(rf"^([ \t]*(?:export[ \t]+)?{re.escape(name)}[ \t]*=)[^\r\n]*", re.MULTILINE)
    if line.search(text):
        return line.sub(lambda match: match[1] + value, text)
    end = "\r\n" if "\r\n" in text else "\n"
    closed = text if not text or text.endswith("\n") else text + end
    return f"{closed}{name}={value}{end}"
