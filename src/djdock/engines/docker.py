"""With Docker: Compose runs what compose.yaml says, as `docker compose up` would. https://docs.docker.com/compose/"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from djdock.engines.engine import DATABASE, SITE, Command, Progress, Service
from djdock.errors import Problem, last_lines
from djdock.project.checkout import Checkout

if TYPE_CHECKING:
    from djdock.project.facts import Facts

# ruff: noqa: PLC0415 - what runs programs is imported where it is needed; building a command runs none

NAME = "docker"
OLDEST_ENGINE, OLDEST_COMPOSE = (20, 10), (2, 20)
MIGRATE = "migrate"
# Variables of the caller that a command reads: `createsuperuser --noinput` has no other way to be told.
PASSED = "DJANGO_SUPERUSER_"
# Where compose.yaml mounts the source.
APP = "/app"
# BuildKit's plain output numbers its steps; the failing one ends with `#12 ERROR: …`.
FAILED_STEP = re.compile(r"^#(\d+) ERROR", re.MULTILINE)
IMAGE_OF_STEP = re.compile(r"load metadata for (\S+)")
# Compose 2.26 begins each line of a log with it, also in a pipe and with --ansi never.
CLEAR_LINE = "\x1b[2K"


def missing(facts: Facts) -> Problem | None:
    if facts.postgres is None:
        return Problem(
            "There is no compose.yaml with a PostgreSQL service that Docker could run.",
            hint="Go on without Docker: djdock up --engine embedded\n"
            "For a compose.yaml to start from: djdock new NAME makes one.",
        )
    return obstacle()


def obstacle() -> Problem | None:
    """None when Docker can be used on this machine, else what is in the way."""
    from djdock.process import run

    if shutil.which("docker") is None:
        return Problem(
            "Docker is not installed.",
            hint="Install it: https://docs.docker.com/get-docker/\nOr go on without: djdock up --engine embedded",
        )
    engine = run(["docker", "version", "--format", "{{.Server.Version}}"])
    if not engine.ok:
        return _unreachable(engine.stderr)
    compose = run(["docker", "compose", "version", "--short"])
    if not compose.ok:
        old = " (only docker-compose, its first version, is here)" if shutil.which("docker-compose") else ""
        return Problem(
            f"Docker Compose v2 is not installed{old}.",
            hint="Install the plugin: https://docs.docker.com/compose/install/\n"
            "Or go on without: djdock up --engine embedded",
        )
    for name, found, oldest in (
        ("Docker Engine", engine.stdout, OLDEST_ENGINE),
        ("Docker Compose", compose.stdout, OLDEST_COMPOSE),
    ):
        if _version(found) < oldest:
            return Problem(
                f"{name} {found.strip()} is too old; djdock needs {oldest[0]}.{oldest[1]} or newer.",
                hint="Update it: https://docs.docker.com/engine/install/\n"
                "Or go on without: djdock up --engine embedded",
            )
    return None


def up(checkout: Checkout, facts: Facts, progress: Progress, *, migrate: bool) -> None:
    _check_data(checkout, facts)
    try:
        _compose_up(checkout, progress, migrate=migrate)
    except Problem:
        if not _repair_password(checkout):
            raise
        _compose_up(checkout, progress, migrate=migrate)


def database_up(checkout: Checkout, facts: Facts, progress: Progress) -> None:
    running = {service.name: service for service in services(checkout)}
    if not running[DATABASE].running:
        _check_data(checkout, facts)
        _compose(checkout, ["up", "--detach", "--wait", "--quiet-pull", DATABASE], progress)
        _repair_password(checkout)
    if not running[SITE].running and not _has_image(checkout):
        progress("building the image")
        _compose(checkout, ["build", SITE], progress)


def down(checkout: Checkout) -> Sequence[str]:
    running = [service.name for service in services(checkout) if service.running]
    # Without --volumes: the data stay.
    _compose(checkout, ["down"], lambda _line: None)
    return running


def services(checkout: Checkout) -> Sequence[Service]:
    found = _containers(checkout)
    names = [DATABASE, SITE, *sorted(found.keys() - {DATABASE, SITE})]
    return tuple(found[name].service if name in found else Service(name, "stopped") for name in names)


def project_of(root: Path) -> str | None:
    """The name under which Compose already runs (or ran) a folder, from plain `docker compose up` without a .env."""
    from djdock.process import run

    label = "com.docker.compose.project"
    filters = ["--filter", f"label={label}.working_dir={root.resolve()}"]
    found = run(["docker", "ps", "--all", *filters, "--format", f'{{{{.Label "{label}"}}}}'])
    return next(iter(found.stdout.split()), None) if found.ok else None


def ready_for_commands(checkout: Checkout) -> bool:
    states = {service.name: service for service in services(checkout)}
    database = states[DATABASE]
    return database.running and database.health == "healthy" and (states[SITE].running or _has_image(checkout))


def command(checkout: Checkout, argv: Sequence[str], cwd: Path) -> Command:
    inside = "/".join((APP, *cwd.resolve().relative_to(checkout.root.resolve()).parts))
    # By name only: Docker takes the value from our environment, so that it is in no process list.
    named = [word for name in sorted(os.environ) if name.startswith(PASSED) for word in ("--env", name)]
    options = [*named, "--workdir", inside]
    site = _containers(checkout).get(SITE)
    if site is not None and site.service.running:
        program = ["docker", "exec", "--interactive", *(["--tty"] if _at_terminal() else []), *options, site.id]
    else:
        one_off = ["run", "--rm", "--no-deps", "--quiet-pull", *([] if _at_terminal() else ["--no-TTY"])]
        program = ["docker", "compose", "--project-directory", str(checkout.root), *one_off, *options, SITE]
    return Command([*program, *argv], cwd, _environment(checkout))


def psql(checkout: Checkout, arguments: Sequence[str]) -> Command:
    where = checkout.database
    terminal = ["--interactive", *(["--tty"] if _at_terminal() else [])]
    container = _containers(checkout)[DATABASE].id
    # Over the container's own socket, which asks for no password.
    shell = ["psql", "--username", where.user, "--dbname", where.name]
    return Command(["docker", "exec", *terminal, container, *shell, *arguments], Path.cwd(), _environment(checkout))


def logs(checkout: Checkout, service: str | None, *, follow: bool) -> None:
    from djdock import output, process

    known = [entry.name for entry in services(checkout)]
    if service is not None and service not in known:
        raise Problem(
            f"There is no service {service}; this project has {', '.join(known)}.", hint=f"djdock logs {SITE}"
        )
    options = [*(["--follow"] if follow else []), *(["--no-log-prefix", service] if service else [])]
    argv = ["docker", "compose", "logs", *options]
    if sys.stdout.isatty():
        plain = ["--no-color"] if os.environ.get("NO_COLOR") else []
        process.become([*argv, *plain], cwd=checkout.root, env=_environment(checkout))
    done = process.follow(
        [*argv, "--no-color"],
        cwd=checkout.root,
        env=_environment(checkout),
        on_line=lambda line: output.say(line.replace(CLEAR_LINE, "")),
    )
    sys.exit(done.code)


def log_tail(checkout: Checkout, service: str) -> str:
    from djdock.process import run

    argv = ["docker", "compose", "logs", "--no-log-prefix", "--no-color", "--tail", "40", service]
    return last_lines(run(argv, cwd=checkout.root, env=_environment(checkout)).text, 15)


def _compose_up(checkout: Checkout, progress: Progress, *, migrate: bool) -> None:
    if migrate:
        _compose(checkout, ["up", "--detach", "--build", "--quiet-pull"], progress)
    else:
        _compose(checkout, ["up", "--detach", "--wait", "--quiet-pull", DATABASE], progress)
        _compose(checkout, ["up", "--detach", "--build", "--no-deps", SITE], progress)


def _compose(checkout: Checkout, arguments: Sequence[str], progress: Progress) -> None:
    from djdock.process import follow

    migrated = _migrated(checkout)
    env = {**_environment(checkout), "BUILDKIT_PROGRESS": "plain", "COMPOSE_ANSI": "never"}
    done = follow(["docker", "compose", *arguments], cwd=checkout.root, env=env, on_line=progress)
    if not done.ok:
        raise _diagnose(checkout, done.stdout, migrated)


def _migrated(checkout: Checkout) -> str:
    """When the migrations last ended, in Docker's own words: tells this run's end from an earlier one's."""
    container = _containers(checkout).get(MIGRATE)
    return container.finished if container else ""


def _diagnose(checkout: Checkout, output: str, migrated: str) -> Problem:
    """What a failed `docker compose` came from: the build, an image, a migration, the database, or something else.

    `migrated` says when the migrations had ended before it.
    """
    if failed := FAILED_STEP.search(output):
        return _build_problem(output, failed[1])
    if missing_image := _missing_image(checkout):
        return _no_image(missing_image, last_lines(output, 4))
    states = {service.name: service for service in services(checkout)}
    if states.get(MIGRATE, Service(MIGRATE, "stopped")).exit_code and _migrated(checkout) != migrated:
        return Problem(
            "`manage.py migrate` failed in its container.",
            details=log_tail(checkout, MIGRATE),
            hint="Correct what the last line says, then: djdock up",
        )
    if states[DATABASE].state == "exited" or states[DATABASE].health == "unhealthy":
        return Problem(
            "The database's container does not get ready.",
            details=log_tail(checkout, DATABASE),
            hint="Look at the lines above; all of them: djdock logs db",
        )
    return Problem(
        "docker compose failed.",
        details=last_lines(output),
        hint="Look at the last line above.\nWithout Docker: djdock up --engine embedded",
    )


def _build_problem(output: str, step: str) -> Problem:
    lines = [line.removeprefix(f"#{step} ") for line in output.splitlines() if line.startswith(f"#{step} ")]
    if image := IMAGE_OF_STEP.search("\n".join(lines)):
        return _no_image(image[1], last_lines("\n".join(lines), 4))
    return Problem(
        "The image cannot be built: a step of the Dockerfile failed.",
        details=last_lines("\n".join(lines), 25),
        hint="Correct what the step says (its command is the first line above), then: djdock up",
    )


def _missing_image(checkout: Checkout) -> str | None:
    """An image that compose.yaml takes from a registry and that is not on this machine."""
    from djdock.process import run

    argv = ["docker", "compose", "config", "--format", "json"]
    config = run(argv, cwd=checkout.root, env=_environment(checkout)).stdout
    wanted = json.loads(config or "{}").get("services", {}).values()
    built = {service.get("image") for service in wanted if "build" in service}
    images = [str(service["image"]) for service in wanted if "image" in service and service["image"] not in built]
    return next((image for image in images if not run(["docker", "image", "inspect", image]).ok), None)


def _no_image(name: str, details: str) -> Problem:
    return Problem(
        f"The image {name} is not on this machine and cannot be pulled.",
        details=details,
        hint="Check the name, the network, and `docker login` if the registry wants it, then: djdock up\n"
        "Without Docker: djdock up --engine embedded",
    )


def _repair_password(checkout: Checkout) -> bool:
    """Gives a running database the password of .env, where it has another; returns whether that was it.

    The image sets the password for a new volume only; with a newer .env nobody can get in.
    """
    from djdock.database import server
    from djdock.machine import ports
    from djdock.process import run

    if not ports.answers(checkout.database.port) or server.lets_in(checkout.database):
        return False
    container = _containers(checkout)[DATABASE].id
    user, password = checkout.database.user.replace('"', '""'), checkout.database.password.replace("'", "''")
    done = run(
        ["docker", "exec", "--interactive", container, "psql", "--username", checkout.database.user, "--dbname",
         server.MAINTENANCE, "--set", "ON_ERROR_STOP=1"],
        stdin=f"ALTER ROLE \"{user}\" PASSWORD '{password}';",
    )  # fmt: skip
    return done.ok and server.lets_in(checkout.database)


def _check_data(checkout: Checkout, facts: Facts) -> None:
    """Makes sure that the volume, where there is one, was not made by another major version.

    The image itself would refuse it, or worse: find nothing at its own path, and start with an empty database.
    """
    from djdock.process import run
    from djdock.project.services.postgres import other_major

    volume = f"{checkout.compose_project}_{DATABASE}"
    image = f"postgres:{facts.postgres_major}-trixie"
    container = _containers(checkout).get(DATABASE)
    if container is not None and container.image == image:
        return
    if not run(["docker", "volume", "inspect", volume]).ok:
        return
    look = "cat /volume/PG_VERSION /volume/data/PG_VERSION /volume/*/docker/PG_VERSION 2>/dev/null || true"
    mount = ["--rm", "--network", "none", "--volume", f"{volume}:/volume:ro", "--entrypoint", "sh"]
    found = run(["docker", "run", *mount, image, "-c", look]).stdout.split()
    if found and str(facts.postgres_major) not in found:
        without = "give this checkout another COMPOSE_PROJECT_NAME in .env (the volume then stays as it is)"
        raise other_major(f"the volume {volume}", found[0], facts.postgres_major, without)


@dataclass(frozen=True)
class _Container:
    """What `docker inspect` says of one container of the project."""

    id: str
    image: str
    finished: str
    service: Service


def _containers(checkout: Checkout) -> dict[str, _Container]:
    """The project's containers by service, running or not; one-off runs are not among them."""
    from djdock.process import run

    labels = "com.docker.compose"
    wanted = (f"label={labels}.project={checkout.compose_project}", f"label={labels}.oneoff=False")
    mine = [word for label in wanted for word in ("--filter", label)]
    listed = run(["docker", "ps", "--all", "--quiet", "--no-trunc", *mine])
    if not listed.ok:
        raise _unreachable(listed.stderr)
    if not listed.stdout.split():
        return {}
    entries = json.loads(run(["docker", "inspect", *listed.stdout.split()]).stdout or "[]")
    for entry in entries:
        _check_own(checkout, entry["Config"]["Labels"].get(f"{labels}.project.working_dir", ""))
    return {
        entry["Config"]["Labels"][f"{labels}.service"]: _Container(
            entry["Id"],
            entry["Config"]["Image"],
            entry["State"]["FinishedAt"],
            Service(
                name=entry["Config"]["Labels"][f"{labels}.service"],
                state=entry["State"]["Status"],
                health=entry["State"].get("Health", {}).get("Status"),
                exit_code=entry["State"]["ExitCode"] if entry["State"]["Status"] == "exited" else None,
            ),
        )
        for entry in entries
    }


def _check_own(checkout: Checkout, folder: str) -> None:
    """Makes sure that a container was made from this checkout's folder, or from where it was before it was moved."""
    if os.path.isdir(folder) and not checkout.root.samefile(folder):  # noqa: PTH112 - Path's raises where we may not look
        raise Problem(
            f"The containers of {checkout.compose_project} belong to the checkout in {folder}: this .env is a copy of "
            "the one there, and both would work on one database.",
            hint="Delete the .env here; `djdock up` writes one with names, ports and secrets of this checkout's own.",
        )


def _has_image(checkout: Checkout) -> bool:
    from djdock.process import run

    return run(["docker", "image", "inspect", f"{checkout.compose_project}-{SITE}"]).ok


def _environment(checkout: Checkout) -> dict[str, str]:
    # .env wins over the person's shell, as on the other engine: a stray POSTGRES_PASSWORD there is another project's.
    return {**os.environ, **checkout.values}


def _at_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:2])


def _unreachable(said: str) -> Problem:
    socket = Path("/var/run/docker.sock")
    remote = os.environ.get("DOCKER_HOST", "")
    if not remote and socket.exists() and not os.access(socket, os.R_OK | os.W_OK):
        return Problem(
            f"Docker is there, but you may not use it: no permission on {socket}.",
            hint="Join its group, then log in again: sudo usermod -aG docker $USER\n"
            "Or go on without: djdock up --engine embedded",
        )
    where = f" at DOCKER_HOST={remote}" if remote else ""
    return Problem(
        f"Docker is installed, but its engine does not answer{where}.",
        details=last_lines(said, 3),
        hint="Start it (Docker Desktop, or: sudo systemctl start docker), then try again.\n"
        "Or go on without: djdock up --engine embedded",
    )
