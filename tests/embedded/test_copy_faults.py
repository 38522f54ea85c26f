"""The matrix of dirty values: each kind of fault, reported, made NULL and repaired, on a real server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from djdock.project.environment import Database
from djdock.transfer import faults
from djdock.transfer.job import OnError, Wish
from tests import transfers
from tests.embedded import databases
from tests.embedded.databases import make

pytestmark = pytest.mark.embedded


@dataclass(frozen=True)
class Dirt:
    """A value at fault: the column's types on both sides, the value as SQL, and what a repair makes of it, as JSON."""

    fault: faults.Fault
    sqlite: str
    postgres: str
    value: str
    repaired: Any


DIRT = [
    Dirt(faults.NUL, "varchar(9)", "varchar(9)", "'a' || char(0) || 'b'", "ab"),
    Dirt(faults.ENCODING, "text", "text", "CAST(x'61ff62' AS TEXT)", "a\ufffdb"),
    Dirt(faults.TOO_LONG, "varchar(3)", "varchar(3)", "'four'", "fou"),
    Dirt(faults.TOO_LONG, "varchar(3)", "varchar(3)", "'a    '", "a  "),
    Dirt(faults.BINARY, "text", "text", "x'6869'", "hi"),
    Dirt(faults.NOT_TEXT, "", "text", "12", "12"),
    Dirt(faults.NOT_A_NUMBER, "integer", "integer", "'many'", None),
    Dirt(faults.NOT_A_NUMBER, "integer", "integer", "x'3130'", 10),
    Dirt(faults.FRACTION, "integer", "integer", "2.5", 2),
    Dirt(faults.RANGE, "integer", "integer", "1 << 31", None),
    Dirt(faults.RANGE, "decimal", "numeric(4, 2)", "100", None),
    Dirt(faults.NOT_A_BOOLEAN, "bool", "boolean", "2", repaired=True),
    Dirt(faults.NOT_A_BOOLEAN, "bool", "boolean", "'off'", repaired=False),
    Dirt(faults.DECIMALS, "decimal", "numeric(4, 2)", "1.125", 1.12),
    Dirt(faults.INFINITE, "decimal", "numeric(4, 2)", "9e999", None),
    Dirt(faults.NOT_A_DATE, "date", "date", "'2023-02-29'", None),
    Dirt(faults.NOT_A_DATE, "date", "date", "86400", "1970-01-02"),
    Dirt(faults.DATE_WITH_TIME, "date", "date", "'2024-02-29 10:11:12'", "2024-02-29"),
    Dirt(faults.NOT_A_TIME, "time", "time", "'24:00:00'", None),
    Dirt(faults.NOT_A_MOMENT, "datetime", "timestamptz", "'2024-02-29'", "2024-02-29T00:00:00"),
    Dirt(faults.NOT_A_MOMENT, "datetime", "timestamptz", "'0000-00-00 00:00:00'", None),
    Dirt(faults.GAP, "datetime", "timestamptz", "'2024-03-31 02:30:00'", "2024-03-31T03:30:00"),
    Dirt(faults.NOT_A_UUID, "char(32)", "uuid", "'none'", None),
    Dirt(faults.NOT_JSON, "text", "jsonb", "'{'", "{"),
    Dirt(faults.JSON_NUL, "text", "jsonb", '\'{"a": "x\\u0000y"}\'', {"a": "xy"}),
    Dirt(faults.JSON_SURROGATE, "text", "jsonb", "'[\"\\ud800\"]'", ["\ufffd"]),
    Dirt(faults.JSON_NUMBER, "text", "jsonb", "'[NaN, 1]'", [None, 1]),
    Dirt(faults.NOT_AN_ADDRESS, "char(39)", "inet", "'localhost'", None),
    Dirt(faults.NOT_BYTES, "blob", "bytea", "1", None),
    Dirt(faults.REFUSED, "text", "integer[]", "'{1,x}'", None),
]
EACH = pytest.mark.parametrize("dirt", DIRT, ids=lambda dirt: f"{dirt.fault.name}-{dirt.postgres}-{dirt.value}")


def test_the_matrix_is_whole() -> None:
    """No kind of fault in a value is without its row."""
    of_rows = {faults.EMPTY, faults.DANGLING, faults.DUPLICATE}
    assert {dirt.fault for dirt in DIRT} | of_rows == set(faults.ALL)


@pytest.fixture(scope="module")
def place(server: databases.Server) -> Iterator[Database]:
    """A database in Berlin's time, with a table of strings that are sound, and stay, for each row of the matrix."""
    with databases.database(server) as database:
        with server.connect(database) as connection:
            for index, dirt in enumerate(DIRT):
                make(
                    connection,
                    f"CREATE TABLE t{index} (id bigint PRIMARY KEY, v {dirt.postgres}, beside text NOT NULL)",
                    f"INSERT INTO t{index} VALUES (99, NULL, 'was here before')",
                )
        yield database


def prepared(
    server: databases.Server, place: Database, dirt: Dirt, folder: Path, on_error: OnError
) -> tuple[transfers.Transfer, str]:
    """A pre-flight over three rows, the middle one of which is at fault; and the table's name."""
    table = f"t{DIRT.index(dirt)}"
    path = transfers.file(
        folder / "db.sqlite3",
        f"CREATE TABLE {table} (id integer PRIMARY KEY, v {dirt.sqlite}, beside text NOT NULL)",
        f"INSERT INTO {table} VALUES (1, NULL, 'one'), (7, {dirt.value}, 'seven'), (9, NULL, 'nine')",
    )
    told = transfers.models([table], use_tz=False, time_zone="Europe/Berlin")
    return transfers.prepare(path, lambda: server.connect(place), told, Wish(on_error, only=("app",))), table


@EACH
def test_reported(server: databases.Server, place: Database, dirt: Dirt, tmp_path: Path) -> None:
    """A value at fault is listed with its table, key, column, value and reason, and nothing is written."""
    table = f"t{DIRT.index(dirt)}"
    before = rows(server, place, table)
    transfer, _table = prepared(server, place, dirt, tmp_path, "report")
    assert transfer.faults == [(table, "7", "v", dirt.fault.name)]
    assert transfer.flight.open == 1
    [finding] = transfer.findings
    assert finding.value
    assert finding.fault.reason
    assert not finding.done
    assert not transfer.changes
    assert rows(server, place, table) == before


@EACH
def test_made_null(server: databases.Server, place: Database, dirt: Dirt, tmp_path: Path) -> None:
    """With "null", a value at fault is NULL, the others are what they were, and that it was so is written down."""
    transfer, table = prepared(server, place, dirt, tmp_path, "null")
    assert (transfer.flight.open, transfer.flight.changes) == (0, 1)
    transfer.copy()
    assert rows(server, place, table) == [(1, None, "one"), (7, None, "seven"), (9, None, "nine")]
    [change] = transfer.changes
    assert (change["table"], change["key"], change["column"], change["fault"], change["after"]) == (
        *(table, "7", "v", dirt.fault.name),
        None,
    )
    assert change["before"] is not None


@EACH
def test_repaired(server: databases.Server, place: Database, dirt: Dirt, tmp_path: Path) -> None:
    """With "fix", a value at fault becomes what the table of faults says, and the others are what they were."""
    transfer, table = prepared(server, place, dirt, tmp_path, "fix")
    assert (transfer.flight.open, transfer.flight.changes) == (0, 1)
    [finding] = transfer.findings
    assert finding.done
    transfer.copy()
    assert rows(server, place, table) == [(1, None, "one"), (7, dirt.repaired, "seven"), (9, None, "nine")]
    [change] = transfer.changes
    assert (change["key"], change["fault"]) == ("7", dirt.fault.name)


def rows(server: databases.Server, place: Database, table: str) -> list[tuple[Any, ...]]:
    """A table as JSON has its values; times as the clocks in Berlin showed them."""
    with server.connect(place) as connection:
        connection.execute("SET TimeZone = 'Europe/Berlin'")
        [(kind,)] = connection.execute(f"SELECT pg_typeof(v)::text FROM {table} LIMIT 1".encode()).fetchall()
        value = "v::timestamp" if kind == "timestamp with time zone" else "v"
        return connection.execute(f"SELECT id, to_json({value}), beside FROM {table} ORDER BY id".encode()).fetchall()
