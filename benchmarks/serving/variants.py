"""What is compared: servers and settings, in groups of one question each, all in one image with the same project."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

ASGI = "django_project.asgi:application"
WSGI = "{wsgi}"
BIND = "--bind=0.0.0.0:8000"
ACCESS_LOG = "--access-logfile=-"
# As long as gunicorn gives requests that hang.
KILL_TIMEOUT = "--workers-kill-timeout=30"
# Ways to keep connections to the database; what DATABASES["default"] is updated with.
NO_REUSE: Mapping[str, object] = {"CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": False, "OPTIONS": {}}
KEPT: Mapping[str, object] = {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": False, "OPTIONS": {}}
KEPT_AND_CHECKED: Mapping[str, object] = {**KEPT, "CONN_HEALTH_CHECKS": True}


def pool(most: int, *, checked: bool = True) -> Mapping[str, object]:
    """A pool of psycopg's in each process. https://docs.djangoproject.com/en/stable/ref/databases/#connection-pool"""
    sizes = {"min_size": 1, "max_size": most, "timeout": 10}
    return {"CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": checked, "OPTIONS": {"pool": sizes}}


ONE, FIVE = pool(1), pool(5)


@dataclass(frozen=True)
class Variant:
    """One way to serve the site.

    Attributes:
        argv: the server's command; the word `{wsgi}` stands for the application.
        database: how it keeps its connections.
    """

    title: str
    argv: tuple[str, ...]
    database: Mapping[str, object] = field(default_factory=lambda: FIVE)

    def command(self, wsgi: str) -> tuple[str, ...]:
        return tuple(wsgi if word == WSGI else word for word in self.argv)

    @property
    def environment(self) -> dict[str, str]:
        return {"DJANGO_SETTINGS_MODULE": "benchmark_settings", "BENCHMARK_DATABASE": json.dumps(self.database)}


@dataclass(frozen=True)
class Question:
    """Variants that differ in one thing. The first one is what the others are held against."""

    title: str
    variants: tuple[Variant, ...]
    pages: tuple[str, ...] = ("/",)


def threaded(
    title: str, *more: str, workers: int = 2, threads: int = 4, database: Mapping[str, object] | None = None
) -> Variant:
    """gunicorn with threads, as the production image starts it, and what differs."""
    argv = ["gunicorn", BIND, f"--workers={workers}", f"--threads={threads}", "--worker-tmp-dir=/dev/shm"]
    argv += ["--no-control-socket", ACCESS_LOG, *more, WSGI]
    return Variant(title, tuple(argv), pool(threads + 1) if database is None else database)


def without(word: str, title: str) -> Variant:
    """The same without one of its options."""
    return Variant(title, tuple(other for other in threaded(title).argv if other != word))


def synchronous(title: str, workers: int, database: Mapping[str, object] = ONE) -> Variant:
    """gunicorn without threads: each worker answers one request at a time, and closes the connection."""
    return Variant(title, ("gunicorn", BIND, f"--workers={workers}", "--no-control-socket", WSGI), database)


def granian(title: str, *more: str) -> Variant:
    """granian, whose network code is in Rust, with two workers."""
    argv = ("granian", "--host=0.0.0.0", "--workers=2", "--access-log", "--respawn-failed-workers", KILL_TIMEOUT)
    return Variant(title, (*argv, *more))


def uvicorn(title: str, database: Mapping[str, object] = FIVE) -> Variant:
    """uvicorn with two workers."""
    argv = ("uvicorn", "--host=0.0.0.0", "--workers=2", "--lifespan=off", "--timeout-graceful-shutdown=30", ASGI)
    return Variant(title, argv, database)


GTHREAD = "gunicorn, 2 workers with 4 threads"
SERVERS = Question(
    "The server, with a pool of connections",
    (
        threaded(GTHREAD),
        synchronous("gunicorn, 5 workers without threads", 5),
        granian("granian (WSGI), 2 workers with 4 threads", "--interface=wsgi", "--blocking-threads=4", WSGI),
        granian("granian (WSGI), 2 workers with 1 thread", "--interface=wsgi", "--blocking-threads=1", WSGI),
        granian("granian (ASGI), 2 workers", "--interface=asginl", ASGI),
        uvicorn("uvicorn (ASGI), 2 workers"),
    ),
    pages=("/", "{static}"),
)
CONNECTIONS = Question(
    "Connections to the database, gunicorn with 2 workers and 4 threads",
    (
        threaded("a new one for each request, Django's default", database=NO_REUSE),
        threaded("`CONN_MAX_AGE=60`", database=KEPT),
        threaded("`CONN_MAX_AGE=60`, each connection checked before it is used", database=KEPT_AND_CHECKED),
        threaded("psycopg's pool, unchecked", database=pool(5, checked=False)),
        threaded("psycopg's pool, each connection checked before it is used"),
        threaded("psycopg's pool, fewer connections than threads", database=pool(2)),
    ),
)
PROCESSES = Question(
    "Workers and threads",
    (
        threaded("2 workers with 4 threads"),
        threaded("1 worker with 4 threads", workers=1),
        threaded("1 worker with 8 threads", workers=1, threads=8),
        threaded("2 workers with 2 threads", threads=2),
        threaded("2 workers with 8 threads", threads=8),
        threaded("3 workers with 4 threads", workers=3),
        threaded("4 workers with 4 threads", workers=4),
    ),
)
OPTIONS = Question(
    "Options of gunicorn, with 2 workers and 4 threads",
    (
        threaded("as it is"),
        threaded("`--preload`", "--preload"),
        threaded("`--max-requests=1000 --max-requests-jitter=100`", "--max-requests=1000", "--max-requests-jitter=100"),
        threaded("`--keep-alive=0`", "--keep-alive=0"),
        without(ACCESS_LOG, "no access log"),
    ),
)
ASYNCHRONOUS = Question(
    "Projects that need ASGI: an asynchronous page and a synchronous one",
    (
        uvicorn("uvicorn, 2 workers, pool"),
        uvicorn("uvicorn, 2 workers, a new connection for each request", NO_REUSE),
        granian("granian, 2 workers, pool", "--interface=asginl", ASGI),
        Variant(
            "gunicorn's own ASGI worker, 2 workers, pool",
            ("gunicorn", BIND, "--worker-class=asgi", "--workers=2", "--no-control-socket", ACCESS_LOG, ASGI),
        ),
        Variant(
            "hypercorn, 2 workers, pool", ("hypercorn", BIND, "--workers=2", "--graceful-timeout=30", ACCESS_LOG, ASGI)
        ),
        Variant("daphne, one process, pool", ("daphne", "--bind=0.0.0.0", "--port=8000", ASGI)),
    ),
    pages=("/async/", "/"),
)
QUESTIONS = {
    "servers": SERVERS,
    "connections": CONNECTIONS,
    "processes": PROCESSES,
    "options": OPTIONS,
    "asgi": ASYNCHRONOUS,
}
ROBUSTNESS = (
    SERVERS.variants[2],
    *ASYNCHRONOUS.variants[:1],
    *ASYNCHRONOUS.variants[2:],
)
DEFAULTS = synchronous("gunicorn's and Django's defaults", 1, database=NO_REUSE)
