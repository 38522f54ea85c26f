"""The services of stack.yaml: what holds data, the site and its workers, and the proxy before it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from djdock.plan.compose import REDIS_IMAGE, Worker, database_image
from djdock.plan.production import caddy, postgres
from djdock.plan.production.release import DATABASE_PASSWORD, PORT, Postgres, Release
from djdock.plan.production.stack_names import is_single, label, replicas
from djdock.project.services.postgres import volume_path

# Seconds that a new container waits for migrations, and that its health may take after that.
MIGRATIONS_WAIT, START = 60, 30
# https://github.com/zavoloklom/docker-compose-linter/blob/main/docs/rules/service-keys-order-rule.md
ORDER = (
    "image", "volumes", "configs", "secrets", "environment", "ports", "networks", "command", "healthcheck", "logging",
)  # fmt: skip
# A key of a service with the comments above it and all below it.
KEY = re.compile(r"((?:    #.*\n)*    ([\w<]+):.*\n(?:     .*\n)*)")
# `replicated` or `replicated-job`: `docker stack deploy` knows jobs since version 23 of the client.
JOB_MODE, JOB = "MIGRATE_MODE", "replicated-job"


def services(release: Release) -> tuple[str, ...]:
    """The services of the stack, one text each, ordered as dclint has it: by name, and so are the keys of each."""
    return tuple(_ordered(service) for service in sorted(_services(release)))


def _services(release: Release) -> Iterator[str]:
    if release.database:
        yield _database(release, release.database)
    if release.redis:
        yield _redis(release)
    yield _migrate(release)
    yield _web(release)
    for worker in release.workers:
        yield _worker(release, worker)
    yield _proxy(release)


def _ordered(service: str) -> str:
    """A service with its keys, and the comments above each, in the usual order; `<<` and others come last."""
    head, _, rest = service.partition("\n")
    keys = KEY.findall(rest)
    known = {name: place for place, name in enumerate(ORDER)}
    return f"{head}\n" + "".join(
        text for text, _ in sorted(keys, key=lambda key: (known.get(key[1], len(ORDER)), key[1]))
    )


def _database(release: Release, database: Postgres) -> str:
    return f"""\
  db:
    image: {database_image(database.major, database.extension)}
    environment:
{postgres.environment(database)}\
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
{postgres.check(database)}\
      interval: 5s
      timeout: 3s
      retries: 6
      start_period: 2m
{_deploy_of_data(release, "db", "1G", 500)}"""


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
{_deploy_of_data(release, "redis", "256M", 50)}"""


def _deploy_of_data(release: Release, name: str, memory: str, processes: int) -> str:
    """How what holds data is placed, and replaced: on one node, and never two of it."""
    variable = name.upper()
    return f"""\
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
          cpus: ${{{variable}_CPUS:-1.0}}
          memory: ${{{variable}_MEMORY:-{memory}}}
          pids: {processes}
"""


def _migrate(release: Release) -> str:
    return f"""\
  migrate:
    # Once in each `docker stack deploy`, and it ends; the site and the workers wait for it.
    command: ["python", "manage.py", "migrate", "--noinput"]
    <<: *django
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
    image: {caddy.IMAGE}
    read_only: true
    volumes:
      - *tmp
      - type: tmpfs
        target: /config
      # Certificates, and the keys that belong to them.
      - caddy:/data
    configs:
      - source: caddyfile
        target: {caddy.CADDYFILE_INSIDE}
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
    if not release.hosts:
        return (
            "      # HTTP, for a proxy that you have. Swarm cannot publish on 127.0.0.1 alone: a firewall has to keep\n"
            "      # others away, one that knows Docker's chain DOCKER-USER.\n" + _port("WEB_PORT", PORT, 80)
        )
    return (
        "      # The node's own: so visitors' addresses are seen, which Swarm's routing mesh hides.\n"
        + _port("HTTP_PORT", 80, 80)
        + _port("HTTPS_PORT", 443, 443)
        + _port("HTTPS_PORT", 443, 443, protocol="udp")
    )


def _port(variable: str, usual: int, target: int, *, protocol: str = "tcp") -> str:
    return (
        f"      - target: {target}\n        published: ${{{variable}:-{usual}}}\n        protocol: {protocol}\n"
        "        mode: host\n"
    )


def _pinned(release: Release, what: str, why: str = "") -> str:
    named = label(release, what)
    reason = f"      # {why}\n      #   docker node update --label-add {named}=true NODE\n" if why else ""
    return f"{reason}      placement:\n        constraints:\n          - node.labels.{named} == true\n"


def _near_media(release: Release) -> str:
    """Beside the volume of uploaded files, which is on one node; empty where there is none."""
    why = "Where the uploaded files are. A volume that all nodes share, such as NFS, lets it run on any:"
    return _pinned(release, "data", why) if release.media else ""
