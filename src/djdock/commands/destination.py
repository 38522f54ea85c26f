"""The PostgreSQL database that rows go to: the project's own, one that the settings name, or any by its URL."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from djdock import output
from djdock.commands import description
from djdock.commands.description import Project
from djdock.database import server
from djdock.errors import Problem
from djdock.service import Progress

if TYPE_CHECKING:
    import psycopg

# ruff: noqa: PLC0415 - psycopg takes 130 ms to import, and what goes wrong before needs none of it

SCHEMES = ("postgres", "postgresql")
DJANGO = {"host": "HOST", "port": "PORT", "dbname": "NAME", "user": "USER", "password": "PASSWORD"}
LOCAL = frozenset({"", "localhost", "127.0.0.1", "::1"})
SCRATCH = "_djdock_scratch"
TIMEOUT = "10"  # seconds


@dataclass(frozen=True)
class Destination:
    """A database, as we and as the project's own processes reach it.

    Attributes:
        parameters: those of libpq, for a connection from here.
        inside: the settings of the database as the project's processes need them to reach it.
        own: whether it is the one that the project's settings lead to.
        engines: whether its server is the one that djdock runs for the project.
        alias: which database of the settings it is, or stands for.
    """

    parameters: Mapping[str, str] = field(repr=False)
    inside: Mapping[str, Any] = field(repr=False)
    own: bool = False
    engines: bool = False
    alias: str = "default"

    @property
    def address(self) -> str:
        """For people: no password in it."""
        known = self.parameters
        return f"{known.get('host', '')}:{known.get('port', '5432')}, database {known['dbname']}, user {known['user']}"

    def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        """A connection of our own; what is done on it is one transaction.

        Raises:
            Problem: the server does not let us in.
        """
        import psycopg

        try:
            return psycopg.connect(**self.parameters, application_name="djdock")  # type: ignore[arg-type] # all are texts
        except psycopg.OperationalError as error:
            raise Problem(
                "The database that is to be copied to does not let us in.",
                details=str(error),
                hint="The lines above say what is in the way. A database that does not exist yet has to be made first: "
                "createdb, or the console of whoever runs the server.",
            ) from error

    @property
    def target(self) -> Mapping[str, Any] | None:
        """What the project's interpreter has to be told, beside its settings."""
        return None if self.own else self.inside

    @property
    def expected(self) -> Mapping[str, str] | None:
        """What the settings have to say, or the project would not use what was copied."""
        return {name: self.inside[name] for name in ("HOST", "PORT", "NAME")} if self.own else None

    def named(self, name: str) -> Destination:
        """Another database of the same server."""
        parameters, inside = {**self.parameters, "dbname": name}, {**self.inside, "NAME": name}
        return replace(self, parameters=parameters, inside=inside, own=False)


def of_project(project: Project) -> Destination:
    """The database that djdock runs for the project; made where the server has none of its name."""
    database = project.checkout.database
    server.ensure_database(database)
    seen = project.engine.database_inside(database)
    parameters = {
        "host": database.host, "port": str(database.port), "dbname": database.name, "user": database.user,
        "password": database.password,
    }  # fmt: skip
    inside = {"HOST": seen.host, "PORT": str(seen.port), "NAME": seen.name, "USER": seen.user,
              "PASSWORD": seen.password}  # fmt: skip
    return Destination(parameters, inside, own=True, engines=True)


def of_settings(project: Project, alias: str, progress: Progress) -> Destination:
    """A database that the settings name beside the default one.

    Raises:
        Problem: they name none that can be reached.
    """
    found = description.where(project, alias, progress)
    own = project.checkout.database
    seen = project.engine.database_inside(own)
    host, port = found.host or own.host, found.port or "5432"
    engines = (host, port) == (seen.host, str(seen.port)) or (host in LOCAL and port == str(own.port))
    if engines:
        host, port = own.host, str(own.port)
        server.ensure_database(replace(own, name=found.name))
    parameters = {"host": host, "port": port, "dbname": found.name, "user": found.user, "password": found.password}
    return Destination(
        {**_plain(found.options), **{name: value for name, value in parameters.items() if value}},
        {"HOST": found.host, "PORT": found.port, "NAME": found.name, "USER": found.user, "PASSWORD": found.password},
        own=True,
        engines=engines,
    )


def of_url(project: Project, written: str) -> Destination:
    """The database of a URL, of the variable that holds one, or of a line on standard input (`-`).

    Raises:
        Problem: there is no such URL, or its server does not let us in.
    """
    parameters = _parsed(_url(written))
    parameters.setdefault("connect_timeout", TIMEOUT)
    with Destination(parameters, {}).connect() as connection:
        info = connection.info
        # What libpq knows by itself (a file of passwords, the name of the account) the project's processes may not.
        known = {"host": info.host, "port": str(info.port), "dbname": info.dbname, "user": info.user,
                 "password": info.password}  # fmt: skip
    parameters.update({name: value for name, value in known.items() if value})
    options = {name: value for name, value in parameters.items() if name not in DJANGO}
    inside: dict[str, Any] = {DJANGO[name]: parameters.get(name, "") for name in DJANGO}
    return Destination(parameters, {**inside, **_seen(project, inside), "OPTIONS": options})


def _seen(project: Project, inside: Mapping[str, Any]) -> Mapping[str, str]:
    """The address as the project's processes see it: in a container this machine is another one."""
    own = project.checkout.database
    seen = project.engine.database_inside(own)
    if seen == own or inside["HOST"] not in LOCAL:
        return {}
    if inside["PORT"] == str(own.port):
        return {"HOST": seen.host, "PORT": str(seen.port)}
    raise Problem(
        f"The project runs in a container, which cannot reach port {inside['PORT']} of this machine as "
        f"{inside['HOST'] or 'localhost'}.",
        hint="Name the server by an address that other machines see, or copy without Docker: "
        "djdock up --engine embedded, then the same command again.",
    )


def _url(written: str) -> str:
    """Where the URL itself is.

    Raises:
        Problem: nowhere.
    """
    if written == "-":
        return sys.stdin.readline().strip()
    if "://" in written:
        if urlsplit(written).password:
            output.warn(
                "A password on the command line can be read by others on this machine, and stays in the shell's "
                "history. Instead: --to NAME, a variable that holds the URL; or --to - to read it from standard input."
            )
        return written
    found = os.environ.get(written, "")
    if not found:
        raise Problem(
            f"{written!r} is no URL, and no variable of that name is set.",
            hint="djdock db copy --to postgres://USER@HOST:PORT/NAME\n"
            "With a password: put the URL into a variable, and name that: djdock db copy --to TARGET_URL "
            "(PG… is no name for it: djdock sets such variables aside)",
        )
    return found


def _parsed(url: str) -> dict[str, str]:
    """The parameters of a URL. What libpq says of one that it cannot read would show the password.

    Raises:
        Problem: it is none of a PostgreSQL database.
    """
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    hint = (
        "It has this form: postgres://USER:PASSWORD@HOST:PORT/NAME?sslmode=require; special characters in the password "
        "are percent-encoded: @ is %40, / is %2F."
    )
    scheme = url.partition("://")[0]
    if scheme not in SCHEMES:
        raise Problem("The URL to copy to is none of a PostgreSQL database: it begins with postgres://.", hint=hint)
    try:
        found = {name: str(value) for name, value in conninfo_to_dict(url).items()}
    except psycopg.Error:
        known = {"sslmode", "sslrootcert", "sslcert", "sslkey", "options", "connect_timeout", "channel_binding"}
        strange = sorted({name for name, _value in parse_qsl(url.partition("?")[2])} - known)
        named = f" (is {', '.join(strange)} a parameter of PostgreSQL's?)" if strange else ""
        # The error's own text quotes the URL.
        raise Problem(f"The URL to copy to cannot be read{named}.", hint=hint) from None
    if "@" in found.get("host", "") or not found.get("port", "1").replace(",", "").isdigit():
        # A part of the password is taken for the address then, and an error of the connection would show it.
        raise Problem("The URL to copy to cannot be read: what should be host and port is none.", hint=hint)
    if not found.get("dbname"):
        raise Problem("The URL to copy to names no database.", hint=hint)
    return found


def _plain(options: Mapping[str, str]) -> dict[str, str]:
    """Those of Django's OPTIONS that libpq knows, too."""
    from djdock.database import dump

    return {name: value for name, value in options.items() if name in dump.VARIABLES and name != "service"}


@contextlib.contextmanager
def scratch(destination: Destination) -> Iterator[Destination | None]:
    """An empty database beside another one, gone at the end; None where we may not make one."""
    import psycopg
    from psycopg import sql

    made = destination.named(f"{destination.parameters['dbname'][:40]}{SCRATCH}")
    name = sql.Identifier(made.parameters["dbname"])
    drop = sql.SQL("DROP DATABASE IF EXISTS {}").format(name)
    try:
        with contextlib.closing(destination.connect()) as connection:
            connection.autocommit = True
            connection.execute(drop)
            connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
    except psycopg.Error:
        yield None
        return
    try:
        yield made
    finally:
        with contextlib.suppress(psycopg.Error, Problem), contextlib.closing(destination.connect()) as connection:
            connection.autocommit = True
            connection.execute(drop)
