"""The edit of DATABASES: one entry changes, every other byte of the module stays."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeGuard

from djdock.plan.change import Change
from djdock.plan.source_text import Element, Source, Splice, added, spliced, with_import_os, without
from djdock.project.evaluation import Evaluation, variables_of
from djdock.project.files import Files
from djdock.project.source import parse

ENGINE = "django.db.backends.postgresql"
GIS_ENGINE = "django.contrib.gis.db.backends.postgis"
# An old name of the same engine, which Django gave up.
OLD_ENGINE = "django.db.backends.postgresql_psycopg2"
# What SQLite and MySQL are told, and PostgreSQL does not understand.
FOREIGN_KEYS = frozenset({"OPTIONS", "STORAGE_ENGINE", "CHARSET", "COLLATION"})
# Options that a server on this machine does not fulfil: it has no certificate.
ENCRYPTION = frozenset({"sslmode", "sslrootcert", "sslcert", "sslkey"})


@dataclass(frozen=True)
class Place:
    """Where DATABASES is given a value; line 0 is the end of the module.

    `keeps_variables`: parts of the address that variables decide already stay as they are.
    """

    path: str
    line: int
    keeps_variables: bool


def rewrite(files: Files, place: Place, evaluation: Evaluation, names: Mapping[str, str]) -> Iterator[Change]:
    """The edits that may do, the smallest one first; whoever calls works out which of them does.

    Raises:
        Problem: the module is no Python.
    """
    text = files.read(place.path) or ""
    found = evaluation.database() or {}
    gis = "gis" in str(found.get("ENGINE")) or "spatialite" in str(found.get("ENGINE"))
    quote = "'" if text.count("'") > text.count('"') else '"'
    declared = isinstance(evaluation.values.get("DATABASES"), Mapping)
    wanted = _Wanted(found, names, GIS_ENGINE if gis else ENGINE, place.keeps_variables, quote, declared)
    source = Source(text, parse(text, place.path))
    for changed in _in_place(source, place.line, wanted) if place.line else [_at_end(source, wanted)]:
        if changed != text:
            done = with_import_os(Source(changed, parse(changed, place.path)))
            yield Change(place.path, text, done, "DATABASES: PostgreSQL, read from the environment")


@dataclass(frozen=True)
class _Wanted:
    found: Mapping[str, object]
    names: Mapping[str, str]
    engine: str
    keeps_variables: bool
    quote: str
    declared: bool

    def text(self, value: str) -> str:
        return f"{self.quote}{value}{self.quote}"

    def expression(self, key: str) -> str:
        """The new value of one key."""
        return self.text(self.engine) if key == "ENGINE" else f"os.environ[{self.text(self.names[key])}]"

    def keeps(self, key: str) -> bool:
        """Whether the value of a key is one that a variable decides already, or that is right."""
        value = self.found.get(key)
        if key == "ENGINE":
            return self.is_postgres and value != OLD_ENGINE
        return self.keeps_variables and bool(variables_of(value))

    @property
    def is_postgres(self) -> bool:
        """Whether the engine is one for PostgreSQL now; others wrap Django's and keep its name in theirs."""
        return "postg" in str(self.found.get("ENGINE"))

    @property
    def keys(self) -> tuple[str, ...]:
        return ("ENGINE", *self.names)

    def block(self, indent: str, unit: str, newline: str) -> str:
        """The whole entry, its first line without indentation."""
        lines = [f"{indent}{unit}{self.text(key)}: {self.expression(key)}," for key in self.keys]
        return newline.join(["{", *lines, f"{indent}}}"])


def _at_end(source: Source, wanted: _Wanted) -> str:
    end = source.newline
    inner = wanted.block("    ", "    ", end)
    if wanted.declared or any(isinstance(node, ast.Name) and node.id == "DATABASES" for node in ast.walk(source.tree)):
        statement = f"DATABASES[{wanted.text('default')}] = {wanted.block('', '    ', end)}"
    else:
        statement = f"DATABASES = {{{end}    {wanted.text('default')}: {inner},{end}}}"
    gap = "" if not source.text or source.text.endswith(("\n", "\r")) else end
    comment = "# The last word on the database: PostgreSQL, from the environment."
    return source.text + gap + end.join(["", comment, statement, ""])


def _in_place(source: Source, line: int, wanted: _Wanted) -> Iterator[str]:
    for node in ast.walk(source.tree):
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.lineno == line and node.value is not None:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            value = _entry(source, target, node.value)
            if value is not None:
                yield from _edited(source, value, wanted)
                return


def _entry(source: Source, target: ast.expr, value: ast.expr) -> ast.expr | None:
    """The expression that is the default database, of an assignment."""
    match target:
        case ast.Name(id="DATABASES") if _has_entries(value):
            return next((part.value for part in source.elements(value) if part.key == "default"), None)
        case ast.Subscript(value=ast.Name(id="DATABASES"), slice=ast.Constant(value="default")):
            return value
    return None


def _has_entries(node: ast.expr) -> TypeGuard[ast.Dict | ast.Call]:
    """Whether a node is a dict, or `dict(…)` with keywords only."""
    match node:
        case ast.Dict():
            return True
        case ast.Call(func=ast.Name(id="dict"), args=[]):
            return True
    return False


def _edited(source: Source, value: ast.expr, wanted: _Wanted) -> Iterator[str]:
    if _has_entries(value) and (elements := source.elements(value)):
        splices = _pieces(source, elements, wanted, keywords=isinstance(value, ast.Call))
        yield spliced(source.text, splices)
    start, end = source.span(value)
    indent = source.indent_at(start)
    unit = "\t" if "\t" in indent else "    "
    yield spliced(source.text, [Splice(start, end, wanted.block(indent, unit, source.newline))])


def _pieces(source: Source, elements: list[Element], wanted: _Wanted, *, keywords: bool) -> list[Splice]:
    """The edits of single entries: values replaced, entries of other databases taken away, missing ones added."""
    splices: list[Splice] = []
    kept: list[Element] = []
    for element in elements:
        if element.key in FOREIGN_KEYS and not wanted.is_postgres:
            splices.append(without(source, element, kept[-1] if kept else None))
            if kept and splices[-1].start == kept[-1].end:
                kept[-1] = replace(kept[-1], comma=None)  # it goes with the last entry
            continue
        if element.key == "OPTIONS":
            removed = _without_encryption(source, element, kept)
            splices += removed
            if any(splice.start <= element.start for splice in removed):
                if kept and removed[0].start == kept[-1].end:
                    kept[-1] = replace(kept[-1], comma=None)
                continue
        elif element.key in wanted.keys and not wanted.keeps(str(element.key)):
            splices.append(Splice(*source.span(element.value), wanted.expression(str(element.key))))
        kept.append(element)
    if not kept:
        return []  # nothing of it is left to edit: the whole entry is written anew
    there = {element.key for element in elements}
    missing = [
        f"{key}={wanted.expression(key)}" if keywords else f"{wanted.text(key)}: {wanted.expression(key)}"
        for key in wanted.keys
        if key not in there
    ]
    if not missing:
        return splices
    return [*splices, *added(source, kept, missing)]


def _without_encryption(source: Source, element: Element, kept: list[Element]) -> list[Splice]:
    """OPTIONS without what asks for an encrypted connection; nothing where it does not."""
    if not _has_entries(element.value):
        return []
    inner = source.elements(element.value)
    gone = [part for part in inner if part.key in ENCRYPTION]
    if not gone or not _is_forced(gone):
        return []
    if len(gone) == len(inner):
        return [without(source, element, kept[-1] if kept else None)]
    stay: list[Element] = []
    splices = []
    for part in inner:
        if part in gone:
            splices.append(without(source, part, stay[-1] if stay else None))
        else:
            stay.append(part)
    return splices


def _is_forced(parts: list[Element]) -> bool:
    modes = [part.value.value for part in parts if part.key == "sslmode" and isinstance(part.value, ast.Constant)]
    return bool(modes) and modes[0] not in {"prefer", "disable", "allow"}
