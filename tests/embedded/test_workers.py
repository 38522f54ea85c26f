"""A project with Celery on the embedded engine: worker and beat beside the site, and a task through all of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests import tools
from tests.embedded import machine

pytestmark = pytest.mark.embedded

REQUIREMENTS = "celery==5.5.3\nredis==5.2.1\n"
SETTINGS = """
REDIS_URL = env('REDIS_URL', default='redis://redis:6379/3')
CACHES = {'default': {'BACKEND': 'django.core.cache.backends.redis.RedisCache', 'LOCATION': REDIS_URL}}
CELERY_BROKER_URL = REDIS_URL
CELERY_RESULT_BACKEND = REDIS_URL
CELERY_BEAT_SCHEDULE = {'tick': {'task': 'accounts.tasks.tick', 'schedule': 0.5}}
CELERY_WORKER_CONCURRENCY = 1
"""
CELERY = """\
import os
from celery import Celery
os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'django_project.settings')
app = Celery('django_project')
app.config_from_object('django.conf:settings', namespace='CELERY')
app.autodiscover_tasks()
"""
TASKS = """\
from celery import shared_task
from django.contrib.auth import get_user_model
from django.core.cache import cache

@shared_task
def register(name):
    get_user_model().objects.create_user(name)
    return get_user_model().objects.count()

@shared_task
def tick():
    cache.set('ticks', cache.get('ticks', 0) + 1)
"""
COUNT = "from django.core.cache import cache; print('ticks', cache.get('ticks', 0))"
RUN = "from accounts.tasks import register; print('users', register.delay('{name}').get(timeout=20))"


@pytest.fixture(scope="module")
def shop(template: tools.Project) -> Iterator[tools.Project]:
    """A project with a worker and a beat, up. Tests leave it running."""
    with tools.workspace(docker=False) as folder:
        made = tools.fresh(template, folder / "shop")
        for name, text in (
            ("requirements.txt", REQUIREMENTS),
            ("django_project/settings.py", SETTINGS),
            ("django_project/celery.py", CELERY),
            ("django_project/__init__.py", "from django_project.celery import app as celery_app\n"),
            ("accounts/tasks.py", TASKS),
        ):
            with (made.root / name).open("a") as file:
                file.write(text)
        made.up("embedded")
        yield made
        made.djdock("down")


def process(project: tools.Project, name: str) -> psutil.Process:
    known = json.loads((project.root / ".djdock/state.json").read_text())
    return psutil.Process(known["processes"][name]["pid"])


def states(project: tools.Project) -> dict[str, str]:
    return {service["name"]: service["state"] for service in project.status()["services"]}


def shell(project: tools.Project, code: str) -> str:
    return project.djdock("manage", "shell", "--verbosity=0", "-c", code).ok().out.strip()


def ticks(project: tools.Project) -> int:
    return int(shell(project, COUNT).split()[-1])


def test_a_task_goes_through_all_of_it(shop: tools.Project) -> None:
    """From a management command over Redis to the worker, into PostgreSQL, and back with a result."""
    assert shell(shop, RUN.format(name="eve")) == "users 1"
    assert machine.query(shop, "select username from accounts_user") == "eve"
    assert "accounts.tasks.register" in shop.djdock("logs", "worker").ok().out


def test_beat_starts_tasks(shop: tools.Project) -> None:
    """What it remembers is in .djdock, and not in the project's tree."""
    tools.eventually(lambda: ticks(shop) > 0)
    assert list((shop.root / ".djdock").glob("celerybeat-schedule*"))
    assert not list(shop.root.glob("celerybeat*"))


def test_the_env_file_says_where_redis_is(shop: tools.Project) -> None:
    """The project's own variable has the port that is kept there, and the database number of its default."""
    env = shop.env()
    assert env["REDIS_URL"] == f"redis://127.0.0.1:{env['REDIS_PORT']}/3"
    assert machine.listening(process(shop, "redis")) == {("127.0.0.1", int(env["REDIS_PORT"]))}


def test_all_are_shown(shop: tools.Project) -> None:
    """status and logs know each of them; a name that is none is refused with those that are."""
    assert states(shop) == dict.fromkeys(["db", "redis", "worker", "beat", "web"], "running")
    lines = shop.djdock("logs").ok().out
    assert all(f"{name:<6} | " in lines for name in ("db", "redis", "worker", "beat", "web"))
    assert "db, redis, worker, beat and web" in shop.djdock("logs", "nothing").problem()


def test_second_up_starts_nothing(shop: tools.Project) -> None:
    """All of it runs, and nothing has changed."""
    names = ("redis", "worker", "beat", "web")
    before = [process(shop, name) for name in names]
    done = shop.djdock("up").ok()
    assert {line.split()[0] for line in done.out.splitlines()} == {"engine", "same", "ready"}
    assert [process(shop, name) for name in names] == before


def test_new_code_starts_workers_anew(shop: tools.Project) -> None:
    """Nothing reloads them, as Django's server does itself; Redis goes on."""
    worker, redis, web = (process(shop, name) for name in ("worker", "redis", "web"))
    with (shop.root / "accounts/tasks.py").open("a") as file:
        file.write("\n@shared_task\ndef fresh():\n    return 'fresh'\n")
    assert "start  worker" in shop.djdock("up").ok().out
    assert machine.ended(worker)
    assert [process(shop, name) for name in ("redis", "web")] == [redis, web]
    assert shell(shop, "from accounts.tasks import fresh; print(fresh.delay().get(timeout=20))") == "fresh"


def test_killed_worker(shop: tools.Project) -> None:
    """It is seen to be gone, and up starts it again, and it alone."""
    web, worker = process(shop, "web"), process(shop, "worker")
    machine.kill([worker, *worker.children(recursive=True)])
    assert states(shop)["worker"] == "exited"
    shop.up("embedded")
    assert states(shop)["worker"] == "running"
    assert process(shop, "web") == web


def test_killed_redis(shop: tools.Project) -> None:
    """The cache is as it was."""
    shell(shop, "from django.core.cache import cache; cache.set('x', 'kept', None)")
    machine.kill([process(shop, "redis")])
    shop.up("embedded")
    assert shell(shop, "from django.core.cache import cache; print(cache.get('x'))") == "kept"


def test_a_worker_that_does_not_start(shop: tools.Project) -> None:
    """The site comes up all the same; the cause is shown, and the next up tries again."""
    tasks = shop.root / "accounts/tasks.py"
    before = tasks.read_text()
    tasks.write_text("import no_such_module\n")
    try:
        done = shop.djdock("up").ok()
        assert "worker has ended" in done.err
        assert "No module named 'no_such_module'" in done.err
        assert tools.page(shop.url)[0] == 200
        assert states(shop)["worker"] == "exited"
    finally:
        tasks.write_text(before)
    assert "worker has ended" not in shop.djdock("up").ok().err
    assert states(shop)["worker"] == "running"


def test_commands_bring_redis_up(shop: tools.Project) -> None:
    """A command that looks at the cache works while nothing else runs; the rest stays down."""
    shop.djdock("down").ok()
    assert ticks(shop) >= 0
    assert states(shop) == {
        "db": "running",
        "redis": "running",
        "worker": "stopped",
        "beat": "stopped",
        "web": "stopped",
    }
    shop.up("embedded")


def test_down_ends_all(shop: tools.Project) -> None:
    """First what uses, then what is used; no process is left, and the addresses stay."""
    before = shop.env()
    processes = [process(shop, name) for name in ("redis", "worker", "beat", "web")]
    processes += [child for parent in processes for child in parent.children(recursive=True)]
    names = [line.split()[1] for line in shop.djdock("down").ok().out.splitlines()]
    assert names == ["web", "worker", "beat", "redis", "db"]
    assert all(machine.ended(one) for one in processes)
    shop.up("embedded")
    assert shop.env() == before


def test_port_of_redis_taken(shop: tools.Project) -> None:
    """Another program on its port while it is down: it moves, and the project's own variable with it."""
    shop.djdock("down").ok()
    port = int(shop.env()["REDIS_PORT"])
    with tools.taken(port):
        done = shop.up("embedded")
    env = shop.env()
    assert f"port {port} is taken" in done.out
    assert int(env["REDIS_PORT"]) != port
    assert env["REDIS_URL"] == f"redis://127.0.0.1:{env['REDIS_PORT']}/3"
    assert shell(shop, RUN.format(name="ada")).startswith("users")


def test_a_redis_elsewhere_is_left_alone(shop: tools.Project) -> None:
    """What a person has set to another machine's server stays."""
    dotenv: Path = shop.root / ".env"
    before = dotenv.read_text()
    elsewhere = "redis://cache.example.com:6379/0"
    dotenv.write_text(before.replace(shop.env()["REDIS_URL"], elsewhere))
    try:
        shop.djdock("down").ok()
        shop.djdock("up", timeout=120)
        assert shop.env()["REDIS_URL"] == elsewhere
    finally:
        dotenv.write_text(before)
    shop.up("embedded")


def test_what_the_project_has_no_more(shop: tools.Project) -> None:
    """Workers of a project that lets Celery go are ended, and are no services any more."""
    worker = process(shop, "worker")
    (shop.root / "django_project/celery.py").unlink()
    (shop.root / "django_project/__init__.py").write_text("")
    settings = shop.root / "django_project/settings.py"
    settings.write_text(settings.read_text().replace("CELERY_", "OLD_"))
    shop.up("embedded")
    assert machine.ended(worker)
    assert set(states(shop)) == {"db", "redis", "web"}
