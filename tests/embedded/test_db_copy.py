"""`djdock db copy` as a person types it: a project with rows in SQLite, on PostgreSQL without Docker."""

from __future__ import annotations

import json
import shlex
import sqlite3
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from tests import projects, tools
from tests.embedded.machine import query
from tests.terminal import Terminal
from tests.tools import DJDOCK, Done, Project, tree

pytestmark = pytest.mark.embedded

MODELS = """\
from django.db import models


class Thing(models.Model):
    name = models.CharField(max_length=10)
    price = models.DecimalField(max_digits=8, decimal_places=2, default=0)
    parent = models.ForeignKey("self", models.CASCADE, null=True)
"""
MIGRATION = """\
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    operations = [
        migrations.CreateModel(
            "Thing",
            [
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=10)),
                ("price", models.DecimalField(decimal_places=2, default=0, max_digits=8)),
                ("parent", models.ForeignKey("things.thing", models.CASCADE, null=True)),
            ],
        ),
        migrations.CreateModel(
            "Made", [("id", models.BigAutoField(primary_key=True)), ("name", models.CharField(max_length=10))]
        ),
        migrations.RunPython(lambda apps, _editor: apps.get_model("things", "Made").objects.create(name="by migrate")),
    ]
"""
LATER = """\
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("things", "0001_initial")]
    operations = [migrations.AddField("thing", "extra", models.IntegerField(default=1))]
"""
MADE = """

class Made(models.Model):
    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=10)
"""
LEGACY = """\
class Legacy(models.Model):
    id = models.BigAutoField(primary_key=True)

    class Meta:
        managed = False
        db_table = "legacy"
"""
ROWS = 500
COUNT = "SELECT count(*) FROM things_thing"
TEXTS = {
    **projects.project(),
    "shop/settings.py": projects.settings().replace('contenttypes"]', 'contenttypes", "things"]'),
    "things/__init__.py": "",
    "things/models.py": MODELS + MADE,
    "things/migrations/__init__.py": "",
    "things/migrations/0001_initial.py": MIGRATION,
}
MIGRATE = ["uv", "run", "--quiet", "--no-project", "--with", "Django==5.2.8", "python", "manage.py", "migrate"]


def begin(root: Path) -> Project:
    """A project on SQLite, as a tutorial leaves it: migrated by itself, with rows and no djdock."""
    root.mkdir()
    projects.write(root, TEXTS)
    tools.run([DJDOCK.with_name("uv"), *MIGRATE[1:]], root).ok()
    with closing(sqlite3.connect(root / "db.sqlite3")) as connection:
        rows = [(number, f"thing {number}", number + 0.25) for number in range(1, ROWS + 1)]
        connection.executemany("INSERT INTO things_thing (id, name, price) VALUES (?, ?, ?)", rows)
        connection.commit()
    return Project(root)


@pytest.fixture(scope="module")
def shop() -> Iterator[Project]:
    """A project whose rows `up --yes` has copied. Tests that share it leave its rows as they found them."""
    with tools.workspace(docker=False) as folder:
        project = begin(folder / "shop")
        project.up("embedded", "--yes", "--port", str(tools.free_port()))
        yield project


@pytest.fixture
def elsewhere(shop: Project) -> Iterator[str]:
    """The URL of an empty database of an ordinary user's, on the server of the project."""
    own = shop.env()["DATABASE_URL"]
    names = [sql.Identifier(name) for name in ("far", "tom")]
    with psycopg.connect(own, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'p@ss w0rd'").format(names[1]))
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(*names))
        yield f"postgres://tom:p%40ss%20w0rd@127.0.0.1:{connection.info.port}/far?sslmode=prefer"
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(names[0]))
        connection.execute(sql.SQL("DROP ROLE {}").format(names[1]))


def copy(project: Project, *arguments: str, **options: Any) -> Done:
    """Runs `djdock db copy`."""
    return project.djdock("db", "copy", *arguments, **options)


def databases(project: Project) -> list[str]:
    """The databases of a project's server."""
    return query(project, "SELECT datname FROM pg_database ORDER BY 1").splitlines()


def test_up_takes_the_rows_along(shop: Project) -> None:
    """A project that began on SQLite has all its rows on PostgreSQL after one command, and goes on counting there."""
    assert query(shop, COUNT) == str(ROWS)
    assert query(shop, "SELECT price FROM things_thing WHERE id = 7") == "7.25"
    assert query(shop, "INSERT INTO things_thing (name, price) VALUES ('next', 1) RETURNING id") == str(ROWS + 1)
    query(shop, "DELETE FROM things_thing WHERE name = 'next'")


def test_what_is_there_is_not_replaced_unasked(shop: Project) -> None:
    """A target with rows is refused, with what it holds; what migrations make by themselves does not count."""
    done = copy(shop)
    assert done.code == 1
    assert f"things_thing: {ROWS}" in done.problem()
    assert "things_made" not in done.problem()
    assert "--into-nonempty" in done.problem()
    assert databases(shop) == ["postgres", "shop", "template0", "template1"]


def test_nobody_is_there_to_ask(shop: Project) -> None:
    """Where there is no terminal, rows are replaced only with --yes."""
    assert "--yes" in copy(shop, "--into-nonempty").problem()


def test_what_is_replaced_can_be_put_back(shop: Project) -> None:
    """With --into-nonempty a dump is written first, and the command that is shown puts it back."""
    query(shop, "INSERT INTO things_thing (id, name, price) VALUES (9000, 'mine', 1)")
    done = copy(shop, "--into-nonempty", "--yes").ok()
    assert query(shop, COUNT) == str(ROWS)

    [line] = [line for line in done.err.splitlines() if "To put back" in line]
    tools.run(["sh", "-c", f"PATH={DJDOCK.parent}:$PATH; {line.partition(': ')[2]}"], shop.root).ok()
    assert query(shop, "SELECT name FROM things_thing WHERE id = 9000") == "mine"
    query(shop, "DELETE FROM things_thing WHERE id = 9000")


def test_a_person_is_asked_before_rows_go(shop: Project) -> None:
    """At a terminal the question names how much would be replaced, and no changes nothing."""
    with Terminal([DJDOCK, "db", "copy", "--into-nonempty"], shop.root) as terminal:
        terminal.expect(f"Replace {ROWS} rows in 1 table?")
        terminal.type("n\r")
        assert terminal.code() == 1
    assert query(shop, COUNT) == str(ROWS)


def test_a_dry_run_changes_nothing(shop: Project) -> None:
    """A dry run looks at every value and leaves the rows, the databases and the file as they are."""
    before = (shop.root / "db.sqlite3").read_bytes()
    assert f"{ROWS} " in copy(shop, "--dry-run").ok().out
    assert (shop.root / "db.sqlite3").read_bytes() == before
    assert databases(shop) == ["postgres", "shop", "template0", "template1"]
    assert not list(shop.root.glob(".djdock/copies/*/*.sqlite3"))


def test_a_url_of_a_variable(shop: Project, elsewhere: str) -> None:
    """Another database is migrated and filled by its owner's rights alone, and no password is shown anywhere."""
    done = copy(shop, "--to", "TARGET", env={"TARGET": elsewhere}).ok()
    assert "p%40ss" not in done.all
    assert "p@ss" not in done.all
    assert "database far, user tom" in done.out
    with psycopg.connect(elsewhere) as connection:
        assert connection.execute(COUNT.encode()).fetchone() == (ROWS,)


def test_a_url_on_the_command_line(shop: Project, elsewhere: str) -> None:
    """A password that others can see in the list of processes is warned of; from standard input it is not seen."""
    assert "password on the command line" in copy(shop, "--to", elsewhere).ok().err
    done = copy(shop, "--to", "-", "--into-nonempty", "--yes", stdin=f"{elsewhere}\n").ok()
    assert "password" not in done.err


@pytest.mark.parametrize(
    "url",
    [
        "postgres://tom:secr@et@127.0.0.1/far",
        "postgres://tom:secr/et@127.0.0.1/far",
        "postgres://tom:secret@127.0.0.1/far?nonsense=1",
        "mysql://tom:secret@127.0.0.1/far",
    ],
)
def test_a_url_that_cannot_be_read(shop: Project, url: str) -> None:
    """What is wrong with a URL is told without a part of its password."""
    done = copy(shop, "--to", "TARGET", env={"TARGET": url})
    assert "The URL to copy to" in done.problem()
    assert "secr" not in done.all
    assert "et@" not in done.all


def test_values_that_do_not_fit(shop: Project, tmp_path: Path) -> None:
    """Each is named with its table, key, column and reason; all of them are in a file; nothing is changed."""
    dirty = tmp_path / "dirty.sqlite3"
    dirty.write_bytes((shop.root / "db.sqlite3").read_bytes())
    with closing(sqlite3.connect(dirty)) as connection:
        connection.execute("UPDATE things_thing SET name = 'much too long a name' WHERE id <= 30")
        connection.execute("UPDATE things_thing SET price = 'cheap' WHERE id = 77")
        connection.commit()
    done = copy(shop, str(dirty), "--into-nonempty", "--yes")
    assert done.code == 1
    assert "31 values cannot be copied as they are; 11 of them are above" in done.problem()
    assert "'cheap'" in done.out, "the only one of its kind is shown beside thirty of another"
    assert query(shop, "SELECT name FROM things_thing WHERE id = 1") == "thing 1"
    assert "is longer than its column: character varying(10)" in done.out
    assert "--on-error fix: cut to the length of its column" in done.out
    [report] = shop.root.glob(".djdock/copies/*/findings.csv")
    assert len(report.read_text().splitlines()) == 32

    told = copy(shop, str(dirty), "--into-nonempty", "--yes", "--on-error", "fix", "--json").ok()
    assert json.loads(told.out)["changes"] == 31
    assert query(shop, "SELECT name FROM things_thing WHERE id = 1") == "much too l"
    copy(shop, "--into-nonempty", "--yes").ok()


def test_by_hand(shop: Project, tmp_path: Path) -> None:
    """The statement that is shown for a value that no repair fits is one that shell and SQLite read."""
    models, dirty = shop.root / "things/models.py", tmp_path / "it's dirty.sqlite3"
    before = models.read_text()
    models.write_text(f"{before}\n\n{LEGACY}".replace('"legacy"', '"Old $things"'))
    dirty.write_bytes((shop.root / "db.sqlite3").read_bytes())
    with closing(sqlite3.connect(dirty)) as connection:
        connection.execute('CREATE TABLE "Old $things" (id varchar(9) PRIMARY KEY)')
        connection.execute("""INSERT INTO "Old $things" VALUES ('it''s')""")
        connection.commit()
    query(shop, 'CREATE TABLE "Old $things" (id bigint PRIMARY KEY)')
    try:
        problem = copy(shop, str(dirty), "--dry-run", "--unmanaged", "--on-error", "fix").problem()
    finally:
        models.write_text(before)
        query(shop, 'DROP TABLE "Old $things"')
    [command] = [line.partition("such as: ")[2] for line in problem.splitlines() if "By hand" in line]
    program, path, statement = shlex.split(command)
    assert (program, path) == ("sqlite3", str(dirty))
    with closing(sqlite3.connect(dirty)) as connection:
        assert connection.execute(statement.replace("…", "12")).rowcount == 1


def test_a_project_that_has_moved_on(shop: Project) -> None:
    """A file that lacks a migration is not copied into a newer schema, and that is seen before anything is migrated."""
    later = shop.root / "things/migrations/0002_later.py"
    later.write_text(LATER)
    try:
        for arguments in (("--dry-run",), ("--to", "TARGET")):
            problem = copy(shop, *arguments, env={"TARGET": shop.env()["DATABASE_URL"]}).problem()
            assert "things.0002_later" in problem
            assert "sqlite_settings.py" in problem
            assert "0002_later" not in query(shop, "SELECT string_agg(name, ' ') FROM django_migrations")
    finally:
        later.unlink()
    assert databases(shop) == ["postgres", "shop", "template0", "template1"]


def test_what_counts_as_seen_is_migrated(shop: Project, elsewhere: str, tmp_path: Path) -> None:
    """A file that has seen migrations of an app that is gone differs in nothing that counts: the target is migrated."""
    older = tmp_path / "older.sqlite3"
    older.write_bytes((shop.root / "db.sqlite3").read_bytes())
    with closing(sqlite3.connect(older)) as connection:
        connection.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('gone', '0001', '2020-01-01 00:00:00')"
        )
        connection.commit()
    copy(shop, str(older), "--to", "TARGET", env={"TARGET": elsewhere}).ok()
    with psycopg.connect(elsewhere) as connection:
        assert connection.execute(COUNT.encode()).fetchone() == (ROWS,)


def test_a_file_that_was_being_written(shop: Project, tmp_path: Path) -> None:
    """What a writer that was killed has left half done is told as that, with what takes it back."""
    torn = tmp_path / "torn.sqlite3"
    torn.write_bytes((shop.root / "db.sqlite3").read_bytes())
    program = (
        "import os, sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); "
        "c.execute('PRAGMA cache_size = 1'); c.execute('BEGIN'); "
        "c.execute('UPDATE things_thing SET name = name || hex(zeroblob(50))'); os._exit(0)"
    )
    tools.run([sys.executable, "-c", program, torn], tmp_path).ok()
    problem = copy(shop, str(torn), "--dry-run").problem()
    assert "torn.sqlite3-journal" in problem
    [command] = [line.rpartition(": ")[2] for line in problem.splitlines() if "quick_check" in line]
    _program, _path, pragma = shlex.split(command)
    with closing(sqlite3.connect(torn)) as connection:
        assert connection.execute(pragma).fetchone() == ("ok",)
    copy(shop, str(torn), "--dry-run").ok()


def test_unmanaged_models(shop: Project) -> None:
    """Their tables are left out and named with the option that takes them; at a terminal a person is asked."""
    models, file = shop.root / "things/models.py", shop.root / "db.sqlite3"
    before, rows = models.read_text(), file.read_bytes()
    models.write_text(f"{before}\n\n{LEGACY}")
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript("CREATE TABLE legacy (id integer PRIMARY KEY); INSERT INTO legacy VALUES (7)")
    query(shop, "CREATE TABLE legacy (id bigint PRIMARY KEY)")
    query(shop, "INSERT INTO legacy VALUES (1)")
    count = "SELECT string_agg(id::text, ' ') FROM legacy"
    try:
        told = copy(shop, "--into-nonempty", "--yes").ok()
        assert "skip  table legacy  (its model is unmanaged; --unmanaged copies it)" in told.out
        assert "legacy" not in copy(shop).problem(), "rows that nothing would replace are no reason to refuse"
        for answer, expected in (("n", "1"), ("y", "7")):
            with Terminal([DJDOCK, "db", "copy", "--into-nonempty"], shop.root) as terminal:
                terminal.expect("Django does not manage this table")
                terminal.type(f"{answer}\r")
                terminal.expect("A dump is written first")
                terminal.type("y\r")
                terminal.expect("To put back what was there")
                assert terminal.code() == 0
            assert query(shop, count) == expected
        assert "legacy: 1" in copy(shop, "--unmanaged").problem()
    finally:
        models.write_text(before)
        file.write_bytes(rows)
        query(shop, "DROP TABLE legacy")


def test_several_files(shop: Project) -> None:
    """Where two files could be meant, both are named and none is taken."""
    other = shop.root / "old.sqlite3"
    other.write_bytes((shop.root / "db.sqlite3").read_bytes())
    try:
        problem = copy(shop, "--dry-run").problem()
    finally:
        other.unlink()
    assert "db.sqlite3" in problem
    assert "old.sqlite3" in problem


def test_other_databases_of_the_settings(shop: Project) -> None:
    """A second database of the settings is made, migrated and filled; an alias that is none is told as such."""
    settings = shop.root / "shop/settings.py"
    before = settings.read_text()
    settings.write_text(f'{before}\nDATABASES["archive"] = {{**DATABASES["default"], "NAME": "archive"}}\n')
    try:
        copy(shop, "db.sqlite3", "--database", "archive").ok()
        with psycopg.connect(shop.env()["DATABASE_URL"], dbname="archive") as connection:
            assert connection.execute(COUNT.encode()).fetchone() == (ROWS,)
        assert "archive, default" in copy(shop, "db.sqlite3", "--database", "elsewhere").problem()
    finally:
        settings.write_text(before)
        query(shop, "DROP DATABASE IF EXISTS archive WITH (FORCE)")


def test_an_unknown_model(shop: Project) -> None:
    """A misspelt model stops everything, and names the one that is called much like it."""
    told = copy(shop, "--only", "things.thingy", "--into-nonempty", "--yes").problem()
    assert "things.thingy. Did you mean things.Thing?" in told
    assert "Did you mean" not in copy(shop, "--exclude", "auctions", "--dry-run").problem()


def test_only_some_models(shop: Project) -> None:
    """With --only the other tables keep their rows."""
    query(shop, "UPDATE things_made SET name = 'kept'")
    copy(shop, "--only", "things.Thing", "--into-nonempty", "--yes").ok()
    assert query(shop, "SELECT DISTINCT name FROM things_made") == "kept"
    query(shop, "UPDATE things_made SET name = 'by migrate'")


def test_what_a_killed_copy_has_left_goes(shop: Project) -> None:
    """A snapshot that nobody could remove any more is removed by the next copy; its report stays."""
    left = shop.root / ".djdock/copies/20200101-000000"
    left.mkdir(parents=True)
    for name in ("snapshot.sqlite3", "findings.sqlite3", "changed.jsonl"):
        (left / name).write_text("x")
    copy(shop, "--dry-run").ok()
    assert [path.name for path in left.iterdir()] == ["changed.jsonl"]


def test_rows_that_come_meanwhile_are_told(shop: Project, tmp_path: Path) -> None:
    """Who writes to the file while it is copied is told that those rows are not in PostgreSQL."""
    busy = tmp_path / "busy.sqlite3"
    busy.write_bytes((shop.root / "db.sqlite3").read_bytes())
    assert "meanwhile" not in copy(shop, str(busy), "--into-nonempty", "--yes").ok().err

    ended = threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(busy)) as connection:
            while not ended.wait(0.05):
                connection.execute("UPDATE things_thing SET price = price + 1 WHERE id = 1")
                connection.commit()

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        done = copy(shop, str(busy), "--into-nonempty", "--yes")
        ended.set()
        writing.result()
    assert "written to meanwhile" in done.ok().err
    copy(shop, "--into-nonempty", "--yes").ok()


def test_nothing_is_left_in_the_project(shop: Project) -> None:
    """All that copies have written into the project's folder is in .djdock."""
    before = tree(shop.root)
    copy(shop, "--dry-run").ok()
    assert tree(shop.root) == before


def test_up_asks_and_tells(workspace: Path) -> None:
    """At a terminal `up` asks before it copies; who says no is told the command that does it later, and that works."""
    project = begin(workspace / "shop")
    port = str(tools.free_port())
    with Terminal([DJDOCK, "up", "--engine", "embedded", "--port", port], project.root) as terminal:
        terminal.expect("Write these files?")
        terminal.type("y\r")
        terminal.expect("Copy the rows of db.sqlite3 to PostgreSQL?", timeout=120)
        terminal.type("n\r")
        terminal.expect("djdock db copy db.sqlite3")
        assert terminal.code() == 0
    assert query(project, COUNT) == "0"
    copy(project).ok()
    assert query(project, COUNT) == str(ROWS)


def test_up_asks_again_after_a_copy_that_failed(workspace: Path) -> None:
    """Who wanted the rows and could not have them is told why and asked again: an empty database is no success."""
    project = begin(workspace / "shop")
    with closing(sqlite3.connect(project.root / "db.sqlite3")) as connection:
        connection.execute("UPDATE things_thing SET name = 'much too long a name' WHERE id = 5")
        connection.commit()
    question = "Copy the rows of db.sqlite3 to PostgreSQL?"
    port = str(tools.free_port())
    with Terminal([DJDOCK, "up", "--engine", "embedded", "--port", port], project.root) as terminal:
        terminal.expect("Write these files?")
        terminal.type("y\r")
        terminal.expect(question, timeout=120)
        terminal.type("y\r")
        shown = terminal.expect("To go back to it: djdock undo")
        assert terminal.code() == 1
    assert "cut to the length of its column" in shown
    assert "djdock db copy db.sqlite3" in shown
    assert not list(project.root.glob(".djdock/copies/*/changed.jsonl")), "nothing was changed"

    with Terminal([DJDOCK, "up", "--port", port], project.root) as terminal:
        terminal.expect(question)
        terminal.type("n\r")
        terminal.expect("ready")
        assert terminal.code() == 0
    copy(project, "--on-error", "fix").ok()
    assert query(project, "SELECT name FROM things_thing WHERE id = 5") == "much too l"
    assert "db.sqlite3" not in project.up("embedded").all, "what was copied is not asked for again"


PAGES = """\
from django.db import DatabaseError, connection
from django.http import HttpResponse
from django.urls import path

from things.models import Thing


def counting(_request):
    Thing.objects.create(name="a visit")
    return HttpResponse("counted")


def careless(_request):
    try:
        connection.cursor().execute("SELECT 1 FROM nowhere")
    except DatabaseError:
        return HttpResponse(Thing.objects.count())


urlpatterns = [path("", careless if CARELESS else counting)]
"""


@pytest.mark.parametrize("careless", [False, True], ids=["a page that writes", "a page that survives an error"])
def test_pages_that_were_tried_leave_no_rows(workspace: Path, careless: bool) -> None:
    """What the project's own pages write while they are tried is not taken for rows that somebody would miss."""
    project = begin(workspace / "shop")
    (project.root / "shop/urls.py").write_text(PAGES.replace("CARELESS", str(careless)))
    done = project.up("embedded", "--yes", "--port", str(tools.free_port()))
    assert "not empty" not in done.err
    assert "(/ 200" in done.out
    assert int(query(project, COUNT)) >= ROWS, "the site itself may have been asked since"


def test_without_rows_nobody_is_asked(workspace: Path) -> None:
    """A file in which only Django's own rows are is not worth a question, nor a line."""
    project = begin(workspace / "shop")
    with closing(sqlite3.connect(project.root / "db.sqlite3")) as connection:
        connection.executescript("DELETE FROM things_thing; DELETE FROM things_made")
    done = project.up("embedded", "--yes", "--port", str(tools.free_port()))
    assert "db.sqlite3" not in done.all.replace('"NAME": BASE_DIR / "db.sqlite3"', "")


def test_a_stale_file_does_not_keep_a_project_from_coming_up(workspace: Path) -> None:
    """With --yes a copy that cannot be made is told, with the command for it, and the site comes up."""
    project = begin(workspace / "shop")
    (project.root / "things/migrations/0002_later.py").write_text(LATER)
    done = project.up("embedded", "--yes", "--port", str(tools.free_port()))
    assert "were not copied" in done.err
    assert "djdock db copy db.sqlite3" in done.err
    assert "ready" in done.out
