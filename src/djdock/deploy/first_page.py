"""The first page of a new version, asked for before anybody else sees it: in the new image, on the migrated database.

Health says that the server and the database answer. A template that is missing, or a style that was never collected,
shows only when Django makes a page; so its own test client asks for one, in the project's interpreter. That client goes
past an ASGI application of the project's own (Channels), which is why such a one is asked as well.
"""

from __future__ import annotations

from djdock.deploy.asking import ask
from djdock.deploy.targets.target import Site, Target
from djdock.errors import Problem, last_lines
from djdock.plan.container_files import NAMES

# Redirects are followed as long as they stay on the site: to a login page, say. Functions import what they use: in the
# shell of Django before 3.1 they do not see what is outside of them.
SCRIPT = """
import traceback
from django.conf import settings
from django.http.request import validate_host
from django.test import Client
hosts = [host.lstrip(".") for host in settings.ALLOWED_HOSTS if host != "*"]
host = HOST or (hosts[0] if hosts else "localhost")
client, path, status, error = Client(HTTP_HOST=host), "/", 0, ""

def asgi_application():
    import importlib, inspect
    for name in NAMES:
        try:
            found = importlib.import_module(name + ".health").application
        except (ImportError, AttributeError):
            continue
        return found if inspect.iscoroutinefunction(found) else None

async def ask(application, host, path, query):
    import asyncio
    said, asked = [], []
    async def receive():
        if asked:
            await asyncio.Event().wait()
        asked.append(True)
        return {"type": "http.request", "body": b"", "more_body": False}
    async def send(message):
        said.append(message)
    headers = [(b"host", host.encode()), (b"x-forwarded-proto", b"https")]
    await application({
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "https",
        "path": path, "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
        "headers": headers, "client": ("127.0.0.1", 1), "server": (host, 443),
    }, receive, send)
    return next((message["status"] for message in said if "status" in message), 500)

try:
    if not validate_host(host, settings.ALLOWED_HOSTS):
        raise ValueError("ALLOWED_HOSTS is %s, without %s: every answer would be 400." % (settings.ALLOWED_HOSTS, host))
    for _redirect in range(4):
        answer = client.get(path, secure=True)
        status = answer.status_code
        location = answer.get("Location", "") if 300 <= status < 400 else ""
        if not location.startswith("/"):
            break
        path = location
    application = asgi_application()
    if application and status < 500:
        import asyncio
        name, _, query = path.partition("?")
        status = asyncio.run(ask(application, host, name, query))
        error = "" if status < 500 else "The project's ASGI application answers with this error; its WSGI one does not."
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
    script = f"HOST = {site.release.hosts[0] if site.release.hosts else ''!r}\n{SCRIPT.replace('NAMES', repr(NAMES))}"
    done, found = ask(target, site, script)
    path, status, error = found or ("/", FAILED, done.text)
    if status != FAILED:
        return str(path), int(status)
    raise Problem(
        f"The new version answers {path} with an error, so it was not brought to the site.",
        details=last_lines(error),
        hint="Correct what the last line says, then the same command again. Migrations are applied already.\n"
        "If that page is meant to fail: the same command with --no-page",
    )
