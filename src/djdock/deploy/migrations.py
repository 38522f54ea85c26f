"""Migrations that a release brings: which are not applied yet, and what of them is unsafe while the site serves.

Until the new version serves, the old one works on the database that the new migrations have left; and a statement that
locks a large table stops the site for as long as it takes. Squawk (https://squawkhq.com) knows such statements; it is
fetched when it is needed, since only this needs it.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from djdock.deploy.asking import ask
from djdock.deploy.targets.target import Site, Target
from djdock.errors import Problem, last_lines
from djdock.machine import python
from djdock.plan.production.release import ENV_FILE, SECRETS_FOLDER

LINTER = "squawk-cli>=2.50,<3"
SCRIPT = """
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor
def sql_of(executor, migration):
    try:
        return "\\n".join(executor.loader.collect_sql([(migration, False)]))
    except Exception:  # it looks at what a migration before it will have made
        return None
try:
    connection.ensure_connection()
except OperationalError as error:
    found = str(error)
else:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    unapplied = [[str(one), sql_of(executor, one)] for one, _backwards in plan]
    found = [bool(executor.loader.applied_migrations), unapplied]
"""
# What squawk calls a statement, and what it means for a site that goes on serving meanwhile.
OLD_VERSION = "the version that still serves"
UNSAFE = {
    "ban-drop-column": f"drops a column that {OLD_VERSION} reads",
    "ban-drop-table": f"drops a table that {OLD_VERSION} reads",
    "renaming-column": f"renames a column: {OLD_VERSION} does not find it",
    "renaming-table": f"renames a table: {OLD_VERSION} does not find it",
    "adding-required-field": "adds a column without a default to a table that may have rows",
    "adding-not-nullable-field": f"makes a column NOT NULL: {OLD_VERSION} may leave it empty, and the table is locked",
    "ban-drop-default": f"adds a column that must not be empty: {OLD_VERSION} does not fill it (db_default= would)",
    "changing-column-type": "changes a column's type: the table may be rewritten, and is locked meanwhile",
    "require-concurrent-index-creation": "makes an index: nobody can write to the table meanwhile "
    "(AddIndexConcurrently lets them)",
    "disallowed-unique-constraint": "adds a unique constraint: nobody can read or write the table meanwhile",
    "constraint-missing-not-valid": "adds a constraint that looks at all rows: nobody can write meanwhile",
    "adding-foreign-key-constraint": "adds a foreign key that looks at all rows: nobody can write meanwhile",
    "adding-field-with-default": "adds a column with a default that is worked out for every row",
}


@dataclass(frozen=True)
class Migration:
    """A migration that is not applied yet: `app.name`, and its SQL; None where that depends on those before it."""

    name: str
    sql: str | None


@dataclass(frozen=True)
class Pending:
    """What is not applied yet.

    Attributes:
        live: the database has migrations already, so somebody may be working with it.
    """

    migrations: tuple[Migration, ...]
    live: bool


def pending(target: Target, site: Site) -> Pending:
    """Asks the new image what its database lacks.

    Raises:
        Problem: the project does not start in it, or the database does not answer.
    """
    done, found = ask(target, site, SCRIPT)
    if not done.ok or found is None:
        raise Problem(
            "The new image cannot say which migrations are not applied yet. Nothing was changed.",
            details=last_lines(done.text),
            hint="Correct what the last line says (a setting? the database's address?), then the same command again.",
        )
    if isinstance(found, str):
        raise Problem(
            "The database does not answer, or does not let the site in. Nothing was changed.",
            details=last_lines(found, 4),
            hint=f"Start it, or correct its address ({SECRETS_FOLDER}/, {ENV_FILE}): `localhost` is the "
            "container itself. Then the same command again.",
        )
    live, unapplied = found
    return Pending(tuple(Migration(name, sql) for name, sql in unapplied), live)


def unsafe(migrations: tuple[Migration, ...], major: int, cwd: Path) -> tuple[str, ...] | None:
    """What would hurt a site that goes on serving, one sentence each; None where the linter cannot be had."""
    told: list[str] = []
    for migration in migrations:
        if migration.sql is None:
            told.append(f"{migration.name} was not looked at: what it does depends on those before it.")
            continue
        words = ["squawk", "--reporter", "json", "--pg-version", f"{major}.0", "--stdin-filepath", migration.name]
        done = python.try_uv(["tool", "run", "--from", LINTER, *words], cwd=cwd, env=os.environ, stdin=migration.sql)
        try:
            found = json.loads(done.stdout)
        except ValueError:
            return None
        rules = dict.fromkeys(str(one["rule_name"]) for one in found)
        told += [f"{migration.name} {UNSAFE[rule]}." for rule in rules if rule in UNSAFE]
    return tuple(told)
