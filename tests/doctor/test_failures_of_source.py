"""Rules for steps that failed because of modules, packages and source."""

from __future__ import annotations

from dataclasses import replace

import pytest

from djdock.doctor import diagnosis
from djdock.doctor.repair import (
    AddRequirement,
    EditFile,
    InstallRequirement,
    UsePython,
)
from djdock.doctor.symptom import Symptom
from djdock.project.dependency import Dependency
from tests.doctor.conftest import LOAD, Fail, only

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


def test_an_example_with_gaps_is_not_copied(fail: Fail) -> None:
    """What the example leaves empty cannot be guessed: it is named, and so is the next module that is missing."""
    texts = {
        "settings.py": "import keys\nimport server\n",
        "keys.py.default": "SECRET_KEY = None\nNAME = 'blog'\n",
        "server.py.default": "DEBUG = False\n",
    }
    found = only(fail(texts, "import settings"))

    assert (found.rule, found.repair, found.where) == ("missing-module", None, "settings.py:1")
    assert "The module keys is not in the repository" in found.what
    assert "leaves SECRET_KEY to be filled in" in found.what
    assert "server" in found.fix


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
