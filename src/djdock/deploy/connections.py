"""How a site keeps its connections to the database, asked of the new image. docs/serving.md has what was measured.

https://docs.djangoproject.com/en/stable/ref/databases/#persistent-database-connections says what Django does.
"""

from __future__ import annotations

from collections.abc import Mapping

from djdock.deploy.asking import ask
from djdock.deploy.targets.target import Site, Target

SCRIPT = """
import django
from django.db import connection
try:
    from django.db.backends.postgresql.psycopg_any import is_psycopg3
except ImportError:
    is_psycopg3 = False
said = connection.settings_dict
found = {
    "postgres": connection.vendor == "postgresql",
    "age": said.get("CONN_MAX_AGE", 0),
    "checked": bool(said.get("CONN_HEALTH_CHECKS")),
    "pooled": bool(said.get("OPTIONS", {}).get("pool")),
    "can_check": django.VERSION >= (4, 1),
    "can_pool": django.VERSION >= (5, 1) and is_psycopg3,
}
"""
KEPT, CHECKED, POOLED = '"CONN_MAX_AGE": 60', '"CONN_HEALTH_CHECKS": True', '"OPTIONS": {"pool": True}'


def look(target: Target, site: Site, *, asynchronous: bool) -> str:
    """What would be better in production, in a sentence or two; empty where nothing is, or nobody could say."""
    found = ask(target, site, SCRIPT)[1]
    return advice(found, asynchronous=asynchronous) if found else ""


def advice(found: Mapping[str, object], *, asynchronous: bool) -> str:
    """What to change in DATABASES; empty where that is well.

    Args:
        found: what `SCRIPT` says.
        asynchronous: the site is served as an ASGI application, whose threads come and go.
    """
    if not found["postgres"]:
        return ""
    if asynchronous and found["age"] != 0:
        return (
            "DATABASES keeps connections (CONN_MAX_AGE), and under ASGI they are left behind until PostgreSQL refuses "
            f"new ones. Let CONN_MAX_AGE be 0{f'; a pool is made for that: {_pool()}' * bool(found['can_pool'])}."
        )
    if found["pooled"] or (asynchronous and not found["can_pool"]):
        return ""
    if found["age"] == 0:
        kept = _pool() if asynchronous else ", ".join([KEPT, *([CHECKED] if found["can_check"] else [])])
        return (
            "Each request opens a connection to PostgreSQL, which takes longer than most pages. For production, in "
            f"DATABASES: {kept}."
        )
    if found["can_check"] and not found["checked"]:
        return (
            "Connections to PostgreSQL are kept and not tried before they are used: after a restart of it, requests "
            f"fail. In DATABASES: {CHECKED}."
        )
    return ""


def _pool() -> str:
    return f"{POOLED} (it needs psycopg[pool])"
