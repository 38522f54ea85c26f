"""Types that SQLite has no counterpart of: the server says which values it takes, and the rest is repaired or told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from djdock.project.environment import Database
from djdock.transfer.job import Wish
from djdock.transfer.models import Field
from tests import transfers
from tests.embedded import databases
from tests.embedded.databases import make

pytestmark = pytest.mark.embedded

COLUMNS = {
    "id": "bigint PRIMARY KEY",
    "tags": "varchar(5)[]",
    "numbers": "int[]",
    "pairs": "hstore",
    "range": "int4range",
    "name": "citext UNIQUE",
    "mood": "mood",
    "plain": "json",
}
SOUND = (1, "{a,b}", "{1,2}", '"k"=>"v"', "[1,3)", "Abc", "sad", '{"z": 1, "a": 2}')
FIELDS = tuple(Field(column, column, null=column != "id") for column in COLUMNS)


@pytest.fixture
def connect(server: databases.Server, database: Database) -> Callable[[], psycopg.Connection[Any]]:
    """Connects to a database with a table of these types."""
    with server.connect(database) as connection:
        columns = ", ".join(f'"{column}" {kind}' for column, kind in COLUMNS.items())
        make(
            connection,
            "CREATE EXTENSION hstore",
            "CREATE EXTENSION citext",
            "CREATE TYPE mood AS ENUM ('sad', 'ok')",
            f"CREATE TABLE strange ({columns})",
        )
    return lambda: server.connect(database, autocommit=True)


def prepare(folder: Path, connect: Callable[[], psycopg.Connection[Any]], rows: list[Any], wish: Wish) -> Any:
    """The pre-flight of a copy of these rows."""
    columns = ", ".join(f'"{column}" {"integer PRIMARY KEY" if column == "id" else "text"}' for column in COLUMNS)
    insert = f"INSERT INTO strange VALUES ({', '.join('?' * len(COLUMNS))})"
    file = transfers.file(folder / "db.sqlite3", f"CREATE TABLE strange ({columns})", *((insert, row) for row in rows))
    return transfers.prepare(file, connect, transfers.models(["strange"], FIELDS), wish)


def rows(connect: Callable[[], psycopg.Connection[Any]]) -> list[tuple[Any, ...]]:
    """What is in PostgreSQL, as text."""
    with connect() as connection:
        wanted = ", ".join(f'"{column}"::text' for column in COLUMNS)
        return connection.execute(f"SELECT {wanted} FROM strange ORDER BY id".encode()).fetchall()


def test_what_the_server_takes_is_copied_and_proven(
    tmp_path: Path, connect: Callable[[], psycopg.Connection[Any]]
) -> None:
    """Arrays, ranges, hstore, enums: their text goes as it is, and NULL stays NULL."""
    transfer = prepare(tmp_path, connect, [SOUND, (2, *[None] * 7)], Wish(only=("app",)))
    assert transfer.findings == []
    assert set(transfer.copy().tables["strange"].digests) == set(COLUMNS)
    assert rows(connect) == [tuple(map(str, SOUND)), ("2", *[None] * 7)]


BAD = [
    ("tags", "{too long}", None),
    ("tags", '["x", "y"]', "{x,y}"),
    ("numbers", "[1, 2]", "{1,2}"),
    ("numbers", "{1,b}", None),
    ("pairs", '{"k": "w", "n": null}', '"k"=>"w", "n"=>NULL'),
    ("range", "[5,2)", None),
    ("mood", "happy", None),
    ("plain", "{nope", None),
]


@pytest.mark.parametrize(("column", "value", "repaired"), BAD)
def test_what_the_server_refuses_is_told_before_and_repaired_when_asked(
    tmp_path: Path, connect: Callable[[], psycopg.Connection[Any]], column: str, value: str, repaired: str | None
) -> None:
    """One refused value: named with its row, its column and the server's own words; JSON becomes what was meant."""
    row = [3, *[value if one == column else None for one in list(COLUMNS)[1:]]]
    told = prepare(tmp_path, connect, [SOUND, row], Wish(only=("app",)))
    assert told.faults == [("strange", "3", column, "refused")]
    assert told.findings[0].detail or column == "range"
    mended = prepare(tmp_path, connect, [SOUND, row], Wish(on_error="fix", only=("app",)))
    assert mended.flight.open == 0
    mended.copy()
    place = list(COLUMNS).index(column)
    assert rows(connect)[1][place] == repaired


def test_names_that_differ_in_capitals_alone_are_one_to_citext(
    tmp_path: Path, connect: Callable[[], psycopg.Connection[Any]]
) -> None:
    """SQLite holds both; of the second, PostgreSQL would say that it is there already."""
    row = (4, *[None] * 4, "aBC", None, None)
    assert prepare(tmp_path, connect, [SOUND, row], Wish(only=("app",))).faults == [
        ("strange", "4", "name", "duplicate")
    ]
