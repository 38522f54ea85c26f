"""Tests of what is made of the migrations that a SQLite file has seen."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from djdock.errors import Problem
from djdock.transfer import migrations
from djdock.transfer.migrations import Difference, Origin, compare
from djdock.transfer.models import Migrations, Models

SQUASH = {"a.0001_squashed_0003_z": ("a.0001_x", "a.0002_y", "a.0003_z")}


def project(*names: str, replaces: Mapping[str, tuple[str, ...]] | None = None) -> Migrations:
    """The migrations of a project."""
    return Migrations(disk=frozenset(names), replaces=replaces or {})


@pytest.mark.parametrize(
    ("seen", "there", "expected"),
    [
        (["a.0001_x"], project("a.0001_x"), Difference()),
        (["a.0001_x"], project("a.0001_x", "a.0002_y"), Difference(behind=("a.0002_y",))),
        (["a.0001_x", "a.0002_y"], project("a.0001_x"), Difference(ahead=("a.0002_y",))),
        (["a.0001_x", "gone.0001_x"], project("a.0001_x"), Difference(forgotten=("gone.0001_x",))),
        # Squashed, and what was squashed is still there, or not any more.
        (SQUASH["a.0001_squashed_0003_z"], project(*SQUASH, *SQUASH["a.0001_squashed_0003_z"], replaces=SQUASH),
         Difference()),
        (SQUASH["a.0001_squashed_0003_z"], project(*SQUASH, replaces=SQUASH), Difference()),
        (["a.0001_squashed_0003_z"], project(*SQUASH, *SQUASH["a.0001_squashed_0003_z"], replaces=SQUASH),
         Difference()),
        (["a.0001_x", "a.0002_y"], project(*SQUASH, replaces=SQUASH), Difference(behind=("a.0001_squashed_0003_z",))),
        (["a.0001_x", "a.0002_y"], project(*SQUASH, *SQUASH["a.0001_squashed_0003_z"], replaces=SQUASH),
         Difference(behind=("a.0003_z",))),
        ([], project(*SQUASH, replaces=SQUASH), Difference(behind=("a.0001_squashed_0003_z",))),
        # Squashed long ago, so that nothing tells any more what was replaced.
        ([*SQUASH["a.0001_squashed_0003_z"], "a.0001_squashed_0003_z"], project("a.0001_squashed_0003_z"),
         Difference(forgotten=SQUASH["a.0001_squashed_0003_z"])),
        # Each branch of the project's history has a second migration of its own.
        (["a.0001_x", "a.0002_theirs"], project("a.0001_x", "a.0002_ours"),
         Difference(behind=("a.0002_ours",), forgotten=("a.0002_theirs",))),
        # Names without numbers: what comes after all that is known is not known yet.
        (["a.first", "a.second"], project("a.first"), Difference(ahead=("a.second",))),
        (["a.first", "a.second"], project("a.second"), Difference(forgotten=("a.first",))),
    ],
)  # fmt: skip
def test_differences(seen: Sequence[str], there: Migrations, expected: Difference) -> None:
    """What is missing on either side is told; squashing, deleted apps and old names are no difference."""
    assert compare(seen, there, {"a"}) == expected


def test_squashes_of_squashes() -> None:
    """A squash that stands for another one counts as applied where the oldest migrations are."""
    replaces = {"a.s1": ("a.1", "a.2"), "a.s2": ("a.s1", "a.3")}
    assert compare(["a.1", "a.2", "a.3"], project("a.s2", "a.s1", replaces=replaces), {"a"}) == Difference()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A SQLite file that has seen two migrations of one app."""
    path = tmp_path / "db 100%.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE django_migrations (id INTEGER PRIMARY KEY, app TEXT, name TEXT, applied TEXT)")
        connection.execute("INSERT INTO django_migrations (app, name) VALUES ('a', '0001_x'), ('a', '0002_y')")
        connection.commit()
    return path


def test_a_file_that_is_behind_is_told_how_to_catch_up(file: Path) -> None:
    """The way out names the settings and the file as the project's own processes see it."""
    models = Models(migrations=project("a.0001_x", "a.0002_y", "a.0003_z"), installed=frozenset("a"))
    with pytest.raises(Problem) as raised:
        migrations.check(file, models, Origin("db.sqlite3", "shop.settings", "/app/db.sqlite3"))
    assert raised.value.details == "a.0003_z"
    assert "from shop.settings import *" in raised.value.hint
    assert "/app/db.sqlite3" in raised.value.hint


def test_a_file_of_another_project_is_doubted(file: Path) -> None:
    """Where the file has apps that nobody knows here, and none of those that it lacks, that is said; else it is not."""
    other = Models(migrations=project("b.0001_x"), installed=frozenset("b"))
    with pytest.raises(Problem) as raised:
        migrations.check(file, other, Origin("db.sqlite3"))
    assert "Is it this project's? It has apps that the project does not have: a." in raised.value.hint
    behind = Models(migrations=project("a.0001_x", "a.0002_y", "a.0003_z"), installed=frozenset("a"))
    with pytest.raises(Problem) as raised:
        migrations.check(file, behind, Origin("db.sqlite3"))
    assert "Is it" not in raised.value.hint


def test_code_that_is_behind_is_named(file: Path) -> None:
    """Rows of a newer schema are not pressed into an older one."""
    models = Models(migrations=project("a.0001_x"), installed=frozenset("a"))
    with pytest.raises(Problem, match="code is older") as raised:
        migrations.check(file, models, Origin("db.sqlite3"))
    assert raised.value.details == "a.0002_y"


def test_equal_states_are_silent(file: Path) -> None:
    """Where nothing differs nothing is said, and the file is not touched."""
    before = file.read_bytes()
    models = Models(migrations=project("a.0001_x", "a.0002_y"), installed=frozenset("a"))
    assert migrations.check(file, models, Origin("db.sqlite3")) == Difference()
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir()] == [file.name]
