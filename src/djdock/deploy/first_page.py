"""The first page of a new version, asked for before anybody else sees it: in the new image, on the migrated database.

Health says that the server and the database answer. A template that is missing, or a style that was never collected,
shows only when Django makes a page; so its own test client asks for one, in the project's interpreter.
"""

from __future__ import annotations

from djdock.deploy.asking import ask
from djdock.deploy.targets.target import Site, Target
from djdock.errors import Problem, last_lines

# Redirects are followed as long as they stay on the site: to a login page, say.
SCRIPT = """
import traceback
from django.conf import settings
from django.test import Client
hosts = [host.lstrip(".") for host in settings.ALLOWED_HOSTS if host != "*"]
client, path, status, error = Client(HTTP_HOST=hosts[0] if hosts else "localhost"), "/", 0, ""
try:
    for _redirect in range(4):
        answer = client.get(path, secure=True)
        status = answer.status_code
        location = answer.headers.get("Location", "") if 300 <= status < 400 else ""
        if not location.startswith("/"):
            break
        path = location
except Exception:
    status, error = 500, traceback.format_exc()
found = [path, status, error]
"""
# What Django answers where a view raises. Others above it are meant: 503 while a site is under maintenance.
FAILED = 500


def check(target: Target, site: Site) -> tuple[str, int]:
    """Makes sure that the new version can show a page; returns its address and what status it has.

    404 is a page, where the site has nothing at `/`.

    Raises:
        Problem: it fails.
    """
    done, found = ask(target, site, SCRIPT)
    path, status, error = found or ("/", FAILED, done.text)
    if status != FAILED:
        return str(path), int(status)
    raise Problem(
        f"The new version answers {path} with an error, so it was not brought to the site.",
        details=last_lines(error),
        hint="Correct what the last line says, then the same command again. Migrations are applied already.\n"
        "If that page is meant to fail: the same command with --no-page",
    )
