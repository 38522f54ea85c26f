""".env and .env.example: one list of variables, with secrets and without."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from djdock.plan.change import Change, write
from djdock.plan.text import render
from djdock.project.environment import FILE, Database, parse, path
from djdock.project.files import Files

EXAMPLE = ".env.example"
HEADER = "# Of this checkout alone: holds secrets, is not in git. Made by djdock, yours to edit."
WHY = "secrets and ports of this checkout"


# What only development has of its env file: where its services listen, and whose files are whose.
OF_DEVELOPMENT = frozenset(
    {"DATABASE_URL", "COMPOSE_PROJECT_NAME", "POSTGRES_PASSWORD", "DB_PORT", "WEB_PORT", "HOST_UID", "HOST_GID",
     "REDIS_PORT", "DJANGO_SETTINGS_MODULE"}
)  # fmt: skip


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
    """Gives some variables of the env file another value; every other line stays as it is."""
    file = path(files)
    before = files.read(file)
    after = before or ""
    for name, value in values.items():
        after = set_value(after, name, value)
    return Change(file, before, after, why, private=True)


@dataclass(frozen=True)
class Line:
    """A variable of the env file, and what it is for."""

    name: str
    value: str = field(repr=False)
    comment: str


def adopt(files: Files, file: str, settings: Sequence[Line], machine: Machine) -> Change:
    """The env file of a project that djdock did not make: what its settings read, then what djdock and Compose read.

    In a file that is there every line stays; one that has to say something else stays as a comment.
    """
    before = files.read(file)
    own = [line for line in _own(machine) if line.name not in {known.name for known in settings}]
    if before is None:
        parts = [
            HEADER,
            *section("read by the settings", settings),
            *section("read by djdock and Docker Compose", own),
        ]
        return Change(file, None, "\n".join(parts) + "\n", WHY, private=True)
    there, after = parse(before), before
    missing = [line for line in (*settings, *own) if line.name not in there]
    for line in (*settings, *own):
        if line.name in there and there[line.name] != line.value:
            after = _replaced(after, line)
    if missing:
        end = "\r\n" if "\r\n" in after else "\n"
        closed = after if not after or after.endswith("\n") else after + end
        after = closed + end.join([*section("added by djdock", missing), ""])
    return Change(file, before, after, WHY, private=True)


def _own(machine: Machine) -> tuple[Line, ...]:
    return (
        Line("DATABASE_URL", machine.database.url, "the database as seen from this machine"),
        Line("COMPOSE_PROJECT_NAME", machine.compose_project, "names this checkout's containers and volumes"),
        Line("POSTGRES_PASSWORD", machine.database.password, "the same password as in DATABASE_URL"),
        Line("DB_PORT", str(machine.database.port), "where the database listens, on 127.0.0.1 only"),
        Line("WEB_PORT", str(machine.web_port), "where the site listens, on 127.0.0.1 only"),
        Line("HOST_UID", str(machine.uid), "your ids: files that the container makes belong to you"),
        Line("HOST_GID", str(machine.gid), ""),
    )


def section(title: str, lines: Sequence[Line]) -> list[str]:
    """The lines of the file for a group of variables: a title, and each with what it is for."""
    if not lines:
        return []
    above = ("", *(line.comment for line in lines))
    comments = [
        f"# {line.comment}\n" if line.comment not in {"", said} else ""
        for line, said in zip(lines, above, strict=False)
    ]
    written = [f"{comment}{line.name}={quoted(line.value)}" for comment, line in zip(comments, lines, strict=True)]
    return ["", f"# --- {title} ---", *written]


def _replaced(text: str, line: Line) -> str:
    """The text with a variable's line kept as a comment, and the new one below it."""
    pattern = re.compile(rf"^([ \t]*(?:export[ \t]+)?){re.escape(line.name)}[ \t]*=[^\r\n]*", re.MULTILINE)
    end = "\r\n" if "\r\n" in text else "\n"
    return pattern.sub(
        lambda match: f"# before djdock: {match[0].strip()}{end}{match[1]}{line.name}={quoted(line.value)}", text
    )


def quoted(value: str) -> str:
    """A value as python-dotenv and Docker Compose read it alike: in single quotes where it is not plain."""
    return value if re.fullmatch(r"[\w./:@%,+~*?=&-]*", value, re.ASCII) else "'" + value.replace("'", "") + "'"


def set_value(text: str, name: str, value: str) -> str:
    """The text of an env file with a variable's line changed, or added at the end; every other line stays."""
    line = re.compile(rf"^([ \t]*(?:export[ \t]+)?{re.escape(name)}[ \t]*=)[^\r\n]*", re.MULTILINE)
    if line.search(text):
        return line.sub(lambda match: match[1] + value, text)
    end = "\r\n" if "\r\n" in text else "\n"
    closed = text if not text or text.endswith("\n") else text + end
    return f"{closed}{name}={value}{end}"
