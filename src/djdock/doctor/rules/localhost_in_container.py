"""Inside a container localhost is the container: https://docs.docker.com/compose/how-tos/networking/"""

from __future__ import annotations

import re

from djdock.doctor import docker_files
from djdock.doctor.case import Case, Finding

NAME = "localhost-in-container"
TITLE = "localhost inside a container"
SEEN = 'connection to server at "localhost" (127.0.0.1), port 5432 failed: Connection refused, in a container'
CAUSE = (
    "In a container localhost is that container itself; the database is another one, and its host name "
    "is its service's name."
)
FIX = "Name the service: POSTGRES_HOST=db, DATABASE_URL=postgres://…@db:5432/…"
DOES = "Nothing by itself; files of djdock's own give containers the database's name there."

HOST = re.compile(r"(?:^|_)(?:DB|DATABASE|POSTGRES|PG|SQL|REDIS|RDS)\w*?_?HOST(?:NAME)?$|^PGHOST$|^DB_HOST$")
URL = re.compile(r"(?:_URL|_URI|_BROKER|_BACKEND)$")
LOCAL = re.compile(
    r"^(?:localhost|127\.0\.0\.1)$|^(?:postgres(?:ql)?|redis|amqp)s?://(?:[^@/]*@)?(?:localhost|127\.0\.0\.1)\b"
)


def find(case: Case) -> tuple[Finding, ...]:
    found = []
    for compose in docker_files.composes(case):
        names = [service.name for service in compose.services]
        for service in compose.services:
            mode = service.get("network_mode")
            if service.postgres or (mode and mode.text == "host"):
                continue
            for name, (value, where) in service.environment.items():
                if (HOST.search(name) or URL.search(name)) and LOCAL.match(value):
                    meant = next((other.name for other in compose.services if other.postgres), "db")
                    what = f"{name} sends {service.name} to localhost, which is the container itself"
                    fix = (
                        f"Name the service instead: {meant}"
                        if meant in names
                        else "Name the service instead of localhost."
                    )
                    found.append(Finding(NAME, what, where, fix))
    return tuple(found)
