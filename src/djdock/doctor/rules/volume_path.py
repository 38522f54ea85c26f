"""Where the official image keeps its data: https://github.com/docker-library/postgres/pull/1259 moved it for 18."""

from __future__ import annotations

from djdock.doctor import docker_files
from djdock.doctor.case import Case, Finding
from djdock.project.services.postgres import NEW_LAYOUT, volume_path

NAME = "volume-path"
TITLE = "The volume of the database is at the wrong place"
SEEN = (
    "Error: in 18+, these Docker images are configured to store database data in a format …; or data "
    "that are gone after `down`"
)
CAUSE = (
    "From PostgreSQL 18 on the image keeps its data below /var/lib/postgresql, up to 17 in /var/lib/postgresql/data. "
    "With a volume at the other place it refuses to start, or writes to one without a name that nobody finds again."
)
FIX = (
    "Up to 17: NAME:/var/lib/postgresql/data. From 18 on: NAME:/var/lib/postgresql. Dump the data before you change it."
)
DOES = "Nothing: the data that are there already would be out of sight."

OLD, NEW = "/var/lib/postgresql/data", "/var/lib/postgresql"


def find(case: Case) -> tuple[Finding, ...]:
    found = []
    for service in docker_files.services(case):
        major = service.postgres_major
        if major is None or "PGDATA" in service.environment:
            continue
        wanted = volume_path(major)
        for _source, target, where in service.mounts:
            if target in {OLD, NEW} and target != wanted:
                since = f"from {NEW_LAYOUT} on" if major >= NEW_LAYOUT else f"up to {NEW_LAYOUT - 1}"
                what = f"The volume of {service.name} is at {target}; PostgreSQL {major} keeps its data in {wanted}"
                fix = f"{since.capitalize()} it is NAME:{wanted}. If there are data already, dump them first."
                found.append(Finding(NAME, what, where, fix))
    return tuple(found)
