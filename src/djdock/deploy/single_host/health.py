"""Waits until containers serve, and says what is wrong with one that does not."""

from __future__ import annotations

import time
from collections.abc import Sequence

from djdock.deploy.single_host import containers
from djdock.deploy.single_host.containers import Container
from djdock.deploy.single_host.project import Project
from djdock.errors import Problem
from djdock.plan.production.compose import DATABASE
from djdock.process import run
from djdock.service import Progress

# Seconds between two looks.
PAUSE = 0.25
# Seconds that a container without a health check has to run before it counts as one that works.
STEADY = 4.0
# How often a container may end and be started again meanwhile: the first time may be somebody else's fault.
RESTARTS = 2


def wait(project: Project, chosen: Sequence[Container], progress: Progress, steady: float = STEADY) -> float:
    """Waits until all of these containers are healthy; returns how many seconds that took.

    Those without a health check have to run for `steady` seconds, in which one with a mistake has had time to end.

    Raises:
        Problem: one is not, or all of them together take longer than the site may.
    """
    began, said = time.monotonic(), ""
    # Docker counts restarts for as long as a container is there: those from before are nobody's concern now.
    lives = {container.id: container.restarts for container in chosen}
    since: dict[str, tuple[int, float]] = {}
    names = " and ".join(dict.fromkeys(container.service for container in chosen))
    while True:
        now = time.monotonic()
        found = containers.inspect(container.id for container in chosen)
        for container in found:
            if _has_failed(container, lives[container.id]):
                raise _broken(project, container, "ends right after its start")
            if container.running and container.health == "unhealthy":
                raise _broken(project, container, "runs, but its health check fails")
            if not container.running or since.get(container.id, (container.restarts,))[0] != container.restarts:
                since.pop(container.id, None)
            since.setdefault(container.id, (container.restarts, now))
        ready = [one for one in found if one.healthy and (one.health or now - since[one.id][1] >= steady)]
        if len(ready) == len(chosen):
            return now - began
        if len(found) < len(chosen) or now - began > project.site.wait:
            late = next((one for one in found if one not in ready), None)
            raise _late(project, late, now - began)
        if (line := f"waiting for {names} ({len(ready)} of {len(chosen)})") != said:
            progress(said := line)
        time.sleep(PAUSE)


def _has_failed(container: Container, restarts: int) -> bool:
    return container.state in {"exited", "dead"} or container.restarts - restarts > RESTARTS


def _late(project: Project, container: Container | None, seconds: float) -> Problem:
    if container is None:
        return Problem(
            "A new container was taken away while it started.",
            hint="See who else works on this machine's Docker, then: djdock deploy compose",
        )
    return _broken(project, container, f"did not become healthy within {seconds:.0f} seconds")


def _broken(project: Project, container: Container, what: str) -> Problem:
    """What to say of a container of the new version that does not work; it is still there to be asked."""
    if foreign := _other_processor(container.image):
        return Problem(
            f"{container.image} is made for {foreign}.", hint=f"Build it for this machine: {_platform_hint()}"
        )
    if container.service != DATABASE and (database := _database_trouble(project)):
        return database
    return Problem(
        f"The new {container.service} ({container.image}) {what}.",
        details=containers.log(container),
        hint="The lines above are the end of its log. Correct the project, then: djdock deploy compose\n"
        "Where it only needs longer: djdock deploy compose --wait 600",
    )


def _database_trouble(project: Project) -> Problem | None:
    """The database's own container, where that is what does not work."""
    found = containers.find(project.name, DATABASE) if DATABASE in project.services else ()
    if not found or found[-1].healthy or found[-1].health == "starting":
        return None
    return Problem(
        f"The database does not answer: its container is {found[-1].health or found[-1].state}.",
        details=containers.log(found[-1]),
        hint="The lines above are the end of its log; when that is put right: djdock deploy compose",
    )


def _other_processor(image: str) -> str:
    """The kind of processor that an image is made for, where this machine has another kind; else empty."""
    made_for = run(["docker", "image", "inspect", "--format", "{{.Architecture}}", image]).stdout.strip()
    here = run(["docker", "version", "--format", "{{.Server.Arch}}"]).stdout.strip()
    return f"{made_for} processors, and this machine's is {here}" if made_for and here and made_for != here else ""


def _platform_hint() -> str:
    here = run(["docker", "version", "--format", "{{.Server.Os}}/{{.Server.Arch}}"]).stdout.strip()
    return f"djdock build --platform {here}"
