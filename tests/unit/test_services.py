"""project/services: which services a project needs, and which of its own variables say where they are."""

from __future__ import annotations

import pytest

from djdock.project import services, signs
from djdock.project.dependency import Dependency
from djdock.project.files import Texts
from djdock.project.services import postgres
from djdock.project.signs import Carrier, Fixed, Need, Signs
from tests.unit.signs import of, of_settings

CELERY = """\
import os
from celery import Celery
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
app = Celery("shop")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
"""


def need(shown: Signs, name: str = "redis") -> Need | None:
    return next((found for found in services.find(shown) if found.name == name), None)


def redis(shown: Signs) -> Need:
    found = need(shown)
    assert found, "Redis is not found"
    return found


def values(shown: Signs) -> dict[str, str]:
    """What the project's own variables are given for a Redis on this machine."""
    return redis(shown).values("127.0.0.1", 16400)


# --- Redis: which variables, and what they are given ------------------------------------------------------------------


def test_one_variable_for_all() -> None:
    """Cache, broker and results take one URL: one variable is set, and the database number of its default stays."""
    shown = of(
        {
            "src/config/settings.py": """\
import os
REDIS_URL = os.getenv("REDIS_URL", "redis://redis:6379/2")
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
CELERY_BROKER_URL = REDIS_URL
CELERY_RESULT_BACKEND = REDIS_URL
""",
            "src/config/celery.py": CELERY,
        },
        folder="src",
    )
    assert values(shown) == {"REDIS_URL": "redis://127.0.0.1:16400/2"}
    assert (redis(shown).starts, redis(shown).hard_coded) == (True, ())
    assert redis(shown).evidence == 'CACHES["default"], CELERY_BROKER_URL, CELERY_RESULT_BACKEND, REDIS_URL'


def test_a_variable_that_falls_back_on_another() -> None:
    """CELERY_BROKER_URL takes what REDIS_URL says where it is not set: it stays so."""
    shown = of(
        {
            "config/settings.py": """\
import os
REDIS_URL = os.environ.get('REDIS_URL', 'redis://redis:6379')
CACHES = {'default': {'BACKEND': 'django.core.cache.backends.redis.RedisCache', 'LOCATION': REDIS_URL}}
CELERY_BROKER_URL = os.environ.get('CELERY_BROKER_URL', REDIS_URL)
""",
            "config/celery.py": CELERY,
        }
    )
    assert values(shown) == {"REDIS_URL": "redis://127.0.0.1:16400"}


def test_both_where_the_example_file_sets_both() -> None:
    """What people copy from the example file would win over the fallback, so it is set too, to its own database."""
    shown = of(
        {
            "config/settings.py": """\
import os
REDIS_URL = os.environ.get('REDIS_URL', 'redis://redis:6379')
CACHES = {'default': {'BACKEND': 'django_redis.cache.RedisCache', 'LOCATION': REDIS_URL}}
CELERY_BROKER_URL = os.environ.get('CELERY_BROKER_URL', REDIS_URL)
""",
            "config/celery.py": CELERY,
            ".env.example": "CELERY_BROKER_URL=redis://redis:6379/5\n",
        }
    )
    assert values(shown) == {
        "REDIS_URL": "redis://127.0.0.1:16400",
        "CELERY_BROKER_URL": "redis://127.0.0.1:16400/5",
    }


def test_an_empty_line_in_the_example_file() -> None:
    """`CELERY_BROKER_URL=` in an example says that there is such a variable, and not that it is to be empty."""
    shown = of(
        {
            "config/settings.py": (
                'import os\nCELERY_BROKER_URL = os.environ.get("CELERY_BROKER_URL", "redis://localhost:6379")\n'
            ),
            "config/celery.py": CELERY,
            ".env.example": "CELERY_BROKER_URL=\n",
        }
    )
    assert values(shown) == {"CELERY_BROKER_URL": "redis://127.0.0.1:16400"}


# As settings write them: each stands for `redis` in CACHE, or is a setting of its own.
CACHE = 'CACHES = {{"default": {{"BACKEND": "django_redis.cache.RedisCache", "LOCATION": {redis}}}}}'
ENCRYPTED = "rediss://:secret@cache.example.com:6380/3?ssl_cert_reqs=none&timeout=5"
FORMS: dict[str, tuple[str, dict[str, str]]] = {
    "host and port": (
        """\
HOSTS = [(os.getenv("REDIS_HOST", "redis"), int(os.getenv("REDIS_PORT", "6379")))]
CHANNEL_LAYERS = {"default": {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": {"hosts": HOSTS}}}
""",
        {"REDIS_HOST": "127.0.0.1", "REDIS_PORT": "16400"},
    ),
    "in a text": (
        'H = os.environ["CACHE_HOST"]\nP = os.environ["CACHE_PORT"]\n' + CACHE.format(redis='f"redis://{H}:{P}/1"'),
        {"CACHE_HOST": "127.0.0.1", "CACHE_PORT": "16400"},
    ),
    "host:port": (
        CACHE.format(redis='"redis://" + os.environ.get("REDIS_SERVER", "cache:6379") + "/1"'),
        {"REDIS_SERVER": "127.0.0.1:16400"},
    ),
    "no default": (
        CACHE.format(redis='os.environ["REDIS_TLS_URL"]'),
        {"REDIS_TLS_URL": "redis://127.0.0.1:16400/0"},
    ),
    "credentials": (
        CACHE.format(redis=f'os.getenv("REDIS_URL", "{ENCRYPTED}")'),
        {"REDIS_URL": "redis://127.0.0.1:16400/3?timeout=5"},
    ),
    "rq": (
        """\
INSTALLED_APPS = ["django_rq"]
RQ_QUEUES = {"default": {"HOST": os.getenv("RQ_HOST", "localhost"), "PORT": os.getenv("RQ_PORT", 6379), "DB": 0}}
""",
        {"RQ_HOST": "127.0.0.1", "RQ_PORT": "16400"},
    ),
    "huey": (
        """\
INSTALLED_APPS = ["huey.contrib.djhuey"]
HUEY = {"immediate": False, "url": os.getenv("HUEY_REDIS", "redis://x")}
""",
        {"HUEY_REDIS": "redis://127.0.0.1:16400"},
    ),
    "sessions": (
        """\
SESSION_ENGINE = "redis_sessions.session"
SESSION_REDIS = {"host": os.getenv("SESSION_HOST", "redis"), "port": 6379}
""",
        {"SESSION_HOST": "127.0.0.1"},
    ),
    "dramatiq": (
        """\
OPTIONS = {"url": os.getenv("DRAMATIQ_URL", "redis://localhost:6379/0")}
DRAMATIQ_BROKER = {"BROKER": "dramatiq.brokers.redis.RedisBroker", "OPTIONS": OPTIONS}
""",
        {"DRAMATIQ_URL": "redis://127.0.0.1:16400/0"},
    ),
    "django-q": (
        'Q_CLUSTER = {"name": "q", "redis": {"host": os.getenv("Q_HOST", "127.0.0.1"), "port": 6379, "db": 0}}',
        {"Q_HOST": "127.0.0.1"},
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_addresses(form: str) -> None:
    """Whatever part of the address a variable carries, that part is what it is given."""
    settings, expected = FORMS[form]
    assert values(of_settings(f"import os\n{settings}\n")) == expected


def test_readers_of_other_packages() -> None:
    """django-environ's cache_url and decouple's config are variables like others."""
    cache = of_settings(
        "import environ\nenv = environ.Env()\nCACHES = {'default': env.cache_url('CACHE_URL', default='rediscache://c:6379/1')}\n"
    )
    assert values(cache) == {"CACHE_URL": "redis://127.0.0.1:16400/1"}
    shown = of_settings("from decouple import config\nDEFENDER_REDIS_URL = config('REDIS_URL')\n", "redis")
    assert values(shown) == {"REDIS_URL": "redis://127.0.0.1:16400/0"}


def test_a_password_is_emptied_where_there_was_one() -> None:
    """Ours asks for none, and a client that sends one is refused; a variable that nothing sets stays out."""
    text = """\
import os
P = os.getenv("REDIS_PASSWORD", {default})
CACHES = {{"default": {{"BACKEND": "django_redis.cache.RedisCache", "LOCATION": os.getenv("REDIS_URL", "redis://r"),
    "OPTIONS": {{"PASSWORD": P}}}}}}
REDIS_HOST = os.getenv("REDIS_HOST", "r")
REDIS_PASSWORD = P
"""
    found = values(of_settings(text.format(default='"secret"')))
    assert found == {"REDIS_URL": "redis://127.0.0.1:16400", "REDIS_HOST": "127.0.0.1", "REDIS_PASSWORD": ""}
    assert "REDIS_PASSWORD" not in values(of_settings(text.format(default="None")))


def test_a_broker_in_celery_py() -> None:
    """What celery.py itself sets wins over the settings, and is read as syntax."""
    text = (
        'from celery import Celery\nimport os\napp = Celery("x", broker=os.environ.get("BROKER", "redis://r:6379/4"))\n'
    )
    assert values(of({"config/settings.py": "", "config/celery.py": text})) == {"BROKER": "redis://127.0.0.1:16400/4"}
    text = """\
from celery import Celery
from django.conf import settings
app = Celery("x")
app.conf.broker_url = settings.Q
"""
    settings = 'import os\nQ = os.getenv("QUEUE", "redis://r/1")\n'
    assert values(of({"config/settings.py": settings, "config/celery.py": text})) == {
        "QUEUE": "redis://127.0.0.1:16400/1"
    }


# --- Redis: what no variable changes ----------------------------------------------------------------------------------


def test_a_literal_on_this_machine() -> None:
    """The server has to answer at exactly that port, since nothing can be told otherwise."""
    found = redis(
        of_settings(
            'CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", '
            '"LOCATION": ["redis://127.0.0.1:6380/1"]}}\n'
        )
    )
    assert found.variables == ()
    assert found.hard_coded == (Fixed("127.0.0.1", 6380, 'CACHES["default"]'),)
    assert (found.fixed_port, found.unreachable) == (6380, ())


def test_a_literal_port_beside_a_variable_host() -> None:
    """The host can be told, the port cannot."""
    found = redis(of_settings('import os\nREDIS_HOST = os.getenv("REDIS_HOST", "redis")\nREDIS_PORT = 6379\n'))
    assert found.values("127.0.0.1", 6379) == {"REDIS_HOST": "127.0.0.1"}
    assert (found.fixed_port, found.unreachable) == (6379, ())


def test_a_literal_on_another_machine() -> None:
    """A name that only Docker's network knows: no server on this machine can answer there."""
    found = redis(
        of({"config/settings.py": 'CELERY_BROKER_URL = "redis://redis:6379/0"\n', "config/celery.py": CELERY})
    )
    assert found.fixed_port is None
    assert found.unreachable == (Fixed("redis", 6379, "CELERY_BROKER_URL"),)


# --- silence ----------------------------------------------------------------------------------------------------------


QUIET = {
    "nothing": "",
    "memory": 'CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}',
    "a table": 'CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "redis"}}',
    "channels in memory": 'CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}',
    "optional": 'if os.environ.get("REDIS_URL"):\n    ' + CACHE.format(redis='os.environ.get("REDIS_URL")'),
    "huey on SQLite": """\
INSTALLED_APPS = ["huey.contrib.djhuey"]
HUEY = {"huey_class": "huey.SqliteHuey", "immediate": False}
""",
    "huey at once": 'DEBUG = True\nINSTALLED_APPS = ["huey.contrib.djhuey"]\nHUEY = {"name": "x"}',
    "django-q on the database": 'INSTALLED_APPS = ["django_q"]\nQ_CLUSTER = {"orm": "default"}',
    "tasks at once": "CELERY_BROKER_URL = 'redis://redis:6379'\nCELERY_TASK_ALWAYS_EAGER = True",
}


@pytest.mark.parametrize("case", QUIET)
def test_no_redis(case: str) -> None:
    """What does not use Redis gets none."""
    texts = {"config/settings.py": f"import os\n{QUIET[case]}\n", "config/celery.py": CELERY}
    assert need(of(texts, "django", "celery")) is None


def test_a_name_alone_is_left_over() -> None:
    """A setting called after Redis says nothing where no package could speak with it."""
    settings = 'REDIS_HOST = "localhost"\n'
    assert need(of_settings(settings, "django")) is None
    assert need(of_settings(settings, "django", "redis")) is not None


# --- RabbitMQ ---------------------------------------------------------------------------------------------------------

AMQP = 'import os\nCELERY_BROKER_URL = os.getenv("CELERY_BROKER_URL", "amqp://guest:guest@localhost//")\n'


def test_redis_stands_in_for_rabbitmq() -> None:
    """Where a variable names the broker and the client for Redis is there, the tasks run."""
    for package in ("redis", "celery[redis]", "django-redis"):
        shown = of({"config/settings.py": AMQP, "config/celery.py": CELERY}, "celery", package)
        assert values(shown) == {"CELERY_BROKER_URL": "redis://127.0.0.1:16400/0"}
        assert need(shown, "rabbitmq") is None


def test_extras_are_dependencies() -> None:
    """`celery[redis]` in a requirements file brings the client, without a lock file that names it."""
    files = Texts({"requirements.txt": "Celery[redis, librabbitmq]==5.5\ndjango\n# kombu[redis]\n"})
    declared = [Dependency(name, "", None, "requirements.txt:1") for name in ("celery", "django")]
    found = signs.distributions(declared, files)
    assert found == {"celery", "django", "celery[redis]", "celery[librabbitmq]"}
    assert signs.distributions([Dependency("django", "", None, "imports")], files) == {"django"}


def test_rabbitmq_is_named() -> None:
    """Without a client for Redis the site runs without its tasks, and that is said."""
    shown = of({"config/settings.py": AMQP, "config/celery.py": CELERY}, "celery")
    found = need(shown, "rabbitmq")
    assert found
    assert need(shown) is None
    assert (found.starts, found.evidence, found.values("h", 1)) == (False, "CELERY_BROKER_URL", {})
    assert "not run" in found.loses


def test_a_switch_for_running_tasks_at_once() -> None:
    """Where the project has a variable for it, tasks run where they are called."""
    settings = AMQP + 'CELERY_TASK_ALWAYS_EAGER = bool(os.getenv("TASKS_ALWAYS_EAGER", ""))\n'
    found = need(of({"config/settings.py": settings, "config/celery.py": CELERY}, "celery"), "rabbitmq")
    assert found
    assert found.values("h", 1) == {"TASKS_ALWAYS_EAGER": "True"}


def test_celery_without_a_broker_wants_rabbitmq() -> None:
    """That is Celery's own default, and nothing could be set."""
    found = need(of({"config/settings.py": "", "config/celery.py": CELERY}, "celery"), "rabbitmq")
    assert found
    assert "names no broker" in found.evidence


# --- others -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("elasticsearch", 'ELASTICSEARCH_DSL = {"default": {"hosts": "es:9200"}}'),
        ("opensearch", 'OPENSEARCH_DSL = {"default": {"hosts": "os:9200"}}'),
        ("meilisearch", 'MEILISEARCH_URL = "http://meili:7700"'),
        ("memcached", 'CACHES = {"default": {"BACKEND": "django.core.cache.backends.memcached.PyMemcacheCache"}}'),
        ("mysql", 'DATABASES = {"default": {}, "old": {"ENGINE": "django.db.backends.mysql"}}'),
        ("mongodb", 'MONGO_URI = "mongodb://mongo:27017/x"'),
        ("minio", 'AWS_S3_ENDPOINT_URL = "http://minio:9000"'),
        ("mailpit", 'EMAIL_HOST = "mailpit"'),
        ("kafka", 'KAFKA_BOOTSTRAP_SERVERS = "kafka:9092"'),
    ],
)
def test_services_that_are_only_named(name: str, settings: str) -> None:
    """Each is told of with what the project loses, and nothing is started for it."""
    found = need(of_settings(settings), name)
    assert found
    assert not found.starts
    assert found.loses.endswith(".")
    assert found.evidence


def test_a_plain_project_needs_postgresql_alone() -> None:
    """Mail, S3 proper and the default database are no services of this machine."""
    shown = of_settings(
        'EMAIL_HOST = "smtp.example.com"\nAWS_S3_ENDPOINT_URL = "https://fra1.digitaloceanspaces.com"\n'
        'DATABASES = {"default": {"ENGINE": "django.db.backends.mysql"}}\n',
        "django",
    )
    assert [found.name for found in services.find(shown)] == ["postgres"]


def test_what_postgresql_must_have() -> None:
    """PostGIS, pgvector and contrib.postgres are told by engine, packages and apps."""
    engine = 'DATABASES = {"default": {"ENGINE": "django.contrib.gis.db.backends.postgis"}}\n'
    assert postgres.detect(of_settings(engine)).features == ("postgis",)
    apps = 'INSTALLED_APPS = ["django.contrib.gis", "django.contrib.postgres"]\n'
    assert postgres.detect(of_settings(apps, "pgvector")).features == ("postgis", "pgvector", "contrib.postgres")
    plain = 'DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql"}}\nINSTALLED_APPS = ["registry"]\n'
    assert postgres.detect(of_settings(plain, "psycopg")).features == ()


# --- values -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("carrier", "expected"),
    [
        (Carrier("X", "url", "redis://u:p@old:1/7?protocol=3"), "redis://redis:6379/7?protocol=3"),
        (Carrier("X", "url", ""), "redis://redis:6379/0"),
        (Carrier("X", "url", "valkey://old/1"), "valkey://redis:6379/1"),
        (Carrier("X", "address", "old:1/2"), "redis:6379/2"),
        (Carrier("X", "host", "old"), "redis"),
        (Carrier("X", "port", "1"), "6379"),
    ],
)
def test_values_for_docker(carrier: Carrier, expected: str) -> None:
    """The same carriers say what is to be set inside Docker, where the host is the service's name."""
    assert carrier.value("redis", 6379) == expected
