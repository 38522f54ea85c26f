"""What holds data on one host: the database and Redis; starting them, and a dump of what the database holds."""

from __future__ import annotations

from pathlib import Path

from djdock.compose.data import majors
from djdock.database import dump as dumps
from djdock.deploy import secrets
from djdock.deploy.single_host import containers, failures, health
from djdock.deploy.single_host.project import Project, call, environment
from djdock.errors import Problem
from djdock.plan.production.compose import DATABASE, REDIS
from djdock.plan.production.release import COMPOSE_FILE, ENV_FILE
from djdock.process import run
from djdock.project.services import postgres
from djdock.service import Progress


def start(project: Project, progress: Progress) -> None:
    """Starts what holds data as the compose file says it, and waits until it answers.

    Raises:
        Problem: it does not come up, or another major version of PostgreSQL has made what is there.
    """
    names = [name for name in (DATABASE, REDIS) if name in project.services]
    if not names:
        return
    _check_major(project)
    progress(f"starting {' and '.join(names)}")
    done = call(project.site, ["up", "--detach", "--no-deps", "--quiet-pull", *names])
    if not done.ok:
        raise failures.diagnose(project, done.text)
    health.wait(project, [one for name in names for one in containers.find(project.name, name)], progress)


def claimed(project: Project) -> Problem | None:
    """None where there is no volume for the database yet, else what to do about somebody else's."""
    volume = _volume(project)
    if not run(["docker", "volume", "inspect", volume]).ok:
        return None
    return secrets.lost(
        f"The volume {volume}",
        f"Another project of the same name? Write COMPOSE_PROJECT_NAME={project.name}-2 into {ENV_FILE}, then: "
        "djdock deploy compose",
    )


def dump(project: Project, place: Path) -> None:
    """Writes a dump of the release's own database.

    Raises:
        Problem: there is none that runs here, or it cannot be dumped.
    """
    database = project.site.release.database
    found = next((one for one in containers.find(project.name, DATABASE) if one.running), None)
    if database is None or found is None:
        raise Problem(
            "There is no database here that could be dumped: its container does not run.",
            hint="Look why: docker compose --file " + COMPOSE_FILE + " --env-file .env.production logs db\n"
            "To deploy without a dump: djdock deploy compose --no-dump",
        )
    # Over the container's own socket, which asks for no password.
    program = ["pg_dump", *dumps.ARGUMENTS, "--username", database.user, "--dbname", database.name]
    dumps.write(["docker", "exec", found.id, *program], environment(project.site), place)


def _check_major(project: Project) -> None:
    service = project.services.get(DATABASE, {})
    image = str(service.get("image", ""))
    wanted = postgres.IMAGE.fullmatch(image)
    if wanted is None or any(one.image == image for one in containers.find(project.name, DATABASE)):
        return
    volume = _volume(project)
    found = majors(volume, image)
    if found and wanted["major"] not in found:
        raise Problem(
            f"The database in the volume {volume} was made by PostgreSQL {found[0]}; {COMPOSE_FILE} now asks for "
            f"{wanted['major']}, which cannot read it. Nothing was touched.",
            hint=f"To go on with the data: name postgres:{found[0]}-trixie in {COMPOSE_FILE} again, then the same "
            "command.\n"
            "To change the version: with the old one, djdock deploy compose writes a dump to .djdock/dumps; give the "
            "volume another name, deploy, and pg_restore the dump.",
        )


def _volume(project: Project) -> str:
    return str(project.volumes.get(DATABASE, {}).get("name") or f"{project.name}_{DATABASE}")
