"""Rules for steps that failed at the database and in requests."""

from __future__ import annotations

from dataclasses import replace

import pytest

from djdock.doctor import diagnosis
from djdock.doctor.case import Case
from djdock.doctor.repair import (
    CreateExtension,
    EditFile,
    EditSettings,
    MakeFolder,
    RunCommand,
    SetVariable,
    StartService,
)
from djdock.doctor.symptom import Fault, Frame, Symptom
from djdock.plan.python_source import edit
from tests.doctor.conftest import DJANGO, LOAD, SQLITE, Fail, of, only

# --- the database


QUERY = """
import django, os
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
django.setup()
from django.db import connection
import psycopg
with connection.wrap_database_errors:
    raise psycopg.errors.lookup("{state}")({text!r})
"""
POSTGRES = 'SECRET_KEY = "x"\nDATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "x"}}\n'


@pytest.mark.parametrize(
    ("state", "text", "repair"),
    [
        ("42704", 'type "citext" does not exist\nLINE 1: …', CreateExtension("citext")),
        ("42704", 'operator class "gin_trgm_ops" does not exist for access method "gin"', CreateExtension("pg_trgm")),
        ("42883", "function similarity(character varying, unknown) does not exist", CreateExtension("pg_trgm")),
        (
            "42704",
            'data type integer has no default operator class for access method "gist"',
            CreateExtension("btree_gist"),
        ),
        ("58P01", 'could not open extension control file "/usr/share/postgresql/18/extension/postgis.control"', None),
        ("42704", 'type "vector" does not exist', None),
    ],
)
def test_extensions(fail: Fail, django_python: str, state: str, text: str, repair: object) -> None:
    """Extensions that PostgreSQL brings are created; for others the image is named."""
    found = only(
        fail({"settings.py": POSTGRES}, QUERY.format(state=state, text=text), python=django_python, step="migrate")
    )

    assert (found.rule, found.repair) == ("database-extension", repair)


TOO_EARLY = """\
import psycopg
from django.db import connection

with connection.wrap_database_errors:
    raise psycopg.errors.UndefinedTable('relation "blog_tag" does not exist')
"""


def test_a_query_at_import(fail: Fail, django_python: str) -> None:
    """The line that asks too early is named; migrations can be applied without the checks that import it."""
    raising = TOO_EARLY
    texts = {"settings.py": f'{POSTGRES}ROOT_URLCONF = "urls"\n', "urls.py": raising}
    checks = f"{DJANGO}\nfrom django.core import checks\nchecks.run_checks()\n"
    found = only(fail(texts, checks, python=django_python))

    assert (found.rule, found.where) == ("queries-at-import", "urls.py:5")
    assert found.repair == RunCommand(("migrate", "--noinput", "--skip-checks"))
    assert only(fail(texts, f"{DJANGO}\nimport urls", python=django_python)).repair is None


def test_a_migration_that_only_sqlite_accepts(fail: Fail, django_python: str) -> None:
    """The migration is named with its file, and what PostgreSQL said."""
    texts = {"settings.py": POSTGRES, "blog/migrations/0002_price.py": ""}
    code = f"""{DJANGO}
import psycopg
class Migration: app_label, name = "blog", "0002_price"
def apply_migration(migration):
    raise psycopg.errors.DatatypeMismatch('column "price" cannot be cast automatically to type integer')
apply_migration(Migration())
"""
    found = only(fail(texts, code, python=django_python, step="migrate"))

    assert (found.rule, found.where, found.repair) == ("sqlite-only-migration", "blog/migrations/0002_price.py", None)
    assert "cannot be cast" in found.what


def test_a_missing_cache_table(fail: Fail, django_python: str) -> None:
    """The cache's table is made by its own command."""
    cache = 'CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "c"}}\n'
    code = f"""{DJANGO}
import psycopg
from unittest import mock
from django.core.cache import cache
from django.db import connections
error = psycopg.errors.UndefinedTable('relation "c" does not exist')
with mock.patch("django.db.backends.base.base.BaseDatabaseWrapper.cursor", side_effect=error):
    cache.get("x")
"""
    found = only(fail({"settings.py": POSTGRES + cache}, code, python=django_python, step="request"))

    assert (found.rule, found.where, found.repair) == (
        "missing-cache-table",
        "settings.py:3",
        RunCommand(("createcachetable",)),
    )


def test_conflicting_and_missing_migrations(fail: Fail, django_python: str) -> None:
    """Both come from Django's own migration loader."""
    head = "from django.db import migrations\nclass Migration(migrations.Migration):\n"
    texts = {
        "settings.py": f'{SQLITE}INSTALLED_APPS = ["blog"]\n',
        "blog/__init__.py": "",
        "blog/migrations/__init__.py": "",
        "blog/migrations/0001_a.py": f"{head}    dependencies = []\n",
        "blog/migrations/0002_a.py": f'{head}    dependencies = [("blog", "0001_a")]\n',
        "blog/migrations/0002_b.py": f'{head}    dependencies = [("blog", "0001_a")]\n',
    }
    migrate = f"{DJANGO}\nfrom django.core.management import call_command\ncall_command('migrate')"
    assert only(fail(texts, migrate, python=django_python, step="migrate")).rule == "conflicting-migrations"
    texts["blog/migrations/0002_b.py"] = f'{head}    dependencies = [("blog", "0001_lost")]\n'
    found = only(fail(texts, migrate, python=django_python, step="migrate"))
    assert (found.rule, found.where) == ("missing-migration", "blog/migrations/0002_b.py")
    assert "blog.0001_lost" in found.what


def test_models_without_migrations() -> None:
    """Said with what to type, never made."""
    case = replace(of({"shop/models.py": ""}), symptom=Symptom("migrate", unmade=("shop",)))

    found = only(case)
    assert (found.rule, found.where, found.repair) == ("uncommitted-migrations", "shop/models.py", None)
    assert "makemigrations shop" in found.fix


APPS = 'INSTALLED_APPS = [\n    "wagtail",\n]\n'


@pytest.mark.parametrize(
    "source",
    [
        APPS,
        APPS.replace("INSTALLED_APPS", "DJANGO_APPS") + "INSTALLED_APPS = DJANGO_APPS + []\n",
        'INSTALLED_APPS = ("wagtail",)\n',
    ],
)
def test_django_contrib_postgres(source: str) -> None:
    """The app is added wherever the list of apps comes from, and the settings stay Python that has it."""
    case = replace(of({"settings.py": source}), symptom=Symptom("check", messages=("wagtail.E005",)))
    repair = only(case).repair

    assert isinstance(repair, EditSettings)
    namespace: dict[str, list[str]] = {}
    exec(edit(source, repair.edits), namespace)  # noqa: S102 - the settings of this test
    assert "django.contrib.postgres" in namespace["INSTALLED_APPS"]


def no_ssl(source: str) -> Case:
    fault = Fault(
        "django.db.utils.OperationalError", "connection failed: server does not support SSL, but SSL was required"
    )
    return replace(of({"settings.py": source}), symptom=Symptom("migrate", (fault,)))


def test_forced_tls() -> None:
    """A literal becomes one that a local server can satisfy; a variable that decides is set."""
    found = only(no_ssl('DATABASES = {"default": {"OPTIONS": {"sslmode": "require"}}}  # é\n'))
    assert isinstance(found.repair, EditFile)
    assert found.repair.change.after == 'DATABASES = {"default": {"OPTIONS": {"sslmode": "prefer"}}}  # é\n'
    found = only(no_ssl("DATABASES = {'default': dj_database_url.config(ssl_require=True)}\n"))
    assert isinstance(found.repair, EditFile)
    assert "ssl_require=False" in found.repair.change.after
    found = only(no_ssl('import os\nX = {"default": config(ssl_require=os.environ["DB_SSL_REQUIRED"])}\n'))
    assert found.repair == SetVariable("DB_SSL_REQUIRED", "False", "boolean")


def test_another_operational_error_is_left_alone() -> None:
    """A database that refuses for another reason has nothing to do with TLS."""
    case = no_ssl('X = {"sslmode": "require"}\n')
    fault = Fault("django.db.utils.OperationalError", "connection refused")
    assert diagnosis.of(replace(case, symptom=Symptom("migrate", (fault,)))) == ()


# --- requests


def test_a_manifest_without_an_entry(fail: Fail, django_python: str) -> None:
    """The storage's own exception leads to collectstatic."""
    storage = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
    static = f'STATIC_URL = "/s/"\nSTATIC_ROOT = "static"\nSTORAGES = {{"staticfiles": {{"BACKEND": "{storage}"}}}}\n'
    texts = {"settings.py": f'SECRET_KEY = "x"\nDEBUG = False\n{static}'}
    code = f"{DJANGO}\nfrom django.contrib.staticfiles.storage import staticfiles_storage as s\ns.url('a.css')"
    found = only(fail(texts, code, python=django_python, step="request"))

    assert (found.rule, found.repair) == ("missing-static-files", RunCommand(("collectstatic", "--noinput")))
    assert "a.css" in found.what


HOST = f"{DJANGO}\nfrom django.test import RequestFactory\nRequestFactory().get('/').get_host()"


@pytest.mark.parametrize(
    ("hosts", "repair"),
    [
        (
            'import os\nALLOWED_HOSTS = os.environ.get("HOSTS", "a.com").split(",")',
            SetVariable("HOSTS", "localhost,127.0.0.1", "hosts"),
        ),
        (
            'import os\nALLOWED_HOSTS = os.environ.get("HOSTS", "a.com").split()',
            SetVariable("HOSTS", "localhost 127.0.0.1", "hosts"),
        ),
        ('import os\nALLOWED_HOSTS = [os.environ.get("HOST", "a.com")]', SetVariable("HOST", "localhost", "hosts")),
    ],
)
def test_a_host_that_is_not_allowed(fail: Fail, django_python: str, hosts: str, repair: object) -> None:
    """The variable is set in the form that the settings take apart."""
    found = only(fail({"settings.py": f'SECRET_KEY = "x"\n{hosts}\n'}, HOST, python=django_python, step="request"))

    assert (found.rule, found.repair) == ("disallowed-host", repair)


def test_a_list_of_hosts(fail: Fail, django_python: str) -> None:
    """A literal list gets both names of this machine."""
    source = 'SECRET_KEY = "x"\nALLOWED_HOSTS = ["example.com"]\n'
    repair = only(fail({"settings.py": source}, HOST, python=django_python, step="request")).repair

    assert isinstance(repair, EditSettings)
    assert '["example.com", "localhost", "127.0.0.1"]' in edit(source, repair.edits)


@pytest.mark.parametrize(
    ("source", "repair"),
    [
        (
            'import os\nSECURE_SSL_REDIRECT = os.getenv("FORCE_SSL", "1") == "1"\n',
            SetVariable("FORCE_SSL", "False", "boolean"),
        ),
        (
            'import os\nDEBUG = os.getenv("DEBUG")\nSECURE_SSL_REDIRECT = not DEBUG\n',
            SetVariable("DEBUG", "True", "boolean"),
        ),
        (
            'import os\nDEBUG = os.getenv("DEBUG")\nif not DEBUG:\n    SECURE_SSL_REDIRECT = True\n',
            SetVariable("DEBUG", "True", "boolean"),
        ),
    ],
)
def test_a_redirect_to_https(source: str, repair: object) -> None:
    """The variable that decides is set."""
    symptom = Symptom("request", status=301, location="https://localhost:8000/")
    assert only(replace(of({"settings.py": source}), symptom=symptom)).repair == repair


def test_a_redirect_that_nothing_decides() -> None:
    """A bare True is read from a variable, which is off here, and stays on everywhere else."""
    source = "DEBUG = False\nSECURE_SSL_REDIRECT = True\n"
    symptom = Symptom("request", status=301, location="https://127.0.0.1:8000/")
    variable, change = diagnosis.of(replace(of({"settings.py": source}), symptom=symptom))

    assert variable.repair == SetVariable("SECURE_SSL_REDIRECT", "False", "boolean")
    assert isinstance(change.repair, EditSettings)
    namespace: dict[str, bool] = {}
    exec(edit(source, change.repair.edits), namespace)  # noqa: S102 - the settings of this test
    assert namespace["SECURE_SSL_REDIRECT"] is True


def test_a_redirect_elsewhere_is_left_alone() -> None:
    """A redirect to a login page, or to another site, is what the project wants."""
    for location in ("/accounts/login/", "https://example.com/"):
        symptom = Symptom("request", status=302, location=location)
        assert diagnosis.of(replace(of({"settings.py": ""}), symptom=symptom)) == ()


def test_redis_that_does_not_answer(fail: Fail, django_python: str) -> None:
    """A refused connection of the Redis client starts Redis."""
    texts = {"settings.py": "", "views.py": "import redis\ndef home():\n    redis.Redis(port=1).get('x')\n"}
    found = only(fail(texts, "import views; views.home()", python=django_python, step="request"))

    assert (found.rule, found.repair, found.where) == ("service-not-running", StartService("redis"), "views.py:3")


def test_the_internet(fail: Fail) -> None:
    """Settings that ask another server are refused with their line."""
    source = "import urllib.request\nurllib.request.urlopen('http://nowhere.invalid/').read()\n"
    found = only(fail({"settings.py": source}, LOAD))

    assert (found.rule, found.repair, found.where) == ("internet-needed", None, "settings.py:2")


def test_a_folder_for_logs(fail: Fail) -> None:
    """The folder of a log file is made."""
    source = "import logging, pathlib\nlogging.FileHandler(pathlib.Path(__file__).parent / 'logs' / 'django.log')\n"
    found = only(fail({"settings.py": source}, LOAD))

    assert (found.rule, found.repair) == ("missing-folder", MakeFolder("logs"))


def test_a_file_that_is_missing(fail: Fail) -> None:
    """A file in a folder that is there is not made up; an example of it is copied."""
    texts = {"settings.py": "import json\nopen('config.json')\n"}
    assert only(fail(texts, LOAD)).repair is None
    found = only(fail({**texts, "config.example.json": "{}"}, LOAD))
    assert isinstance(found.repair, EditFile)
    assert found.repair.change.path == "config.json"


def test_nothing_is_made_outside_the_project(fail: Fail) -> None:
    """A path elsewhere on the machine is named, and left alone."""
    found = only(fail({"settings.py": "open('/nowhere-at-all/app.log', 'a')\n"}, LOAD))

    assert (found.rule, found.repair, found.where) == ("missing-folder", None, "settings.py:1")


def test_a_row_that_is_missing(fail: Fail, django_python: str) -> None:
    """A page of an empty database says which model it needs, and which fixture may hold it."""
    texts = {
        "settings.py": f'{SQLITE}INSTALLED_APPS = ["django.contrib.sites"]\n',
        "blog/fixtures/all.json": "[]",
    }
    code = f"""{DJANGO}
from django.core.management import call_command
from django.contrib.sites.models import Site
call_command("migrate", verbosity=0)
Site.objects.get(domain="nowhere")
"""
    found = only(fail(texts, code, python=django_python, step="request"))

    assert (found.rule, found.repair) == ("empty-database", None)
    assert "Site" in found.what


def test_a_template_that_is_missing(fail: Fail, django_python: str) -> None:
    """Django's exception names the template; a front end that may make it is named."""
    backend = "django.template.backends.django.DjangoTemplates"
    texts = {
        "settings.py": f'SECRET_KEY = "x"\nTEMPLATES = [{{"BACKEND": "{backend}"}}]\n',
        "frontend/package.json": '{"scripts": {"build": "vite build"}}',
    }
    code = f"{DJANGO}\nfrom django.template.loader import get_template\nget_template('index.html')"
    found = only(fail(texts, code, python=django_python, step="request"))

    assert found.rule == "missing-template"
    assert "frontend" in found.fix


def test_a_front_end_that_is_not_built() -> None:
    """The commands fit the lock file."""
    fault = Fault(
        "OSError",
        "Error reading webpack-stats.json",
        frames=(Frame("/v/site-packages/webpack_loader/loaders.py", 3, "load"),),
    )
    texts = {"ui/package.json": '{"scripts": {"build": "x"}}', "ui/yarn.lock": ""}
    found = only(replace(of(texts), symptom=Symptom("request", (fault,))))

    assert (found.rule, found.where) == ("front-end-not-built", "ui/package.json")
    assert "cd ui && yarn install && yarn run build" in found.fix
