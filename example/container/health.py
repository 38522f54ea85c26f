# Made by djdock, yours to edit; `djdock init` merges its changes with yours.
"""The site with two addresses before it, for whatever watches over its containers.

/livez     200 when this process answers; it asks no database, since a restart would not repair one
/readyz    200 when the database answers, too, else 503: no requests to this container for now

Both are answered before Django sees the request, so that they need no name in ALLOWED_HOSTS, and no HTTPS. They are not
for the public: a request that a proxy has passed on (X-Forwarded-For, Forwarded) goes to Django, like any other page.
"""

import logging
import threading
from contextlib import closing

from django.db import connections

from django_project.wsgi import application as site

logger = logging.getLogger(__name__)
SECONDS = 3
one_at_a_time = threading.Lock()


def application(environ, start_response):
    path = environ.get("PATH_INFO")
    is_passed_on = "HTTP_X_FORWARDED_FOR" in environ or "HTTP_FORWARDED" in environ
    if path not in ("/livez", "/readyz") or is_passed_on:
        return site(environ, start_response)
    trouble = database_trouble() if path == "/readyz" else ""
    status = "503 Service Unavailable" if trouble else "200 OK"
    body = (trouble or "ok").encode()
    headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(body))), ("Cache-Control", "no-store")]
    start_response(status, headers)
    return [body]


def database_trouble():
    """Why the database does not answer, as the name of an exception; empty when it does."""
    found = []

    def look():
        try:
            with closing(new_connection()) as connection, connection.cursor() as cursor:
                cursor.execute("SELECT 1")
            found.append("")
        except Exception as error:
            logger.warning("The database does not answer: %s", error)
            found.append(type(error).__name__)
        finally:
            one_at_a_time.release()

    # However long it takes to connect to a host that is not there, one thread at most waits for that.
    if not one_at_a_time.acquire(timeout=SECONDS):
        return "TimeoutError"
    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    thread.join(SECONDS)
    return found[0] if found else "TimeoutError"


def new_connection():
    """One that nobody else has, and none of a pool: requests that keep all of those busy are no trouble."""
    connection = connections["default"].copy()
    connection.settings_dict.get("OPTIONS", {}).pop("pool", None)
    return connection
