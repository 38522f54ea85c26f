"""project/: what is read of a project, from a dict of files; nothing is executed, and each answer names its source."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from djdock.errors import Problem
from djdock.project import facts, package_managers, services, source
from djdock.project.answer import Answer
from djdock.project.files import Texts
from djdock.project.package_managers import pip, uv
from djdock.project.services import postgres

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
    assert (found.manage, found.settings) == (
        Answer("manage.py", "in the root"),
        Answer("config.settings", "manage.py:4"),
    )
    assert (found.settings_file, found.named_settings, found.folder) == ("config/settings.py", "config.settings", "")
    assert found.postgres == Answer(17, "compose.yaml, service db")
    assert (found.database_name, found.database_user) == ("library", "writer")
    assert found.package_manager == Answer("pip", "requirements.txt")
    assert [(read.name, read.source) for read in found.variables] == [("DATABASE_URL", "config/settings.py:2")]
    assert (found.package, found.postgres_major, found.reads("DATABASE_URL"), found.reads("X")) == (
        "config",
        17,
        True,
        False,
    )


@pytest.mark.parametrize(
    ("lines", "address"),
    [
        ('MEDIA_URL = "media/"', "/media/"),
        ('MEDIA_URL = "/files/of-people/"\nSTATIC_URL = "static/"', "/files/of-people/"),
        ('MEDIA_URL = "/static/media/"\nSTATIC_URL = "/static/"', "/static/media/"),
        ('MEDIA_URL = "/files/"\nSTATIC_URL = "/files/static/"', ""),
        ("", ""),
        ('MEDIA_URL = ""', ""),
        ('MEDIA_URL = "/"', ""),
        ('MEDIA_URL = "https://files.example.com/"', ""),
        ('MEDIA_URL = "//files.example.com/"', ""),
        ('MEDIA_URL = "/media"', ""),
        ('MEDIA_URL = "/a b/{x}/"', ""),
        ('MEDIA_URL = os.environ["WHERE"]', ""),
    ],
)
def test_where_visitors_find_uploads(lines: str, address: str) -> None:
    """A path of the site itself: another host, and what would take static files along, is left alone."""
    settings = f"{PROJECT['config/settings.py']}{lines}\n"
    assert facts.read(Texts({**PROJECT, "config/settings.py": settings}), "shop").media_address == address


def test_a_bare_project() -> None:
    """Where nothing is said nothing is made up: no PostgreSQL, no variables, names from the folder."""
    found = facts.read(Texts({"manage.py": MANAGE, "config/settings.py": ""}), "my-shop")
    assert (found.postgres, found.variables, found.processes) == (None, (), ())
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
        ("manage.py", "print('x')\n", r"no manage\.py"),
        ("manage.py", "def main(: execute_from_command_line\n", r"manage\.py has a syntax error in line 1"),
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


def test_a_folder_on_disk(tmp_path: Path) -> None:
    """A project on disk is read as one in memory is, and is called what its folder is called."""
    assert facts.read_folder(folder_with(tmp_path, PROJECT)).name == tmp_path.name


# --- source as a syntax tree ------------------------------------------------------------------------------------------


def test_reading_source_is_quiet() -> None:
    """Python's warnings about a project's own source are not ours to print."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert source.parse("A = '\\d'\n", "quiet.py").body


def test_a_syntax_error_shows_its_line() -> None:
    """The message shows the line and points at the place."""
    with pytest.raises(Problem) as refused:
        source.parse("A = 1\nB = (1 +* 2)\n", "s.py")
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
