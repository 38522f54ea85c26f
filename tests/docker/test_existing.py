"""An existing project in Docker: manage.py in a sub-folder, Docker files of its own, Redis, a worker, a front end."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import tools
from tests.docker import compose
from tests.tools import Project, run

pytestmark = pytest.mark.docker

THEIRS = {
    "docker-compose.yml": "version: '3'\nservices:\n  web: {build: .}\n  db: {image: 'postgres:17', environment: "
    "{POSTGRES_USER: shop, POSTGRES_DB: shop, POSTGRES_PASSWORD: x}}\n  cache: {image: 'redis:8'}\n",
    "Dockerfile": "FROM python:3.12-slim\nRUN apt-get update && apt-get install -y gcc libpq-dev gettext\n",
    ".dockerignore": "node_modules\nweb/dist\n",
}
PROJECT = {
    **THEIRS,
    ".gitignore": "dist\n.env\n",
    "backend/manage.py": """\
import os, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
""",
    "backend/requirements.txt": "Django==5.2.*\npsycopg2==2.9.10\ncelery\nredis\npackaging\n",
    "backend/shop/__init__.py": "from shop.celery import app\n",
    "backend/shop/celery.py": """\
import os
from celery import Celery
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
app = Celery("shop")
app.config_from_object("django.conf:settings", namespace="CELERY")

@app.task
def double(number):
    return 2 * number
""",
    "backend/shop/settings.py": """\
import os
from pathlib import Path
ROOT = Path(__file__).parents[2]
SECRET_KEY = os.environ["SECRET_KEY"]
DEBUG = os.environ.get("DEBUG") == "True"
ALLOWED_HOSTS = os.environ.get("ALLOWED_HOSTS", "localhost,127.0.0.1").split(",")
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.staticfiles"]
ROOT_URLCONF = "shop.urls"
WSGI_APPLICATION = "shop.wsgi.application"
DATABASES = {"default": {
    "ENGINE": "django.db.backends.postgresql", "NAME": os.environ.get("DB_NAME", "shop"),
    "USER": os.environ.get("DB_USER", "shop"), "PASSWORD": os.environ.get("DB_PASSWORD", ""),
    "HOST": os.environ.get("DB_HOST", "localhost"), "PORT": os.environ.get("DB_PORT", "5432"),
}}
CELERY_BROKER_URL = CELERY_RESULT_BACKEND = os.environ.get("REDIS_URL", "redis://localhost:6379/0")
STATIC_URL = "/static/"
STATIC_ROOT = ROOT / "collected"
STATICFILES_DIRS = [ROOT / "web/dist"]
""",
    "backend/shop/urls.py": """\
from pathlib import Path
from django.http import HttpResponse
from django.urls import path
from shop.celery import double

def page(request):
    built = (Path(__file__).parents[2] / "web/dist/site.js").read_text()
    return HttpResponse(f"{double.delay(21).get(timeout=55)} {built}")

urlpatterns = [path("", lambda request: HttpResponse("plain")), path("all", page)]
""",
    "backend/shop/wsgi.py": """\
import os
from django.core.wsgi import get_wsgi_application
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
application = get_wsgi_application()
""",
    "web/.nvmrc": "20\n",
    "web/build.js": "const fs = require('fs'); fs.mkdirSync('dist', {recursive: true}); "
    "fs.writeFileSync('dist/site.js', fs.readFileSync('source.js'))\n",
    "web/package.json": json.dumps({"name": "web", "private": True, "scripts": {"build": "node build.js"}}),
    "web/source.js": "built by Node",
}


@pytest.fixture(scope="module")
def shop(shelf: Path) -> Iterator[Project]:
    """The project, brought up in Docker."""
    project = Project(shelf / "shop")
    for path, text in PROJECT.items():
        file = project.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    try:
        project.djdock("up", "--engine", "docker", "--yes", "--port", str(tools.free_port()), timeout=900).ok()
        yield project
    finally:
        beside = ("--file", "compose.djdock.yaml")
        if (project.root / "compose.djdock.yaml").exists():
            compose.compose(project.root, *beside, "down", "--volumes", "--timeout", "2")
            name = project.env()["COMPOSE_PROJECT_NAME"]
            run(["docker", "image", "rm", "--force", f"{name}-web", f"{name}-front-end"], project.root)


def test_everything_works_together(shop: Project) -> None:
    """The page shows what Node built, and what a worker answered over Redis; the front end is in the folder too."""
    done = run(["curl", "--silent", "--fail", f"{shop.url}all"], shop.root, timeout=90).ok()
    assert done.out == "42 built by Node"
    assert (shop.root / "web/dist/site.js").stat().st_uid == (shop.root / "web").stat().st_uid
    services = {service["name"]: service["state"] for service in shop.status()["services"]}
    assert {name: services[name] for name in ("db", "web", "redis", "worker")} == dict.fromkeys(
        ("db", "web", "redis", "worker"), "running"
    )


def test_their_docker_files_are_as_they_were(shop: Project) -> None:
    """djdock's stand beside them under names of their own."""
    assert {path: (shop.root / path).read_text() for path in THEIRS} == THEIRS
    for path in ("compose.djdock.yaml", "Dockerfile.djdock", "Dockerfile.djdock.dockerignore"):
        assert (shop.root / path).read_text().startswith("# Made by djdock")


def test_commands_run_where_manage_py_is(shop: Project) -> None:
    """From the root and from the sub-folder alike."""
    for folder in (shop.root, shop.root / "backend"):
        assert "0 silenced" in shop.djdock("manage", "check", cwd=folder).ok().all


def test_plain_compose_works_too(shop: Project) -> None:
    """The command that the file names is enough: nothing of it needs djdock."""
    command = re.search(r"`(docker compose [^`]+)`", (shop.root / "compose.djdock.yaml").read_text())
    assert command
    run([*command[1].split(), "--detach"], shop.root, timeout=300).ok()
    listed = run([*command[1].split()[:-1], "ps", "--services"], shop.root).ok().out.split()
    assert {"db", "web", "redis", "worker"} <= set(listed)


def test_production_image(shop: Project) -> None:
    """Gunicorn, which the project does not declare, answers; static files were collected; no compiler is in it."""
    tag = f"{shop.env()['COMPOSE_PROJECT_NAME']}-production"
    run(["docker", "build", "--quiet", "--file", "Dockerfile.djdock", "--tag", tag, "."], shop.root, timeout=600).ok()
    options = ["--rm", "--detach", "--env", "SECRET_KEY=x", "--env", "ALLOWED_HOSTS=*"]
    container = run(["docker", "run", *options, tag], shop.root).ok().out.strip()
    ask = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8000/').read().decode())"
    try:
        for _ in range(30):
            done = run(["docker", "exec", container, "python", "-c", ask], shop.root)
            if done.code == 0:
                break
            time.sleep(1)
        assert done.ok().out == "plain\n"
        look = "ls /app/collected; whoami 2>&1; id -u; command -v gcc git || echo none"
        said = run(["docker", "exec", container, "sh", "-c", look], shop.root).ok().out
        assert "site.js" in said
        assert {"10001", "none"} <= set(said.split())
    finally:
        run(["docker", "rm", "--force", container], shop.root)
        run(["docker", "image", "rm", "--force", tag], shop.root)
