"""Settings that force TLS on the connection to the database.

https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-PROTECTION says how it is meant to be.
"""

from __future__ import annotations

import ast

from djdock.doctor import sources
from djdock.doctor.case import Case, Finding
from djdock.doctor.repair import EditFile, Repair, SetVariable
from djdock.plan.change import Change

NAME = "database-without-ssl"
TITLE = "The settings demand TLS, and a local database has none"
SEEN = "OperationalError: server does not support SSL, but SSL was required"
CAUSE = (
    "The settings were written for a hosting service: they demand an encrypted connection, also on your own machine."
)
FIX = "Let a variable decide; or write sslmode=prefer, which encrypts wherever the server can."
DOES = (
    "Sets the variable that decides; else turns `require` into `prefer`, which encrypts with every "
    "server that offers it."
)

FORCED = {"require", "verify-ca", "verify-full"}


def find(case: Case) -> tuple[Finding, ...]:
    fault = (
        case.symptom.first("django.db.utils.OperationalError", "psycopg.OperationalError", "psycopg2.OperationalError")
        if case.symptom
        else None
    )
    # The server has not been reached, so there is no SQLSTATE; the text is the client library's own.
    if fault is None or "server does not support SSL" not in fault.text:
        return ()
    what, fix = (
        "The settings demand TLS from the database, and a local one has none",
        "Write sslmode=prefer; or let a variable decide.",
    )
    for path in sources.settings_files(case):
        parsed = sources.tree(sources.text(case.files, path))
        for node in ast.walk(parsed) if parsed else ():
            literal = _literal(node)
            if literal is not None:
                where = f"{path}:{literal.lineno}"
                return (Finding(NAME, what, where, fix, _repair(case, path, literal)),)
    return (Finding(NAME, what, "", "Look for sslmode in the settings and in DATABASE_URL."),)


def _literal(node: ast.AST) -> ast.expr | None:
    """The value of `sslmode` or `ssl_require`, however it is given."""
    match node:
        case ast.keyword(arg="ssl_require", value=value) if not (
            isinstance(value, ast.Constant) and value.value is False
        ):
            return value
        case ast.keyword(arg="sslmode", value=value):
            return value
        case ast.Dict(keys=keys, values=values):
            for key, value in zip(keys, values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "sslmode" and _forces(value):
                    return value
        case ast.Assign(targets=[ast.Subscript(slice=ast.Constant(value="sslmode"))], value=value) if _forces(value):
            return value
    return None


def _forces(value: ast.expr) -> bool:
    return not isinstance(value, ast.Constant) or value.value in FORCED


def _repair(case: Case, path: str, literal: ast.expr) -> Repair | None:
    if not isinstance(literal, ast.Constant):
        inside = _read_between(case, path, literal.lineno, literal.end_lineno or literal.lineno)
        names = [
            name for used in ast.walk(literal) if isinstance(used, ast.Name) for name in sources.deciding(case, used.id)
        ]
        decides = next((name for name in (*inside, *names) if "SSL" in name), None)
        debug = next((name for name in (*inside, *names) if "DEBUG" in name), None)
        if decides:
            return SetVariable(decides, "False", "boolean")
        return SetVariable(debug, "True", "boolean") if debug else None
    before = sources.text(case.files, path)
    lines = before.splitlines(keepends=True)
    line = lines[literal.lineno - 1].encode()
    old = line[literal.col_offset : literal.end_col_offset].decode()
    new = "False" if literal.value is True else f"{old[0]}prefer{old[-1]}"
    changed = line[: literal.col_offset] + new.encode() + line[literal.end_col_offset :]
    lines[literal.lineno - 1] = changed.decode()
    return EditFile(Change(path, before, "".join(lines), "a local database has no TLS"))


def _read_between(case: Case, path: str, first: int, last: int) -> list[str]:
    """The variables that are read in some lines of a file."""
    places = [(reading.name, *sources.place(reading.source)) for reading in case.reads]
    return [name for name, file, line in places if file == path and first <= line <= last]
