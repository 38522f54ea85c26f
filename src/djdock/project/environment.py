"""The file .env: what this checkout's settings and compose.yaml are given. It is never in git."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import quote, unquote, urlsplit

from djdock.errors import Problem
from djdock.project.files import Files

FILE = ".env"
# Where the project keeps a .env of its own in git: secrets must not get into that one.
PRIVATE = ".djdock/env"
# Lines that every reader of .env files understands alike: no quotes, no #, no $. All that djdock writes are such.
LINE_END = re.compile(r"\r\n|\n|\r")
SIMPLE_LINE = re.compile(r"(?:#.*|([A-Za-z_]\w*)=([\w./:@%,+~-]*))?", re.ASCII)


@dataclass(frozen=True)
class Database:
    """Where PostgreSQL listens on this machine, and how to get in. Its repr does not show the password."""

    host: str
    port: int
    name: str
    user: str
    password: str = field(repr=False)

    @property
    def url(self) -> str:
        """The form that DATABASE_URL has."""
        credentials = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}"
        return f"postgres://{credentials}@{self.host}:{self.port}/{quote(self.name, safe='')}"

    @property
    def address(self) -> str:
        """Where it is and whose, for people: no password in it."""
        names = f"database {self.name}, user {self.user}"
        return f"{self.host}:{self.port}, {f'database and user {self.name}' if self.name == self.user else names}"

    def at(self, port: int) -> Database:
        return replace(self, port=port)


def parse(text: str) -> dict[str, str]:
    """The variables of an .env file.

    Raises:
        Problem: a line that is none; the message names it by number and shows no value.
    """
    simple = [SIMPLE_LINE.fullmatch(line) for line in LINE_END.split(text)]
    if all(simple):
        return {match[1]: match[2] for match in simple if match and match[1]}
    # 30 ms that only a file with quotes and the like costs.
    from dotenv.parser import parse_stream  # noqa: PLC0415

    values: dict[str, str] = {}
    for binding in parse_stream(io.StringIO(text)):
        if binding.error or (binding.key is not None and binding.value is None):
            # python-dotenv counts the blank lines before it as part of it.
            blank = binding.original.string[: -len(binding.original.string.lstrip()) or None]
            line = binding.original.line + len(LINE_END.findall(blank))
            raise Problem(
                f"Line {line} of {FILE} cannot be read: it is not of the form NAME=value.",
                hint=f"Correct line {line} of {FILE} (a quote that is not closed?), or delete the file: "
                "`djdock up` writes a new one.",
            )
        if binding.key is not None and binding.value is not None:
            values[binding.key] = binding.value
    return values


def path(files: Files) -> str:
    """The env file of a checkout: .env, or the private one where that is there."""
    return PRIVATE if files.read(PRIVATE) is not None else FILE


def read(files: Files) -> dict[str, str] | None:
    """The variables of the checkout's env file, or None where there is none."""
    text = files.read(path(files))
    return None if text is None else parse(text)


def database(values: Mapping[str, str]) -> Database:
    """The database that DATABASE_URL names.

    Raises:
        Problem: it is missing, is no URL of a PostgreSQL database, is not on this machine, or says something else
            than the lines for compose.yaml do.
    """
    url = values.get("DATABASE_URL")
    form = "DATABASE_URL=postgres://USER:PASSWORD@127.0.0.1:PORT/NAME"
    again = f"Write it as {form}; or delete {FILE}: `djdock up` writes a new one."
    if not url:
        raise Problem(f"{FILE} does not set DATABASE_URL.", hint=again)
    try:
        parts = urlsplit(url)
        found = Database(
            host=parts.hostname or "",
            port=parts.port or 5432,
            name=unquote(parts.path.lstrip("/")),
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
        )
    except ValueError as error:
        # Not what urlsplit says: that may quote a part of the password.
        raise Problem(
            f"The DATABASE_URL in {FILE} cannot be read: special characters in the password must be percent-encoded, "
            "and the port must be a number.",
            hint=again,
        ) from error
    if parts.scheme not in {"postgres", "postgresql", "pgsql"}:
        raise Problem(f"The DATABASE_URL in {FILE} is of the kind {parts.scheme}://, not postgres://.", hint=again)
    if not (found.name and found.user and found.password):
        raise Problem(f"The DATABASE_URL in {FILE} lacks a user, a password or a database name.", hint=again)
    _check_own(found, values)
    return found


def _check_own(found: Database, values: Mapping[str, str]) -> None:
    if found.host not in {"127.0.0.1", "localhost"}:
        raise Problem(
            f"The DATABASE_URL in {FILE} points at {found.host}; djdock runs databases on this machine only.",
            hint="Use 127.0.0.1 for development here; what runs elsewhere gets its DATABASE_URL there.",
        )
    for name, mine in (("POSTGRES_PASSWORD", found.password), ("DB_PORT", str(found.port))):
        if values.get(name, mine) != mine:
            raise Problem(
                f"{FILE} says two different things: DATABASE_URL and {name} do not agree.",
                hint=f"compose.yaml reads {name}, the settings read DATABASE_URL: make them equal.",
            )


def web_port(values: Mapping[str, str]) -> int:
    """The port that the site answers on.

    Raises:
        Problem: WEB_PORT is no port number.
    """
    return _port(values, "WEB_PORT", "8000")


def redis_port(values: Mapping[str, str]) -> int | None:
    """The port of the project's own Redis on this machine; None where it has none.

    Raises:
        Problem: REDIS_PORT is no port number.
    """
    return _port(values, "REDIS_PORT", "16379") if "REDIS_PORT" in values else None


def _port(values: Mapping[str, str], name: str, usual: str) -> int:
    text = values.get(name, usual)
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):  # noqa: PLR2004 - the highest port
        raise Problem(f"{name} in {FILE} is {text!r}, which is no port.", hint=f"Set {name}={usual} in {FILE}.")
    return int(text)
