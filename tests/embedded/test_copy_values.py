"""What a copy makes of values: all that SQLite lets into a column, on its way to a server.

DJDOCK_EXAMPLES=200 python -m pytest tests/embedded/test_copy_values.py searches where the suite only checks.
"""

from __future__ import annotations

import datetime as dt
import decimal
import ipaddress
import json
import os
import sqlite3
import struct
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from psycopg.types.json import set_json_loads

from djdock.machine import postgres
from djdock.project.environment import Database
from djdock.transfer.job import Wish
from djdock.transfer.kinds.kind import Value
from djdock.transfer.snapshot import Raw
from tests import columns, transfers
from tests.columns import BERLIN, FORMS, UNTYPED, Form
from tests.embedded import databases
from tests.embedded.databases import make

pytestmark = pytest.mark.embedded

WIDE = decimal.Context(prec=99)
FEW = settings(
    max_examples=int(os.environ.get("DJDOCK_EXAMPLES", "5")),
    deadline=None,
    derandomize="DJDOCK_EXAMPLES" not in os.environ,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
)


@pytest.fixture(scope="module")
def everything(server: databases.Server) -> Iterator[Database]:
    """A database with a table for each form of column."""
    with databases.database(server) as database:
        with server.connect(database) as connection:
            make(
                connection,
                *(f'CREATE TABLE {form.name} ("{form.name}" {form.postgres})' for form in FORMS + BERLIN + UNTYPED),
            )
        yield database


def in_python(form: Form, value: Value) -> object:
    """A value as Python has it, from what SQLite keeps: as Django would read it."""
    if value is None:
        return None
    if form.kind.NAME in {"integer", "boolean", "duration", "decimal", "float"} and isinstance(value, Raw):
        value = int(value) if value.lstrip(b"-").isdigit() else float(value)
    if form.kind.NAME == "text" and isinstance(value, int | float):
        with closing(sqlite3.connect(":memory:")) as connection:
            return connection.execute("SELECT CAST(? AS TEXT)", (value,)).fetchone()[0]
    if form.kind.NAME == "decimal":
        assert isinstance(value, int | float)
        exact = decimal.Context(prec=15).create_decimal_from_float(value) if isinstance(value, float) else value
        number, scale = decimal.Decimal(exact), form.column.scale
        return number if scale is None else number.quantize(decimal.Decimal(1).scaleb(-scale), context=WIDE)
    if isinstance(value, bytes):
        text = value.decode() if form.kind.NAME != "binary" else ""
        readers: dict[str, Callable[[], object]] = {
            "text": lambda: text.rstrip(" ") if form.column.type == "bpchar" else text,
            "date": lambda: dt.date.fromisoformat(text),
            "time": lambda: dt.time.fromisoformat(text),
            "timestamp": lambda: dt.datetime.fromisoformat(text),
            "uuid": lambda: uuid.UUID(text),
            "json": lambda: as_json(json.loads(text, parse_float=decimal.Decimal, parse_int=decimal.Decimal)),
            "network": lambda: ipaddress.ip_address(text),
            "binary": lambda: bytes(value),
        }
        return readers[form.kind.NAME]()
    if form.kind.NAME == "float":
        return struct.pack(">d", value)
    return value


def as_json(value: object) -> object:
    """JSON in which -0 is another number than 0: PostgreSQL's numbers know no such thing."""
    if isinstance(value, list):
        return [as_json(one) for one in value]
    if isinstance(value, dict):
        return {key: as_json(one) for key, one in value.items()}
    return value


def on_server(form: Form, connection: psycopg.Connection[Any]) -> list[object]:
    """What the server has of a column, as Python has it, in the order in which it lies."""
    zone = form.zone or "UTC"
    asked = {
        "timestamp": f"\"{form.name}\" AT TIME ZONE '{zone}'",
        "duration": f'(extract(epoch from "{form.name}") * 1000000)::int8',
        "float": f'float8send("{form.name}")',
        "boolean": f'"{form.name}"::int',
        "text": f'"{form.name}"::text',
    }.get(form.kind.NAME, f'"{form.name}"')
    set_json_loads(lambda text: json.loads(text, parse_float=decimal.Decimal, parse_int=decimal.Decimal), connection)
    rows = connection.execute(f"SELECT {asked} FROM {form.name} ORDER BY ctid".encode()).fetchall()
    return [value for (value,) in rows]


@pytest.mark.parametrize("form", FORMS + BERLIN + UNTYPED, ids=lambda form: form.name)
@pytest.mark.parametrize("server", [postgres.WHEEL_MAJOR], indirect=True)
def test_whatever_is_in_sqlite(server: databases.Server, everything: Database, form: Form, tmp_path: Path) -> None:
    """Once repaired, any values arrive and read as those in SQLite do; sound ones are what they were."""

    @FEW
    @given(st.lists(columns.anything(form), max_size=60))
    def examine(values: list[object]) -> None:
        path = transfers.file(tmp_path / "db.sqlite3", f'CREATE TABLE {form.name} ("{form.name}" {form.sqlite})')
        with closing(sqlite3.connect(path)) as connection:
            connection.text_factory = bytes
            for value in values:
                columns.put(connection, form.name, [form.name], [value])
            connection.commit()
            before = columns.kept(connection, form.name, form.name)
        told = transfers.models([form.name], use_tz=not form.zone, time_zone=form.zone or "UTC")
        wish = Wish("fix", only=("app",))
        transfer = transfers.prepare(path, lambda: server.connect(everything), told, wish)
        with closing(sqlite3.connect(transfer.job.snapshot)) as connection:
            connection.text_factory = bytes
            after = columns.kept(connection, form.name, form.name)
        for was, became in zip(before, after, strict=True):
            if was is not None and form.kind.judge(was, form.slot) is None:
                assert became == form.kind.normal(was, form.slot)
        transfer.copy()
        with server.connect(everything) as opened:
            assert on_server(form, opened) == [in_python(form, value) for value in after]

    examine()
