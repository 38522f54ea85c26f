"""Every value that needs a repair or another form is noticed by the fast tests of a scan, and no other is touched."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from djdock.transfer import scan
from djdock.transfer.crew import Crew
from djdock.transfer.kinds.kind import Value
from djdock.transfer.ledger import Ledger, shown, stored
from tests import columns
from tests.columns import BERLIN, FORMS, UNTYPED, Form

MANY = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def expected(form: Form, value: Value) -> tuple[str, object]:
    """What one careful look makes of a value: a fault, another form, or nothing."""
    if value is None:
        return "", None
    fault = form.kind.judge(value, form.slot)
    if fault:
        return fault.name, shown(value)
    normal = form.kind.normal(value, form.slot)
    return ("another form", stored(normal)) if normal != value or type(normal) is not type(value) else ("", None)


def noticed(form: Form, folder: Path, values: list[object]) -> tuple[list[list[tuple[str, object]]], list[list[Value]]]:
    """What a scan notices of each value in a table of its own, and of all in one; and what SQLite keeps of them."""
    path = folder / "values.sqlite3"
    path.unlink(missing_ok=True)
    tables = [[value] for value in values] + [values]
    held = []
    with closing(sqlite3.connect(path)) as connection:
        connection.text_factory = bytes
        connection.execute("PRAGMA synchronous = OFF")
        for number, content in enumerate(tables):
            connection.execute(f'CREATE TABLE t{number} ("{form.name}" {form.sqlite})')
            for value in content:
                columns.put(connection, f"t{number}", [form.name], [value])
            held.append(columns.kept(connection, f"t{number}", form.name))
        connection.commit()
    routes = [columns.route(form, f"t{number}") for number in range(len(tables))]
    found: list[list[tuple[str, object]]] = [[("", None)] * len(content) for content in tables]
    with closing(Ledger(folder)) as ledger, Crew(path) as crew:
        scan.scan(crew, path, routes, ledger, lambda _rows, _size: None)
        for finding in ledger.findings():
            found[finding.route][finding.row - 1] = (finding.fault.name, finding.value)
        for number in range(len(tables)):
            for row, _lane, value in ledger.rewritings(number):
                found[number][row - 1] = ("another form", value)
    return found, held


@pytest.mark.parametrize("form", FORMS + BERLIN + UNTYPED, ids=lambda form: form.name)
def test_nothing_is_missed(form: Form, tmp_path: Path) -> None:
    """Whatever a careful look at a single value finds, a scan of the whole column finds, and nothing else."""

    @MANY
    @given(st.lists(columns.anything(form), min_size=1, max_size=8))
    def examine(values: list[object]) -> None:
        found, held = noticed(form, tmp_path, values)
        for seen, content in zip(found, held, strict=True):
            assert seen == [expected(form, value) for value in content], content

    examine()
