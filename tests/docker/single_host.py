"""A small site with a worker, a scheduler and Redis, its images, and a load that counts what fails: for deployments."""

from __future__ import annotations

import http.client
import itertools
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from djdock.deploy.single_host import containers
from djdock.deploy.targets import compose
from djdock.deploy.targets.target import Site
from djdock.plan.docker_files import Setup, docker_files, workers
from djdock.plan.production.release import COMPOSE_FILE, ENV_FILE, Postgres, Release, Setting
from djdock.project import facts
from djdock.project.files import Folder
from tests import caddy_image, projects, tools
from tests.tools import Done, run

SETTINGS = f"""\
import os
{projects.TOP}
import dj_database_url

SECRET_KEY = os.environ["SECRET_KEY"]
DEBUG = False
ALLOWED_HOSTS = os.environ["ALLOWED_HOSTS"].split(",")
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "notes"]
MIDDLEWARE = []
ROOT_URLCONF = "shop.urls"
WSGI_APPLICATION = "shop.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
DATABASES = {{"default": dj_database_url.config(conn_max_age=60, conn_health_checks=True)}}
CELERY_BROKER_URL = os.environ["REDIS_URL"]
CELERY_BEAT_SCHEDULE = {{"tick": {{"task": "notes.tasks.tick", "schedule": 1.0}}}}
STATIC_URL = "static/"
MEDIA_ROOT = BASE_DIR / "media"
MEDIA_URL = "media/"
"""
VIEWS = """\
import os
import time

from django.http import HttpResponse
from django.views.decorators.csrf import csrf_exempt

from notes.models import Note
from notes.tasks import write


@csrf_exempt
def index(request):
    if request.method == "POST":
        Note.objects.create(text=request.body.decode())
    elif "wait" in request.GET:
        time.sleep(float(request.GET["wait"]))
    elif "task" in request.GET:
        write.delay(request.GET["task"])
    scheme = "secure" if request.is_secure() else "plain"
    return HttpResponse(f"{os.environ.get('VERSION', '1')} {Note.objects.filter(kind='').count()} {scheme}")
"""
TEXTS = {
    **projects.project(
        declared="Django==5.2.8\npsycopg[binary]\ndj-database-url\ngunicorn\ncelery\nredis\npackaging\n"
    ),
    ".python-version": "3.13\n",
    "shop/settings.py": SETTINGS,
    "shop/__init__.py": "from shop.celery import app\n",
    "shop/celery.py": "import os\nfrom celery import Celery\n"
    'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\n'
    'app = Celery("shop")\napp.config_from_object("django.conf:settings", namespace="CELERY")\n'
    "app.autodiscover_tasks()\n",
    "shop/urls.py": "from django.urls import path\nfrom notes.views import index\nurlpatterns = [path('', index)]\n",
    "notes/__init__.py": "",
    "notes/models.py": "from django.db import models\n\n\nclass Note(models.Model):\n"
    "    text = models.TextField()\n    kind = models.TextField(default='')\n",
    "notes/tasks.py": "from celery import shared_task\nfrom notes.models import Note\n\n\n"
    "@shared_task\ndef write(text):\n    Note.objects.create(text=text, kind='task')\n\n\n"
    "@shared_task\ndef tick():\n    Note.objects.create(text='tick', kind='tick')\n",
    "notes/views.py": VIEWS,
    "notes/migrations/__init__.py": "",
    "notes/migrations/0001_initial.py": "from django.db import migrations, models\n\n\n"
    "class Migration(migrations.Migration):\n    initial = True\n    operations = [migrations.CreateModel('Note', "
    "[('id', models.BigAutoField(primary_key=True)), ('text', models.TextField()), "
    "('kind', models.TextField(default=''))])]\n",
}
# What makes images that do not work out of the one that does.
CRASHES = 'CMD ["python", "-c", "raise SystemExit(\'no such setting\')"]\n'
NEVER_HEALTHY = 'CMD ["python", "-m", "http.server", "8000"]\n'
NO_SUCH_FILE = 'CMD ["/no/such/program"]\n'
BAD_MIGRATION = (
    "USER 0\nRUN printf 'from django.db import migrations, models\\n\\n\\nclass Migration(migrations.Migration):\\n"
    '    dependencies = [("notes", "0001_initial")]\\n    operations = [migrations.AddField("note", "more", '
    'models.TextField(null=True)), migrations.RunSQL("select nonsense")]\\n\' > notes/migrations/0002_bad.py\n'
    "USER 10001:10001\n"
)
# Seconds between two requests of a client: the machine has to start containers, too.
PAUSE = 0.02


@dataclass(frozen=True)
class Shop:
    """The site of these tests on this machine; its first image is `1`, others are made of that."""

    root: Path
    release: Release
    values: Mapping[str, str]
    made: list[str] = field(default_factory=list)

    def site(self, version: str, wait: float = 60.0) -> Site:
        return Site(self.root, self.release, self.values, self.image(version), self.root / "secrets", wait)

    def image(self, version: str) -> str:
        return f"{self.release.name}:{version}"

    def derive(self, version: str, lines: str = "") -> str:
        """An image like the first one with more lines in its Dockerfile; the version that it tells is its name."""
        text = f"FROM {self.image('1')}\nENV VERSION={version}\n{lines}"
        run(["docker", "build", "--quiet", "--tag", self.image(version), "-"], self.root, stdin=text).ok()
        self.made.append(self.image(version))
        return version

    def deploy(self, version: str, wait: float = 60.0) -> None:
        site = self.site(version, wait)
        compose.start_database(site, quiet)
        compose.migrate(site, quiet)
        compose.switch(site, quiet)

    def docker_compose(self, *arguments: str, version: str = "1") -> Done:
        """Plain Compose, as a person without djdock types it."""
        argv = ["docker", "compose", "--file", COMPOSE_FILE, "--env-file", ENV_FILE, *arguments]
        return run(argv, self.root, env={"IMAGE": self.image(version)})

    def containers(self, service: str) -> tuple[containers.Container, ...]:
        return tuple(one for one in containers.find(self.release.name, service) if one.running)

    def get(self, path: str = "/", **options: str) -> tuple[int, str]:
        return self.ask("GET", path, **options)

    def ask(self, method: str, path: str = "/", body: str = "") -> tuple[int, str]:
        """Status and text of a page, through the proxy, over a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", int(self.values["WEB_PORT"]), timeout=40)
        try:
            connection.request(method, path, body or None, {"Host": "shop.example.com"})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def version(self) -> str:
        status, text = self.get()
        assert status == 200, text
        return text.split()[0]

    def sql(self, statement: str) -> str:
        [database] = self.containers("db")
        argv = ["docker", "exec", "-i", database.id, "psql", "-U", "shop", "-d", "shop", "-At", "-c", statement]
        return run(argv, self.root).ok().out.strip()


@dataclass
class Load:
    """Requests that go on until it is stopped, and what came of them."""

    shop: Shop
    clients: int = 4
    failures: list[str] = field(default_factory=list)
    versions: list[str] = field(default_factory=list)
    written: set[str] = field(default_factory=set)
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Load:
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(self.clients)]
        for thread in self._threads:
            thread.start()
        tools.eventually(lambda: len(self.versions) > self.clients, 30)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, number: int) -> None:
        for turn in itertools.count():
            if self._stop.is_set():
                return
            posts = (turn + number) % 2
            key = f"{number}-{turn}-{secrets.token_hex(4)}"
            try:
                status, text = self.shop.ask(*(("POST", "/", key) if posts else ("GET", "/")))
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(f"{'POST' if posts else 'GET'} {error!r}")
                continue
            if status != 200 or not text:  # an answer that breaks off has no text
                self.failures.append(f"{'POST' if posts else 'GET'} {status} {text[:200]}")
                continue
            self.versions.append(text.split()[0])
            time.sleep(PAUSE)
            if posts:
                self.written.add(key)

    def lost(self) -> set[str]:
        """What was written, by the answer of the site, and is in no row."""
        return self.written - set(self.shop.sql("select text from notes_note where kind = ''").splitlines())


def quiet(_line: str) -> None:
    """Progress that nobody looks at."""


def release(name: str, root: Path) -> Release:
    """What production knows of the site."""
    settings = (
        Setting("SECRET_KEY", "secret"),
        Setting("DATABASE_URL", "secret", part="{url}"),
        Setting("ALLOWED_HOSTS", "given"),
        Setting("REDIS_URL", "fixed", "redis://redis:6379/0"),
    )
    found = workers(facts.read(Folder(root), "shop"))
    return Release(
        name, settings, found, Postgres("shop", "shop", 18), redis=True, media="/app/media", media_address="/media/"
    )


@contextmanager
def shop(folder: Path) -> Iterator[Shop]:
    """The site with its image, and nothing of it running; all of it is taken away in the end."""
    caddy_image.ensure()
    root = projects.write(folder / "shop", TEXTS, git=False)
    name = f"shop-{secrets.token_hex(4)}"
    files = Folder(root)
    found = facts.read(files, "shop")
    wanted = {"SECRET_KEY": "{secret}", "DATABASE_URL": "{url}", "ALLOWED_HOSTS": "*", "REDIS_URL": "redis://redis"}
    for change in docker_files(files, found, Setup("0.13", wanted)):
        (root / change.path).parent.mkdir(parents=True, exist_ok=True)
        (root / change.path).write_text(change.after)
    argv = ["docker", "build", "--quiet", "--target", "production", "--tag", f"{name}:1", "."]
    run(argv, root, timeout=600).ok()
    values = {"ALLOWED_HOSTS": "shop.example.com,localhost", "WEB_PORT": str(tools.free_port())}
    made = Shop(root, release(name, root), values, [f"{name}:1"])
    write(made)
    try:
        yield made
    finally:
        made.docker_compose("down", "--volumes", "--remove-orphans", "--timeout", "2")
        run(["docker", "image", "rm", "--force", *made.made], folder)


def write(shop: Shop) -> None:
    """Writes the files of production, as `djdock deploy` would."""
    for change in compose.files(Folder(shop.root), shop.release):
        (shop.root / change.path).write_text(change.after)
    (shop.root / ENV_FILE).write_text("".join(f"{name}={value}\n" for name, value in shop.values.items()))
    folder = shop.root / "secrets"
    folder.mkdir(mode=0o700, exist_ok=True)
    url = "postgres://shop:of-a-test@db:5432/shop"
    for name, value in (("SECRET_KEY", "k" * 50), ("DATABASE_URL", url), ("POSTGRES_PASSWORD", "of-a-test")):
        (folder / name).write_text(value)
        (folder / name).chmod(0o444)
