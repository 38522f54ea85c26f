"""Tests of which SQLite file is meant: none, one and several are three different answers."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from djdock.commands import sqlite_files
from djdock.errors import Problem
from djdock.project.facts import Facts, read_folder
from tests import projects

# Where the settings name no file: their database is PostgreSQL already.
ELSEWHERE = projects.FORMS["os.environ"]


def database(path: Path, *, rows: int = 1, wal: bool = False) -> Path:
    """A SQLite file that Django has migrated."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        if wal:
            connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE django_migrations (id INTEGER PRIMARY KEY, app TEXT, name TEXT)")
        connection.execute("INSERT INTO django_migrations (app, name) VALUES ('shop', '0001_initial')")
        connection.execute('CREATE TABLE "shop_""thing" (id INTEGER PRIMARY KEY AUTOINCREMENT)')
        connection.executemany('INSERT INTO "shop_""thing" VALUES (?)', [(number,) for number in range(rows)])
        connection.commit()
    return path


def shop(root: Path, texts: projects.Texts | None = None) -> Facts:
    """A project in a folder, and what is known of it."""
    projects.write(root, texts or projects.project(), git=False)
    return read_folder(root)


def test_the_one_that_is_named(tmp_path: Path) -> None:
    """A name on the command line wins over what the settings say, wherever it is."""
    facts = shop(tmp_path / "shop")
    database(tmp_path / "shop/db.sqlite3")
    named = database(tmp_path / "elsewhere/old.db")
    assert sqlite_files.find(tmp_path / "shop", facts, "default", named) == named


def test_the_one_of_the_settings(tmp_path: Path) -> None:
    """What the settings name wins over other files that lie about."""
    facts = shop(tmp_path)
    database(tmp_path / "backup.sqlite3")
    expected = database(tmp_path / "db.sqlite3")
    assert sqlite_files.find(tmp_path, facts, "default", None) == expected


def test_another_alias(tmp_path: Path) -> None:
    """Each database of the settings has its own file."""
    facts = shop(tmp_path, projects.FORMS["a second alias"])
    database(tmp_path / "a.sqlite3")
    expected = database(tmp_path / "b.sqlite3")
    assert sqlite_files.find(tmp_path, facts, "other", None) == expected


def test_an_alias_without_a_file(tmp_path: Path) -> None:
    """The file of one database is not taken for another one's, even where it is the only one."""
    facts = shop(tmp_path)
    database(tmp_path / "db.sqlite3")
    with pytest.raises(Problem, match="archive"):
        sqlite_files.find(tmp_path, facts, "archive", None)


def test_the_only_one(tmp_path: Path) -> None:
    """Where the settings name none any more, the only file that Django has used is meant; others do not count."""
    facts = shop(tmp_path, ELSEWHERE)
    (tmp_path / "notes.db").write_bytes(b"no database")
    with closing(sqlite3.connect(tmp_path / "cache.sqlite")) as connection:
        connection.execute("CREATE TABLE cache (key)")
    expected = database(tmp_path / "site.sqlite3")
    assert sqlite_files.find(tmp_path, facts, "default", None) == expected


def test_several(tmp_path: Path) -> None:
    """Two files are named, and none is taken."""
    facts = shop(tmp_path, ELSEWHERE)
    database(tmp_path / "new.sqlite3")
    database(tmp_path / "old.sqlite3")
    with pytest.raises(Problem, match="several") as raised:
        sqlite_files.find(tmp_path, facts, "default", None)
    assert "new.sqlite3" in raised.value.details
    assert "old.sqlite3" in raised.value.details


def test_none(tmp_path: Path) -> None:
    """Where there is none, that is said, with the name that the settings would have it by."""
    facts = shop(tmp_path)
    with pytest.raises(Problem, match=r"name db\.sqlite3, which is not there"):
        sqlite_files.find(tmp_path, facts, "default", None)


def test_one_outside_the_project(tmp_path: Path) -> None:
    """A file in a container's volume is not looked for here; how it gets here is said."""
    outside = projects.project(projects.SQLITE.replace('BASE_DIR / "db.sqlite3"', '"/data/nowhere/site.sqlite3"'))
    facts = shop(tmp_path, outside)
    with pytest.raises(Problem, match="outside the project") as raised:
        sqlite_files.find(tmp_path, facts, "default", None)
    assert "docker cp CONTAINER:/data/nowhere/site.sqlite3" in raised.value.hint


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "not there"), (b"", "it is empty"), (b"SQLite format 2\0", "no SQLite database"), ("other", "migrated")],
)
def test_what_is_none(tmp_path: Path, content: bytes | str | None, words: str) -> None:
    """A file that is missing, empty, of another kind or not Django's is told as what it is."""
    path = tmp_path / "file"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE other (id)")
    with pytest.raises(Problem, match=words):
        sqlite_files.checked(path)


@pytest.mark.parametrize("wal", [False, True])
def test_a_look_leaves_nothing_behind(tmp_path: Path, *, wal: bool) -> None:
    """The file and its folder are byte for byte as before, in both of SQLite's modes."""
    path = database(tmp_path / "db.sqlite3", wal=wal)
    before = path.read_bytes()
    assert sqlite_files.has_rows(sqlite_files.checked(path))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_rows_that_only_a_log_has_yet(tmp_path: Path) -> None:
    """Rows that another program has written to a WAL, and not yet to the file, are seen."""
    path = database(tmp_path / "db.sqlite3", rows=0, wal=True)
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("PRAGMA wal_autocheckpoint = 0")
        writer.execute('INSERT INTO "shop_""thing" VALUES (1)')
        writer.commit()
        assert sqlite_files.has_rows(path)


@pytest.mark.parametrize(("rows", "expected"), [(1, True), (0, False)])
def test_rows_worth_a_question(tmp_path: Path, rows: int, *, expected: bool) -> None:
    """What Django fills by itself, and SQLite's own tables, are no reason to ask anybody."""
    facts = shop(tmp_path)
    path = database(tmp_path / "db.sqlite3", rows=rows)
    assert sqlite_files.with_rows(tmp_path, facts) == (path if expected else None)


def test_what_cannot_be_read_is_no_reason_either(tmp_path: Path) -> None:
    """A broken file beside the project does not keep `init` from its work."""
    facts = shop(tmp_path)
    (tmp_path / "db.sqlite3").write_bytes(b"SQLite format 3\0 and then nothing that makes sense" * 40)
    assert sqlite_files.with_rows(tmp_path, facts) is None


def test_settings_that_were_changed_before(tmp_path: Path) -> None:
    """After `init --no-run` the settings name no file any more: the only one with rows is found all the same."""
    facts = shop(tmp_path, ELSEWHERE)
    path = database(tmp_path / "db.sqlite3")
    assert sqlite_files.with_rows(tmp_path, facts) is None
    assert sqlite_files.left_behind(tmp_path, facts) == path
    database(tmp_path / "other.sqlite3")
    assert sqlite_files.left_behind(tmp_path, facts) is None


@pytest.mark.parametrize("wal", [False, True])
def test_what_is_written_meanwhile_is_noticed(tmp_path: Path, *, wal: bool) -> None:
    """A row that somebody writes changes the stamp, in both of SQLite's modes; reading does not."""
    path = database(tmp_path / "db.sqlite3", wal=wal)
    before = sqlite_files.stamp(path)
    with closing(sqlite3.connect(path)) as other:
        other.execute("SELECT * FROM django_migrations").fetchall()
        assert sqlite_files.stamp(path) == before
        other.execute('INSERT INTO "shop_""thing" VALUES (77)')
        other.commit()
        assert sqlite_files.stamp(path) != before
