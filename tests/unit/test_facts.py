"""project/: what is read of a project, from a dict of files; nothing is executed, and each answer names its source."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from djdock.errors import Problem
from djdock.project import facts, package_managers, services
from djdock.project import settings as project_settings
from djdock.project.answer import Answer
from djdock.project.files import Texts
from djdock.project.package_managers import pip, uv
from djdock.project.services import postgres
from djdock.project.signs import Need

MANAGE = """\
#!/usr/bin/env python
import os
def main():
    os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'config.settings')
"""
COMPOSE = """\
services:
  db:
    image: postgres:17-trixie
    environment:
      POSTGRES_USER: writer
      POSTGRES_DB: ${DB_NAME:-library}
"""
PROJECT = {
    "manage.py": MANAGE,
    "config/settings.py": "import os\nURL = os.environ['DATABASE_URL']\n",
    "requirements.txt": "django==5.2\n",
    "Dockerfile": "# x\nFROM python:3.12-slim AS base\n",
    "compose.yaml": COMPOSE,
}


# --- facts ------------------------------------------------------------------------------------------------------------


def test_a_whole_project() -> None:
    """Every fact is there, with the place that says it."""
    found = facts.read(Texts(PROJECT), "my-shop")
    assert found == facts.Facts(
        name="my-shop",
        settings=Answer("config.settings", "manage.py:4"),
        settings_file="config/settings.py",
        python=Answer("3.12", "Dockerfile:2"),
        postgres=Answer(17, "compose.yaml, service db"),
        database_name="library",
        database_user="writer",
        package_manager=Answer("pip", "requirements.txt"),
        variables=(project_settings.Variable("DATABASE_URL", 2),),
        services=(Need("postgres", "DATABASES", starts=True),),
    )
    assert (found.package, found.postgres_major, found.reads("DATABASE_URL"), found.reads("X")) == (
        "config",
        17,
        True,
        False,
    )


def test_a_bare_project() -> None:
    """Where nothing is said nothing is made up: no Python, no PostgreSQL, no package manager."""
    found = facts.read(Texts({"manage.py": MANAGE, "config/settings.py": ""}), "my-shop")
    assert (found.python, found.postgres, found.package_manager, found.variables) == (None, None, None, ())
    assert (found.postgres_major, found.database_name, found.database_user) == (18, "my_shop", "my_shop")


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("blog", "blog"),
        ("My Blog", "my_blog"),
        ("2024", "project_2024"),
        ("büro", "b_ro"),
        ("☃", "project"),
        ("-", "project"),
        ("pg_site", "project_pg_site"),
        ("x" * 200, "x" * 50),
    ],
)
def test_names_from_folders(folder: str, name: str) -> None:
    """Any folder's name becomes one that PostgreSQL takes without quotes, and that fits a test database too."""
    assert facts.read(Texts({"manage.py": MANAGE, "config/settings.py": ""}), folder).database_name == name


@pytest.mark.parametrize(
    ("take", "put", "cause"),
    [
        ("manage.py", None, "no manage.py"),
        ("manage.py", "print('x')\n", "does not name a settings module"),
        ("manage.py", "def main(:\n", "manage.py has a syntax error in line 1"),
        ("config/settings.py", None, r"config\.settings, and there is no config/settings\.py"),
        ("config/settings.py", "A = 1\nB = [\n", r"config/settings\.py has a syntax error in line 2"),
        ("config/settings.py", "A = '\0'\n", r"config/settings\.py is no Python source: it holds null bytes"),
        ("compose.yaml", "services: [\n", r"compose\.yaml is no YAML"),
    ],
)
def test_what_cannot_be_read_is_named(take: str, put: str | None, cause: str) -> None:
    """A file that is missing or broken is a Problem that names it, with what to do."""
    texts = {path: text for path, text in PROJECT.items() if path != take} | ({} if put is None else {take: put})
    with pytest.raises(Problem, match=cause) as refused:
        facts.read(Texts(texts), "x")
    assert refused.value.hint


def folder_with(tmp_path: Path, texts: dict[str, str]) -> Path:
    for path, text in texts.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


def test_a_folder_that_djdock_can_run(tmp_path: Path) -> None:
    """A project whose settings read DATABASE_URL and that says what it depends on can be run."""
    assert facts.read_folder(folder_with(tmp_path, PROJECT)).name == tmp_path.name


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"config/settings.py": "DATABASES = {}\n"}, "do not read DATABASE_URL"),
        ({"requirements.txt": None}, "Nothing says what this project depends on"),
    ],
)
def test_a_folder_that_djdock_cannot_run(tmp_path: Path, change: dict[str, str | None], cause: str) -> None:
    """What is missing for it is said before anything is started."""
    texts = {path: text for path, text in {**PROJECT, **change}.items() if text is not None}
    with pytest.raises(Problem, match=cause):
        facts.read_folder(folder_with(tmp_path, texts))


# --- settings as syntax -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'a.b.c')",
        "os.environ['DJANGO_SETTINGS_MODULE'] = 'a.b.c'",
        'environ.setdefault("DJANGO_SETTINGS_MODULE", "a.b.c")',
    ],
)
def test_the_settings_module_is_found(line: str) -> None:
    """All usual ways of naming the settings module in manage.py are understood, with the line."""
    assert project_settings.module(Texts({"manage.py": f"import os\n\nif True:\n    {line}\n"})) == ("a.b.c", 4)


def test_a_settings_package_is_found() -> None:
    """A module may be a file or a package; where both are there the package counts, as it does for Python."""
    assert project_settings.locate(Texts({"a/b.py": "1"}), "a.b") == ("a/b.py", "1")
    assert project_settings.locate(Texts({"a/b.py": "1", "a/b/__init__.py": "2"}), "a.b") == ("a/b/__init__.py", "2")


@pytest.mark.parametrize(
    "expression",
    [
        "os.environ['X']",
        "os.environ.get('X')",
        "os.environ.get('X', 'default')",
        "os.getenv('X')",
        "environ['X']",
        "getenv('X')",
        "env('X')",
        "env.bool('X', default=False)",
        "env.db_url('X')",
        "config('X', cast=int)",
        "{'a': [int(env('X'))]}",
    ],
)
def test_readers_are_known(expression: str) -> None:
    """The usual readers of environment variables are recognised wherever they stand."""
    assert project_settings.variables(f"\nA = {expression}\n") == (project_settings.Variable("X", 2),)


@pytest.mark.parametrize(
    "expression",
    ["env.db()", "env.db_url(engine='x')", "dj_database_url.config(default='x')", "dj_database_url.config()"],
)
def test_readers_with_a_variable_of_their_own_are_known(expression: str) -> None:
    """django-environ's and dj-database-url's short forms read DATABASE_URL without naming it."""
    assert project_settings.variables(f"A = {expression}\n") == (project_settings.Variable("DATABASE_URL", 1),)


@pytest.mark.parametrize(
    "expression",
    [
        "x['X']",
        "x.get('X')",
        "f('X')",
        "'os.environ[X]'",
        "env(X)",
        "env('x')",
        "dj_database_url.config(env='Y')",
        "a.db()",
    ],
)
def test_others_are_not_taken_for_readers(expression: str) -> None:
    """A dict, a function or a lower-case name is no environment variable."""
    assert project_settings.variables(f"A = {expression}\n") == ()


def test_variables_come_in_the_order_of_their_first_reading() -> None:
    """The line is that of the first reading, however deep it is nested."""
    source = "def f():\n    if x:\n        return env('B')\nA = env('A')\nB = env('B')\n"
    assert [(found.name, found.line) for found in project_settings.variables(source)] == [("B", 3), ("A", 4)]


def test_reading_settings_is_quiet() -> None:
    """Python's warnings about a project's own source are not ours to print."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert project_settings.variables("A = '\\d'\n") == ()


def test_a_syntax_error_shows_its_line() -> None:
    """The message shows the line and points at the place."""
    with pytest.raises(Problem) as refused:
        project_settings.parse("A = 1\nB = (1 +* 2)\n", "s.py")
    assert refused.value.details == "s.py:2\nB = (1 +* 2)\n        ^"


# --- package managers -------------------------------------------------------------------------------------------------


def test_the_more_specific_evidence_wins() -> None:
    """uv.lock tells more than requirements.txt, which people often export beside it."""
    assert package_managers.detect(Texts({"requirements.txt": ""})) is pip
    assert package_managers.detect(Texts({"uv.lock": ""})) is uv
    assert package_managers.detect(Texts({"uv.lock": "", "requirements.txt": ""})) is uv
    assert package_managers.detect(Texts({"pyproject.toml": ""})) is None


@pytest.mark.parametrize(
    ("texts", "python"),
    [
        ({}, None),
        ({".python-version": "3.13\n"}, ("3.13", ".python-version")),
        ({".python-version": "3.12.4\n"}, ("3.12", ".python-version")),
        ({".python-version": "cpython-3.11.2-linux\n"}, ("3.11", ".python-version")),
        ({".python-version": "pypy3.10\n"}, None),
        ({"pyproject.toml": '[project]\nrequires-python = ">=3.12"\n'}, ("3.12", "pyproject.toml")),
        ({"pyproject.toml": "requires-python = '>= 3.12, < 4'\n"}, ("3.12", "pyproject.toml")),
        ({"pyproject.toml": 'requires-python = "<3.15,>=3.11"\n'}, ("3.11", "pyproject.toml")),
        ({"pyproject.toml": 'requires-python = "==3.13.*"\n'}, ("3.13", "pyproject.toml")),
        ({"pyproject.toml": 'requires-python = "<3.14"\n'}, None),
        ({"pyproject.toml": '# requires-python = ">=3.9"\n'}, None),
        ({".python-version": "3.13", "pyproject.toml": 'requires-python = ">=3.10"\n'}, ("3.13", ".python-version")),
    ],
)
def test_uv_says_which_python(texts: dict[str, str], python: tuple[str, str] | None) -> None:
    """The pin of .python-version wins over the lower bound in pyproject.toml; an upper bound is no wish."""
    assert uv.python(Texts(texts)) == python


def test_a_manifest_asks_for_what_it_is_given() -> None:
    """pip's list holds the requirements; uv's file names the project as packages are named."""
    assert pip.manifest("my_blog", "3.13", ["django", "psycopg[binary]"]) == {
        ".requirements.in": "django\npsycopg[binary]\n"
    }
    texts = uv.manifest("My_Blog", "3.13", [])
    assert texts[".python-version"] == "3.13\n"
    assert '\nname = "my-blog"\n' in texts["pyproject.toml"]
    assert '\nrequires-python = ">=3.13"\n' in texts["pyproject.toml"]


def test_a_persons_own_environment_is_not_filled() -> None:
    """uv is told which environment to fill, whatever VIRTUAL_ENV the person's shell has."""
    variables = package_managers.environment(Path("/p"), Path("/p/.venv"))
    assert variables == {"VIRTUAL_ENV": "/p/.venv", "UV_PROJECT_ENVIRONMENT": "/p/.venv", "UV_PROJECT": "/p"}


# --- services ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "version"),
    [
        ("FROM python:3.13-slim-trixie AS base", "3.13"),
        ("from python:3.12", "3.12"),
        ("  FROM python:3.11.4-alpine", "3.11"),
        ("FROM docker.io/library/python:3.10-slim", "3.10"),
        ("FROM --platform=linux/amd64 python:3.12-slim", "3.12"),
        ("FROM registry.example.com:5000/python:3.12", "3.12"),
        ("FROM python:latest", None),
        ("FROM node:20", None),
        ("# FROM python:3.9", None),
        ("COPY --from=python:3.9 /a /b", None),
        ("FROM my-python:3.9", None),
    ],
)
def test_the_image_says_which_python(line: str, version: str | None) -> None:
    """The first FROM of a Python image counts; other lines and images do not."""
    found = services.python_image(Texts({"Dockerfile": f"ARG X\n{line}\nFROM python:3.8\n"}))
    assert found == ((version, "Dockerfile:2") if version else ("3.8", "Dockerfile:3"))
    assert services.python_image(Texts({})) is None


@pytest.mark.parametrize(
    ("image", "major"),
    [
        ("postgres:18", 18),
        ("postgres:18-trixie", 18),
        ("postgres:17.2", 17),
        ("postgres:17.2-alpine3.20", 17),
        ("docker.io/library/postgres:16", 16),
        ("my-mirror.example.com:5000/library/postgres:16.4-bookworm", 16),
        ("postgres:15@sha256:0123456789abcdef", 15),
        ("postgres:${POSTGRES_VERSION:-17}-alpine", 17),
        ("${REGISTRY:-docker.io}/postgres:${A:-${B:-14}}", 14),
        ("postgres", None),
        ("postgres:latest", None),
        ("postgres:${VERSION}", None),
        ("postgres-exporter:15", None),
        ("postgresql:15", None),
        ("mypostgres:15", None),
        ("redis:8", None),
        ("", None),
    ],
)
def test_the_image_says_which_postgresql(image: str, major: int | None) -> None:
    """The official image is known by any registry's name; a tag without a number tells nothing."""
    found = postgres.container(Texts({"compose.yaml": f'services:\n  db:\n    image: "{image}"\n'}))
    assert (found and found.major) == major


@pytest.mark.parametrize(
    ("environment", "user", "name"),
    [
        ("{POSTGRES_USER: me, POSTGRES_DB: blog}", "me", "blog"),
        ("[POSTGRES_USER=me, POSTGRES_DB=blog]", "me", "blog"),
        ("[POSTGRES_USER=me]", "me", None),
        ("{POSTGRES_USER: '${U:-me}', POSTGRES_DB: '${D-blog}'}", "me", "blog"),
        ("{POSTGRES_USER: '${U:-${V:-me}}'}", "me", None),
        ("{POSTGRES_USER: '${U}', POSTGRES_DB: $D}", None, None),
        ("{POSTGRES_USER: , POSTGRES_DB: ''}", None, None),
        ("[POSTGRES_USER, POSTGRES_DB=]", None, None),
        ("{POSTGRES_DB: 2024}", None, "2024"),
        ("nonsense", None, None),
        ("", None, None),
    ],
)
def test_the_environment_says_whose_database(environment: str, user: str | None, name: str | None) -> None:
    """Both of Compose's forms are read, with their defaults; what only the shell knows is no answer."""
    services_ = "services:\n  cache:\n    image: redis:8\n  database:\n    image: postgres:17\n"
    text = f"{services_}    environment: {environment}\n"
    assert postgres.container(Texts({"compose.yaml": text})) == postgres.Container(
        17, user, name, "compose.yaml, service database"
    )


def test_merged_environments_are_read() -> None:
    """YAML's anchors and merges count as what they stand for."""
    text = """\
x-db: &db
  POSTGRES_USER: me
services:
  db:
    image: postgres:17
    environment:
      <<: *db
      POSTGRES_DB: blog
"""
    found = postgres.container(Texts({"compose.yaml": text}))
    assert (found and (found.user, found.name)) == ("me", "blog")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing\n",
        "services:\n",
        "services: []\n",
        "services: {web: }\n",
        "- a\n",
        "42\n",
        "services: {web: {build: .}}\n",
    ],
)
def test_a_compose_file_without_a_database(text: str) -> None:
    """Whatever else the file holds, there is no PostgreSQL in it, and that is no failure."""
    assert postgres.container(Texts({"compose.yaml": text})) is None
    assert postgres.container(Texts({})) is None


@pytest.mark.parametrize(
    ("major", "path"),
    [
        (14, "/var/lib/postgresql/data"),
        (17, "/var/lib/postgresql/data"),
        (18, "/var/lib/postgresql"),
        (19, "/var/lib/postgresql"),
    ],
)
def test_the_volume_is_where_the_image_wants_it(major: int, path: str) -> None:
    """From 18 on the image refuses a volume at the old place, and before it loses the data at the new one."""
    assert postgres.volume_path(major) == path


def test_text_sorts_alike_everywhere_where_postgresql_can() -> None:
    """PostgreSQL's own C.UTF-8 came with 17; older majors would not start with it."""
    assert "builtin" in postgres.init_arguments(17)
    assert "builtin" not in postgres.init_arguments(16)


@pytest.mark.parametrize("family", [package_managers.detect, postgres.container, services.python_image])
def test_detection_reads_nothing_into_an_empty_folder(family: Callable[[Texts], object]) -> None:
    """Where there is nothing, each family says None."""
    assert family(Texts({})) is None
