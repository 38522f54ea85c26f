"""The edit of DATABASES as concrete syntax: one entry changes, every other byte of the module stays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from djdock.errors import Problem
from djdock.plan.change import Change
from djdock.plan.python_source import Import, edit
from djdock.project.evaluation import Evaluation, variables_of
from djdock.project.files import Files

ENGINE = "django.db.backends.postgresql"
GIS_ENGINE = "django.contrib.gis.db.backends.postgis"
# What SQLite and MySQL are told, and PostgreSQL does not understand.
FOREIGN_KEYS = frozenset({"OPTIONS", "STORAGE_ENGINE", "CHARSET", "COLLATION"})
LENT = "pass\n"


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
        Problem: LibCST cannot read the module.
    """
    source = files.read(place.path) or ""
    found = evaluation.database() or {}
    gis = "gis" in str(found.get("ENGINE"))
    wanted = _Wanted(found, names, GIS_ENGINE if gis else ENGINE, place.keeps_variables, _quote(source))
    try:
        texts = _in_place(source, place.line, wanted) if place.line else [_at_end(source, wanted)]
    except cst.ParserSyntaxError as error:
        raise Problem(
            f"{place.path} cannot be read as Python, line {error.raw_line}.",
            hint=f"Correct it, or write DATABASES for PostgreSQL yourself in {place.path}.",
        ) from error
    for text in texts:
        if text != source:
            yield Change(place.path, source, _with_import(text), "DATABASES: PostgreSQL, read from the environment")


@dataclass(frozen=True)
class _Wanted:
    found: Mapping[str, object]
    names: Mapping[str, str]
    engine: str
    keeps_variables: bool
    quote: str

    def text(self, value: str) -> str:
        return f"{self.quote}{value}{self.quote}"

    def expression(self, key: str) -> str:
        """The new value of one key."""
        return self.text(self.engine) if key == "ENGINE" else f"os.environ[{self.text(self.names[key])}]"

    def keeps(self, key: str) -> bool:
        """Whether the value of a key is one that a variable decides already, or that is right."""
        value = self.found.get(key)
        if key == "ENGINE":
            return value == self.engine
        return self.keeps_variables and bool(variables_of(value))

    def entries(self) -> dict[str, str]:
        return {key: self.expression(key) for key in ("ENGINE", *self.names)}


def _quote(source: str) -> str:
    return "'" if source.count("'") > source.count('"') else '"'


def _with_import(text: str) -> str:
    return edit(text, [Import("import os")]) if "os.environ" in text and not _imports_os(text) else text


def _imports_os(text: str) -> bool:
    for statement in cst.parse_module(text.lstrip("\ufeff\f")).body:
        for part in statement.body if isinstance(statement, cst.SimpleStatementLine) else ():
            if isinstance(part, cst.Import) and any(
                isinstance(alias.name, cst.Name) and alias.name.value == "os" and alias.asname is None
                for alias in part.names
            ):
                return True
    return False


def _at_end(source: str, wanted: _Wanted) -> str:
    end = "\r\n" if "\r\n" in source else "\n"
    lines = [f"    {wanted.text(key)}: {value}," for key, value in wanted.entries().items()]
    head = f"DATABASES[{wanted.text('default')}] = {{" if "DATABASES" in source else "DATABASES = {"
    if "DATABASES" not in source:
        lines = [f"    {wanted.text('default')}: {{", *(f"    {line}" for line in lines), "    },"]
    gap = "" if not source or source.endswith("\n") else end
    comment = "# The last word on the database: PostgreSQL, from the environment."
    return source + gap + end.join(["", comment, head, *lines, "}", ""])


def _in_place(source: str, line: int, wanted: _Wanted) -> list[str]:
    text = source.lstrip("\ufeff\f")
    head = source[: len(source) - len(text)]
    # LibCST loses some comments after the last statement; so it gets one more, for the time of the edit.
    lent = "" if not text or text.endswith("\n") else "\r\n" if "\r\n" in text else "\n"
    wrapper = MetadataWrapper(cst.parse_module(text + lent + LENT))
    done = []
    for whole in (False, True):
        editor = _Editor(line, wanted, whole=whole)
        module = wrapper.visit(editor)
        if editor.changed:
            done.append(head + module.code.removesuffix(LENT).removesuffix(lent))
    return done


class _Editor(cst.CSTTransformer):
    """Changes the assignment that begins in a line: its entry `default`, or, with `whole`, all of that entry."""

    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, line: int, wanted: _Wanted, *, whole: bool) -> None:
        super().__init__()
        self.line = line
        self.wanted = wanted
        self.whole = whole
        self.changed = False

    def leave_Assign(self, original_node: cst.Assign, updated_node: cst.Assign) -> cst.BaseSmallStatement:  # noqa: N802
        return self._assignment(original_node, updated_node)

    def leave_AnnAssign(  # noqa: N802 - LibCST names its hooks after its nodes
        self, original_node: cst.AnnAssign, updated_node: cst.AnnAssign
    ) -> cst.BaseSmallStatement:
        return self._assignment(original_node, updated_node)

    def _assignment(
        self, original: cst.Assign | cst.AnnAssign, updated: cst.Assign | cst.AnnAssign
    ) -> cst.BaseSmallStatement:
        place = self.get_metadata(PositionProvider, original)
        if place.start.line != self.line or updated.value is None:
            return updated
        target = original.targets[0].target if isinstance(original, cst.Assign) else original.target
        value = self._value(target, updated.value)
        if value is None:
            return updated
        self.changed = True
        return updated.with_changes(value=value)

    def _value(self, target: cst.BaseExpression, value: cst.BaseExpression) -> cst.BaseExpression | None:
        if isinstance(target, cst.Name):
            return self._databases(value)
        if isinstance(target, cst.Subscript) and _subscripts(target) == ["default"]:
            return self._database(value, "")
        return None

    def _databases(self, value: cst.BaseExpression) -> cst.BaseExpression | None:
        if not isinstance(value, cst.Dict):
            return None
        elements = list(value.elements)
        for index, element in enumerate(elements):
            if isinstance(element, cst.DictElement) and _string(element.key) == "default":
                inner = self._database(element.value, _indent_of(value))
                elements[index] = element.with_changes(value=inner)
                return value.with_changes(elements=elements)
        return None

    def _database(self, value: cst.BaseExpression, indent: str) -> cst.BaseExpression:
        if self.whole or not isinstance(value, cst.Dict):
            return self._new(indent)
        kept: list[cst.BaseDictElement] = []
        there: set[str] = set()
        foreign = "postg" not in str(self.wanted.found.get("ENGINE"))
        for element in value.elements:
            key = _string(element.key) if isinstance(element, cst.DictElement) else None
            if key in FOREIGN_KEYS and foreign:
                continue
            if key == "ENGINE" or key in self.wanted.names:
                there.add(str(key))
                if not self.wanted.keeps(str(key)):
                    element = element.with_changes(value=cst.parse_expression(self.wanted.expression(str(key))))  # noqa: PLW2901
            kept.append(element)
        missing = [key for key in ("ENGINE", *self.wanted.names) if key not in there]
        return _with_elements(value, kept, {key: self.wanted.expression(key) for key in missing}, self.wanted)

    def _new(self, indent: str) -> cst.BaseExpression:
        lines = [f"{indent}    {self.wanted.text(key)}: {value}," for key, value in self.wanted.entries().items()]
        return cst.parse_expression("\n".join(["{", *lines, f"{indent}}}"]))


def _with_elements(
    old: cst.Dict, kept: list[cst.BaseDictElement], more: Mapping[str, str], wanted: _Wanted
) -> cst.Dict:
    """The dict with some elements left out and some added at its end, in its own layout."""
    last = old.elements[-1] if old.elements else None
    separator = next(
        (element.comma for element in old.elements[:-1] if isinstance(element.comma, cst.Comma)),
        cst.Comma(whitespace_after=cst.SimpleWhitespace(" ")),
    )
    if isinstance(separator.whitespace_after, cst.ParenthesizedWhitespace):
        plain = separator.whitespace_after.with_changes(
            first_line=cst.TrailingWhitespace(newline=separator.whitespace_after.first_line.newline), empty_lines=[]
        )
        separator = separator.with_changes(whitespace_after=plain)
    elements = list(kept)
    for key, value in more.items():
        elements.append(cst.DictElement(cst.parse_expression(wanted.text(key)), cst.parse_expression(value)))
    closing = last.comma if last is not None else cst.MaybeSentinel.DEFAULT
    done: list[cst.BaseDictElement] = []
    for index, element in enumerate(elements):
        if index == len(elements) - 1:
            done.append(element.with_changes(comma=closing))
        elif not isinstance(element.comma, cst.Comma) or not _has_gap(element.comma):
            comma = element.comma if isinstance(element.comma, cst.Comma) else separator
            done.append(element.with_changes(comma=comma.with_changes(whitespace_after=separator.whitespace_after)))
        else:
            done.append(element)
    return old.with_changes(elements=done)


def _has_gap(comma: cst.Comma) -> bool:
    """Whether something stands between a comma and the next element; behind the last comma it is the brace's."""
    gap = comma.whitespace_after
    return isinstance(gap, cst.ParenthesizedWhitespace) or not gap.empty


def _string(node: cst.BaseExpression) -> str | None:
    value = node.evaluated_value if isinstance(node, (cst.SimpleString, cst.ConcatenatedString)) else None
    return value if isinstance(value, str) else None


def _subscripts(node: cst.Subscript) -> list[str | None]:
    if not (isinstance(node.value, cst.Name) and node.value.value == "DATABASES"):
        return []
    return [_string(part.slice.value) if isinstance(part.slice, cst.Index) else None for part in node.slice]


def _indent_of(outer: cst.Dict) -> str:
    space = outer.lbrace.whitespace_after
    return space.last_line.value if isinstance(space, cst.ParenthesizedWhitespace) else ""
