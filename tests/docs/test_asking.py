"""Whom `init` asks: a person at a terminal, once, before files of the project change; and nobody else."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.docs import terminal
from tests.tools import DJDOCK, djdock

QUESTION = "Write these files?"
PROJECT = {
    "manage.py": 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "site1.settings")\n',
    "site1/settings.py": (
        'SECRET_KEY = "x"\nINSTALLED_APPS = []\n'
        'DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}}\n'
    ),
    "requirements.txt": "Django==5.2.8\n",
}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    for path, text in PROJECT.items():
        (tmp_path / "shop" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "shop" / path).write_text(text, encoding="utf-8")
    return tmp_path / "shop"


def init(folder: Path, *answer: str) -> str:
    """What `djdock init` shows to somebody who types an answer to its question; without one, none may be asked."""
    return terminal.run([DJDOCK, "init", "--no-run"], folder, answers=[(QUESTION, text) for text in answer]).out


def test_no_leaves_everything_as_it_is(shop: Path) -> None:
    """Who says no finds no byte changed, and is told so."""
    assert "Nothing was written." in init(shop, "n")
    assert {path: (shop / path).read_text(encoding="utf-8") for path in PROJECT} == PROJECT
    assert not (shop / "Dockerfile").exists()


def test_a_clone_that_lacks_only_its_env_file_is_not_asked_about(shop: Path) -> None:
    """A colleague clones the project and types one command: what is theirs alone is written without a question."""
    assert QUESTION in init(shop, "y")
    (shop / ".env").unlink()
    djdock("init", "--no-run", cwd=shop).ok()  # without a terminal it never was a question
    (shop / ".env").unlink()

    assert QUESTION not in init(shop)
    assert (shop / ".env").exists()


def test_a_clone_with_another_name_needs_nothing_else(shop: Path) -> None:
    """What is generated does not depend on the name of the folder: a clone differs in nothing from what is written."""
    djdock("init", "--yes", "--no-run", cwd=shop).ok()
    clone = shop.with_name("elsewhere")
    shutil.copytree(shop, clone, ignore=shutil.ignore_patterns(".env", ".djdock"))
    shown = djdock("init", "--dry-run", cwd=clone).ok().out

    assert [line.split()[:2] for line in shown.splitlines() if line.split()[0] in {"create", "change", "skip"}] == [
        ["create", ".env"]
    ]
