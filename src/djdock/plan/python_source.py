"""Edits of Python source as concrete syntax: what is not named keeps every byte, comments and blank lines included."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import libcst as cst

Statement = cst.SimpleStatementLine | cst.BaseCompoundStatement


class NotFound(LookupError):
    """The place that an edit names is not in the source; args[0] is its name."""


@dataclass(frozen=True)
class Import:
    """Adds an import line below the imports that are there, unless it is there already.

    `apart` puts a blank line before it: the customary gap between the standard library and other packages.
    """

    code: str
    apart: bool = False


@dataclass(frozen=True)
class Assign:
    """Gives a module-level name another value."""

    name: str
    value: str


@dataclass(frozen=True)
class Insert:
    """Adds statements right after the one that assigns `after`; `code` may begin with blank lines and comments."""

    after: str
    code: str


@dataclass(frozen=True)
class Append:
    """Adds an element at the end of a module-level list, in the list's own layout."""

    name: str
    element: str


Edit = Import | Assign | Insert | Append


def edit(source: str, edits: Sequence[Edit]) -> str:
    """The source with all edits made.

    Raises:
        NotFound: a name is not assigned at module level, or is no list where one is needed.
        libcst.ParserSyntaxError: the source is no Python.
    """
    module = cst.parse_module(source)
    for wanted in edits:
        module = _Editor(module, single_quotes=source.count("'") > source.count('"')).edit(wanted)
    return module.code


@dataclass(frozen=True)
class _Editor:
    module: cst.Module
    single_quotes: bool

    def edit(self, wanted: Edit) -> cst.Module:
        match wanted:
            case Import():
                return self._import(wanted)
            case Assign():
                return self._assign(wanted)
            case Insert():
                return self._insert(wanted)
            case Append():
                return self._append(wanted)

    def _statements(self, code: str) -> list[Statement]:
        # LibCST gives the blank lines and comments before a module's first statement to the module; behind another
        # statement they stay with their own.
        config = self.module.config_for_parsing
        body = cst.parse_module(f"pass\n{code}", config).body[1:]
        return [self._quoted(statement) for statement in body]

    def _quoted(self, node: Statement) -> Statement:
        changed = node.visit(_SingleQuotes()) if self.single_quotes else node
        assert isinstance(changed, Statement)  # noqa: S101 - the visitor replaces strings only
        return changed

    def _find(self, name: str) -> tuple[int, cst.SimpleStatementLine]:
        for index, statement in reversed(list(enumerate(self.module.body))):
            if isinstance(statement, cst.SimpleStatementLine) and name in _assigned(statement):
                return index, statement
        raise NotFound(name)

    def _with(self, start: int, stop: int, statements: Sequence[Statement]) -> cst.Module:
        body = self.module.body
        return self.module.with_changes(body=[*body[:start], *statements, *body[stop:]])

    def _import(self, wanted: Import) -> cst.Module:
        [statement] = self._statements(wanted.code + "\n")
        assert isinstance(statement, cst.SimpleStatementLine)  # noqa: S101 - an import is a simple statement
        imports = [index for index, line in enumerate(self.module.body) if _is_import(line)]
        if any(self.module.body[index].deep_equals(statement) for index in imports):
            return self.module
        if wanted.apart and imports:
            statement = statement.with_changes(leading_lines=[cst.EmptyLine(indent=False)])
        place = imports[-1] + 1 if imports else _after_docstring(self.module)
        return self._with(place, place, [statement])

    def _assign(self, wanted: Assign) -> cst.Module:
        index, statement = self._find(wanted.name)
        [replacement] = self._statements(f"{wanted.name} = {wanted.value}\n")
        assert isinstance(replacement, cst.SimpleStatementLine)  # noqa: S101 - an assignment is a simple statement
        [new] = replacement.body
        [old] = statement.body
        assert isinstance(new, cst.Assign)  # noqa: S101
        assert isinstance(old, cst.Assign | cst.AnnAssign)  # noqa: S101 - what _find looks for
        kept = statement.with_changes(body=[old.with_changes(value=new.value)])
        return self._with(index, index + 1, [kept])

    def _insert(self, wanted: Insert) -> cst.Module:
        index, _statement = self._find(wanted.after)
        return self._with(index + 1, index + 1, self._statements(wanted.code))

    def _append(self, wanted: Append) -> cst.Module:
        index, statement = self._find(wanted.name)
        [assignment] = statement.body
        assert isinstance(assignment, cst.Assign | cst.AnnAssign)  # noqa: S101 - what _find looks for
        if not isinstance(assignment.value, cst.List):
            raise NotFound(wanted.name)
        elements = list(assignment.value.elements)
        [line] = self._statements(wanted.element + "\n")
        assert isinstance(line, cst.SimpleStatementLine)  # noqa: S101
        [expression] = line.body
        assert isinstance(expression, cst.Expr)  # noqa: S101
        new = cst.Element(expression.value)
        if elements:
            last = elements[-1]
            between = elements[-2].comma if len(elements) > 1 else cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
            elements[-1] = last.with_changes(comma=between)
            new = new.with_changes(comma=last.comma)
        value = assignment.value.with_changes(elements=[*elements, new])
        kept = statement.with_changes(body=[assignment.with_changes(value=value)])
        return self._with(index, index + 1, [kept])


class _SingleQuotes(cst.CSTTransformer):
    """Rewrites plain "…" strings as '…', for files that are written so."""

    def leave_SimpleString(  # noqa: N802 - LibCST names its hooks after its nodes
        self, original_node: cst.SimpleString, updated_node: cst.SimpleString
    ) -> cst.SimpleString:
        text = original_node.value
        plain = text.startswith('"') and not text.startswith('"""') and "'" not in text and "\\" not in text
        return updated_node.with_changes(value=f"'{text[1:-1]}'") if plain else updated_node


def _assigned(statement: cst.SimpleStatementLine) -> set[str]:
    match statement.body:
        case [cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))])]:
            return {name}
        case [cst.AnnAssign(target=cst.Name(value=name))]:
            return {name}
    return set()


def _is_import(statement: cst.CSTNode) -> bool:
    return isinstance(statement, cst.SimpleStatementLine) and isinstance(statement.body[0], cst.Import | cst.ImportFrom)


def _after_docstring(module: cst.Module) -> int:
    return 1 if module.get_docstring() is not None else 0
