"""compose.production.yaml: the site on one host, readable alone and run by `docker compose` alone."""

from __future__ import annotations

import json
from collections.abc import Iterable

from djdock.plan.change import SIGNATURE
from djdock.plan.compose import REDIS_IMAGE, Worker, database_image, scalar
from djdock.plan.production import caddy, postgres
from djdock.plan.production.release import (
    CADDYFILE,
    COMPOSE_FILE,
    DATABASE_PASSWORD,
    ENV_FILE,
    FILE_SUFFIX,
    PORT,
    READY,
    SECRETS_FOLDER,
    SECRETS_INSIDE,
    TRUSTED,
    TRUSTED_WHY,
    Postgres,
    Release,
    Setting,
)
from djdock.plan.text import render
from djdock.project.services.postgres import volume_path

# Services.
DATABASE, MIGRATE, PROXY, REDIS, SITE = "db", "migrate", "proxy", "redis", "web"
# Networks: requests come in by one, and mail goes out; one has no way out; one is for deployments alone.
FRONT, BACK, ROLLOUT_NETWORK = "front", "back", "rollout"
# Volumes.
CERTIFICATES, MEDIA = "certificates", "media"
# In python and not curl, which the image has not. Unlike the image's own check it asks the database, too.
READY_CHECK = (
    f"from http.client import HTTPConnection as C; c = C('127.0.0.1', {PORT}, timeout=4); "
    f"c.request('GET', '{READY}'); exit(c.getresponse().status != 200)"
)
# Keys of a service in the order that dclint checks, so that each is where one looks for it.
# https://github.com/zavoloklom/docker-compose-linter/blob/main/docs/rules/service-keys-order-rule.md
AFTER = "service_healthy", "service_completed_successfully"


def text(release: Release) -> str:
    """The compose file for production."""
    services = {
        **{worker.name: _worker(release, worker) for worker in release.workers},
        **({DATABASE: _database(release.database)} if release.database else {}),
        MIGRATE: _migrate(release),
        PROXY: _proxy(release),
        **({REDIS: _redis()} if release.redis else {}),
        SITE: _site(release),
    }
    return (
        render(
            "compose.production.yaml.txt",
            mark=SIGNATURE,
            usage=f"#\n#   docker compose --file {COMPOSE_FILE} --env-file {ENV_FILE} up --detach\n#",
            django=_django(release),
            name=release.name,
            services="\n".join(f"  {name}:\n{services[name]}" for name in sorted(services)),
            networks=_networks(release),
            volumes=_volumes(release),
            secrets=_secrets(release),
        ).rstrip()
        + "\n"
    )


def has_back(release: Release) -> bool:
    """Whether anything runs that only the project's own containers may reach."""
    return release.database is not None or release.redis


def _django(release: Release) -> str:
    trusted = f'  # {TRUSTED_WHY}\n  {TRUSTED}: "*"\n'
    environment = trusted + "".join(_variable(setting) for setting in release.settings)
    lines = [
        *(_block("volumes", [f"{MEDIA}:{release.media}"]) if release.media else []),
        *(_block("secrets", release.secrets) if release.secrets else []),
        *["environment:", *environment.rstrip("\n").split("\n")],
        *_block("networks", [*([BACK] if has_back(release) else []), FRONT]),
    ]
    return "".join(f"  {line}\n" for line in lines)


def _variable(setting: Setting) -> str:
    if setting.kind == "secret":
        return f"  {setting.name}{FILE_SUFFIX}: {SECRETS_INSIDE}/{setting.name}\n"
    if setting.kind == "fixed":
        return f"  {setting.name}: {scalar(setting.value).replace('$', '$$')}\n"
    # It may be empty, but it has to be said.
    return f"  {setting.name}: ${{{setting.name}?is missing in {ENV_FILE}}}\n"


def _database(database: Postgres) -> str:
    return f"""\
    image: {database_image(database.major, database.extension)}
    volumes:
      - {DATABASE}:{volume_path(database.major)}
    secrets:
      - {DATABASE_PASSWORD}
    environment:
{postgres.environment(database)}\
    networks:
      - {BACK}
    restart: unless-stopped
    healthcheck:
{postgres.check(database)}\
      interval: 5s
      timeout: 3s
      retries: 12
      start_period: 60s
    <<: *container
    # It begins as root, gives its volume to the user postgres, and goes on as that one.
    cap_add:
      - CHOWN
      - DAC_OVERRIDE
      - FOWNER
      - SETGID
      - SETUID
    cpus: ${{DB_CPUS:-0}}
    mem_limit: ${{DB_MEMORY:-1g}}
    # Parallel queries share memory here; Docker's own 64 MB are soon too little.
    shm_size: 256m
    stop_grace_period: 1m
    tmpfs:
      - /run/postgresql
      - /tmp
"""


def _redis() -> str:
    return f"""\
    image: {REDIS_IMAGE}
    volumes:
      - {REDIS}:/data
    networks:
      - {BACK}
    # Written down as it comes, so that no task is lost with the container. Without a password: nobody but the project's
    # own containers is in its network.
    command: ["redis-server", "--protected-mode", "no", "--dir", "/data", "--appendonly", "yes"]
    restart: unless-stopped
    healthcheck:
      test: ["CMD", "redis-cli", "ping"]
      interval: 5s
      timeout: 3s
      retries: 12
    <<: *container
    # It begins as root, gives its volume to the user redis, and goes on as that one.
    cap_add:
      - CHOWN
      - SETGID
      - SETUID
    cpus: ${{REDIS_CPUS:-0}}
    mem_limit: ${{REDIS_MEMORY:-512m}}
"""


def _migrate(release: Release) -> str:
    after = _depends_on(release, migrated=False)
    return f"""\
{after}    command: ["python", "manage.py", "migrate", "--noinput"]
    restart: "no"
    healthcheck:
      disable: true
    <<: *django
    mem_limit: ${{WEB_MEMORY:-1g}}
"""


def _site(release: Release) -> str:
    return f"""\
{_depends_on(release)}    healthcheck:
      test: ["CMD", "python", "-I", "-c", {json.dumps(READY_CHECK)}]
      interval: 5s
      timeout: 5s
      retries: 3
      start_period: 60s
    <<: *django
    # 0: all that the machine has. A limit also says how many processes serve the site.
    cpus: ${{WEB_CPUS:-0}}
    mem_limit: ${{WEB_MEMORY:-1g}}
    scale: ${{WEB_REPLICAS:-1}}
"""


def _worker(release: Release, worker: Worker) -> str:
    return f"""\
{_depends_on(release)}    command: {json.dumps(worker.argv, ensure_ascii=False).replace("$", "$$")}
    # The image's health check asks for a site, and this is none.
    healthcheck:
      disable: true
    <<: *django
    cpus: ${{WORKER_CPUS:-0}}
    mem_limit: ${{WORKER_MEMORY:-1g}}
    # As long as a task may take that has begun.
    stop_grace_period: 1m
"""


def _proxy(release: Release) -> str:
    volumes = [
        f"./{CADDYFILE}:{caddy.CADDYFILE_INSIDE}:ro",
        *([f"{CERTIFICATES}:/data"] if release.hosts else []),
        *([f"{MEDIA}:{caddy.UPLOADS}:ro"] if release.shows_media else []),
    ]
    memory = ["/config", *([] if release.hosts else ["/data"])]
    return f"""\
    # To know what runs, and to decide when that changes, name a version: caddy:2.11.4, or one by its digest.
    image: {caddy.IMAGE}
    volumes:
{_entries(volumes)}    ports:
{_public_ports() if release.hosts else _local_port()}    networks:
      - {FRONT}
      - {ROLLOUT_NETWORK}
    restart: unless-stopped
    <<: *container
    # The ports below 1024.
    cap_add:
      - NET_BIND_SERVICE
    mem_limit: ${{PROXY_MEMORY:-256m}}
    stop_grace_period: 40s
    tmpfs:
{_entries(memory)}"""


def _public_ports() -> str:
    ports = (("HTTP_PORT", 80, "tcp"), ("HTTPS_PORT", 443, "tcp"), ("HTTPS_PORT", 443, "udp"))
    return "      # LISTEN: one of the machine's addresses. Without it: all of them, IPv4 and IPv6.\n" + "".join(
        f"      - target: {port}\n"
        f'        published: "${{{name}:-{port}}}"\n'
        "        host_ip: ${LISTEN:-}\n"
        f"        protocol: {protocol}\n"
        for name, port, protocol in ports
    )


def _local_port() -> str:
    return """\
      # For a proxy that this machine has already; nobody else gets here. With TLS: djdock deploy compose --host NAME
      - target: 80
        published: "${WEB_PORT:-8000}"
        host_ip: 127.0.0.1
        protocol: tcp
"""


def _depends_on(release: Release, *, migrated: bool = True) -> str:
    healthy, done = AFTER
    after = {
        **({DATABASE: healthy} if release.database else {}),
        **({MIGRATE: done} if migrated else {}),
        **({REDIS: healthy} if release.redis else {}),
    }
    entries = "".join(f"      {name}:\n        condition: {after[name]}\n" for name in sorted(after))
    return f"    depends_on:\n{entries}" if entries else ""


def _networks(release: Release) -> str:
    back = f"  # The database's: no way out, and none in.\n  {BACK}:\n    internal: true\n" if has_back(release) else ""
    return f"""\
networks:
{back}  {FRONT}:
  # While containers are replaced, the proxy tells the old and the new ones apart by their names in here.
  {ROLLOUT_NETWORK}:
    internal: true
"""


def _volumes(release: Release) -> str:
    names = (
        *([CERTIFICATES] if release.hosts else []),
        *([DATABASE] if release.database else []),
        *([MEDIA] if release.media else []),
        *([REDIS] if release.redis else []),
    )
    return "\nvolumes:\n" + "".join(f"  {name}:\n" for name in names) if names else ""


def _secrets(release: Release) -> str:
    names = sorted({*release.secrets, *([DATABASE_PASSWORD] if release.database else [])})
    entries = "".join(f"  {name}:\n    file: ./{SECRETS_FOLDER}/{name}\n" for name in names)
    return f"\nsecrets:\n{entries}" if names else ""


def _block(key: str, entries: Iterable[str]) -> list[str]:
    return [f"{key}:", *(f"  - {entry}" for entry in entries)]


def _entries(lines: Iterable[str]) -> str:
    return "".join(f"      - {line}\n" for line in lines)
