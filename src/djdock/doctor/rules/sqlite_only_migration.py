"""A migration that PostgreSQL refuses (https://docs.djangoproject.com/en/stable/ref/databases/#sqlite-notes)."""

from __future__ import annotations

from djdock.doctor.case import Case, Finding
from djdock.doctor.symptom import Fault

NAME = "sqlite-only-migration"
TITLE = "A migration that only SQLite accepts"
SEEN = (
    'column "price" cannot be cast automatically to type integer; cannot ALTER TABLE because it has '
    "pending trigger events"
)
CAUSE = (
    "SQLite takes any value in any column, and rebuilds a table where others alter it; PostgreSQL checks "
    "types and order."
)
FIX = "Change the migration: a RunSQL with USING for a type, data and schema in two migrations, SQL that both know."
DOES = "Nothing: it says which migration, and what PostgreSQL has said."

ADVICE = {
    "42804": "Replace AlterField by RunSQL('ALTER TABLE … TYPE … USING …'), or take the field away and add it anew.",
    "42883": "Compare or join values of the same type; PostgreSQL converts none by itself.",
    "55006": "Split it: changes of data in one migration, changes of the schema in the next; or set atomic = False.",
    "22P02": "The migration writes a value that is none of the column's type: convert it first.",
    "22001": "The migration writes a text that is longer than its column: make the column longer first.",
    "42601": "The SQL of this migration is SQLite's own; write what PostgreSQL understands too.",
    "25P02": "An earlier statement of this migration failed, and its exception was swallowed.",
}


def find(case: Case) -> tuple[Finding, ...]:
    symptom = case.symptom
    if symptom is None:
        return ()
    migration = next((found for fault in symptom.faults if (found := fault.attribute("migration"))), "")
    fault = next((fault for fault in symptom.faults if fault.sqlstate), None)
    if not migration or fault is None:
        return ()
    app, _, name = migration.partition(".")
    where = next((path for path in case.paths if f"/{path}".endswith(f"/{app}/migrations/{name}.py")), migration)
    said = fault.text.splitlines()[0] if fault.text else _kind(fault)
    fix = ADVICE.get(fault.sqlstate, "Change the migration so that PostgreSQL accepts it; SQLite is less strict.")
    return (Finding(NAME, f"PostgreSQL refuses the migration {migration}: {said}", where, fix),)


def _kind(fault: Fault) -> str:
    return f"SQLSTATE {fault.sqlstate}"
