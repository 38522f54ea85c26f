"""Migrations on one host: the service `migrate`, run to its end with the new image while the old one serves."""

from __future__ import annotations

import time

from djdock.deploy.single_host import containers, failures
from djdock.deploy.single_host.containers import Container
from djdock.deploy.single_host.health import PAUSE
from djdock.deploy.single_host.project import Project, call, environment
from djdock.errors import Problem
from djdock.plan.production.compose import MIGRATE
from djdock.process import follow, run
from djdock.service import Progress


def run_to_end(project: Project, progress: Progress) -> None:
    """Applies the migrations, once. The service's own container does it, so that Compose knows that it is done.

    Raises:
        Problem: a migration fails.
    """
    progress("migrating")
    done = call(project.site, ["up", "--detach", "--no-deps", "--quiet-pull", MIGRATE])
    if not done.ok:
        raise failures.diagnose(project, done.text)
    container = containers.find(project.name, MIGRATE)[-1]
    try:
        ended = _follow(project, container, progress)
    except BaseException:
        # What a migration has begun, PostgreSQL takes back when the connection ends.
        run(["docker", "stop", "--time", "10", container.id])
        raise
    if ended is None or ended.exit_code:
        raise Problem(
            "A migration failed. The site goes on with the version that it had.",
            details=containers.log(container, 20),
            hint="Correct what the last line says, then: djdock deploy compose",
        )


def _follow(project: Project, container: Container, progress: Progress) -> Container | None:
    """Hands its log on while it runs; returns it once it has ended, or None where somebody took it away."""
    follow(
        ["docker", "logs", "--follow", "--since", "0s", container.id],
        cwd=project.site.root,
        env=environment(project.site),
        on_line=lambda line: progress(line.strip()) if line.strip() else None,
    )
    while True:
        found = next(iter(containers.inspect([container.id])), None)
        if found is None or found.state in {"exited", "dead"}:
            return found
        time.sleep(PAUSE)
