"""Tables of all shapes, and files in any state."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from benchmarks.copying.meter import Watch
from djdock.errors import Problem
from djdock.project.environment import Database
from djdock.transfer import snapshot
from djdock.transfer.job import Wish
from djdock.transfer.models import Field, Model, Models
from tests import transfers
from tests.embedded import databases
from tests.embedded.databases import make

pytestmark = pytest.mark.embedded

ODD_NAMES = [
    "Table",
    'quo"te',
    "per%cent %s",
    "dotted.name",
    "ünï cødé 漢",
    "select",
    "back\\slash",
    "{brace}",
    "it's",
    "?1 :a @b",
]


class Place:
    """A database, and a file."""

    def __init__(self, server: databases.Server, database: Database, folder: Path) -> None:
        self.server, self.database, self.path = server, database, folder / "db.sqlite3"

    def transfer(
        self, tables: list[str], *rows: str | tuple[str, Sequence[object]], on: list[str], **wish: Any
    ) -> transfers.Transfer:
        """Makes both sides, and looks at them."""
        with self.server.connect(self.database) as connection:
            make(connection, *on)
        transfers.file(self.path, *rows)
        told = transfers.models(tables)
        wanted = Wish(only=("app",), **wish)
        return transfers.prepare(self.path, lambda: self.server.connect(self.database), told, wanted)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the server says."""
        with self.server.connect(self.database) as connection:
            return connection.execute(query.encode()).fetchall()


@pytest.fixture
def place(server: databases.Server, database: Database, tmp_path: Path) -> Place:
    """An empty database, and room for a file."""
    return Place(server, database, tmp_path)


def test_odd_names(place: Place) -> None:
    """Tables and columns may be called anything."""
    columns = ", ".join('"{}" text'.format(name.replace('"', '""')) for name in ODD_NAMES)
    tables = ['"{}"'.format(name.replace('"', '""')) for name in ODD_NAMES]
    rows = []
    for table in tables:
        rows += [
            f"CREATE TABLE {table} (id integer PRIMARY KEY, {columns})",
            f"INSERT INTO {table} VALUES (1, {', '.join(['char(34) || char(37)'] * len(ODD_NAMES))})",
        ]
    on = [f"CREATE TABLE {table} (id bigint PRIMARY KEY, {columns})" for table in tables]
    place.transfer(ODD_NAMES, *rows, on=on).copy()
    for table in tables:
        [(_id, *values)] = place.rows(f"SELECT * FROM {table}")
        assert values == ['"%'] * len(ODD_NAMES)


@pytest.mark.parametrize("name", ["rowid", "_rowid_", "oid", "ROWID"])
def test_columns_that_hide_the_row_number(place: Place, name: str) -> None:
    """A column may have the name by which SQLite's own numbers are asked for."""
    rows = (f'CREATE TABLE t ("{name}" text, v integer)', "INSERT INTO t VALUES ('x', 1), ('x', 2), (NULL, 3)")
    place.transfer(["t"], *rows, on=[f'CREATE TABLE t ("{name}" text, v integer)']).copy()
    assert place.rows("SELECT * FROM t ORDER BY v") == [("x", 1), ("x", 2), (None, 3)]


def test_all_names_hidden(place: Place) -> None:
    """Where all three names are taken, the table is refused with a sentence."""
    columns = "rowid text, _rowid_ text, oid text"
    with pytest.raises(Problem):
        place.transfer(["t"], f"CREATE TABLE t ({columns})", on=[f"CREATE TABLE t ({columns})"])


def test_keys_of_all_kinds(place: Place) -> None:
    """Keys may be composite, texts, UUIDs, negative, far apart, or not there."""
    names = ["composite", "texts", "uuids", "sparse", "none"]
    place.transfer(
        names,
        "CREATE TABLE composite (a integer, b text, PRIMARY KEY (a, b))",
        "CREATE TABLE texts (code varchar(5) PRIMARY KEY)",
        "CREATE TABLE uuids (id char(32) PRIMARY KEY)",
        "CREATE TABLE sparse (id integer PRIMARY KEY)",
        "CREATE TABLE none (v integer)",
        "INSERT INTO composite VALUES (2, 'x'), (1, 'y'), (1, 'x')",
        "INSERT INTO texts VALUES ('b'), (''), ('a')",
        "INSERT INTO uuids VALUES ('00112233445566778899aabbccddeeff')",
        f"INSERT INTO sparse VALUES ({-(2**63) + 1}), (-5), (0), (7), ({2**62}), ({2**63 - 1})",
        "INSERT INTO none VALUES (1), (1), (NULL)",
        "DELETE FROM none WHERE rowid = 2",
        on=[
            "CREATE TABLE composite (a integer, b text, PRIMARY KEY (a, b))",
            "CREATE TABLE texts (code varchar(5) PRIMARY KEY)",
            "CREATE TABLE uuids (id uuid PRIMARY KEY)",
            "CREATE TABLE sparse (id bigint PRIMARY KEY)",
            "CREATE TABLE none (v integer)",
        ],
    ).copy()
    assert place.rows("SELECT * FROM composite ORDER BY 1, 2") == [(1, "x"), (1, "y"), (2, "x")]
    assert place.rows("SELECT * FROM sparse ORDER BY 1") == [
        *((-(2**63) + 1,), (-5,), (0,), (7,)),
        *((2**62,), (2**63 - 1,)),
    ]
    assert place.rows("SELECT count(*), count(v) FROM none") == [(2, 1)]


def test_the_least_row_number(place: Place) -> None:
    """The least number that a row can have is a row like any other."""
    place.transfer(
        ["t"],
        "CREATE TABLE t (id integer PRIMARY KEY)",
        f"INSERT INTO t VALUES ({-(2**63)}), (1)",
        on=["CREATE TABLE t (id bigint PRIMARY KEY)"],
    ).copy()
    assert place.rows("SELECT count(*) FROM t") == [(2,)]


def test_many_columns_and_none(place: Place) -> None:
    """A table has two hundred columns, or one row, or none."""
    wide = ", ".join(f"c{number} integer" for number in range(200))
    values = ", ".join(str(number) for number in range(200))
    transfer = place.transfer(
        ["wide", "empty"],
        f"CREATE TABLE wide ({wide})",
        "CREATE TABLE empty (v text)",
        f"INSERT INTO wide VALUES ({values})",
        "INSERT INTO wide (c7) VALUES (1)",
        on=[f"CREATE TABLE wide ({wide})", "CREATE TABLE empty (v text)", "INSERT INTO empty VALUES ('old')"],
    )
    assert {name: proven.rows for name, proven in transfer.copy().tables.items()} == {"wide": 2, "empty": 0}
    assert place.rows("SELECT * FROM wide ORDER BY c0 NULLS LAST LIMIT 1") == [tuple(range(200))]
    assert place.rows("SELECT count(*) FROM empty") == [(0,)]


def test_generated_columns(place: Place) -> None:
    """What both sides compute is computed anew."""
    generated = "v integer, doubled integer GENERATED ALWAYS AS (v * 2) STORED"
    place.transfer(
        ["t"],
        f"CREATE TABLE t (id integer PRIMARY KEY, {generated})",
        "INSERT INTO t (v) VALUES (1), (NULL), (3)",
        on=[f"CREATE TABLE t (id bigint PRIMARY KEY, {generated})"],
    ).copy()
    assert place.rows("SELECT doubled FROM t ORDER BY id") == [(2,), (None,), (6,)]


def test_what_is_not_copied(place: Place) -> None:
    """Tables without a model, views, triggers and virtual tables are listed; no trigger fires at repairs.

    What a virtual table keeps its content in is a part of it; a model's table may be called like such a part.
    """
    transfer = place.transfer(
        ["t", "search_post"],
        "CREATE TABLE t (id integer PRIMARY KEY, v integer, old text)",
        "CREATE TABLE stranger (v text)",
        "CREATE VIEW seen AS SELECT * FROM t",
        "CREATE TRIGGER loud BEFORE UPDATE ON t BEGIN SELECT raise(ABORT, 'a trigger'); END",
        "CREATE VIRTUAL TABLE search USING fts5(body)",
        "CREATE TABLE search_post (id integer PRIMARY KEY)",
        "INSERT INTO t VALUES (1, 'x', 'y')",
        "INSERT INTO search_post VALUES (5)",
        on=["CREATE TABLE t (id bigint PRIMARY KEY, v integer)", "CREATE TABLE search_post (id bigint PRIMARY KEY)"],
        on_error="fix",
    )
    left = {(one.kind, one.name) for one in transfer.flight.match.leftovers}
    assert left == {
        *(("column", "t.old"), ("table", "stranger"), ("view", "seen"), ("trigger", "loud")),
        ("virtual table", "search"),
    }
    transfer.copy()
    assert place.rows("SELECT * FROM t") == [(1, None)]
    assert place.rows("SELECT * FROM search_post") == [(5,)]


def test_a_table_that_each_database_has_in_a_form_of_its_own(place: Place) -> None:
    """Wagtail's search index is left out, with the command that fills it; of any other such table it is told."""
    own = "CREATE TABLE wagtailsearch_indexentry (id bigint PRIMARY KEY, title tsvector NOT NULL, words text NOT NULL)"
    transfer = place.transfer(
        ["t", "wagtailsearch_indexentry"],
        "CREATE TABLE t (id integer PRIMARY KEY)",
        "CREATE TABLE wagtailsearch_indexentry (id integer PRIMARY KEY, title text NOT NULL)",
        "INSERT INTO wagtailsearch_indexentry VALUES (1, 'bread')",
        on=["CREATE TABLE t (id bigint PRIMARY KEY)", own],
    )
    [left] = transfer.flight.match.leftovers
    assert left.name == "wagtailsearch_indexentry"
    assert "djdock manage update_index" in left.why
    transfer.copy()

    with pytest.raises(Problem) as raised:
        place.transfer(
            ["other"],
            "CREATE TABLE other (id integer PRIMARY KEY)",
            on=["CREATE TABLE other (id bigint PRIMARY KEY, words text)"],
        )
    assert "The SQLite file has no other.words" in raised.value.cause
    assert "--exclude app.other" in raised.value.hint


def test_geometry_is_refused(place: Place) -> None:
    """A model with geometry is named with the way out, before anything is looked at; the way out is one."""
    make_both = "CREATE TABLE maps (id integer PRIMARY KEY, at blob)", "CREATE TABLE t (id integer PRIMARY KEY)"
    with place.server.connect(place.database) as connection:
        make(connection, "CREATE TABLE maps (id int PRIMARY KEY, at bytea)", "CREATE TABLE t (id int PRIMARY KEY)")
    transfers.file(place.path, *make_both, "INSERT INTO t VALUES (1)")
    at = Field("at", "at", geometry=True)
    told = Models((Model("app.Map", "app", "maps", fields=(at,)), Model("app.T", "app", "t")))
    connect = partial(place.server.connect, place.database)
    with pytest.raises(Problem) as raised:
        transfers.prepare(place.path, connect, told)
    assert raised.value.cause == "Geometry cannot be copied: app.Map.at."
    assert "--exclude" in raised.value.hint
    transfers.prepare(place.path, connect, told, Wish(only=("app",), exclude=("app.map",))).copy()
    assert place.rows("SELECT * FROM t") == [(1,)]


def test_tables_without_row_numbers_are_refused(place: Place) -> None:
    """A table WITHOUT ROWID, which Django never makes, is named with the option that leaves it out."""
    with pytest.raises(Problem) as raised:
        place.transfer(
            ["t"],
            "CREATE TABLE t (id integer PRIMARY KEY) WITHOUT ROWID",
            on=["CREATE TABLE t (id bigint PRIMARY KEY)"],
        )
    assert "WITHOUT ROWID" in raised.value.cause
    assert "--exclude app.t" in raised.value.hint


def test_a_backslash_and_a_dot(place: Place) -> None:
    """What ends the data of COPY where it stands alone on a line does not end it inside a text."""
    texts = [
        "\\.",
        "a\n\\.\nb",
        "\\.\n",
        "\n\\.",
        "\r\n\\.\r\n",
        "\\N",
        '"',
        '""\n"',
        ",",
        "a,b\n",
        "\r",
        "\n",
        " ",
        "\x1f",
        "\x01",
        "",
    ]
    copy_texts(place, texts)


def copy_texts(place: Place, texts: Sequence[str | None]) -> None:
    """Copies texts where NULL is allowed, where it is not, and as JSON; what comes must be what went."""
    table = "CREATE TABLE t (id integer PRIMARY KEY, v text, w text NOT NULL, j jsonb)"
    literals = ", ".join(
        f"({number}, {'NULL' if text is None else literal(text)}, {literal(text or '')}, {literal(json.dumps(text))})"
        for number, text in enumerate(texts)
    )
    place.transfer(["t"], table, f"INSERT INTO t VALUES {literals}", on=[table.replace("integer", "bigint")]).copy()
    assert place.rows("SELECT v, w, j FROM t ORDER BY id") == [(text, text or "", text) for text in texts]


def literal(text: str) -> str:
    """A text as SQL for SQLite."""
    return f"CAST(x'{text.encode().hex()}' AS TEXT)"


@pytest.mark.parametrize("others", [0, 40_000])
def test_the_sign_that_texts_are_quoted_with(place: Place, others: int) -> None:
    """It stands in texts as in CSV, doubled, wherever it is: beside commas and line ends, and far from other rows."""
    texts = ["\x02", "\x02\x02", "a\x02", "\x02,\x02", "\x02\n\x02", 'a "\x02" b', "\x02" * 7, "", None, "\x02\\."]
    copy_texts(place, [*(f"text {number}" for number in range(others)), *texts, "plain"])


def test_the_sign_in_a_large_text(place: Place) -> None:
    """In a text that is read in portions, too, also where it stands on the border between two."""
    end = "\x02" * 3 + ",\n" + "\x02"
    text = "x" * ((5 << 20) - 2) + end
    table = "CREATE TABLE t (id integer PRIMARY KEY, v text NOT NULL)"
    place.transfer(
        ["t"], table, ("INSERT INTO t VALUES (1, ?)", (text,)), on=[table.replace("integer", "bigint")]
    ).copy()
    assert place.rows("SELECT right(v, 9), length(v) FROM t") == [(text[-9:], len(text))]


def test_separators_cannot_stand_in_for_one_another(place: Place) -> None:
    """Texts with the characters that values are joined by are told apart from their neighbours, and from NULL."""
    table = "CREATE TABLE t (id integer PRIMARY KEY, v text)"
    values = "(1, 'a' || char(31) || 'b'), (2, char(1)), (3, NULL), (4, char(31)), (5, '')"
    place.transfer(["t"], table, f"INSERT INTO t VALUES {values}", on=[table.replace("integer", "bigint")]).copy()
    assert place.rows("SELECT v FROM t ORDER BY id") == [("a\x1fb",), ("\x01",), (None,), ("\x1f",), ("",)]


def test_a_file_in_use(place: Place) -> None:
    """While somebody writes, the snapshot is of one moment, and the file is left alone."""
    with closing(sqlite3.connect(place.path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE t (id integer PRIMARY KEY, v integer)")
        connection.executemany("INSERT INTO t (v) VALUES (?)", [(1,) for _row in range(2000)])
        connection.commit()
        stop = threading.Event()

        def write() -> None:
            with closing(sqlite3.connect(place.path, timeout=30)) as writer:
                while not stop.is_set():
                    with writer:
                        writer.execute("UPDATE t SET v = v + 1")

        thread = threading.Thread(target=write)
        thread.start()
        try:
            folder = place.path.parent / "copy"
            folder.mkdir()
            for _time in range(10):
                taken = snapshot.take(place.path, folder, lambda _done, _total: None)
                with closing(sqlite3.connect(taken)) as copied:
                    [(count, least, most)] = copied.execute("SELECT count(*), min(v), max(v) FROM t").fetchall()
                    assert (count, least) == (2000, most)
                    assert copied.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        finally:
            stop.set()
            thread.join()


def test_the_file_stays_as_it_was(place: Place) -> None:
    """Not a byte of the source changes, be something repaired or not, and no file appears beside it."""
    table = "CREATE TABLE t (id integer PRIMARY KEY, v integer)"
    transfers.file(place.path, table, "INSERT INTO t VALUES (1, 'x')")
    before = hashlib.sha256(place.path.read_bytes()).hexdigest()
    with place.server.connect(place.database) as connection:
        make(connection, table.replace("integer PRIMARY", "bigint PRIMARY"))
    told = transfers.models(["t"])
    transfers.prepare(place.path, lambda: place.server.connect(place.database), told, Wish("fix", only=("app",))).copy()
    assert hashlib.sha256(place.path.read_bytes()).hexdigest() == before
    assert sorted(path.name for path in place.path.parent.iterdir()) == ["copy", "db.sqlite3"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"not a database at all", "is no SQLite database"),
        (bytes(range(256)) * 16, "is no SQLite database"),
        (snapshot.HEADER + b"\x10\x00\x01\x01\x00\x40\x20\x20" + b"\xff" * 4000, "cannot be read"),
    ],
)
def test_files_that_are_none(tmp_path: Path, content: bytes, said: str) -> None:
    """What is empty, encrypted, damaged or something else is told as that."""
    path = tmp_path / "db.sqlite3"
    path.write_bytes(content)
    with pytest.raises(Problem) as raised:
        snapshot.take(path, tmp_path, lambda _done, _total: None)
    assert said in raised.value.cause
    assert not (tmp_path / snapshot.NAME).exists()


def test_utf_16(place: Place) -> None:
    """A file that keeps its texts in UTF-16 is copied like others, or refused with a sentence; it is not mangled."""
    place.path.unlink(missing_ok=True)
    with closing(sqlite3.connect(place.path)) as connection:
        connection.execute("PRAGMA encoding = 'UTF-16'")
        connection.execute("CREATE TABLE t (id integer PRIMARY KEY, v varchar(4))")
        connection.execute("INSERT INTO t VALUES (1, 'é漢'), (2, 'too long')")
        connection.commit()
    with pytest.raises(Problem) as raised:
        snapshot.take(place.path, place.path.parent, lambda _done, _total: None)
    assert "UTF-16" in raised.value.cause


def test_a_page_that_is_damaged(place: Place) -> None:
    """A file that is damaged in its middle is told of, and nothing is written."""
    table = "CREATE TABLE t (id integer PRIMARY KEY, v text)"
    many = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)"
    transfers.file(place.path, table, f"INSERT INTO t {many} SELECT i, 'text ' || i FROM n")
    content = bytearray(place.path.read_bytes())
    content[5 * 4096 : 6 * 4096] = b"\xa5" * 4096
    place.path.write_bytes(content)
    with place.server.connect(place.database) as connection:
        make(connection, table.replace("integer", "bigint"), "INSERT INTO t VALUES (1, 'old')")
    with pytest.raises(Problem):
        transfers.prepare(place.path, lambda: place.server.connect(place.database), transfers.models(["t"])).copy()
    assert place.rows("SELECT * FROM t") == [(1, "old")]


@pytest.mark.parametrize(
    ("end", "fault", "repaired"),
    [
        ("61C3", "encoding", "a\ufffd"),
        ("610062", "nul", "ab"),
        ("61C3A9", "too-long", ""),
        ("61C328", "encoding", "a\ufffd("),
    ],
)
def test_large_values_at_fault(place: Place, end: str, fault: str, repaired: str) -> None:
    """A text that is too large to be looked at whole is judged like others: to its last byte."""
    size = (5 << 20) - 1  # a character stands on the border between two portions
    limit = size + (1 if fault == "too-long" else 9)
    table = f"CREATE TABLE t (id integer PRIMARY KEY, v varchar({limit}))"
    values = (
        "INSERT INTO t VALUES (1, ''), (2, CAST(CAST(replace(hex(zeroblob(?)), '00', 'x') AS BLOB) || ? AS TEXT))",
        (size, bytes.fromhex(end)),
    )
    on = [table.replace("integer", "bigint")]
    transfer = place.transfer(["t"], table, values, on=on, on_error="fix")
    assert transfer.faults == [("t", "2", "v", fault)]
    transfer.copy()
    expected = ("x" * size + repaired)[:limit] if repaired else "x" * size + "a"
    assert place.rows("SELECT v FROM t WHERE id = 2") == [(expected,)]


def test_large_values_in_little_memory(place: Place) -> None:
    """A text and bytes of 100 MB each pass through a process that takes less than 60 MB beyond its imports."""
    size = 100 << 20
    with closing(sqlite3.connect(place.path)) as connection:
        connection.execute("CREATE TABLE t (id integer PRIMARY KEY, v text, b blob)")
        connection.execute("INSERT INTO t VALUES (1, ?, NULL)", ('é",' + "x" * size,))
        connection.execute("INSERT INTO t VALUES (2, 'small', zeroblob(?))", (size,))
        connection.execute("INSERT INTO t VALUES (3, 'small', x'00')")
        connection.commit()
    with place.server.connect(place.database) as connection:
        make(connection, "CREATE TABLE t (id bigint PRIMARY KEY, v text, b bytea)")
    argv = [sys.executable, "-m", "tests.embedded.copying_process", str(place.path), place.database.url, "t"]
    root = Path(__file__).parents[2]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        watch = Watch(process.pid)
        with watch.running():
            out, _err = process.communicate()
    assert process.returncode == 0, out
    kilobytes = int(out.split()[-1])
    assert place.rows("SELECT length(v), length(b) FROM t ORDER BY id") == [
        *((size + 3, None), (5, size), (5, 1)),
    ]
    if sys.version_info >= (3, 11) and sys.platform == "linux":  # before, Python cannot read a value in portions
        assert kilobytes > 0
        assert kilobytes < 60_000, kilobytes
        helpers = [most for pid, most in watch.highest.items() if pid != process.pid]
        assert helpers
        assert max(helpers) < 80 << 20, helpers  # their imports are in this
