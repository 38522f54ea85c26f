"""Scripts for psql: the statements that copy ready files, as its contenders put them together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.copying import meter
from benchmarks.copying.case import Attempt, Case, last_line
from benchmarks.copying.meter import Command
from benchmarks.copying.reference import Ready
from benchmarks.copying.schema import Schema

KEYS = ("p", "u")  # primary and unique


def run(case: Case, lines: Sequence[str]) -> Attempt:
    """Runs lines in one transaction."""
    file = case.folder / "copy.sql"
    file.write_text("\n".join(("BEGIN;", *lines, "COMMIT;", "")), encoding="utf-8")
    psql = case.server.bin / "psql"
    options = ("--no-psqlrc", "--quiet", "--output=/dev/null", "--set=ON_ERROR_STOP=1")
    argv = (psql, *options, f"--file={file}", f"--dbname={case.target.url}")
    ended = meter.run(case.server, Command(argv, case.folder))
    return Attempt(ended.cost, failure=last_line(ended.output) if ended.code else "")


def truncate(schema: Schema) -> str:
    """Empties all tables at once: they refer to each other."""
    return f"TRUNCATE {', '.join(map(_quoted, schema.tables))};"


def copies(schema: Schema, ready: Ready, form: str, options: str) -> Iterator[str]:
    """Copies each table from its file."""
    for table, columns in schema.tables.items():
        names = ", ".join(map(_quoted, columns))
        yield f"\\copy {_quoted(table)} ({names}) FROM '{ready.file(table, form)}' WITH (FORMAT {form}{options})"


def drops(schema: Schema) -> Iterator[str]:
    """Drops foreign keys, then indexes, then primary and unique keys."""
    for constraint in schema.of_kind("f"):
        yield f"ALTER TABLE {_quoted(constraint.table)} DROP CONSTRAINT {_quoted(constraint.name)};"
    for index in schema.indexes:
        if not index.of_constraint:
            yield f"DROP INDEX {index.name};"
    for kind in KEYS:
        for constraint in schema.of_kind(kind):
            yield f"ALTER TABLE {_quoted(constraint.table)} DROP CONSTRAINT {_quoted(constraint.name)};"


def rebuilds(schema: Schema) -> Iterator[str]:
    """Puts back what `drops` took away, foreign keys last: making them checks all rows."""
    for kind in KEYS:
        yield from _additions(schema, kind)
    for index in schema.indexes:
        if not index.of_constraint:
            yield f"{index.definition};"
    yield from _additions(schema, "f")


def sequences(schema: Schema) -> Iterator[str]:
    """Lets each sequence go on after the highest key."""
    for counter in schema.sequences:
        yield f"{counter.to_set};"


def _additions(schema: Schema, kind: str) -> Iterator[str]:
    for constraint in schema.of_kind(kind):
        name = _quoted(constraint.name)
        yield f"ALTER TABLE {_quoted(constraint.table)} ADD CONSTRAINT {name} {constraint.definition};"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
