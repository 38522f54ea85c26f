"""PostgreSQL: https://hub.docker.com/_/postgres names the image's variables, volume path and start order."""

from __future__ import annotations

import re
from dataclasses import dataclass

from djdock.errors import Problem
from djdock.project.compose_files import parse, paths
from djdock.project.docker_files import is_own
from djdock.project.files import Files
from djdock.project.signs import Need, Signs

NAME = "postgres"
# The official image and those made from it, from whatever registry: postgres:18-trixie, postgis/postgis:17-3.5,
# mirror.example.com:5000/library/postgres:16.4 …
IMAGE = re.compile(
    r"(?:\S+/)?(?:postgres|postgis|pgvector|timescaledb(?:-ha)?):(?:pg)?(?P<major>\d+)(?:[.-][\w.-]+)?(?:@\S+)?"
)
# PostgreSQL cuts names off after 63 bytes, and Django's test databases are called test_NAME_12 and so on.
LONGEST_NAME = 50
# What every cluster has: its superuser and the database for maintenance, and the templates.
RESERVED = frozenset({"postgres", "template0", "template1"})
# From 18 on the image keeps its data below a folder per major version, and refuses a volume at the old place.
NEW_LAYOUT = 18


@dataclass(frozen=True)
class Container:
    """The PostgreSQL service of a compose file: major version, first user and database, and where the file says so."""

    major: int
    user: str | None
    name: str | None
    source: str


NOTHING = r"(?!)"
# What a project asks of PostgreSQL beyond the usual, and which packages and apps tell.
FEATURES: tuple[tuple[str, str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("postgis", r"\.gis\b|postgis", ("django.contrib.gis",), ()),
    ("pgvector", NOTHING, ("pgvector",), ("pgvector",)),
    ("contrib.postgres", NOTHING, ("django.contrib.postgres",), ()),
)


def detect(signs: Signs) -> Need:
    """PostgreSQL, which every project runs on, and what this one asks of it beyond the usual."""
    engines = " ".join(str(entry.get("ENGINE", "")) for _, entry in signs.entries("DATABASES"))
    found = {
        feature: source
        for feature, pattern, apps, packages in FEATURES
        if (
            source := signs.has_app(*apps)
            or signs.depends_on(*packages)
            or (re.search(pattern, engines) and "DATABASES")
        )
    }
    return Need(NAME, ", ".join(dict.fromkeys(found.values())) or "DATABASES", starts=True, features=tuple(found))


def container(files: Files) -> Container | None:
    """The PostgreSQL service of the project's compose files, or None where there is none.

    A file that djdock made counts before the project's own: it is the one that runs.

    Raises:
        Problem: the compose file that `docker compose up` would take is no YAML.
    """
    found = paths(files, ("",))
    ordered = sorted(found, key=lambda path: not is_own(files, path))
    for path in ordered:
        try:
            file = parse(files, path)
        except Problem:
            if path == found[0]:
                raise
            continue
        for service in file.services if file else ():
            if match := IMAGE.fullmatch(service.image):
                values = service.environment
                return Container(
                    int(match["major"]), values.get("POSTGRES_USER"), values.get("POSTGRES_DB"), service.source
                )
    return None


def volume_path(major: int) -> str:
    """Where the official image of a major version wants its volume."""
    return "/var/lib/postgresql" if major >= NEW_LAYOUT else "/var/lib/postgresql/data"


def init_arguments(major: int) -> str:
    """Arguments of initdb that make text sort alike on every machine, where the major version can.

    From 17 on PostgreSQL brings its own C.UTF-8, so an upgrade of the system's C library (a new base image) cannot
    change the order of an index. https://www.postgresql.org/docs/current/locale.html#LOCALE-PROVIDERS
    """
    builtin = 17
    if major >= builtin:
        return "--encoding=UTF8 --locale-provider=builtin --locale=C.UTF-8"
    return "--encoding=UTF8 --locale=C.UTF-8"


def other_major(place: str, found: str, wanted: int, without: str) -> Problem:
    """What to say of data that another major version made; `without` is how to go on without them."""
    return Problem(
        f"The database in {place} was made by PostgreSQL {found}; compose.yaml now asks for {wanted}, which cannot "
        "read it. Nothing was touched.",
        hint=f"To keep the data, name postgres:{found}-trixie in compose.yaml again, `djdock up`, and save them:\n"
        "djdock manage dumpdata --natural-foreign --natural-primary -e contenttypes -e auth.permission -o rows.json\n"
        f"To go on without them, {without}; the next `djdock up` makes a new, empty database.",
    )
