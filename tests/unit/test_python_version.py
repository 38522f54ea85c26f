"""project/python_version.py and project/driver.py: the Python and the PostgreSQL driver that a project can use."""

from __future__ import annotations

import pytest

from djdock.errors import Problem
from djdock.project import compatibility, driver, python_version
from djdock.project.compatibility import Version
from djdock.project.dependency import Dependency
from djdock.project.files import Texts


def dependency(line: str) -> Dependency:
    name, _, version = line.partition("==")
    if version:
        return Dependency(name, f"=={version}", version, "requirements.txt:1")
    name, _, bound = line.partition(">=")
    return Dependency(name, f">={bound}" if bound else "", None, "requirements.txt:1")


def choose(texts: dict[str, str], *lines: str, folder: str = "") -> python_version.Choice:
    return python_version.choose(Texts(texts), folder, [dependency(line) for line in lines])


@pytest.mark.parametrize(
    ("texts", "version", "source"),
    [
        ({".python-version": "3.12.4\n"}, "3.12", ".python-version"),
        ({"runtime.txt": "python-3.11.9\n"}, "3.11", "runtime.txt"),
        ({"Pipfile": '[requires]\npython_version = "3.11"\n'}, "3.11", "Pipfile"),
        ({"Dockerfile": "# a\nFROM python:3.12-slim AS base\n"}, "3.12", "Dockerfile:2"),
        ({"docker/dev/web/Dockerfile": "FROM python:3.12-alpine\n"}, "3.12", "docker/dev/web/Dockerfile:1"),
        ({"Dockerfile": "FROM ghcr.io/astral-sh/uv:python3.12-bookworm-slim\n"}, "3.12", "Dockerfile:1"),
        (
            {".github/workflows/ci.yml": "  matrix:\n    python-version: ['3.10', '3.12', \"3.11\"]\n"},
            "3.12",
            ".github/workflows/ci.yml",
        ),
        ({".gitlab-ci.yml": "image: python:3.11-slim\n"}, "3.11", ".gitlab-ci.yml"),
        ({"tox.ini": "[tox]\nenvlist = py310, py312\n"}, "3.12", "tox.ini"),
        ({".python-version": "3.12", "Dockerfile": "FROM python:3.13\n"}, "3.12", ".python-version"),
        ({"Dockerfile": "FROM node:20\n"}, "3.14", "the newest that Django 5.2 runs on"),
        ({}, "3.14", "the newest that Django 5.2 runs on"),
    ],
)
def test_what_says_the_version(texts: dict[str, str], version: str, source: str) -> None:
    """Each place that people name their Python in is read, the most telling one first; else it is the newest."""
    chosen = choose(texts, "django==5.2.1")
    assert (chosen.version, chosen.evidence, chosen.conflicts) == (version, source, ())


def test_a_range_is_kept() -> None:
    """The newest Python of a range is taken, in the standard's words and in Poetry's."""
    assert choose({"pyproject.toml": '[project]\nrequires-python = ">=3.10,<3.13"\n'}, "django==5.2").version == "3.12"
    poetry = '[tool.poetry.dependencies]\npython = "~3.11"\n'
    assert choose({"app/pyproject.toml": poetry}, "django==5.2", folder="app").version == "3.11"


@pytest.mark.parametrize(
    ("line", "newest"),
    [
        ("django==1.11.29", "3.9"),
        ("django==2.2.11", "3.9"),
        ("django==3.0.5", "3.9"),
        ("django==3.2.6", "3.11"),
        ("django==4.1.4", "3.11"),
        ("django==4.2.9", "3.12"),
        ("django==6.1", "3.14"),
        ("django>=4.2", "3.14"),
        ("flask==1.0", "3.14"),
    ],
)
def test_django_bounds_python(line: str, newest: str) -> None:
    """Old Django gets the newest Python that it runs on; before 3.1 that is the last one of the driver it needs."""
    assert choose({}, line).version == newest


def test_old_pins_bound_python() -> None:
    """A pin from before a Python was released has no wheel for it."""
    chosen = choose({}, "django==4.2.9", "pillow==9.3.0")
    assert chosen.version == "3.11"
    assert chosen.candidates[0] == (3, 11)
    assert "pins" in chosen.evidence
    assert choose({"Dockerfile": "FROM python:3.12\n"}, "django==4.2.9", "pillow==9.3.0").version == "3.12"


def test_conflicts_are_told() -> None:
    """What cannot be had is named with its place and the reason; the nearest that works is taken."""
    chosen = choose({"Pipfile": '[requires]\npython_version = "3.7"\n'}, "django==2.2.11")
    assert chosen.conflicts == ("Pipfile asks for Python 3.7, which does not fit.",)
    chosen = choose({".python-version": "3.13"}, "django==4.1.4")
    assert chosen.version == "3.11"
    assert chosen.conflicts == (".python-version asks for Python 3.13, which Django 4.1 does not run on.",)
    chosen = choose({"pyproject.toml": '[project]\nrequires-python = ">=3.14"\n'}, "django==4.2")
    assert "asks for Python >=3.14" in chosen.conflicts[0]
    assert chosen.version == "3.12"


def test_others_are_offered_the_nearest_first() -> None:
    """Where the wished version is not on the machine, the one beside it comes next."""
    chosen = choose({".python-version": "3.12"}, "django==5.2")
    assert chosen.is_exact
    assert chosen.candidates == ((3, 12), (3, 13), (3, 11), (3, 14), (3, 10))


def test_a_django_that_is_too_old_is_refused() -> None:
    """The message names Django and the Pythons that it runs on."""
    with pytest.raises(Problem, match=r"Django 1\.10 runs on Python 3\.4 to 3\.6"):
        choose({}, "django==1.10.5")


@pytest.mark.parametrize(
    ("lines", "django", "python", "requirement"),
    [
        ((), (5, 2), (3, 13), "psycopg[binary]>=3.1"),
        ((), (4, 2), (3, 9), "psycopg[binary]>=3.1,<3.3"),
        ((), None, (3, 13), "psycopg[binary]>=3.1"),
        ((), (4, 1), (3, 11), "psycopg2-binary>=2.9"),
        ((), (3, 0), (3, 9), "psycopg2-binary>=2.8.6,<2.9"),
        (("psycopg2",), (5, 2), (3, 13), None),
        (("psycopg2-binary==2.8.4",), (2, 2), (3, 8), None),
        (("psycopg",), (5, 2), (3, 13), None),
        (("mysqlclient",), (5, 2), (3, 13), "psycopg[binary]>=3.1"),
    ],
)
def test_the_driver(lines: tuple[str, ...], django: Version | None, python: Version, requirement: str | None) -> None:
    """psycopg 3 from Django 4.2 on, psycopg2 before, 2.8 before 3.1; a driver that is declared stays."""
    assert driver.requirement([dependency(line) for line in lines], django, python) == requirement


def test_images_of_debian() -> None:
    """The last image of a Python decides the Debian release."""
    assert [compatibility.debian(version) for version in ((3, 7), (3, 8), (3, 9), (3, 14))] == [
        *("bookworm", "bookworm", "trixie", "trixie"),
    ]
