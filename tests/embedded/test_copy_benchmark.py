"""The benchmark of copies, for real, on few rows: the file, the reference, who copies, and the look at what is left."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest

import benchmarks
from benchmarks.copying import dataset, installation, meter, reference, server, turns, verification
from benchmarks.copying.contenders import fixtures, limit, psql
from benchmarks.copying.dataset import Dataset
from benchmarks.copying.installation import Installation
from benchmarks.copying.meter import Command
from benchmarks.copying.server import Server
from benchmarks.copying.turns import Arena
from benchmarks.copying.verification import Expected
from benchmarks.place import workplace
from djdock.project.environment import Database
from tests import tools

pytestmark = pytest.mark.embedded

ROWS = 2_000
# Every object goes through its fields' own checks. Of each table: its rows, and a fingerprint of what Django reads.
READ = """\
import hashlib, json
from django.apps import apps
found = {}
for model in apps.get_models(include_auto_created=True):
    values = hashlib.sha256()
    fields = model._meta.concrete_fields
    for item in model._base_manager.order_by("pk").iterator():
        row = [getattr(item, field.attname) for field in fields]
        item.clean_fields(exclude=[field.name for field, value in zip(fields, row) if value is None])
        row = [bytes(value) if isinstance(value, memoryview) else value for value in row]
        row = [json.dumps(value, sort_keys=True) if isinstance(value, dict) else value for value in row]
        values.update(repr(row).encode())
    found[model._meta.db_table] = [model._base_manager.count(), values.hexdigest()]
print(json.dumps(found))
"""
Found = dict[str, tuple[int, str]]


def read(project: Installation, url: str) -> Found:
    """What Django reads of a database."""
    told = project.manage("shell", "--no-imports", "--command", READ, url=url).splitlines()[-1]
    found: Found = json.loads(told)
    return found


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with workplace() as made:
        yield made


@pytest.fixture(scope="module")
def project(folder: Path) -> Installation:
    return installation.install(folder / "files" / "project")


@pytest.fixture(scope="module")
def rows(project: Installation, folder: Path) -> Dataset:
    return dataset.make(project, folder / "files", ROWS)


@pytest.fixture(scope="module")
def running(project: Installation, folder: Path) -> Iterator[Server]:
    with server.running(folder / "server", project) as made:
        yield made


@pytest.fixture(scope="module")
def right(running: Server, rows: Dataset) -> Iterator[Expected]:
    """What a right copy comes to."""
    with running.fresh("right_copy") as database:
        reference.make(rows.file, database)
        yield verification.expect(database)


@contextmanager
def wrong(running: Server, rows: Dataset, *statements: str) -> Iterator[Database]:
    """A right copy, after some statements."""
    with running.fresh("wrong") as database:
        reference.make(rows.file, database)
        with psycopg.connect(database.url) as connection:
            for statement in statements:
                connection.execute(statement.encode())
        yield database


def test_django_reads_the_file_and_the_reference_alike(project: Installation, rows: Dataset, right: Expected) -> None:
    """The rows are a project's, none is refused by its fields, and what others are held against is right itself."""
    source = read(project, installation.sqlite_url(rows.file))
    assert sum(count for count, _digest in source.values()) > ROWS
    assert all(count for count, _digest in source.values())
    assert read(project, right.reference.url) == source


def test_the_file_is_sound_and_comes_out_the_same_again(project: Installation, rows: Dataset, tmp_path: Path) -> None:
    """No key leads nowhere, no index is missing, and the same code makes the same rows on another day."""
    again = dataset.make(project, tmp_path, ROWS)
    digests = set()
    for made in (rows, again):
        with closing(sqlite3.connect(made.file)) as connection:
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            digests.add(hashlib.sha256("\n".join(connection.iterdump()).encode()).hexdigest())
    assert len(digests) == 1
    before = again.file.stat().st_mtime_ns
    assert dataset.make(project, tmp_path, ROWS).file.stat().st_mtime_ns == before, "it is there, and is kept"


def test_the_schema_is_as_varied_as_it_is_said_to_be(right: Expected) -> None:
    """Keys of three kinds, circles, partial indexes: what makes the order of copying matter."""
    found = right.schema
    assert len(found.tables) >= 16
    assert len(found.indexes) >= 58
    foreign = {(constraint.table, constraint.definition.split("REFERENCES ")[1].split("(")[0]) for constraint in
               found.of_kind("f")}  # fmt: skip
    assert {("shop_category", "shop_product"), ("shop_product", "shop_category")} <= foreign
    assert {("blog_post", "blog_comment"), ("blog_comment", "blog_post")} <= foreign
    assert {("shop_category", "shop_category"), ("blog_comment", "blog_comment")} <= foreign
    assert sum(" WHERE " in index.definition for index in found.indexes) == 2
    assert {"uuid", "inet", "interval", "jsonb", "bytea", "numeric", "double precision", "smallint", "bigint"} <= {
        kind for columns in found.tables.values() for kind in columns.values()
    }


def test_those_who_copy(project: Installation, running: Server, rows: Dataset, folder: Path) -> None:
    """The limit and psql leave nothing wrong; Django's own way loses microseconds, and is found out."""
    arena = Arena(project, running, folder, cap=300)
    results = {found.contender.NAME: found for found in turns.take(arena, rows, [psql, limit, fixtures], runs=2)}
    assert [(found.failure, len(found.attempts)) for found in results.values()] == [("", 2), ("", 2), ("", 1)]
    assert results["psql"].faults == results["limit"].faults == []
    (fault,) = results["fixtures"].faults
    assert fault.startswith("wrong values in ")
    attempt = results["fixtures"].attempts[0]
    assert attempt.objects > ROWS / 2
    assert attempt.cost.seconds == pytest.approx(attempt.parts["dumpdata"] + attempt.parts["loaddata"])
    for found in results.values():
        assert found.median(lambda cost: cost.server) > 0
        assert found.median(lambda cost: cost.wal) > 1_000_000


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("DELETE FROM blog_post_tags WHERE id = 7", "blog_post_tags: 159 of 160 rows"),
        ("UPDATE shop_order SET delivery = delivery * 1.000001 WHERE id = 1", ""),
        ("UPDATE blog_comment SET text = text || ' ' WHERE id = 3", "wrong values in blog_comment.text"),
        (
            "UPDATE shop_orderline SET quantity = (3 - id) + 1 WHERE id IN (1, 2)",
            "wrong values in shop_orderline.quantity",
        ),
        ("SELECT setval('blog_tag_id_seq', 3)", "1 of 16 sequences would give keys that are taken"),
        ("ALTER TABLE blog_post DROP CONSTRAINT blog_post_slug_key", "indexes"),
        ("DROP INDEX shop_order_open", "1 of 63 indexes missing or changed"),
        ("CREATE INDEX one_more ON blog_tag (name)", "1 indexes that Django did not make"),
    ],
)
def test_what_is_wrong_is_found(running: Server, rows: Dataset, right: Expected, statement: str, told: str) -> None:
    """A row, a value, a sequence, a key or an index: a contender that loses one is not shown as right."""
    with wrong(running, rows, statement) as database:
        found = verification.faults(database, right)
        assert found
        assert told in "; ".join(found)


def test_a_foreign_key_that_is_gone_is_found(running: Server, rows: Dataset, right: Expected) -> None:
    """One that is there but was never checked counts as gone."""
    key = right.schema.of_kind("f")[0]
    again = f'ALTER TABLE "{key.table}" ADD CONSTRAINT "{key.name}" {key.definition} NOT VALID'
    drop = f'ALTER TABLE "{key.table}" DROP CONSTRAINT "{key.name}"'
    for statements in ((drop,), (drop, again)):
        with wrong(running, rows, *statements) as database:
            (found,) = verification.faults(database, right)
            assert found == f"1 of {len(right.schema.of_kind('f'))} foreign keys missing or changed"


def test_nothing_is_wrong_where_nothing_is(running: Server, rows: Dataset, right: Expected) -> None:
    """The reference made again agrees with itself, and a database without rows is short of all of them."""
    with wrong(running, rows) as database:
        assert verification.faults(database, right) == []
        assert verification.missing_rows(database, rows.file) == []
    with running.fresh("empty") as database:
        assert "auth_user: 0 of 20 rows" in verification.faults(database, right)
        assert "auth_user: 0 of 20 rows" in verification.missing_rows(database, rows.file)


def test_what_a_program_takes(running: Server, tmp_path: Path) -> None:
    """Time, memory and the server's work are those of the program, and one that takes too long is ended."""
    python, psql_program = shutil.which("python3"), running.bin / "psql"
    assert python
    hungry = "import time; x = b'x' * 100_000_000; time.sleep(0.3)"
    ended = meter.run(running, Command((python, "-c", hungry), tmp_path))
    assert ended.code == 0
    assert 100e6 < ended.cost.own_memory == ended.cost.memory < 150e6
    assert 0.3 < ended.cost.seconds < 5
    count = "SELECT count(*) FROM generate_series(1, 3000000)"
    url = running.database(server.TEMPLATE).url
    ended = meter.run(running, Command((psql_program, "-Atc", count, url), tmp_path))
    assert ended.output == "3000000\n"
    assert ended.cost.server > 0.05
    assert ended.cost.client < ended.cost.server
    ended = meter.run(running, Command((python, "-c", "import time; time.sleep(60)"), tmp_path, limit=0.5))
    assert ended.code is None
    assert ended.cost.seconds < 10


def test_contenders_are_nobody_but_the_owner(running: Server) -> None:
    """What works for them works with the rights that a project has on a hosted database."""
    with psycopg.connect(running.database(server.TEMPLATE).url) as connection:
        row = connection.execute("SELECT rolsuper OR rolcreatedb FROM pg_roles WHERE rolname = current_user").fetchone()
    assert row == (False,)


def test_the_command(project: Installation, rows: Dataset, folder: Path) -> None:
    """It prints a table, keeps the files that it has made, and leaves nothing else: neither databases nor a server."""
    files, place = rows.file.parent, folder / "place"
    place.mkdir()
    before = {*files.iterdir(), dataset.make(project, files, 0).file}
    words = ("copy", "--rows", str(ROWS), "--contenders", "limit", "--runs", "1", "--files", files, "--place", place)
    done = tools.run((sys.executable, "-m", "benchmarks", *words), Path(benchmarks.__file__).parents[1]).ok()
    assert "### From SQLite to PostgreSQL\n" in done.out
    assert "**2,000 rows, 1.5 MB of SQLite**" in done.out
    (line,) = (line for line in done.out.splitlines() if line.startswith("| the limit"))
    assert line.rstrip(" |").endswith("| nothing")
    assert str(files) not in done.out
    assert set(files.iterdir()) == before
    assert list(place.iterdir()) == []
