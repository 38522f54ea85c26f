"""The proof of a copy: it sees one value among many thousands, and nothing is kept that it does not vouch for."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from djdock.errors import Problem
from djdock.project.environment import Database
from djdock.transfer import scan
from djdock.transfer.job import Wish
from djdock.transfer.models import Field
from tests import transfers
from tests.embedded import databases
from tests.embedded.databases import make

pytestmark = pytest.mark.embedded

Connect = Callable[[], psycopg.Connection[Any]]
ROWS = 30_000
FIELDS = (Field("id", "id"), Field("name", "name"), Field("size", "size", null=True), Field("data", "data"))


@pytest.fixture
def connect(server: databases.Server, database: Database) -> Connect:
    """Connects to a database with a table, that would rather read it with several workers at once."""
    with server.connect(database) as connection:
        make(
            connection,
            "CREATE TABLE thing (id bigint PRIMARY KEY, name text NOT NULL UNIQUE, size int, data jsonb NOT NULL)",
            "INSERT INTO thing VALUES (0, 'was here before', NULL, '[]')",
            *(
                f'ALTER DATABASE "{database.name}" SET {setting} = 0'
                for setting in ("parallel_setup_cost", "parallel_tuple_cost", "min_parallel_table_scan_size")
            ),
        )
    return lambda: server.connect(database, autocommit=True)


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few rows make many pieces, each with checksums of its own."""
    monkeypatch.setattr(scan, "PIECE", 256 << 10)


def prepared(folder: Path, connect: Connect) -> transfers.Transfer:
    """A copy of many rows, in several pieces, up to where it would be sent."""
    rows = [
        (number, f"thing {number}", number % 7 or None, f'{{"b": [{number}], "a": 1.50}}') for number in range(ROWS)
    ]
    file = transfers.file(
        folder / "db.sqlite3",
        "CREATE TABLE thing (id integer PRIMARY KEY, name text NOT NULL UNIQUE, size integer, data text NOT NULL)",
    )
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.executemany("INSERT INTO thing VALUES (?, ?, ?, ?)", rows)
    made = transfers.prepare(file, connect, transfers.models(["thing"], FIELDS), Wish(only=("app",)))
    assert len(made.flight.scans[0].pieces) > 2
    return made


def content(connect: Connect) -> Sequence[tuple[Any, ...]]:
    """What the table holds."""
    with connect() as connection:
        return connection.execute("SELECT count(*), min(name), sum(size) FROM thing").fetchall()


def test_pieces_are_compared_in_their_order(tmp_path: Path, connect: Connect) -> None:
    """However much the server likes several workers on one table, the rows of a piece come as they were sent."""
    copied = prepared(tmp_path, connect).copy()
    assert copied.rows == ROWS
    assert content(connect)[0][0] == ROWS


CHANGES = [
    ("UPDATE thing SET name = 'thing 20000.' WHERE id = 20000", "thing.name"),
    ("UPDATE thing SET size = 0 WHERE id = 29995", "thing.size"),
    ("UPDATE thing SET size = NULL WHERE id = 5", "thing.size"),
    ('UPDATE thing SET data = \'{"b": [4], "a": 1.51}\' WHERE id = 4', "thing.data"),
    ("UPDATE thing SET size = CASE id WHEN 8 THEN 2 ELSE 1 END WHERE id IN (8, 9)", "thing.size"),
    ("DELETE FROM thing WHERE id = 29999", "thing"),
]


@pytest.mark.parametrize(("change", "where"), CHANGES)
def test_one_value_that_differs(tmp_path: Path, connect: Connect, change: str, where: str) -> None:
    """A value that is lost, changed, or swapped with its neighbour's on the way is found: the target is as before."""
    made = prepared(tmp_path, connect)
    before = content(connect)
    # What the pre-flight has seen is no longer what is sent: a stand-in for anything that goes wrong on the way.
    with closing(sqlite3.connect(made.job.snapshot)) as snapshot, snapshot:
        snapshot.execute(change)
    with pytest.raises(Problem) as told:
        made.copy()
    assert where in told.value.cause
    assert "Nothing has been changed" in told.value.cause
    assert content(connect) == before
