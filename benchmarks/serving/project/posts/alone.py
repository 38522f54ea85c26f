"""What Django's own work on a page costs: asked again and again in one process, with no server and no other thread.

python -m posts.alone PATH …: milliseconds of CPU for each path, without what the database uses.
"""

import io
import os
import sys
import time

REPEATS, ROUNDS = 300, 5


def environ(path):
    return {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost",
        "HTTP_X_FORWARDED_PROTO": "https",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.url_scheme": "http",
    }


def ask(application, path):
    said = []
    response = application(environ(path), lambda status, *_rest: said.append(status))
    b"".join(response)
    response.close()
    if not said[0].startswith("200"):
        raise SystemExit(f"{path}: {said[0]}")


def cost(application, path):
    """The least of some rounds: what else the machine does only ever adds."""
    ask(application, path)
    times = []
    for _round in range(ROUNDS):
        begun = time.process_time()
        for _repeat in range(REPEATS):
            ask(application, path)
        times.append((time.process_time() - begun) / REPEATS)
    return min(times)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "django_project.settings")
    from django.core.wsgi import get_wsgi_application

    found = get_wsgi_application()
    for page in sys.argv[1:]:
        print(f"{cost(found, page) * 1000:.3f}")
