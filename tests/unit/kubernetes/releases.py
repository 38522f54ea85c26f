"""Releases of different shapes, which the files of production are tried with."""

from __future__ import annotations

from djdock.plan.compose import Worker
from djdock.plan.production.release import Postgres, Release, Setting

KEY = Setting("SECRET_KEY", "secret", why="signs sessions")
URL = Setting("DATABASE_URL", "secret", part="{url}", why="the database")
HOSTS = Setting("ALLOWED_HOSTS", "given", why="the names of the site")
DEBUG = Setting("DEBUG", "fixed", "0", why="no error pages with source for visitors")
REDIS_URL = Setting("REDIS_URL", "fixed", "redis://redis:6379/0", why="the broker")
POSTGRES = Postgres("blog", "blog", 18)
NAMES = ("blog.example.com", "www.blog.example.com")

PLAIN = Release("blog", (KEY, URL, HOSTS, DEBUG), database=POSTGRES, hosts=NAMES)
WORKERS = Release(
    "shop",
    (KEY, URL, HOSTS, DEBUG, REDIS_URL),
    workers=(
        Worker("worker", ("celery", "-A", "config", "worker", "-l", "info")),
        Worker("beat", ("celery", "-A", "config", "beat", "--schedule=/tmp/celerybeat-schedule", "--pidfile=")),
    ),
    database=Postgres("shop", "shop", 17, "pgvector"),
    redis=True,
    hosts=NAMES,
)
EXTERNAL = Release("blog", (KEY, URL, HOSTS, DEBUG), hosts=NAMES)
LOCAL = Release("blog", (KEY, URL, HOSTS, DEBUG), database=POSTGRES)
MEDIA = Release(
    "blog", (KEY, URL, HOSTS, DEBUG), database=Postgres("geo blog", "geo", 16, "postgis"), media="/app/site/media",
    folder="site", hosts=NAMES,
)  # fmt: skip
BARE = Release("site-1", ())
ALL = {"plain": PLAIN, "workers": WORKERS, "external": EXTERNAL, "local": LOCAL, "media": MEDIA, "bare": BARE}
