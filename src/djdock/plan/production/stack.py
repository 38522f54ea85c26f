"""stack.yaml: a release for `docker stack deploy`, with the keys alone that every client of Swarm takes."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator

from djdock.plan.change import SIGNATURE
from djdock.plan.compose import (
    DATABASE_HOST,
    DATABASE_PORT,
    REDIS_IMAGE,
    Worker,
    database_image,
    scalar,
    with_default,
)
from djdock.plan.production.release import (
    DATABASE_PASSWORD,
    ENV_FILE,
    FILE_SUFFIX,
    SECRETS_FOLDER,
    SECRETS_INSIDE,
    STACK_CADDYFILE,
    USER,
    Postgres,
    Release,
    Setting,
)
from djdock.plan.text import render
from djdock.project.services.postgres import init_arguments, volume_path

# What makes the names of secrets and configs new when their texts are.
SECRETS_VERSION, PASSWORD_VERSION, CADDYFILE_VERSION = (
    "SECRETS_VERSION",
    "POSTGRES_PASSWORD_VERSION",
    "CADDYFILE_VERSION",
)
# Where the stack is not to be called as the project is: two of them on one Swarm, for a trial and for real.
STACK_NAME = "STACK_NAME"
# `replicas` or `replicated-job`: `docker stack deploy` knows jobs since version 23 of the client.
JOB_MODE, JOB = "MIGRATE_MODE", "replicated-job"
# Seconds that a new container waits for migrations, and that its health may take after that.
MIGRATIONS_WAIT, START = 60, 30
# No object of a Swarm may have a longer name; a version is a digest's first eight digits.
LONGEST_NAME, VERSION_LENGTH = 64, 8
# Processes of which two at a time would do everything twice.
SINGLE = re.compile(r"(?:beat|scheduler)\b")


def text(release: Release) -> str:
    """The stack file."""
    return render(
        "stack.yaml.txt",
        mark=SIGNATURE,
        name=release.name,
        env_file=ENV_FILE,
        secrets=SECRETS_FOLDER,
        caddyfile=STACK_CADDYFILE,
        password_version=f" {PASSWORD_VERSION} for the\n# database's." if release.database else "",
        environment=_environment(release),
        secrets_of_django=_secrets_of_django(release),
        networks_of_django="\n".join(f"    - {network}" for network in _networks(release)),
        media=f"    - media:{release.media}\n" if release.media else "",
        services="\n".join(_services(release)),
        networks=_data_network() if _has_data(release) else "",
        volumes="".join(f"  {volume}:\n" for volume in _volumes(release)),
        secrets_of_stack=_secrets_of_stack(release),
    )


def replicas(service: str) -> str:
    """The variable that says how many tasks a service has."""
    return f"{re.sub(r'[^A-Z0-9]', '_', service.upper())}_REPLICAS"


def label(release: Release, what: str) -> str:
    """The label that a node has on which a part of the release is to run: `data` for volumes, `proxy` for the ports."""
    return f"{release.name}.{what}"


def is_single(worker: Worker) -> bool:
    """Whether there must never be two of it, as with what starts tasks at their times."""
    return SINGLE.match(worker.name) is not None


def object_name(release: Release, name: str) -> str:
    """What a secret is called in the Swarm, between the stack's name and its version; not too long, and no other's."""
    room = LONGEST_NAME - len(release.name) - VERSION_LENGTH - 2
    return name if len(name) <= room else f"{name[: room - 5]}-{zlib.crc32(name.encode()) & 0xFFFF:04x}"


def secrets(release: Release) -> dict[str, str]:
    """The secrets of the stack, each with the variable that holds its version."""
    own = {DATABASE_PASSWORD: PASSWORD_VERSION} if release.database else {}
    return own | {name: SECRETS_VERSION for name in release.secrets if name not in own}


# --- what all containers with the project's code have -----------------------------------------------------------------


def _environment(release: Release) -> str:
    lines = [f"    {name}: {value}\n" for name, value in (_variable(setting, release) for setting in release.settings)]
    return "".join(lines).rstrip("\n") or '    PYTHONUNBUFFERED: "1"'


def _variable(setting: Setting, release: Release) -> tuple[str, str]:
    if setting.kind == "secret":
        return f"{setting.name}{FILE_SUFFIX}", f"{SECRETS_INSIDE}/{setting.name}"
    if setting.kind == "fixed":
        return setting.name, scalar((setting.value or _part(setting, release)).replace("$", "$$"))
    default = with_default(setting.name, setting.value) if setting.value else None
    return setting.name, default or f"${{{setting.name}:?{setting.why or 'it has to be set'}}}"


def _part(setting: Setting, release: Release) -> str:
    """What a part of the database's address is inside the stack."""
    if release.database is None:
        return ""
    parts = {
        "{host}": DATABASE_HOST,
        "{port}": DATABASE_PORT,
        "{name}": release.database.name,
        "{user}": release.database.user,
    }
    return parts.get(setting.part, "")


def _secrets_of_django(release: Release) -> str:
    if not release.secrets:
        return ""
    entries = "".join(
        f'    - source: {name}\n      target: {name}\n      uid: "{USER}"\n      gid: "{USER}"\n      mode: 0400\n'
        for name in release.secrets
    )
    return f"  secrets:\n{entries}"


def _has_data(release: Release) -> bool:
    return release.database is not None or release.redis


def _networks(release: Release) -> tuple[str, ...]:
    return ("site", "data") if _has_data(release) else ("site",)


# --- services ---------------------------------------------------------------------------------------------------------


def _services(release: Release) -> Iterator[str]:
    if release.database:
        yield _database(release, release.database)
    if release.redis:
        yield _redis(release)
    if release.media:
        yield _media(release)
    yield _migrate(release)
    yield _web(release)
    for worker in release.workers:
        yield _worker(release, worker)
    yield _proxy(release)


def _database(release: Release, database: Postgres) -> str:
    user, name = (json.dumps(word, ensure_ascii=False) for word in (database.user, database.name))
    return f"""\
  db:
    image: {database_image(database.major, database.extension)}
    environment:
      POSTGRES_USER: {user}
      POSTGRES_DB: {name}
      POSTGRES_PASSWORD_FILE: {SECRETS_INSIDE}/{DATABASE_PASSWORD}
      # Text sorts by PostgreSQL's own rules, which no newer image can change.
      POSTGRES_INITDB_ARGS: {init_arguments(database.major)}
    # It is read when the volume is made, and never again: a new password takes ALTER ROLE as well.
    secrets:
      - {DATABASE_PASSWORD}
    read_only: true
    volumes:
      - *tmp
      - type: tmpfs
        target: /var/run/postgresql
      - db:{volume_path(database.major)}
      # Swarm has no `shm_size`, and parallel queries need more than the 64 MB that a container gets.
      - type: tmpfs
        target: /dev/shm
        tmpfs:
          size: 268435456
    cap_drop:
      - ALL
    # The image begins as root, makes the volume its own, and goes on as postgres.
    cap_add:
      - CHOWN
      - DAC_OVERRIDE
      - FOWNER
      - SETGID
      - SETUID
    networks:
      - data
    logging: *logging
    # PostgreSQL stops within seconds; after a kill it would have to go through its log first.
    stop_grace_period: 1m
    healthcheck:
      # Over TCP: while a new volume is being set up, a first server answers on the socket, and goes away again.
      test: ["CMD", "pg_isready", "-h", "127.0.0.1", "-U", {user}, "-d", {name}]
      interval: 5s
      timeout: 3s
      retries: 6
      start_period: 2m
    deploy:
      # The name leads to the container itself. A virtual address would cut connections that are idle for 15 minutes.
      endpoint_mode: dnsrr
{_pinned(release, "data", "The volume is on this one node, and stays there:")}\
      # Never two servers on one volume.
      update_config:
        order: stop-first
        failure_action: pause
      restart_policy: *restart
      resources:
        limits:
          # No more than the node has: it would not start.
          cpus: ${{DB_CPUS:-1.0}}
          memory: ${{DB_MEMORY:-1G}}
          pids: 500
"""


def _redis(release: Release) -> str:
    return f"""\
  redis:
    image: {REDIS_IMAGE}
    # What it was told is on the disk within a second. It has no password: only the network `data` reaches it.
    command: ["redis-server", "--dir", "/data", "--appendonly", "yes", "--protected-mode", "no"]
    read_only: true
    volumes:
      - *tmp
      - redis:/data
    cap_drop:
      - ALL
    # The image begins as root, makes the volume its own, and goes on as redis.
    cap_add:
      - CHOWN
      - DAC_OVERRIDE
      - SETGID
      - SETUID
    networks:
      - data
    logging: *logging
    healthcheck:
      test: ["CMD", "redis-cli", "ping"]
      interval: 5s
      timeout: 3s
      retries: 6
      start_period: 1m
    deploy:
      endpoint_mode: dnsrr
{_pinned(release, "data")}\
      update_config:
        order: stop-first
        failure_action: pause
      restart_policy: *restart
      resources:
        limits:
          cpus: ${{REDIS_CPUS:-1.0}}
          memory: ${{REDIS_MEMORY:-256M}}
          pids: 50
"""


def _media(release: Release) -> str:
    """The job that gives the volume of uploaded files to the user that the site runs as."""
    return f"""\
  # Gives the volume of uploaded files, which is root's at first, to the user that the site runs as; and ends.
  media-owner:
    image: *image
    entrypoint: ["chown", "{USER}:{USER}", "{release.media}"]
    user: root
    read_only: true
    volumes:
      - media:{release.media}
    cap_drop:
      - ALL
    cap_add:
      - CHOWN
    logging: *logging
    healthcheck:
      disable: true
    deploy:
      mode: ${{{JOB_MODE}:-{JOB}}}
{_pinned(release, "data")}\
      restart_policy:
        condition: on-failure
        max_attempts: 3
"""


def _migrate(release: Release) -> str:
    return f"""\
  # Applies the migrations, once in each `docker stack deploy`, and ends; the site and the workers wait for it.
  migrate:
    <<: *django
    command: ["python", "manage.py", "migrate", "--noinput"]
    healthcheck:
      disable: true
    deploy:
      # Clients older than 23 know no jobs: set {JOB_MODE}=replicated there.
      mode: ${{{JOB_MODE}:-{JOB}}}
{_near_media(release)}\
      # In the first deployment the database is not there at once.
      restart_policy:
        condition: on-failure
        delay: 5s
        max_attempts: 20
"""


def _web(release: Release) -> str:
    return f"""\
  web:
    <<: *django
    environment:
      <<: *environment
      WAIT_FOR_MIGRATIONS: "{MIGRATIONS_WAIT}"
    # Longer than the server takes for requests that have begun.
    stop_grace_period: 40s
    healthcheck:
      # What it asks stands in the image: /livez, which needs no database. Swarm kills what is unhealthy, and a database
      # that is away for a minute is no reason to kill every task of the site.
      interval: 5s
      timeout: 5s
      retries: 3
      # Failures count when it has waited for migrations and has had {START} seconds to begin.
      start_period: {MIGRATIONS_WAIT + START}s
    deploy:
      replicas: ${{{replicas("web")}:-2}}
      # The name stands for the healthy tasks themselves, so that the proxy can try the next one when one goes away.
      endpoint_mode: dnsrr
{_near_media(release)}\
      # A new task starts and becomes healthy, then an old one stops. When that fails, Swarm goes back by itself.
      update_config:
        order: start-first
        parallelism: 1
        failure_action: rollback
        monitor: 15s
      rollback_config: *rollback
      restart_policy: *restart
      resources:
        limits:
          # As many server processes as this, and at least two; or set WEB_CONCURRENCY.
          cpus: ${{WEB_CPUS:-1.0}}
          memory: ${{WEB_MEMORY:-512M}}
          pids: 200
        reservations:
          memory: 128M
"""


def _worker(release: Release, worker: Worker) -> str:
    variable = re.sub(r"\W", "_", worker.name.upper())
    single = is_single(worker)
    first = "      # Two of them would start every task twice.\n" if single else ""
    count = "1" if single else f"${{{replicas(worker.name)}:-1}}"
    back = "\n        order: stop-first\n        failure_action: pause" if single else " *rollback"
    return f"""\
  {worker.name}:
    <<: *django
    command: {json.dumps(worker.argv, ensure_ascii=False).replace("$", "$$")}
    environment:
      <<: *environment
      WAIT_FOR_MIGRATIONS: "{MIGRATIONS_WAIT}"
    # Tasks that have begun may end.
    stop_grace_period: 1m
    # The image's health check asks for a site, and this is none.
    healthcheck:
      disable: true
    deploy:
{first}\
      replicas: {count}
{_near_media(release)}\
      update_config:
        order: {"stop-first" if single else "start-first"}
        failure_action: rollback
        monitor: 30s
      rollback_config:{back}
      restart_policy: *restart
      resources:
        limits:
          cpus: ${{{variable}_CPUS:-1.0}}
          memory: ${{{variable}_MEMORY:-512M}}
          pids: 200
"""


def _proxy(release: Release) -> str:
    return f"""\
  proxy:
    # A digest in its place pins it: caddy:2@sha256:…
    image: caddy:2
    read_only: true
    volumes:
      - *tmp
      - type: tmpfs
        target: /config
      # Certificates, and the keys that belong to them.
      - caddy:/data
    configs:
      - source: caddyfile
        target: /etc/caddy/Caddyfile
    cap_drop:
      - ALL
    cap_add:
      - NET_BIND_SERVICE
    networks:
      - site
    ports:
{_ports(release)}\
    logging: *logging
    # Requests that have begun may end.
    stop_grace_period: 40s
    deploy:
      endpoint_mode: dnsrr
{_pinned(release, "proxy", "The node that the names of the site lead to:")}\
      # Both want the node's ports.
      update_config:
        order: stop-first
        failure_action: rollback
        monitor: 10s
      restart_policy: *restart
      resources:
        limits:
          cpus: ${{PROXY_CPUS:-1.0}}
          memory: ${{PROXY_MEMORY:-256M}}
          pids: 100
"""


def _ports(release: Release) -> str:
    """The node's own ports: there visitors' addresses are seen, and no routing mesh is needed."""
    port = (
        "      - target: {target}\n        published: {published}\n        protocol: {protocol}\n        mode: host\n"
    )
    if release.hosts:
        named = ((80, "tcp"), (443, "tcp"), (443, "udp"))
        return "      # The node's own: so visitors' addresses are seen, which Swarm's routing mesh hides.\n" + "".join(
            port.format(target=number, published=number, protocol=protocol) for number, protocol in named
        )
    return (
        "      # HTTP, for a proxy that you have. Swarm cannot publish on 127.0.0.1 alone: a firewall has to keep\n"
        "      # others away, one that knows Docker's chain DOCKER-USER.\n"
        + port.format(target=80, published="${WEB_PORT:-8000}", protocol="tcp")
    )


def _pinned(release: Release, what: str, why: str = "") -> str:
    named = label(release, what)
    reason = f"      # {why}\n      #   docker node update --label-add {named}=true NODE\n" if why else ""
    return f"{reason}      placement:\n        constraints:\n          - node.labels.{named} == true\n"


def _near_media(release: Release) -> str:
    """Beside the volume of uploaded files, which is on one node; empty where there is none."""
    why = "Where the uploaded files are. A volume that all nodes share, such as NFS, lets it run on any:"
    return _pinned(release, "data", why) if release.media else ""


# --- networks, volumes, secrets ---------------------------------------------------------------------------------------


def _data_network() -> str:
    return """\
  # Nothing outside is reached from here, and nothing reaches in.
  data:
    driver: overlay
    driver_opts: *encrypted
    internal: true
"""


def _volumes(release: Release) -> tuple[str, ...]:
    there = (("db", release.database), ("redis", release.redis), ("media", release.media), ("caddy", True))
    return tuple(volume for volume, wanted in there if wanted)


def _secrets_of_stack(release: Release) -> str:
    entries = "".join(
        f"  {name}:\n"
        f"    name: ${{{STACK_NAME}:-{release.name}}}_{object_name(release, name)}_${{{version}:-1}}\n"
        f"    file: ./{SECRETS_FOLDER}/{name}\n"
        for name, version in secrets(release).items()
    )
    return f"\nsecrets:\n{entries}" if entries else ""
