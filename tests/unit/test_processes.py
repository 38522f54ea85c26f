"""project/processes.py: which workers run beside the site, and what starts tasks at their times."""

from __future__ import annotations

import pytest

from djdock.project import processes
from djdock.project.processes import Process
from djdock.project.signs import Signs
from tests.unit.signs import of, of_settings
from tests.unit.test_services import CELERY

BROKER = 'import os\nCELERY_BROKER_URL = os.environ.get("CELERY_BROKER_URL", "redis://redis:6379/0")\n'
WORKER = ("celery", "-A", "config", "worker", "-l", "info")
BEAT = ("celery", "-A", "config", "beat", "-l", "info", "--pidfile=")


def found(signs: Signs) -> dict[str, tuple[str, ...]]:
    """The command of each process."""
    return {process.name: process.argv for process in processes.find(signs)}


# --- Celery -----------------------------------------------------------------------------------------------------------


def test_a_worker_beside_the_settings() -> None:
    """A celery.py is enough; without a schedule there is no beat."""
    signs = of({"web/config/settings.py": BROKER, "web/config/celery.py": CELERY}, "celery", "redis", folder="web")
    assert processes.find(signs) == (Process("worker", WORKER, "web/config/celery.py"),)


def test_a_schedule_in_the_settings() -> None:
    """Beat keeps what it has done in a file, which it has to be told; an empty schedule is none."""
    settings = BROKER + 'CELERY_BEAT_SCHEDULE = {"tidy": {"task": "shop.tasks.tidy", "schedule": 60.0}}\n'
    signs = of({"config/settings.py": settings, "config/celery.py": CELERY})
    assert processes.find(signs)[1] == Process("beat", BEAT, "CELERY_BEAT_SCHEDULE", schedule=True)
    empty = BROKER + "CELERY_BEAT_SCHEDULE: dict[str, dict] = {}\n"
    assert set(found(of({"config/settings.py": empty, "config/celery.py": CELERY}))) == {"worker"}


def test_a_schedule_in_the_database() -> None:
    """django-celery-beat keeps its times there, so there is no file; a scheduler that settings name needs no option."""
    settings = BROKER + 'INSTALLED_APPS = ["django_celery_beat"]\n'
    scheduler = "django_celery_beat.schedulers:DatabaseScheduler"
    beat = processes.find(of({"config/settings.py": settings, "config/celery.py": CELERY}))[1]
    assert (beat.argv, beat.schedule) == ((*BEAT, "--scheduler", scheduler), False)
    settings += f'CELERY_BEAT_SCHEDULER = "{scheduler}"\n'
    beat = processes.find(of({"config/settings.py": settings, "config/celery.py": CELERY}))[1]
    assert (beat.argv, beat.schedule) == (BEAT, False)


def test_a_schedule_in_celery_py() -> None:
    """`app.conf.beat_schedule` and `add_periodic_task` are schedules too."""
    for line in ('app.conf.beat_schedule = {"x": {}}\n', "app.add_periodic_task(10.0, x.s())\n"):
        assert "beat" in found(of({"config/settings.py": BROKER, "config/celery.py": CELERY + line}))


def test_what_a_procfile_says() -> None:
    """The app, the queues and the scheduler are the project's; logs, pid files and the like are not carried over."""
    procfile = """\
release: python manage.py migrate
web: gunicorn config.wsgi:application --error-logfile "/dev/null"
worker: REMAP_SIGTERM=SIGQUIT celery -A shop.tasks worker -l debug --without-gossip -Q mail,default --logfile=x.log
beat: celery --app=shop.tasks beat -l info --scheduler django_celery_beat.schedulers:DatabaseScheduler --pidfile=/x
"""
    signs = of({"config/settings.py": BROKER, "shop/tasks/celery.py": CELERY, "Procfile": procfile})
    assert found(signs) == {
        "worker": ("celery", "-A", "shop.tasks", "worker", "-l", "info", "-Q", "mail,default"),
        "beat": (
            *("celery", "-A", "shop.tasks", "beat", "-l", "info", "--pidfile="),
            *("--scheduler", "django_celery_beat.schedulers:DatabaseScheduler"),
        ),
    }


@pytest.mark.parametrize(
    "command",
    [
        "celery -A config worker -B -l info",
        'sh -c "python manage.py migrate && celery -A config worker --beat -l info"',
        ["./wait-for-it.sh", "db:5432", "--", "celery", "-A", "config", "worker", "-B"],
        "poetry run python -m celery -Aconfig worker -B --loglevel=info",
        "/opt/venv/bin/celery --app config worker -B -c $CONCURRENCY",
    ],
)
def test_what_a_compose_file_says(command: str | list[str]) -> None:
    """However a shell is wrapped around it; beat inside a worker becomes a process of its own: there may be but one."""
    compose = f"services:\n  web: {{build: .}}\n  jobs:\n    build: !reset null\n    command: {command!r}\n"
    signs = of({"config/settings.py": BROKER, "config/celery.py": CELERY, "docker-compose.yml": compose})
    assert found(signs) == {"worker": WORKER, "beat": BEAT}
    assert {process.source for process in processes.find(signs)} == {"docker-compose.yml"}


def test_two_compose_files_are_one_project() -> None:
    """Files for development and production say the same twice; queues of one file are two workers."""
    compose = (
        "services:\n  a: {command: celery -A config worker -Q mail}\n  b: {command: celery -A config worker -Q web}\n"
    )
    texts = {"config/settings.py": BROKER, "config/celery.py": CELERY}
    signs = of({**texts, "compose.yaml": compose, "docker-compose.prod.yml": compose})
    assert found(signs) == {"worker": (*WORKER, "-Q", "mail"), "worker-2": (*WORKER, "-Q", "web")}


@pytest.mark.parametrize(
    "settings",
    [
        'CELERY_BROKER_URL = "amqp://localhost"\n',
        "",
        BROKER + "CELERY_TASK_ALWAYS_EAGER = True\n",
        'CELERY_BROKER_URL = "memory://"\n',
        'CELERY_BROKER_URL = "sqs://"\n',
    ],
    ids=["RabbitMQ", "no broker", "tasks at once", "in memory", "a cloud's"],
)
def test_no_worker(settings: str) -> None:
    """Where there is no broker for it to ask, or nothing to ask for, a worker would only fail."""
    assert found(of({"config/settings.py": settings, "config/celery.py": CELERY}, "celery")) == {}


def test_rabbitmq_that_redis_stands_in_for() -> None:
    """Then the worker has a broker."""
    settings = 'import os\nCELERY_BROKER_URL = os.getenv("CELERY_BROKER_URL", "amqp://guest@rabbit//")\n'
    assert set(found(of({"config/settings.py": settings, "config/celery.py": CELERY}, "celery", "redis"))) == {"worker"}


# --- others -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "command"),
    [
        ('INSTALLED_APPS = ["django_rq"]\nRQ_QUEUES = {"default": {}, "mail": {}}', "rqworker default mail"),
        ('INSTALLED_APPS = ["django_q"]\nQ_CLUSTER = {"orm": "default"}', "qcluster"),
        ('INSTALLED_APPS = ["huey.contrib.djhuey"]\nHUEY = {"immediate": False}', "run_huey"),
        (
            'INSTALLED_APPS = ["django_dramatiq"]\nDRAMATIQ_BROKER = {"BROKER": "dramatiq.brokers.redis.RedisBroker"}',
            "rundramatiq",
        ),
        ('TASKS = {"default": {"BACKEND": "django_tasks.backends.database.DatabaseBackend"}}', "db_worker"),
        ('INSTALLED_APPS = ["background_task"]', "process_tasks"),
    ],
)
def test_other_queues(settings: str, command: str) -> None:
    """Each app has one management command that works its queue off."""
    assert found(of_settings(settings)) == {"worker": ("python", "manage.py", *command.split())}


@pytest.mark.parametrize(
    "settings",
    [
        'INSTALLED_APPS = ["django_q"]\nQ_CLUSTER = {"sync": True}',
        'DEBUG = True\nINSTALLED_APPS = ["huey.contrib.djhuey"]',
        'INSTALLED_APPS = ["django_dramatiq"]\nDRAMATIQ_BROKER = {"BROKER": "dramatiq.brokers.stub.StubBroker"}',
        'TASKS = {"default": {"BACKEND": "django.tasks.backends.immediate.ImmediateBackend"}}',
        'INSTALLED_APPS = ["django_rq"]',
    ],
)
def test_other_queues_that_need_no_worker(settings: str) -> None:
    """Tasks that run at once, or whose broker is not there, have none."""
    assert found(of_settings(settings)) == {}


def test_workers_that_only_a_procfile_names() -> None:
    """A channels worker is named there; what an app says already is not said twice."""
    procfile = """\
web: daphne config.asgi:application
channels: python manage.py runworker thumbnails
q: python manage.py qcluster
bot: python bot.py
"""
    settings = 'INSTALLED_APPS = ["django_q"]\nQ_CLUSTER = {}\n'
    signs = of({"config/settings.py": settings, "Procfile": procfile})
    assert found(signs) == {
        "worker": ("python", "manage.py", "qcluster"),
        "worker-2": ("python", "manage.py", "runworker", "thumbnails"),
    }


def test_broken_files_are_no_evidence() -> None:
    """A compose file that is no YAML, a Procfile with an open quote, a celery.py that does not parse."""
    texts = {
        "config/settings.py": BROKER,
        "config/celery.py": "app = Celery(\n",
        "compose.yaml": "services: [celery\n",
        "Procfile": "worker: celery -A 'config worker\nnonsense\n",
    }
    assert found(of(texts)) == {"worker": WORKER}


def test_the_kind_of_server() -> None:
    """ASGI where channels is used; an asgi.py alone, which every project has, says nothing."""
    assert processes.server(of_settings('INSTALLED_APPS = ["daphne"]')) == ("asgi", "INSTALLED_APPS: daphne")
    assert processes.server(of_settings('ASGI_APPLICATION = "config.asgi.application"'))[0] == "wsgi"
