"""Rules for steps that failed: variables and installation; each symptom is made for real, each repair the right one."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from djdock.doctor import diagnosis
from djdock.doctor.repair import (
    InstallRequirement,
    InstallSystemPackages,
    SetVariable,
)
from djdock.doctor.symptom import Fault, Symptom
from tests.doctor.conftest import DJANGO, LOAD, Fail, of, only

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
