"""PostgreSQL's health check has to use TCP (https://github.com/docker-library/postgres/issues/146)."""

from __future__ import annotations

from djdock.doctor import docker_files, edits
from djdock.doctor.case import Case, Finding

NAME = "healthcheck-on-socket"
TITLE = "The health check of the database is too early"
SEEN = "The first `docker compose up` on a new volume fails with `connection refused`; the second one works"
CAUSE = (
    "While a new volume is set up, the image runs a first server that listens on a socket only, and stops it again. "
    "`pg_isready` without -h answers on that socket, so what waits for the database starts too early."
)
FIX = "Ask over TCP: pg_isready -h 127.0.0.1 -U … -d …"
DOES = "Adds -h 127.0.0.1 to the health check."

CLIENTS = ("pg_isready", "psql")


def find(case: Case) -> tuple[Finding, ...]:
    found = []
    for service in docker_files.services(case):
        test = service.get("healthcheck", "test")
        command = " ".join(test.words) if test else ""
        client = next((client for client in CLIENTS if client in command), None)
        if not service.postgres or client is None:
            continue
        if any(word in {"-h", "--host"} or word.startswith(("-h", "--host=")) for word in command.split()):
            continue
        where = f"{service.path}:{test.line}" if test else ""
        why = "asks over TCP: the socket answers before the server is ready"
        repair = edits.line(case, where, f'"{client}"', f'"{client}", "-h", "127.0.0.1"', why)
        repair = repair or edits.line(case, where, client, f"{client} -h 127.0.0.1", why)
        what = f"The health check of {service.name} asks on the socket, which answers before the server is ready"
        found.append(Finding(NAME, what, where, f"{client} -h 127.0.0.1 …", repair))
    return tuple(found)
