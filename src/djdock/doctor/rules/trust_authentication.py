"""A database that lets everybody in: https://hub.docker.com/_/postgres says what POSTGRES_HOST_AUTH_METHOD does."""

from __future__ import annotations

from djdock.doctor import docker_files
from djdock.doctor.case import Case, Finding

NAME = "trust-authentication"
TITLE = "The database asks nobody for a password"
SEEN = "POSTGRES_HOST_AUTH_METHOD=trust, and a warning in the database's log"
CAUSE = (
    "With `trust` whoever reaches the port is the owner of the data: other containers, and the network "
    "if it is published."
)
FIX = "Take the line out, and set POSTGRES_PASSWORD from a file that is not in Git."
DOES = "Nothing by itself, because the settings have to know the password too; files of djdock's own have one."


def find(case: Case) -> tuple[Finding, ...]:
    found = []
    for service in docker_files.services(case):
        value, where = service.environment.get("POSTGRES_HOST_AUTH_METHOD", ("", ""))
        if value.strip().lower() == "trust":
            what = f"The database {service.name} lets everybody in without a password"
            found.append(Finding(NAME, what, where, "Take the line out, and set POSTGRES_PASSWORD from .env."))
    return tuple(found)
