"""compose.yaml: the database, the migrations, the site and what else runs, from what is known of a project."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass

from djdock.plan.dockerfile import compose_up
from djdock.plan.settings import INSECURE
from djdock.plan.text import render
from djdock.project.docker_files import FIRST_LINE
from djdock.project.services.postgres import init_arguments, volume_path

REDIS_IMAGE = "redis:8-trixie"
# The password as compose.yaml reads it; a clone without a .env has one that everybody knows.
PASSWORD = f"${{POSTGRES_PASSWORD:-{INSECURE}}}"
# Where containers find the services.
DATABASE_HOST, DATABASE_PORT = "db", "5432"
REDIS_HOST, REDIS_PORT = "redis", "6379"
# Texts that mean themselves in YAML without quotes, wherever they stand.
PLAIN = re.compile(
    r"(?:\$\{|[a-z]+://|/)[^\s#\"'\\]*(?<!:)|(?!(?:yes|no|on|off|true|false|null|y|n)$)[a-z_][\w.-]*", re.IGNORECASE
)
# Values that Compose takes as they are inside `${NAME:-…}`.
SAFE_DEFAULT = re.compile(r"[\w./:@,;+=*~?&<>%-]*(?: [\w./:@,;+=*~?&<>%-]+)*")
# The releases of PostGIS and others that follow a major version of PostgreSQL.
EXTENSIONS = {
    "": "postgres:{major}-trixie",
    "postgis": "postgis/postgis:{major}-3.{minor}",
    "pgvector": "pgvector/pgvector:pg{major}-trixie",
}
NEW_POSTGIS = 18


@dataclass(frozen=True)
class Worker:
    """A process beside the site, such as a Celery worker: the name of its service, and its command."""

    name: str
    argv: tuple[str, ...]


@dataclass(frozen=True)
class Composition:
    """All that compose.yaml depends on.

    Attributes:
        name, user: of the database.
        postgres: its major version.
        environment: what containers are given: a value by name.
        values: the comment that says where values come from.
        env_files: files whose variables containers get beside these, where they are there.
        folder: where manage.py is; empty for the root.
        extension: a key of `EXTENSIONS`.
        front_end: whether the image has a stage that builds one.
        path, dockerfile: the names of this file and of the Dockerfile beside it.
    """

    name: str
    user: str
    postgres: int
    environment: Mapping[str, str]
    values: str
    env_files: tuple[str, ...] = ()
    folder: str = ""
    extension: str = ""
    redis: bool = False
    workers: tuple[Worker, ...] = ()
    front_end: bool = False
    path: str = "compose.yaml"
    dockerfile: str = "Dockerfile"


def text(composition: Composition) -> str:
    """The compose file."""
    after = ("db", "service_healthy"), ("migrate", "service_completed_successfully")
    redis = (("redis", "service_healthy"),) if composition.redis else ()
    built = (("front-end", "service_completed_successfully"),) if composition.front_end else ()
    dockerfile = f"      dockerfile: {composition.dockerfile}\n" if composition.dockerfile != "Dockerfile" else ""
    workers = "".join(_worker(worker, (*after, *redis)) for worker in composition.workers)
    return (
        render(
            "compose.yaml.txt",
            mark=FIRST_LINE,
            compose_up=compose_up(composition.path),
            values=composition.values,
            working_dir=f"  working_dir: {posixpath.join('/app', composition.folder)}\n" if composition.folder else "",
            env_file=_env_file(composition.env_files),
            environment="".join(f"    {name}: {scalar(value)}\n" for name, value in composition.environment.items()),
            database_image=database_image(composition.postgres, composition.extension),
            user=json.dumps(composition.user, ensure_ascii=False),
            name=json.dumps(composition.name, ensure_ascii=False),
            insecure=INSECURE,
            initdb=init_arguments(composition.postgres),
            volume=volume_path(composition.postgres),
            redis=_redis() if composition.redis else "",
            migrate_after=_after(after[:1] + redis),
            front_end=_front_end(dockerfile) if composition.front_end else "",
            dockerfile=dockerfile,
            web_after=_after((*after, *redis, *built)),
            workers=workers,
            volumes="  redis:\n" if composition.redis else "",
        ).rstrip()
        + "\n"
    )


def seen_from_containers(templates: Mapping[str, str], name: str, user: str) -> dict[str, str]:
    """Variables for containers, from templates with {host}, {port}, {name}, {user}, {password} or {url} in them."""
    url = f"postgres://{user}:{PASSWORD}@{DATABASE_HOST}:{DATABASE_PORT}/{name}"
    parts = {
        "{host}": DATABASE_HOST,
        "{port}": DATABASE_PORT,
        "{name}": name,
        "{user}": user,
        "{password}": PASSWORD,
        "{url}": url,
    }
    pattern = re.compile("|".join(map(re.escape, parts)))
    return {variable: pattern.sub(lambda part: parts[part[0]], text) for variable, text in templates.items()}


def with_default(name: str, value: str) -> str | None:
    """What gives a variable its value from .env, and a public one where there is no .env; None where YAML cannot."""
    return f"${{{name}:-{value}}}" if SAFE_DEFAULT.fullmatch(value) else None


def database_image(major: int, extension: str = "") -> str:
    """The image of a major version of PostgreSQL, with an extension where the project needs one."""
    return EXTENSIONS[extension].format(major=major, minor=6 if major >= NEW_POSTGIS else 5)


def scalar(value: str) -> str:
    """A text as YAML takes it: without quotes where it means the same without them."""
    return value if PLAIN.fullmatch(value) else json.dumps(value, ensure_ascii=False)


def _env_file(paths: tuple[str, ...]) -> str:
    if not paths:
        return ""
    entries = "".join(f"    - path: {path}\n      required: false\n" for path in paths)
    return f"  # A clone has none yet.\n  env_file:\n{entries}"


def _after(services: tuple[tuple[str, str], ...]) -> str:
    return "".join(f"      {name}:\n        condition: {condition}\n" for name, condition in services)


def _redis() -> str:
    return f"""
  redis:
    image: {REDIS_IMAGE}
    volumes:
      - redis:/data
    healthcheck:
      test: ["CMD", "redis-cli", "ping"]
      interval: 1s
      timeout: 3s
      retries: 60
"""


def _worker(worker: Worker, after: tuple[tuple[str, str], ...]) -> str:
    return f"""
  {worker.name}:
    <<: *django
    command: {json.dumps(worker.argv, ensure_ascii=False).replace("$", "$$")}
    healthcheck:
      disable: true
    depends_on:
{_after(after).rstrip()}
"""


def _front_end(dockerfile: str) -> str:
    return f"""\
  # Brings what the image's stage "front-end" has built to where Django looks for it, and ends.
  front-end:
    image: ${{COMPOSE_PROJECT_NAME}}-front-end
    pull_policy: never
    build:
      context: .
{dockerfile}      target: front-end
    user: ${{HOST_UID:-1000}}:${{HOST_GID:-1000}}
    volumes:
      - .:/source
    command: ["cp", "--recursive", "/built/.", "/source/"]

"""
