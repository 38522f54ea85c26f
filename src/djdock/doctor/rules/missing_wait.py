"""Order is not readiness: https://docs.docker.com/compose/how-tos/startup-order/"""

from __future__ import annotations

from djdock.doctor import docker_files
from djdock.doctor.case import Case, Finding

NAME = "missing-wait"
TITLE = "The site does not wait for the database"
SEEN = "The first `docker compose up` ends with `connection refused`; the second one works"
CAUSE = "`depends_on: [db]` waits until the container is started, not until the server in it takes connections."
FIX = "A health check at the database, and at what needs it: depends_on: {db: {condition: service_healthy}}"
DOES = (
    "Nothing by itself, because a health check has to fit the user and the database. Files of djdock's own have both."
)


def find(case: Case) -> tuple[Finding, ...]:
    found = []
    for compose in docker_files.composes(case):
        databases = {service.name: service for service in compose.services if service.postgres}
        for service in compose.services:
            needs = service.get("depends_on")
            if needs is None or service.name in databases or _waits(service.body):
                continue
            for name in [name for name in needs.texts if name in databases]:
                condition = needs.get(name, "condition")
                if condition is not None and condition.text in {"service_healthy", "service_completed_successfully"}:
                    continue
                fix = f"depends_on: {{{name}: {{condition: service_healthy}}}}"
                if databases[name].get("healthcheck") is None:
                    fix += f", and at {name} a healthcheck: pg_isready -h 127.0.0.1 -U USER -d NAME"
                what = f"{service.name} does not wait until {name} takes connections"
                found.append(Finding(NAME, what, service.where("depends_on"), fix))
    return tuple(found)


def _waits(body: docker_files.Item) -> bool:
    """Whether the command itself waits: wait-for-it, dockerize, pg_isready, nc …"""
    words = [word for key in ("command", "entrypoint") if (item := body.get(key)) for word in item.words]
    return any(sign in " ".join(words) for sign in ("wait", "dockerize", "pg_isready", "nc -z", "until "))
