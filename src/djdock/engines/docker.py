"""With Docker: Compose runs what compose.yaml says, as `docker compose up` would. https://docs.docker.com/compose/"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from djdock.compose import availability, containers
from djdock.engines.engine import DATABASE, NOTHING, SITE, Command, Progress, Service
from djdock.errors import Problem
from djdock.project.checkout import Checkout
from djdock.project.environment import Database

if TYPE_CHECKING:
    from djdock.project.facts import Facts

# ruff: noqa: PLC0415 - what starts and stops things is imported where it is needed; the daily commands do not wait for it

NAME = "docker"
# Variables of the caller that a command reads: `createsuperuser --noinput` has no other way to be told.
PASSED = "DJANGO_SUPERUSER_"
REDIS = "redis"
# Where compose.yaml mounts the source.
APP = "/app"
# Compose 2.26 begins each line of a log with it, also in a pipe and with --ansi never.
CLEAR_LINE = "\x1b[2K"


def missing(facts: Facts) -> Problem | None:
    if facts.postgres is None:
        return Problem(
            "There is no compose.yaml with a PostgreSQL service that Docker could run.",
            hint="Go on without Docker: djdock up --engine embedded\n"
            "For a compose.yaml to start from: djdock new NAME makes one.",
        )
    return availability.obstacle()


def up(checkout: Checkout, facts: Facts, progress: Progress, *, migrate: bool) -> None:
    from djdock.compose import data

    data.check_major(checkout, facts.postgres_major, facts.extension)
    try:
        _compose_up(checkout, progress, migrate=migrate)
    except Problem:
        if not data.repair_password(checkout):
            raise
        _compose_up(checkout, progress, migrate=migrate)


def database_up(checkout: Checkout, facts: Facts, progress: Progress) -> None:
    from djdock.compose import client, data, site_image

    running = {service.name: service for service in services(checkout)}
    wanted = REDIS in containers.known(checkout) and not (REDIS in running and running[REDIS].running)
    redis = [REDIS] if wanted else []
    if not running[DATABASE].running or redis:
        data.check_major(checkout, facts.postgres_major, facts.extension)
        client.compose(checkout, ["up", "--detach", "--wait", "--quiet-pull", DATABASE, *redis], progress)
        data.repair_password(checkout)
    if not running[SITE].running and not site_image.is_current(checkout):
        progress("building the image")
        front_end = [containers.FRONT_END] if containers.has_front_end(checkout) else []
        client.compose(checkout, ["build", SITE, *front_end], progress)
        for name in front_end:
            # What it has built has to be there for whatever loads the project: its pages may read it.
            client.compose(checkout, ["run", "--rm", "--no-deps", "-T", name], progress)
        site_image.remember(checkout.root)


def down(checkout: Checkout) -> Sequence[str]:
    from djdock.compose import client

    running = [service.name for service in services(checkout) if service.running]
    # Without --volumes: the data stay.
    client.compose(checkout, ["down"], lambda _line: None)
    return running


def services(checkout: Checkout) -> Sequence[Service]:
    found = containers.find(checkout)
    # What runs tells by itself; the file is asked only when nothing is there.
    more = found.keys() or set(containers.known(checkout))
    names = [DATABASE, SITE, *sorted(more - {DATABASE, SITE})]
    return tuple(found[name].service if name in found else Service(name, "stopped") for name in names)


def ready_for_commands(checkout: Checkout) -> bool:
    states = {service.name: service for service in services(checkout)}
    database = states[DATABASE]
    return (
        database.running and database.health == "healthy" and (states[SITE].running or containers.has_image(checkout))
    )


def command(
    checkout: Checkout,
    argv: Sequence[str],
    cwd: Path,
    variables: Mapping[str, str] = NOTHING,
    *,
    handed_on: bool = False,
) -> Command:
    terminal = handed_on and _at_terminal()
    inside = "/".join((APP, *cwd.resolve().relative_to(checkout.root.resolve()).parts))
    # By name only: Docker takes the value from our environment, so that it is in no process list.
    passed = [name for name in sorted(os.environ) if name.startswith(PASSED)]
    named = [word for name in (*passed, *variables) for word in ("--env", name)]
    options = [*named, "--workdir", inside]
    site = containers.find(checkout).get(SITE)
    if site is not None and site.service.running:
        program = ["docker", "exec", "--interactive", *(["--tty"] if terminal else []), *options, site.id]
    else:
        one_off = ["run", "--rm", "--no-deps", "--quiet-pull", *([] if terminal else ["-T"])]
        program = [*containers.program(checkout), *one_off, *options, SITE]
    return Command([*program, *argv], cwd, {**containers.environment(checkout), **variables})


def inside(checkout: Checkout) -> str:  # noqa: ARG001 - it is the same for all
    return APP


def database_inside(database: Database) -> Database:
    return replace(database, host=DATABASE, port=5432)


def psql(checkout: Checkout, arguments: Sequence[str]) -> Command:
    where = checkout.database
    terminal = ["--interactive", *(["--tty"] if _at_terminal() else [])]
    container = containers.find(checkout)[DATABASE].id
    # Over the container's own socket, which asks for no password.
    shell = ["psql", "--username", where.user, "--dbname", where.name]
    return Command(
        ["docker", "exec", *terminal, container, *shell, *arguments], Path.cwd(), containers.environment(checkout)
    )


def dump(checkout: Checkout, arguments: Sequence[str]) -> Command:
    where = checkout.database
    container = containers.find(checkout)[DATABASE].id
    program = ["pg_dump", "--username", where.user, "--dbname", where.name]
    argv = ["docker", "exec", container, *program, *arguments]
    return Command(argv, checkout.root, containers.environment(checkout))


def restore_line(checkout: Checkout, dump: str) -> str:
    where = checkout.database
    into = f"--username {shlex.quote(where.user)} --dbname {shlex.quote(where.name)}"
    return f"docker compose exec -T {DATABASE} pg_restore --clean --if-exists {into} < {shlex.quote(dump)}"


def logs(checkout: Checkout, service: str | None, *, follow: bool) -> None:
    from djdock import output, process

    known = [entry.name for entry in services(checkout)]
    if service is not None and service not in known:
        raise Problem(
            f"There is no service {service}; this project has {', '.join(known)}.", hint=f"djdock logs {SITE}"
        )
    options = [*(["--follow"] if follow else []), *(["--no-log-prefix", service] if service else [])]
    argv = [*containers.program(checkout), "logs", *options]
    if sys.stdout.isatty():
        plain = ["--no-color"] if os.environ.get("NO_COLOR") else []
        process.become([*argv, *plain], cwd=checkout.root, env=containers.environment(checkout))
    done = process.follow(
        [*argv, "--no-color"],
        cwd=checkout.root,
        env=containers.environment(checkout),
        on_line=lambda line: output.say(line.replace(CLEAR_LINE, "")),
    )
    sys.exit(done.code)


def log_tail(checkout: Checkout, service: str) -> str:
    from djdock.compose import client

    return client.log_tail(checkout, service)


def _compose_up(checkout: Checkout, progress: Progress, *, migrate: bool) -> None:
    from djdock.compose import client, site_image

    if migrate:
        client.compose(checkout, ["up", "--detach", "--build", "--quiet-pull"], progress)
    else:
        others = [name for name in containers.known(checkout) if name not in {DATABASE, SITE, REDIS}]
        redis = [REDIS] if REDIS in containers.known(checkout) else []
        client.compose(checkout, ["up", "--detach", "--wait", "--quiet-pull", DATABASE, *redis], progress)
        client.compose(checkout, ["up", "--detach", "--build", "--no-deps", SITE, *others], progress)
    site_image.remember(checkout.root)


def _at_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()
