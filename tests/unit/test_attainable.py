"""Versions that this machine cannot get give way to those that it can; what a person or djdock has written stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from djdock import state
from djdock.commands import attainable
from djdock.compose import availability, images
from djdock.machine import postgres
from djdock.project import facts as project_facts
from djdock.project.docker_files import FIRST_LINE
from djdock.project.facts import Facts

PROJECT = {
    "manage.py": 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "site1.settings")\n',
    "site1/settings.py": 'DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db"}}\n',
    "requirements.txt": "django==5.2.1\n",
    "Dockerfile": "FROM python:3.12-slim\n",
    "docker-compose.yml": "services:\n  db:\n    image: postgres:15\n",
}
HERE = {"postgres:18-trixie", "postgres:16-trixie", "python:3.13-slim-trixie", "python:3.11-slim-trixie"}


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stands in for a Docker engine with some images, no registry, and a machine with one PostgreSQL."""
    monkeypatch.setattr(availability, "obstacle", lambda: None)
    monkeypatch.setattr(images, "can_have", HERE.__contains__)
    monkeypatch.setattr(images, "is_here", HERE.__contains__)
    monkeypatch.setattr(postgres, "can_have", lambda major: major == 18)


def settled(root: Path, engine: str | None = None, **changed: str) -> tuple[Facts, Facts]:
    for path, text in {**PROJECT, **changed}.items():
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_text(text)
    facts = project_facts.read_folder(root)
    return facts, attainable.settle(root, facts, engine)


def versions(facts: Facts) -> tuple[str | None, int | None]:
    return (facts.python.value if facts.python else None), (facts.postgres.value if facts.postgres else None)


def test_images_that_cannot_be_pulled(tmp_path: Path) -> None:
    """The nearest Python that fits and PostgreSQL's default are taken, and the reason says instead of what."""
    before, after = settled(tmp_path)
    assert versions(before) == ("3.12", 15)
    assert versions(after) in {("3.13", 18), ("3.11", 18)}
    assert after.python is not None
    assert after.python.source == "the image for 3.12 is not on this machine and cannot be pulled; Dockerfile:1"
    assert after.pythons.candidates[0] == tuple(map(int, after.pythons.version.split(".")))
    assert sorted(after.pythons.candidates) == sorted(before.pythons.candidates)
    assert after.postgres is not None
    assert "the image for 15 is not on this machine and cannot be pulled; docker-compose.yml" in after.postgres.source


def test_images_that_are_there(tmp_path: Path) -> None:
    """What can be had is taken as the project says it."""
    changed = {"Dockerfile": "FROM python:3.11\n", "docker-compose.yml": "services: {db: {image: 'postgres:16'}}\n"}
    before, after = settled(tmp_path, **changed)
    assert after == before


def test_nothing_else_is_there_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no other version can be had, the wish stays, and Docker says what is missing."""
    monkeypatch.setattr(images, "can_have", lambda _name: False)
    monkeypatch.setattr(images, "is_here", lambda _name: False)
    before, after = settled(tmp_path)
    assert after == before


def test_what_djdock_keeps_stays(tmp_path: Path) -> None:
    """The version in djdock's own compose file is that of data which are there, whatever can be pulled today."""
    own = f"{FIRST_LINE}\nservices:\n  db:\n    image: postgres:15-trixie\n"
    before, after = settled(tmp_path, **{"compose.djdock.yaml": own})
    assert versions(before)[1] == versions(after)[1] == 15


def test_a_dockerfile_of_djdocks_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry is asked once, and not on every run: what the Dockerfile begins with was to be had."""
    asked: list[str] = []

    def can_have(name: str) -> bool:
        asked.append(name)
        return True

    monkeypatch.setattr(images, "can_have", can_have)
    settled(tmp_path, Dockerfile=f"{FIRST_LINE}\nFROM python:3.12-slim-trixie AS base\n")
    assert not [name for name in asked if name.startswith("python")]
    settled(tmp_path)
    assert "python:3.12-slim-trixie" in asked


def test_what_a_person_has_said_stays(tmp_path: Path) -> None:
    """An explicit version is met or refused, never replaced."""
    before, after = settled(tmp_path, **{"djdock.toml": 'python = "3.12"\npostgres = 15\n'})
    assert versions(before) == versions(after) == ("3.12", 15)


def test_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A front end is built with the newest Node that is here, where its own cannot be had, and only then."""
    scripts = '{"scripts": {"build": "vite build"}, "devDependencies": {"vite": "5"}}'
    facts, _after = settled(
        tmp_path, **{"package.json": scripts, "vite.config.js": "", "requirements.txt": "django\ndjango-vite\n"}
    )
    assert attainable.node(tmp_path, facts, "docker") == ""
    monkeypatch.setattr(images, "is_here", lambda name: name == "node:20-trixie-slim")
    assert attainable.node(tmp_path, facts, "docker") == "20"
    assert attainable.node(tmp_path, facts, "embedded") == ""
    monkeypatch.setattr(images, "can_have", lambda _name: True)
    assert attainable.node(tmp_path, facts, "docker") == ""


@pytest.mark.parametrize("known", ["", "embedded"])
def test_without_docker(tmp_path: Path, known: str) -> None:
    """The embedded engine looks at what this machine has; images say nothing to it, also on a second run."""
    (tmp_path / ".djdock").mkdir()
    if known:
        state.save(tmp_path, state.State(engine=known))
    _before, after = settled(tmp_path, None if known else "embedded")
    assert versions(after) == ("3.12", 18)
    assert after.postgres is not None
    assert "is not on this machine" in after.postgres.source
