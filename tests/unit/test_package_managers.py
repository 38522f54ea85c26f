"""project/package_managers: who installs a project's dependencies, what they are, and how an environment is filled."""

from __future__ import annotations

import json

import pytest

from djdock.errors import Problem
from djdock.project import pyproject
from djdock.project.files import Texts
from djdock.project.package_managers import BY_NAME, find

PYPROJECT = '[project]\nname = "site"\nversion = "1"\ndependencies = [\n    "django>=5.2",\n]\n'
UV_LOCK = """
[[package]]
name = "django"
version = "5.2.1"
source = { registry = "https://index.example/simple" }
dependencies = [{ name = "sqlparse" }]

[[package]]
name = "sqlparse"
version = "0.5.3"
source = { registry = "https://index.example/simple" }

[[package]]
name = "site"
source = { virtual = "." }
"""
POETRY = """\
[tool.poetry]
name = "site"

[tool.poetry.dependencies]
python = "^3.9"
Django = "^4.0.2"
celery = {extras = ["redis"], version = "^5.3.6"}

[tool.poetry.group.dev.dependencies]
ipython = "^8.1"

[tool.poetry.group.docs]
optional = true
[tool.poetry.group.docs.dependencies]
sphinx = "*"
"""
POETRY_LOCK = """
[[package]]
name = "Django"
version = "4.0.2"
optional = false
python-versions = ">=3.8"

[package.dependencies]
asgiref = ">=3.4.1,<4"
tzdata = {version = "*", markers = "sys_platform == 'win32'"}
"backports.zoneinfo" = {version = "*", markers = "python_version < '3.9'"}

[[package]]
name = "asgiref"
version = "3.5.0"

[[package]]
name = "tzdata"
version = "2021.5"

[[package]]
name = "backports.zoneinfo"
version = "0.2.1"

[[package]]
name = "celery"
version = "5.3.6"

[[package]]
name = "ipython"
version = "8.1.0"
[package.dependencies]
colorama = {version = "*", markers = "sys_platform == 'win32'"}

[[package]]
name = "colorama"
version = "0.4.6"

[[package]]
name = "sphinx"
version = "7.0.0"

[[package]]
name = "mine"
version = "1.0"
[package.source]
type = "git"
url = "https://example.com/mine.git"
resolved_reference = "abc123"
"""
PDM_LOCK = """
[[package]]
name = "django"
version = "6.0.2"
groups = ["default"]
dependencies = ["sqlparse>=0.5"]

[[package]]
name = "sqlparse"
version = "0.5.3"
groups = ["default"]

[[package]]
name = "tzdata"
version = "2026.1"
groups = ["default"]
marker = "sys_platform == \\"win32\\""

[[package]]
name = "pytest"
version = "9.0.0"
groups = ["dev"]

[[package]]
name = "sphinx"
version = "9.0.0"
groups = ["docs"]
"""
PIPFILE = """\
[packages]
django = "~=2.2"
"psycopg2-binary" = "*"

[dev-packages]
pytest = "*"

[requires]
python_version = "3.8"
"""
PIPFILE_LOCK = json.dumps(
    {
        "_meta": {"requires": {"python_version": "3.8"}},
        "default": {
            "django": {"version": "==2.2.11", "hashes": ["sha256:00"]},
            "pywin32": {"version": "==300", "markers": "sys_platform == 'win32'"},
            "mine": {"git": "https://example.com/mine.git", "ref": "abc"},
        },
        "develop": {"pytest": {"version": "==5.4.1"}},
    }
)


# --- who it is --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("texts", "manager", "evidence"),
    [
        ({"uv.lock": UV_LOCK, "pyproject.toml": PYPROJECT}, "uv", "uv.lock"),
        ({"poetry.lock": POETRY_LOCK, "pyproject.toml": POETRY}, "poetry", "poetry.lock"),
        ({"pdm.lock": PDM_LOCK, "pyproject.toml": PYPROJECT}, "pdm", "pdm.lock"),
        ({"Pipfile": PIPFILE}, "pipenv", "Pipfile"),
        ({"Pipfile": PIPFILE, "Pipfile.lock": PIPFILE_LOCK}, "pipenv", "Pipfile.lock"),
        ({"requirements.txt": "django"}, "pip", "requirements.txt"),
        ({"requirement.txt": "django"}, "pip", "requirement.txt"),
        ({"reqs.txt": "django"}, "pip", "reqs.txt"),
        ({"requirements.in": "django"}, "pip", "requirements.in"),
        ({"requirements/base.txt": "django"}, "pip", "requirements/base.txt"),
        ({"requirements-dev.txt": "django"}, "pip", "requirements-dev.txt"),
        ({"pyproject.toml": PYPROJECT}, "pep621", "pyproject.toml"),
        ({"pyproject.toml": POETRY}, "pep621", "pyproject.toml"),
        ({"setup.py": "from setuptools import setup\nsetup(install_requires=['django'])\n"}, "setuptools", "setup.py"),
        ({"setup.cfg": "[options]\ninstall_requires =\n    django\n"}, "setuptools", "setup.cfg"),
        ({"pyproject.toml": "[tool.ruff]\n", "setup.cfg": "[flake8]\n", "setup.py": ""}, "none", "manage.py"),
        ({}, "none", "manage.py"),
    ],
)
def test_each_manager_is_found(texts: dict[str, str], manager: str, evidence: str) -> None:
    """What declares dependencies is evidence; a file that only configures tools is none."""
    found = find(Texts({"manage.py": "", **texts}))
    assert (found.manager, found.folder, found.evidence) == (manager, "", evidence)


@pytest.mark.parametrize(
    ("texts", "manage_folder", "folder"),
    [
        ({"requirements.txt": "django"}, "backend", ""),
        ({"backend/requirements.txt": "django", "requirements.txt": "ansible"}, "backend", "backend"),
        ({"backend/requirements.txt": "ansible", "requirements.txt": "django"}, "backend", ""),
        ({"deploy/requirements.txt": "django"}, "", "deploy"),
        ({"api/requirements.txt": "django"}, "src", "api"),
        ({"docs/requirements.txt": "sphinx"}, "", ""),
    ],
)
def test_it_may_be_elsewhere(texts: dict[str, str], manage_folder: str, folder: str) -> None:
    """The nearest list that names Django is the site's; that of the documentation is not."""
    assert find(Texts({f"{manage_folder}/manage.py".strip("/"): "", **texts}), manage_folder).folder == folder


def test_several_are_all_told() -> None:
    """What was not chosen is named with the reason."""
    found = find(Texts({"uv.lock": UV_LOCK, "pyproject.toml": PYPROJECT, "requirements.txt": "django"}))
    assert [(other.manager, other.path) for other in found.others] == [
        ("pip", "requirements.txt"),
        ("pep621", "pyproject.toml"),
    ]
    assert all("uv.lock" in other.why for other in found.others)


def test_of_two_lock_files_pyproject_decides() -> None:
    """The lock file of the tool that pyproject.toml is written for wins, and the other one is told."""
    found = find(Texts({"uv.lock": UV_LOCK, "poetry.lock": POETRY_LOCK, "pyproject.toml": POETRY}))
    assert found.manager == "poetry"
    assert ("uv", "uv.lock") in [(other.manager, other.path) for other in found.others]
    assert any("second lock file" in other.why for other in found.others)


def test_what_cannot_be_read_is_a_problem() -> None:
    """A manifest with a syntax error is named with its line, and not passed over for something else."""
    with pytest.raises(Problem, match=r"pyproject.toml is no TOML"):
        find(Texts({"pyproject.toml": "[project\n", "uv.lock": ""}))


# --- what they say ----------------------------------------------------------------------------------------------------


def dependencies(texts: dict[str, str]) -> dict[str, tuple[str, str | None, bool]]:
    files = Texts(texts)
    return {asked.name: (asked.specifier, asked.locked, asked.development) for asked in find(files).dependencies(files)}


def test_dependencies_of_lock_files() -> None:
    """Wishes come with the versions that are locked, and what they bring comes after them."""
    assert dependencies({"uv.lock": UV_LOCK, "pyproject.toml": PYPROJECT}) == {
        "django": (">=5.2", "5.2.1", False),
        "sqlparse": ("", "0.5.3", False),
    }
    poetry = dependencies({"poetry.lock": POETRY_LOCK, "pyproject.toml": POETRY})
    assert poetry["django"] == (">=4.0.2,<5", "4.0.2", False)
    assert poetry["ipython"] == (">=8.1,<9", "8.1.0", True)
    assert poetry["asgiref"] == ("", "3.5.0", False)
    pipenv = dependencies({"Pipfile": PIPFILE, "Pipfile.lock": PIPFILE_LOCK})
    assert pipenv["django"] == ("~=2.2", "2.2.11", False)
    assert pipenv["pytest"] == ("", "5.4.1", True)


def test_dependencies_of_lists() -> None:
    """Pins are versions; what only the development file names is development's."""
    assert dependencies(
        {"requirements.txt": "Django==4.2\n", "requirements-dev.txt": "-r requirements.txt\nblack\n"}
    ) == {
        "django": ("==4.2", "4.2", False),
        "black": ("", None, True),
    }
    setup = "NEEDS = ['django>=3.2', 'pillow']\nsetup(install_requires=NEEDS, extras_require={'dev': ['x']})\n"
    assert dependencies({"setup.py": setup}) == {
        "django": (">=3.2", None, False),
        "pillow": ("", None, False),
        "x": ("", None, True),
    }


@pytest.mark.parametrize(
    ("constraint", "standard"),
    [
        ("^4.0.2", ">=4.0.2,<5"),
        ("^0.27.2", ">=0.27.2,<0.28"),
        ("^0.0.3", ">=0.0.3,<0.0.4"),
        ("~1.2", ">=1.2,<1.3"),
        ("~1", ">=1,<2"),
        ("~=5.2.5", "~=5.2.5"),
        ("*", ""),
        ("1.2.*", "==1.2.*"),
        ("5.2", "==5.2"),
        (">=3.9, <3.13", ">=3.9,<3.13"),
        (">=3.9 <4.0", ">=3.9,<4.0"),
        ("^3.8 || ^3.11", ">=3.11,<4"),
    ],
)
def test_poetrys_constraints(constraint: str, standard: str) -> None:
    """Poetry's carets and tildes say what they say in its documentation."""
    assert pyproject.specifier(constraint) == standard


def test_imports_tell_where_nothing_else_does() -> None:
    """Known modules of others are dependencies; the project's own, the standard library and optional ones are not."""
    files = Texts(
        {
            "manage.py": "import os, sys\nfrom django.core.management import execute_from_command_line\n",
            "site/settings.py": '"""\nGenerated by \'django-admin startproject\' using Django 4.1.3.\n"""\n'
            "INSTALLED_APPS = ['django.contrib.admin', 'rest_framework', 'blog', 'crispy_forms']\n"
            "import environ\nimport never_heard_of\n",
            "blog/views.py": "from PIL import Image\nfrom blog import models\nfrom .x import y\n"
            "try:\n    import redis\nexcept ImportError:\n    redis = None\n",
            "venv/lib/x.py": "import requests\n",
            "broken.py": "def (\n",
        }
    )
    found = find(files)
    assert found.module.install(found.files(files)).requirements == (
        "django>=4.1,<4.2\ndjango-crispy-forms\ndjango-environ\ndjangorestframework\npillow\n"
    )


# --- how an environment is filled -------------------------------------------------------------------------------------


def install(texts: dict[str, str]) -> list[str]:
    files = Texts(texts)
    found = find(files)
    return found.module.install(found.files(files)).requirements.splitlines()


def test_poetrys_lock_as_pins() -> None:
    """What the groups lead to is pinned, under the conditions that lead there; an optional group is left out."""
    assert install({"poetry.lock": POETRY_LOCK, "pyproject.toml": POETRY}) == [
        "django==4.0.2",
        "asgiref==3.5.0",
        "tzdata==2021.5 ; sys_platform == 'win32'",
        "backports-zoneinfo==0.2.1 ; python_version < '3.9'",
        "celery==5.3.6",
        "ipython==8.1.0",
        "colorama==0.4.6 ; sys_platform == 'win32'",
    ]


def test_a_package_from_git_stays_one() -> None:
    """A git dependency is installed from the commit that is locked."""
    asked = POETRY.replace(
        "[tool.poetry.group.dev", 'mine = {git = "https://example.com/mine.git"}\n\n[tool.poetry.group.dev'
    )
    lines = install({"poetry.lock": POETRY_LOCK, "pyproject.toml": asked})
    assert "mine @ git+https://example.com/mine.git@abc123" in lines


def test_pdms_and_pipenvs_locks_as_pins() -> None:
    """Default and development groups are installed, others are not; what a stale lock file lacks is added."""
    grouped = f'{PYPROJECT}\n[dependency-groups]\ndev = ["pytest"]\n'
    assert install({"pdm.lock": PDM_LOCK, "pyproject.toml": grouped}) == [
        "django==6.0.2",
        "sqlparse==0.5.3",
        'tzdata==2026.1 ; sys_platform == "win32"',
        "pytest==9.0.0",
    ]
    assert install({"Pipfile": PIPFILE, "Pipfile.lock": PIPFILE_LOCK}) == [
        "pytest==5.4.1",
        "django==2.2.11",
        "pywin32==300 ; sys_platform == 'win32'",
        "mine @ git+https://example.com/mine.git@abc",
        "psycopg2-binary",  # in the Pipfile, and the lock file is older
    ]


@pytest.mark.parametrize(
    ("texts", "lines"),
    [
        ({"requirements.txt": "django\n"}, ["django"]),
        ({"requirements.txt": "django\n", "requirements-dev.txt": "black\n"}, ["black", "django"]),
        ({"requirements.txt": "a==1\n", "requirements-dev.txt": "a==2\nblack\n"}, ["a==2", "black"]),
        (
            {
                "requirements.txt": "-r requirements/production.txt\n",
                "requirements/base.txt": "django\n",
                "requirements/local.txt": "-r base.txt\ndjango-debug-toolbar\n",
                "requirements/production.txt": "-r base.txt\ngunicorn\npsycopg2\n",
            },
            ["django", "django-debug-toolbar", "psycopg2"],
        ),
        ({"requirements/base.txt": "django\n", "requirements/prod.txt": "-r base.txt\nuwsgi\n"}, ["django", "uwsgi"]),
    ],
)
def test_developers_get_the_development_file(texts: dict[str, str], lines: list[str]) -> None:
    """The variant for development, and the main file where it includes none; of production's only the driver."""
    assert install(texts) == lines


def test_groups_of_pyproject() -> None:
    """Development's groups and extras are installed, those for documentation and production are not."""
    text = (
        f'{PYPROJECT}\n[project.optional-dependencies]\ndev = ["a"]\nprod = ["b"]\n'
        '[dependency-groups]\ndev = ["c", {include-group = "lint"}]\nlint = ["d"]\ndocs = ["e"]\n'
    )
    assert install({"pyproject.toml": text}) == ["django>=5.2", "c", "d", "a"]


def test_inputs_are_whole_chains() -> None:
    """A change of any file that is included makes the environment out of date; workspace members count too."""
    files = Texts({"app/requirements.txt": "-r ../base.txt\n-c pins.txt\ndjango", "base.txt": "", "app/pins.txt": ""})
    assert set(find(files, "app").inputs(files)) == {"app/requirements.txt", "base.txt", "app/pins.txt"}
    member = {"packages/one/pyproject.toml": PYPROJECT, "packages/readme": ""}
    workspace = f'{PYPROJECT}[tool.uv.workspace]\nmembers = ["packages/*"]\n'
    files = Texts({"uv.lock": UV_LOCK, "pyproject.toml": workspace, **member})
    assert "packages/one/pyproject.toml" in find(files).inputs(files)
    assert "--all-packages" in BY_NAME["uv"].install(files).arguments


@pytest.mark.parametrize(
    ("texts", "mounted"),
    [
        ({"uv.lock": UV_LOCK, "pyproject.toml": PYPROJECT}, ["pyproject.toml", "uv.lock"]),
        ({"poetry.lock": POETRY_LOCK, "pyproject.toml": POETRY}, ["pyproject.toml", "poetry.lock"]),
        ({"pdm.lock": PDM_LOCK, "pyproject.toml": PYPROJECT}, ["pyproject.toml", "pdm.lock"]),
        ({"Pipfile": PIPFILE, "Pipfile.lock": PIPFILE_LOCK}, ["Pipfile", "Pipfile.lock"]),
        ({"requirements.txt": "-r base.txt\ndjango", "base.txt": "x"}, ["requirements.txt", "base.txt"]),
        ({"pyproject.toml": PYPROJECT}, ["pyproject.toml"]),
    ],
)
def test_an_image_sees_what_is_watched(texts: dict[str, str], mounted: list[str]) -> None:
    """Dockerfile and fingerprint agree on the files: a change of one of them installs anew, of another one not."""
    files = Texts(texts)
    found = find(files)
    steps = found.module.dockerfile_steps(files, production=False)
    assert [path for path in mounted if f"source={path}," in steps] == mounted
    assert steps.count("type=bind") == len(mounted)
    assert set(mounted) <= set(found.inputs(files))


# --- one requirement more ---------------------------------------------------------------------------------------------


def added(texts: dict[str, str], requirement: str) -> dict[str, str]:
    files = Texts(texts)
    found = find(files)
    return dict(found.module.add(found.files(files), requirement).texts)


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("django\n", "django\npsycopg2-binary==2.9.10\n"),
        ("django", "django\npsycopg2-binary==2.9.10\n"),
        ("django\r\nzope\r\n", "django\r\npsycopg2-binary==2.9.10\r\nzope\r\n"),
        ("# b\nzope\n# a\ndjango\n", "# b\nzope\n# a\ndjango\npsycopg2-binary==2.9.10\n"),
        ("django\npsycopg2_binary\n", None),
    ],
)
def test_a_line_more(text: str, after: str | None) -> None:
    """Line ends, order and comments stay; what is there already is not added."""
    expected = {} if after is None else {"requirements.txt": after}
    assert added({"requirements.txt": text}, "psycopg2-binary==2.9.10") == expected


def test_a_line_more_where_requirements_are() -> None:
    """The file that holds Django gets it, not the one that only includes others; a source of pins gets the name."""
    chain = {"requirements.txt": "-r requirements/base.txt\n", "requirements/base.txt": "django\n"}
    assert added(chain, "x==1") == {"requirements/base.txt": "django\nx==1\n"}
    compiled = {"requirements.txt": "django==5.2\n", "requirements.in": "django\n"}
    assert added(compiled, "x==1") == {"requirements.txt": "django==5.2\nx==1\n", "requirements.in": "django\nx\n"}


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ('[project]\ndependencies = ["django"]  # all\n', '[project]\ndependencies = ["django", "x>=1"]  # all\n'),
        (
            '[project]\ndependencies = [\n  "django",  # the framework\n]\n\n[tool.a]\nb=1\n',
            '[project]\ndependencies = [\n  "django",  # the framework\n  "x>=1",\n]\n\n[tool.a]\nb=1\n',
        ),
        (
            '[project]\r\ndependencies = [\r\n  "django"\r\n]\r\n',
            '[project]\r\ndependencies = [\r\n  "django",\r\n  "x>=1",\r\n]\r\n',
        ),
        (
            '[tool.poetry.dependencies]\npython = "^3.9"\nDjango = "^4"  # y\n\n[tool.b]\nc = 1\n',
            '[tool.poetry.dependencies]\npython = "^3.9"\nDjango = "^4"  # y\nx = ">=1"\n\n[tool.b]\nc = 1\n',
        ),
    ],
)
def test_a_dependency_more(text: str, after: str) -> None:
    """The standard's list and Poetry's table get one entry; every other byte stays."""
    assert added({"pyproject.toml": text}, "x>=1") == {"pyproject.toml": after}


def test_extras_in_tables() -> None:
    """Tables write extras in a way of their own."""
    assert added({"Pipfile": PIPFILE}, "psycopg[binary]>=3.1")["Pipfile"] == PIPFILE.replace(
        "\n\n[dev-packages]", '\npsycopg = {extras = ["binary"], version = ">=3.1"}\n\n[dev-packages]'
    )


def test_setups_lists_grow() -> None:
    """setup.py and setup.cfg get it in the style of what is there."""
    setup = "from setuptools import setup\nsetup(\n    install_requires=[\n        'django',\n    ],\n)\n"
    assert added({"setup.py": setup}, "x>=1")["setup.py"] == setup.replace("'django'", "'x>=1',\n        'django'")
    config = "[options]\ninstall_requires =\n  django\n"
    assert added({"setup.cfg": config}, "x>=1")["setup.cfg"] == "[options]\ninstall_requires =\n  x>=1\n  django\n"


def test_locks_are_made_consistent_by_their_own_tool() -> None:
    """The tool that wrote a lock file brings it up to date, and leaves the other pins alone."""
    old = find(Texts({"poetry.lock": POETRY_LOCK, "pyproject.toml": POETRY}))
    addition = old.module.add(Texts({"poetry.lock": POETRY_LOCK, "pyproject.toml": POETRY}), "x")
    assert addition.relock[-4:] == ("poetry", "lock", "--no-update", "--no-interaction")
    assert addition.lock == ("poetry.lock",)
    new = f"# This file is automatically @generated by Poetry 2.1.3 and should not be changed by hand.\n{POETRY_LOCK}"
    addition = old.module.add(Texts({"poetry.lock": new, "pyproject.toml": POETRY}), "x")
    assert addition.relock[-3:] == ("poetry", "lock", "--no-interaction")
    assert BY_NAME["pip"].add(Texts({"requirements.txt": "django"}), "x").relock == ()
