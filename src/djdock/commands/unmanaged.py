"""Tables of unmanaged models, which Django leaves to others: their rows are copied where a person wants that."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from djdock import output
from djdock.transfer import models, snapshot, source, target
from djdock.transfer.job import Wish
from djdock.transfer.models import Models


def asked(wish: Wish, described: Models, taken: Path, tables: Mapping[str, target.Table]) -> Wish:
    """The wish, completed by what a person at a terminal says of tables that both sides have and that hold rows.

    Without a terminal, as without such tables, it stays as it is: what is left out is listed in the end.
    """
    if wish.unmanaged or not output.is_asked():
        return wish
    found = _with_rows(wish, described, taken, tables)
    if not found:
        return wish
    output.table(("table", "rows"), [(name, f"{count:,}") for name, count in found.items()], right={1})
    several = "these tables" if len(found) > 1 else "this table"
    question = (
        f"Django does not manage {several}: the models are unmanaged. Replace the rows in PostgreSQL by SQLite's?"
    )
    return replace(wish, unmanaged=output.confirm(question, default=False))


def _with_rows(wish: Wish, described: Models, taken: Path, tables: Mapping[str, target.Table]) -> dict[str, int]:
    """The unmanaged tables that could be copied, and how many rows SQLite has in them."""
    found = {}
    with (
        contextlib.suppress(KeyError),  # what is no app and no model is told by the pre-flight
        snapshot.whole(taken),
        closing(snapshot.open_for_reading(taken, text=bytes.decode)) as connection,
    ):
        here = source.read(connection)
        for model in models.chosen(described, wish.only, wish.exclude):
            table = here.table(model.table)
            if model.managed or not model.present or table is None or model.table not in tables:
                continue
            count = connection.execute(f"SELECT count(*) FROM {table.quoted}").fetchone()[0]  # noqa: S608 - quoted
            if count:
                found[model.table] = count
    return found
