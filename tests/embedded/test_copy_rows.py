"""Rows that cannot be copied as they are: keys that refer to nothing, values that repeat, NULL where none may be."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from djdock.errors import Problem
from djdock.project.environment import Database
from djdock.transfer.job import OnError, Wish
from djdock.transfer.models import Field, Model, Models
from tests import transfers
from tests.embedded import databases
from tests.embedded.databases import make

pytestmark = pytest.mark.embedded


class Place:
    """A database, a SQLite file, and what Django says of both."""

    def __init__(self, server: databases.Server, database: Database, folder: Path) -> None:
        self.server, self.database, self.folder = server, database, folder
        self.tables: list[str] = []
        self.fields: dict[str, tuple[Field, ...]] = {}

    def make(self, *statements: str) -> None:
        """Makes the tables in PostgreSQL."""
        with self.server.connect(self.database) as connection:
            make(connection, *statements)
        self.tables += [statement.split()[2] for statement in statements if statement.startswith("CREATE TABLE")]

    def look(self, *statements: str, on_error: OnError = "report") -> transfers.Transfer:
        """The pre-flight of a file that these statements make."""
        path = transfers.file(self.folder / "db.sqlite3", *statements)
        told = Models(
            tuple(
                Model(label=f"app.{table}", app="app", table=table, fields=self.fields.get(table, ()))
                for table in self.tables
            )
        )
        wish = Wish(on_error, only=("app",))
        return transfers.prepare(path, lambda: self.server.connect(self.database), told, wish)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the server says."""
        with self.server.connect(self.database) as connection:
            return connection.execute(query.encode()).fetchall()


@pytest.fixture
def place(server: databases.Server, database: Database, tmp_path: Path) -> Place:
    """An empty database, and room for a file."""
    return Place(server, database, tmp_path)


TREE = (
    "CREATE TABLE node (id bigint PRIMARY KEY, up bigint NOT NULL REFERENCES node DEFERRABLE INITIALLY DEFERRED)",
    (
        "CREATE TABLE leaf (id bigint PRIMARY KEY, node_id bigint NOT NULL REFERENCES node"
        " DEFERRABLE INITIALLY DEFERRED,"
        " kin_id bigint REFERENCES leaf DEFERRABLE INITIALLY DEFERRED)"
    ),
)
SQLITE_TREE = (
    "CREATE TABLE node (id integer PRIMARY KEY, up bigint NOT NULL)",
    "CREATE TABLE leaf (id integer PRIMARY KEY, node_id bigint NOT NULL, kin_id bigint)",
)


def test_dangling_keys(place: Place) -> None:
    """Keys that refer to nothing are told; repaired, they are NULL, or their rows and all that needs these are out."""
    place.make(*TREE)
    rows = (
        *SQLITE_TREE,
        "INSERT INTO node VALUES (1, 1), (2, 1), (3, 4), (4, 3), (5, 77), (6, 5), (7, 6)",
        "INSERT INTO leaf VALUES (1, 2, 2), (2, 2, 1), (3, 2, 99), (4, 7, NULL), (5, 1, 4), (6, 1, 6)",
    )
    transfer = place.look(*rows)
    assert transfer.faults == [("node", "5", "up", "dangling"), ("leaf", "3", "kin_id", "dangling")]
    assert [finding.value for finding in transfer.findings] == ["77", "99"]
    transfer = place.look(*rows, on_error="null")
    assert transfer.flight.open == 1
    transfer = place.look(*rows, on_error="fix")
    assert transfer.flight.open == 0
    transfer.copy()
    assert place.rows("SELECT id, up FROM node ORDER BY id") == [(1, 1), (2, 1), (3, 4), (4, 3)]
    assert place.rows("SELECT * FROM leaf ORDER BY id") == [
        *((1, 2, 2), (2, 2, 1), (3, 2, None)),
        *((5, 1, None), (6, 1, 6)),
    ]
    out = [(change["table"], change["row"]["id"]) for change in transfer.changes if "row" in change]
    assert sorted(out) == [("leaf", 4), ("node", 5), ("node", 6), ("node", 7)]
    changed = [(change["key"], change["before"], change["after"]) for change in transfer.changes if "row" not in change]
    assert sorted(changed) == [("3", 99, None), ("5", 4, None)]


def test_a_long_chain(place: Place) -> None:
    """However long a chain of rows that depend on one another is, it is left out to its end."""
    place.make(*TREE)
    chain = ", ".join(f"({number}, {number - 1})" for number in range(2, 120))
    transfer = place.look(*SQLITE_TREE, f"INSERT INTO node VALUES (1000, 1000), {chain}", on_error="fix")
    assert transfer.flight.open == 0
    assert transfer.flight.changes == 118
    transfer.copy()
    assert place.rows("SELECT id FROM node") == [(1000,)]


def test_duplicates(place: Place) -> None:
    """What is unique for SQLite and is not for PostgreSQL is told; repaired, the first row stays."""
    with place.server.connect(place.server.rooted(place.database), autocommit=True) as connection:
        connection.execute("CREATE EXTENSION citext")
    place.make(
        "CREATE TABLE account (id bigint PRIMARY KEY, email citext UNIQUE)",
        "CREATE TABLE padded (id bigint PRIMARY KEY, code char(4) UNIQUE)",
        "CREATE TABLE loose (id bigint PRIMARY KEY, a integer, b text, UNIQUE (a, b))",
        "CREATE TABLE keyed (code text PRIMARY KEY)",
        "CREATE TABLE identified (id uuid PRIMARY KEY)",
        "CREATE TABLE strict (id bigint PRIMARY KEY, a integer)",
    )
    version = place.rows("SHOW server_version_num")[0][0]
    if int(version) >= 150000:
        place.make("ALTER TABLE strict ADD UNIQUE NULLS NOT DISTINCT (a)")
    rows = (
        "CREATE TABLE account (id integer PRIMARY KEY, email varchar(20) UNIQUE)",
        "CREATE TABLE padded (id integer PRIMARY KEY, code char(4) UNIQUE)",
        "CREATE TABLE loose (id integer PRIMARY KEY, a integer, b text)",
        "CREATE TABLE keyed (code text)",
        "CREATE TABLE identified (id char(36) PRIMARY KEY)",
        "CREATE TABLE strict (id integer PRIMARY KEY, a integer UNIQUE)",
        "INSERT INTO account VALUES (1, 'É@b.c'), (2, 'é@B.c'), (3, NULL), (4, NULL), (5, 'e@b.c')",
        "INSERT INTO padded VALUES (1, 'a'), (2, 'a '), (3, ' a')",
        "INSERT INTO loose VALUES (1, 1, 'x'), (2, 1, 'x'), (3, 1, NULL), (4, 1, NULL), (5, 1, 'X'), (6, 1, 'x')",
        "INSERT INTO keyed VALUES ('a'), ('b'), ('a')",
        "INSERT INTO identified VALUES ('00112233445566778899aabbccddeeff'), ('00112233-4455-6677-8899-AABBCCDDEEFF')",
        "INSERT INTO strict VALUES (1, NULL), (2, NULL), (3, 5)",
    )
    expected = {
        ("account", "2", "email", "duplicate"),
        ("padded", "2", "code", "duplicate"),
        ("loose", "2", "a, b", "duplicate"),
        ("loose", "6", "a, b", "duplicate"),
        ("keyed", "3", "code", "duplicate"),
        ("identified", "row 2", "id", "duplicate"),
    }
    if int(version) >= 150000:
        expected.add(("strict", "2", "a", "duplicate"))
    transfer = place.look(*rows)
    assert set(transfer.faults) == expected
    transfer = place.look(*rows, on_error="fix")
    assert transfer.flight.open == 0
    copied = transfer.copy()
    assert {name: proven.rows for name, proven in copied.tables.items()} == {
        "account": 4,
        "padded": 2,
        "loose": 4,
        "keyed": 2,
        "identified": 1,
        "strict": 2 if int(version) >= 150000 else 3,
    }
    assert all("row" in change for change in transfer.changes)
    assert len(transfer.changes) == len(expected)


def test_null_where_none_may_be(place: Place) -> None:
    """NULL becomes the field's default in the form that the column needs, or an empty text; else it stays a fault."""
    place.make(
        "CREATE TABLE t (id bigint PRIMARY KEY, title varchar(9) NOT NULL, price numeric(5, 2) NOT NULL,"
        " ref uuid NOT NULL,"
        " seen timestamptz NOT NULL, data jsonb NOT NULL, count integer)"
    )
    place.fields["t"] = (
        Field("title", "title"),
        Field("price", "price", has_default=True, default="1.50"),
        Field("ref", "ref", has_default=True, default="00112233-4455-6677-8899-aabbccddeeff"),
        Field("seen", "seen", has_default=True, default="2024-01-01T12:00:00+02:00"),
        Field("data", "data", has_default=True, default={"a": []}),
    )
    columns = "title varchar(9), price decimal, ref char(32), seen datetime, data text, count integer"
    rows = (f"CREATE TABLE t (id integer PRIMARY KEY, {columns})", "INSERT INTO t (id) VALUES (5)")
    transfer = place.look(*rows)
    assert [lane for _table, _key, lane, fault in transfer.faults if fault == "null"] == [
        *("title", "price", "ref", "seen", "data"),
    ]
    assert place.look(*rows, on_error="null").flight.open == 5
    transfer = place.look(*rows, on_error="fix")
    assert transfer.flight.open == 0
    transfer.copy()
    assert place.rows("SELECT title, price::text, ref::text, (seen AT TIME ZONE 'UTC')::text, data, count FROM t") == [
        ("", "1.50", "00112233-4455-6677-8899-aabbccddeeff", "2024-01-01 10:00:00", {"a": []}, None)
    ]


def test_null_without_a_default(place: Place) -> None:
    """NULL where there is nothing to put in its place stays a fault, whatever was asked for."""
    place.make("CREATE TABLE t (id bigint PRIMARY KEY, count integer NOT NULL)")
    rows = ("CREATE TABLE t (id integer PRIMARY KEY, count integer)", "INSERT INTO t VALUES (1, 0), (2, NULL)")
    assert place.look(*rows, on_error="fix").flight.open == 1


def test_faults_in_one_row(place: Place) -> None:
    """Several faults in one row, its key among them, are each repaired once, and children follow their parents."""
    place.make(
        "CREATE TABLE author (slug varchar(4) PRIMARY KEY)",
        "CREATE TABLE book (id bigint PRIMARY KEY, author_id varchar(4) NOT NULL REFERENCES author, year integer)",
    )
    rows = (
        "CREATE TABLE author (slug varchar(4) PRIMARY KEY)",
        "CREATE TABLE book (id integer PRIMARY KEY, author_id varchar(4) NOT NULL, year integer)",
        "INSERT INTO author VALUES ('shakespeare'), ('poe')",
        "INSERT INTO book VALUES (1, 'shakespeare', 'about 1600'), (2, 'nobody', 'x'), (3, 'poe', 1845)",
    )
    transfer = place.look(*rows, on_error="fix")
    assert transfer.flight.open == 0
    transfer.copy()
    assert place.rows("SELECT * FROM book ORDER BY id") == [(1, "shak", None), (3, "poe", 1845)]
    assert place.rows("SELECT * FROM author ORDER BY slug") == [("poe",), ("shak",)]


def test_many_findings(place: Place) -> None:
    """Tens of thousands of faults are repaired in time that grows with their number, not with its square."""
    place.make("CREATE TABLE t (id bigint PRIMARY KEY, v integer)")
    many = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)"
    table = "CREATE TABLE t (id integer PRIMARY KEY, v integer)"
    transfer = place.look(table, f"INSERT INTO t {many} SELECT i, 'x' FROM n", on_error="fix")
    assert (transfer.flight.open, transfer.flight.changes) == (0, 20000)


def test_nothing_at_fault(place: Place) -> None:
    """Of sound rows nothing is said and nothing is changed, whatever was asked for."""
    place.make(*TREE)
    rows = (*SQLITE_TREE, "INSERT INTO node VALUES (1, 2), (2, 1)", "INSERT INTO leaf VALUES (1, 1, NULL), (2, 2, 2)")
    transfer = place.look(*rows, on_error="fix")
    assert (transfer.findings, transfer.changes, transfer.flight.rewritten) == ([], [], ())


def test_a_target_with_rows_of_its_own(place: Place) -> None:
    """A copy that fails at its end leaves the target as it was."""
    place.make(*TREE, "INSERT INTO node VALUES (1, 1)", "CREATE VIEW seen AS SELECT * FROM node")
    transfer = place.look(*SQLITE_TREE, "INSERT INTO node VALUES (2, 2)")
    place.make("CREATE TABLE other (id bigint REFERENCES node)", "INSERT INTO other VALUES (1)")
    with pytest.raises(Problem):
        transfer.copy()
    assert place.rows("SELECT id FROM node") == [(1,)]
    place.make("DELETE FROM other")
    transfer.copy()
    assert place.rows("SELECT id FROM seen") == [(2,)]


class Slow(transfers.Quiet):
    """Progress that takes its time in each phase."""

    def phase(self, name: str, total: int) -> None:  # noqa: ARG002 - the shape of Progress
        """Half a second."""
        time.sleep(0.5)


def test_limits_of_time(place: Place) -> None:
    """What a role's queries and transactions may take, for the sake of a site, does not end a copy."""
    place.make("CREATE TABLE t (id bigint PRIMARY KEY)")
    with place.server.connect(place.database) as connection:
        limits = ["statement_timeout", "idle_in_transaction_session_timeout"]
        limits += ["transaction_timeout"] if connection.info.server_version >= 170000 else []
        make(connection, *(f"ALTER ROLE CURRENT_USER SET {limit} = '400ms'" for limit in limits))
    transfer = place.look("CREATE TABLE t (id integer PRIMARY KEY)", "INSERT INTO t VALUES (1)")
    replace(transfer, progress=Slow()).copy()
    assert place.rows("SELECT id FROM t") == [(1,)]


def test_refused_by_the_server(place: Place) -> None:
    """What only the server refuses, such as a CHECK, is told with its row, and the target is as it was."""
    place.make("CREATE TABLE t (id bigint PRIMARY KEY, v integer CHECK (v < 5))", "INSERT INTO t VALUES (1, 1)")
    transfer = place.look("CREATE TABLE t (id integer PRIMARY KEY, v integer)", "INSERT INTO t VALUES (2, 4), (3, 5)")
    with pytest.raises(Problem) as raised:
        transfer.copy()
    assert "PostgreSQL refuses a row of t" in raised.value.cause
    assert "(3, 5)" in str(raised.value.details)
    assert place.rows("SELECT * FROM t") == [(1, 1)]


def test_keys_that_differ_in_capitals(place: Place) -> None:
    """Whether capitals make a difference in a key, PostgreSQL decides: what SQLite takes for equal may dangle there."""
    with place.server.connect(place.server.rooted(place.database), autocommit=True) as connection:
        connection.execute("CREATE EXTENSION citext")
    place.make(
        "CREATE TABLE author (slug text PRIMARY KEY)",
        "CREATE TABLE book (id bigint PRIMARY KEY, author_id text REFERENCES author)",
        "CREATE TABLE folded (slug citext PRIMARY KEY)",
        "CREATE TABLE leaf (id bigint PRIMARY KEY, folded_id citext NOT NULL REFERENCES folded)",
    )
    rows = (
        "CREATE TABLE author (slug text PRIMARY KEY COLLATE NOCASE)",
        "CREATE TABLE book (id integer PRIMARY KEY, author_id text)",
        "CREATE TABLE folded (slug text PRIMARY KEY)",
        "CREATE TABLE leaf (id integer PRIMARY KEY, folded_id text NOT NULL)",
        "INSERT INTO author VALUES ('Poe'), ('Eco')",
        "INSERT INTO book VALUES (1, 'Poe'), (2, 'poe'), (3, NULL)",
        "INSERT INTO folded VALUES ('É'), ('a')",
        "INSERT INTO leaf VALUES (1, 'é'), (2, 'A'), (3, 'a'), (4, 'b')",
    )
    transfer = place.look(*rows)
    assert transfer.faults == [("book", "2", "author_id", "dangling"), ("leaf", "4", "folded_id", "dangling")]
    place.look(*rows, on_error="fix").copy()
    assert place.rows("SELECT id, author_id FROM book ORDER BY id") == [(1, "Poe"), (2, None), (3, None)]
    assert place.rows("SELECT id FROM leaf ORDER BY id") == [(1,), (2,), (3,)]


def test_numbers_that_are_equal_once_rounded(place: Place) -> None:
    """What only the server finds equal, such as decimals with the noise of binary fractions, ends with a sentence."""
    place.make("CREATE TABLE t (id bigint PRIMARY KEY, v numeric(5, 2) UNIQUE)", "INSERT INTO t VALUES (9, 9)")
    rows = (
        "CREATE TABLE t (id integer PRIMARY KEY, v decimal UNIQUE)",
        "INSERT INTO t VALUES (1, 0.1 + 0.2), (2, 0.3)",
    )
    transfer = place.look(*rows)
    with pytest.raises(Problem):
        transfer.copy()
    assert place.rows("SELECT id FROM t") == [(9,)]
