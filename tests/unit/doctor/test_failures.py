"""Rules for steps that failed: the symptom is made for real, the rule names the cause, the repair is the right one."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from djdock.doctor import diagnosis
from djdock.doctor.case import Case, Finding
from djdock.doctor.repair import (
    AddRequirement,
    CreateExtension,
    EditFile,
    EditSettings,
    InstallRequirement,
    InstallSystemPackages,
    MakeFolder,
    RunCommand,
    SetVariable,
    StartService,
    UsePython,
)
from djdock.doctor.symptom import Fault, Frame, Symptom
from djdock.plan.python_source import edit
from djdock.project.dependency import Dependency
from tests.unit.doctor.conftest import Fail, of

LOAD = "import settings"
DJANGO = """
import os, django
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
django.setup()
"""


def only(case: Case) -> Finding:
    """The one finding of the first rule that knows the symptom."""
    [found] = diagnosis.of(case)
    return found


# --- variables


def test_a_variable_of_the_system(fail: Fail) -> None:
    """os.environ["X"] says which variable is missing, and the repair sets it with a value of its kind."""
    found = diagnosis.of(
        fail({"settings.py": 'import os\n\nKEY = os.environ["SECRET_KEY"]\nDEBUG = os.environ["DEBUG"]\n'}, LOAD)
    )

    assert [(finding.rule, finding.where) for finding in found] == [
        ("missing-variable", "settings.py:3"),
        ("missing-variable", "settings.py:4"),
    ]
    assert [finding.repair for finding in found] == [
        SetVariable("SECRET_KEY", None, "secret"),
        SetVariable("DEBUG", None, "boolean"),
    ]


def test_only_those_that_are_not_set(fail: Fail) -> None:
    """What is set already is not set again."""
    texts = {"settings.py": 'import os\nA = os.environ["DEBUG"]\nB = os.environ["API_URL"]\n'}
    found = only(fail(texts, LOAD, environment={"DEBUG": "1"}))

    assert found.repair == SetVariable("API_URL", None, "url")


NEED = """
import os

def need(name):
    try:
        return os.environ[name]
    except KeyError:
        raise RuntimeError(f"Set the {name} environment variable")

KEY = need("STRIPE_KEY")
"""


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ('import environ\nenv = environ.Env()\nSECRET_KEY = env("SECRET_KEY")\n', "SECRET_KEY"),
        ('import environ\nenv = environ.Env()\nDEBUG = env.bool("DEBUG")\n', "DEBUG"),
        ('from decouple import config\nSECRET_KEY = config("SECRET_KEY")\n', "SECRET_KEY"),
        ('from environs import Env\nenv = Env()\nPORT = env.int("MAIL_PORT")\n', "MAIL_PORT"),
        ('import os\nHOSTS = os.environ.get("ALLOWED_HOSTS").split(",")\n', "ALLOWED_HOSTS"),
        ('import os\nPORT = int(os.environ.get("MAIL_PORT"))\n', "MAIL_PORT"),
        ('import os\nif not os.getenv("API_KEY"):\n    raise Exception("API_KEY must be set")\n', "API_KEY"),
        ('import os\nassert os.getenv("API_KEY"), "Set API_KEY"\n', "API_KEY"),
        (NEED, "STRIPE_KEY"),
    ],
)
def test_every_reader_of_variables(fail: Fail, django_python: str, source: str, name: str) -> None:
    """Whatever way the settings read a variable, the one that is missing is named."""
    found = diagnosis.of(fail({"settings.py": source}, LOAD, python=django_python))

    assert [finding.repair.name for finding in found if isinstance(finding.repair, SetVariable)] == [name]


def test_an_empty_secret_key(fail: Fail, django_python: str) -> None:
    """Django's own message names a setting; the variable that decides it is set."""
    texts = {"settings.py": 'import os\nSECRET_KEY = os.environ.get("DJANGO_KEY", "")\nINSTALLED_APPS = []\n'}
    found = only(fail(texts, f"{DJANGO}\nfrom django.conf import settings\nsettings.SECRET_KEY", python=django_python))

    assert found.repair == SetVariable("DJANGO_KEY", None, "secret")


def test_the_value_of_an_example(fail: Fail) -> None:
    """An example file's value is taken; one that says 'put yours here' is not."""
    texts = {
        "settings.py": 'import os\nA = os.environ["SITE_NAME"]\nB = os.environ["REGION"]\n',
        ".env.example": "SITE_NAME=Blog\nREGION=<your region>\n",
    }

    assert [finding.repair for finding in diagnosis.of(fail(texts, LOAD))] == [
        SetVariable("SITE_NAME", "Blog"),
        SetVariable("REGION", None),
    ]


def test_a_variable_of_the_image_during_a_request(fail: Fail) -> None:
    """What only the official Python image sets is set to what this Python is."""
    texts = {"settings.py": "", "views.py": 'import os\ndef home():\n    return os.environ["PYTHON_VERSION"]\n'}
    case = replace(fail(texts, "import views; views.home()", step="request"), python="3.13")

    assert only(case).repair == SetVariable("PYTHON_VERSION", "3.13")


def test_other_key_errors_are_left_alone(fail: Fail) -> None:
    """A KeyError of an ordinary dictionary is no missing variable."""
    assert diagnosis.of(fail({"settings.py": 'SITES = {}\nA = SITES["SECRET_KEY"]\n'}, LOAD)) == ()


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ('from decouple import config\nX = config("MAIL_TLS", cast=bool)\n', "False"),
        ('import environ\nX = environ.Env().int("MAIL_PORT")\n', "1"),
        ('from environs import Env\nenv = Env()\nX = env.int("MAIL_PORT")\n', "1"),
        ('import json, os\nX = json.loads(os.environ["OPTIONS"])\n', "{}"),
    ],
)
def test_values_that_readers_refuse(fail: Fail, django_python: str, line: str, value: str) -> None:
    """Each reader's own exception leads to the variable and to a value that it takes."""
    given = {name: "nonsense" for name in ("MAIL_TLS", "MAIL_PORT", "OPTIONS") if name in line}
    found = only(fail({"settings.py": line}, LOAD, python=django_python, environment=given))

    assert found.rule == "invalid-variable"
    assert isinstance(found.repair, SetVariable)
    assert found.repair.value == value


def test_a_value_that_does_not_fit(fail: Fail) -> None:
    """A number that is none is named with its variable, and its value is not shown."""
    texts = {"settings.py": 'import os\nPORT = int(os.environ["MAIL_PORT"])\n'}
    found = only(fail(texts, LOAD, environment={"MAIL_PORT": "s3cret"}))

    assert (found.rule, found.where, found.repair) == (
        "invalid-variable",
        "settings.py:2",
        SetVariable("MAIL_PORT", "1", "number"),
    )
    assert "s3cret" not in found.what + found.fix


# --- modules


def test_a_package_that_nobody_declared(fail: Fail) -> None:
    """The distribution of a known import is added, under its own name."""
    found = only(fail({"settings.py": "", "urls.py": "\nimport rest_framework\n"}, "import urls"))

    assert (found.rule, found.where) == ("missing-package", "urls.py:2")
    assert found.repair == AddRequirement("djangorestframework", "urls.py:2 imports rest_framework")


def test_a_package_of_another_requirements_file(fail: Fail) -> None:
    """The version that another requirements file names is taken."""
    texts = {"settings.py": "import some_thing\n", "requirements/production.txt": "Some.Thing==1.2  # for mail\n"}
    found = only(fail(texts, LOAD))

    assert isinstance(found.repair, AddRequirement)
    assert found.repair.requirement == "Some.Thing==1.2"
    assert "requirements/production.txt:1" in found.repair.why


def test_a_package_that_is_declared_and_not_installed(fail: Fail) -> None:
    """What is declared is installed, and not declared twice."""
    case = fail({"settings.py": "import rest_framework\n"}, LOAD)
    declared = Dependency("djangorestframework", "~=3.15", None, "pyproject.toml:9", development=True)
    found = only(replace(case, dependencies=(declared,)))

    assert isinstance(found.repair, InstallRequirement)
    assert found.repair.requirement == "djangorestframework~=3.15"


def test_an_unknown_import_is_never_installed(fail: Fail) -> None:
    """A name that anybody could register is not fetched from the index."""
    found = only(fail({"settings.py": "from secret_key import KEY\n", ".gitignore": "*.pyc\nsecret_key.py\n"}, LOAD))

    assert (found.rule, found.repair, found.where) == ("missing-module", None, "settings.py:1")
    assert "is not in the repository" in found.what
    assert ".gitignore:2" in found.what
    assert "KEY" in found.fix


def test_a_module_of_the_projects_own_package(fail: Fail) -> None:
    """from .local import * in a settings package names the file that is missing."""
    texts = {"config/__init__.py": "", "config/settings.py": "from .local_settings import *\n"}
    found = only(fail(texts, "import config.settings"))

    assert (found.rule, found.where) == ("missing-module", "config/settings.py:1")
    assert "config.local_settings" in found.what


@pytest.mark.parametrize(
    "example",
    ["local_settings.py.example", "local_settings.example.py", "local_settings_sample.py", "example_local_settings.py"],
)
def test_an_example_of_a_module_is_copied(fail: Fail, example: str) -> None:
    """An example that lies beside becomes the module."""
    texts = {
        "config/__init__.py": "",
        "config/settings.py": "from .local_settings import *\n",
        f"config/{example}": "DEBUG = True\n",
    }
    found = only(fail(texts, "import config.settings"))

    assert isinstance(found.repair, EditFile)
    assert (found.repair.change.path, found.repair.change.after) == ("config/local_settings.py", "DEBUG = True\n")


def test_a_removed_module(fail: Fail) -> None:
    """A module that newer Pythons lack: an older Python, or setuptools where that has it."""
    case = fail({"settings.py": 'raise ModuleNotFoundError("No module named \'imp\'", name="imp")\n'}, LOAD)

    assert only(replace(case, python="3.13")).repair == UsePython("3.11")
    assert diagnosis.of(replace(case, python="3.10"))[0].rule != "older-python-needed"
    case = fail(
        {"settings.py": 'raise ModuleNotFoundError("No module named \'pkg_resources\'", name="pkg_resources")\n'}, LOAD
    )
    assert isinstance(only(case).repair, InstallRequirement)


def test_a_removed_name(fail: Fail) -> None:
    """collections.Mapping, in whatever package: Python 3.9 has it still."""
    found = only(fail({"settings.py": "from collections import Mapping\n"}, LOAD))

    assert (found.rule, found.repair) == ("older-python-needed", UsePython("3.9"))


def test_a_django_that_is_too_new(fail: Fail, django_python: str) -> None:
    """An unpinned Django is held below the version that removed what the project uses; a pinned one is not touched."""
    texts = {"settings.py": "", "urls.py": "from django.conf.urls import url\n"}
    case = fail(texts, "import urls", python=django_python)

    assert only(case).repair == AddRequirement("Django<4.0", "the project uses django.conf.urls.url")
    pinned = replace(case, dependencies=(Dependency("django", "==5.2", "5.2", "requirements.txt:1"),))
    assert only(pinned).repair is None


def test_a_name_that_newer_djangos_lack(fail: Fail, django_python: str) -> None:
    """An attribute that is gone says it as an import does."""
    texts = {"settings.py": "", "words.py": "from django.utils import translation\n_ = translation.ugettext\n"}
    found = only(fail(texts, "import words", python=django_python))

    assert (found.rule, found.where) == ("django-too-new", "words.py:2")
    assert found.repair == AddRequirement("Django<4.0", "the project uses django.utils.translation.ugettext")


def test_a_dependency_that_is_too_new(fail: Fail) -> None:
    """The version that still has the name is installed; an unknown name is nobody's affair."""
    texts = {"settings.py": "", "markupsafe.py": ""}
    found = only(fail(texts, "from markupsafe import soft_unicode"))
    assert (found.rule, found.repair) == (
        "dependency-too-new",
        InstallRequirement("markupsafe<2.1", "markupsafe.soft_unicode is needed"),
    )
    assert diagnosis.of(fail(texts, "from markupsafe import anything")) == ()


# --- source


def test_a_merge_conflict(fail: Fail) -> None:
    """The file and the first mark are named."""
    texts = {"settings.py": "A = 1\n<<<<<<< HEAD\nB = 1\n=======\nB = 2\n>>>>>>> other\n"}
    found = only(fail(texts, LOAD))

    assert (found.rule, found.where, found.repair) == ("merge-conflict", "settings.py:2", None)


def test_a_project_template(fail: Fail) -> None:
    """A tree for startproject is refused as such, and not as a syntax error."""
    texts = {
        "manage.py": "",
        "settings.py": 'ROOT_URLCONF = "x"\n',
        "urls.py": "from {{ project_name }} import views\n",
    }
    found = only(fail(texts, "import urls"))

    assert (found.rule, found.where, found.repair) == ("project-template", "urls.py:1", None)


def test_python_two(fail: Fail) -> None:
    """A print statement is Python 2."""
    assert only(fail({"settings.py": 'A = 1\nprint "hello"\n'}, LOAD)).rule == "python-two"


def test_syntax_of_a_newer_python(fail: Fail) -> None:
    """A match statement on Python 3.9 asks for 3.10."""
    source = "def f(x):\n    match x:\n        case 1:\n            return 2\n"
    case = fail({"settings.py": source, "other.py": "x = = 1\n"}, "import other")
    fault = replace(case.symptom.faults[0], attributes={"filename": "settings.py", "lineno": 2})  # type: ignore[union-attr]
    found = only(replace(case, symptom=Symptom("check", (fault,)), python="3.9"))

    assert (found.rule, found.repair) == ("newer-python-needed", UsePython("3.10"))


def test_a_plain_syntax_error_is_unknown(fail: Fail) -> None:
    """What is wrong in every Python is no affair of any rule."""
    assert diagnosis.of(fail({"settings.py": "x = = 1\n"}, LOAD)) == ()


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


SQLITE = 'SECRET_KEY = "x"\nDATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}\n'


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


# --- installation


def test_a_library_of_the_system() -> None:
    """An installer's text and a linker's message name the Debian package."""
    text = "Error: pg_config executable not found.\n"
    assert only(replace(of({}), symptom=Symptom("install", text=text))).repair == InstallSystemPackages(("libpq-dev",))
    fault = Fault("ImportError", "libmagic.so.1: cannot open shared object file: No such file or directory")
    assert only(replace(of({}), symptom=Symptom("check", (fault,)))).repair == InstallSystemPackages(("libmagic1",))


def test_psycopg_without_its_library() -> None:
    """The one that brings the library is installed."""
    fault = Fault(
        "ImportError", "no pq wrapper available.\nAttempts made:\n- couldn't import psycopg 'c' implementation"
    )
    repair = only(replace(of({}), symptom=Symptom("check", (fault,)))).repair
    assert repair == InstallRequirement("psycopg[binary]", "psycopg finds no libpq on this machine")


def test_a_git_dependency() -> None:
    """The line of the requirements file is named, without a token that it may hold."""
    texts = {"requirements.txt": "django\nlib @ git+https://token@example.com/me/lib.git@v1\n"}
    text = "error: Git operation failed: could not fetch https://example.com/me/lib.git"
    found = only(replace(of(texts), symptom=Symptom("install", text=text)))

    assert (found.rule, found.where) == ("git-dependency", "requirements.txt:2")
    assert "token" not in found.what + found.fix


# --- all of them


def test_a_finding_without_repair_ends_in_a_problem(fail: Fail) -> None:
    """Cause with file and line, and what a person would do."""
    problem = only(fail({"settings.py": "from secret_key import KEY\n"}, LOAD)).problem()

    assert "secret_key" in problem.cause
    assert "settings.py:1" in problem.cause
    assert problem.hint


def test_what_no_rule_knows(fail: Fail) -> None:
    """Nothing is made up; the symptom still says where."""
    case = fail({"settings.py": "\n1 / 0\n"}, LOAD)

    assert diagnosis.of(case) == ()
    assert case.symptom is not None
    assert case.symptom.where == "settings.py:2"


def test_the_report_of_an_endless_recursion_is_short(fail: Fail) -> None:
    """A long traceback keeps its head and its end."""
    case = fail({"settings.py": "def f():\n    f()\nf()\n"}, LOAD)

    assert case.symptom is not None
    assert len(case.symptom.faults[0].frames) <= 200


@pytest.mark.skipif(sys.platform == "win32", reason="pyenv's folder")
def test_the_report_is_python_of_any_age(fail: Fail) -> None:
    """Projects on old Pythons can be described too."""
    import glob  # noqa: PLC0415
    import os  # noqa: PLC0415

    old = sorted(glob.glob(os.path.expanduser("~/.pyenv/versions/3.6.*/bin/python")))  # noqa: PTH111, PTH207
    if not old:
        pytest.skip("there is no Python 3.6 here")
    assert (
        only(fail({"settings.py": 'import os\nA = os.environ["API_URL"]\n'}, LOAD, python=old[0])).rule
        == "missing-variable"
    )
