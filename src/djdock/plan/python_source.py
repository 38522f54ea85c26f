"""Edits of Python source as concrete syntax: what is not named keeps every byte, comments and blank lines included."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import libcst as cst

LAST = "pass"
Statement = cst.SimpleStatementLine | cst.BaseCompoundStatement


class NotFound(LookupError):
    """The place that an edit names is not in the source; args[0] is its name."""


@dataclass(frozen=True)
class Import:
    """Adds an import line below the imports at the head of the module, unless it is there already.

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
    """Adds statements right after the one that assigns `after`, unless all of them are there already.

    `code` may begin with blank lines and comments.
    """

    after: str
    code: str


@dataclass(frozen=True)
class Append:
    """Adds an element at the end of a module-level list, in the list's own layout, unless it is there already."""

    name: str
    element: str


Edit = Import | Assign | Insert | Append


def edit(source: str, edits: Sequence[Edit]) -> str:
    """The source with all edits made.

    Raises:
        NotFound: a name is not assigned at module level, or is no list where one is needed.
        libcst.ParserSyntaxError: the source is no Python.
    """
    # LibCST loses what may stand before the first line (a byte order mark, a form feed), and some comments and blank
    # lines after the last statement; so it gets one more statement after them, for the time of the edit.
    text = source.lstrip("\ufeff\f")
    head = source[: len(source) - len(text)]
    lent = "" if not text or text.endswith("\n") else "\r\n" if "\r\n" in text else "\n"
    module = cst.parse_module(f"{text}{lent}{LAST}")
    single_quotes = source.count("'") > source.count('"')
    texts: dict[cst.CSTNode, str] = {}
    for wanted in edits:
        module = _Editor(module, texts, single_quotes=single_quotes).edit(wanted)
    return head + module.code.removesuffix(LAST).removesuffix(lent)


@dataclass(frozen=True)
class _Editor:
    module: cst.Module
    # By node, for all edits of a source: most statements stay, and writing one is slow.
    texts: dict[cst.CSTNode, str]
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
        if self._has([statement]):
            return self.module
        first = _after_docstring(self.module)
        place = first
        while place < len(self.module.body) and _is_import(self.module.body[place]):
            place += 1
        if wanted.apart and place > first:
            statement = statement.with_changes(leading_lines=[cst.EmptyLine(indent=False)])
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
        statements = self._statements(wanted.code)
        return self.module if self._has(statements) else self._with(index + 1, index + 1, statements)

    def _append(self, wanted: Append) -> cst.Module:
        index, statement = self._find(wanted.name)
        [assignment] = statement.body
        assert isinstance(assignment, cst.Assign | cst.AnnAssign)  # noqa: S101 - what _find looks for
        if not isinstance(assignment.value, cst.List):
            raise NotFound(wanted.name)
        [line] = self._statements(wanted.element + "\n")
        assert isinstance(line, cst.SimpleStatementLine)  # noqa: S101
        [expression] = line.body
        assert isinstance(expression, cst.Expr)  # noqa: S101
        if any(self._text(element.value) == self._text(expression.value) for element in assignment.value.elements):
            return self.module
        value = _extended(assignment.value, expression.value, self.module.default_indent)
        kept = statement.with_changes(body=[assignment.with_changes(value=value)])
        return self._with(index, index + 1, [kept])

    def _has(self, statements: Sequence[Statement]) -> bool:
        """Whether the module has all of these already, whatever comments, blank lines and quotes go with them."""
        there = {self._text(statement) for statement in self.module.body}
        return all(self._text(statement) in there for statement in statements)

    def _text(self, node: cst.CSTNode) -> str:
        if node not in self.texts:
            self.texts[node] = self._bare(node)
        return self.texts[node]

    def _bare(self, node: cst.CSTNode) -> str:
        bare = node.visit(_SingleQuotes())
        assert isinstance(bare, cst.CSTNode)  # noqa: S101 - the visitor replaces strings only
        if isinstance(bare, cst.SimpleStatementLine):
            bare = bare.with_changes(leading_lines=[], trailing_whitespace=cst.TrailingWhitespace())
        elif isinstance(bare, cst.BaseCompoundStatement):
            bare = bare.with_changes(leading_lines=[])
        return self.module.code_for_node(bare)


def _extended(old: cst.List, expression: cst.BaseExpression, default_indent: str) -> cst.List:
    """The list with one more element; every comment stays beside the element that it stands beside now."""
    end = old.rbracket.whitespace_before if old.elements else old.lbracket.whitespace_after
    before: cst.BaseParenthesizableWhitespace
    after: cst.BaseParenthesizableWhitespace
    if isinstance(end, cst.ParenthesizedWhitespace):
        # The bracket is on a line of its own, so the new element gets one too, below whatever comments are there.
        before = end.with_changes(last_line=_indent(old, end, default_indent))
        after = cst.ParenthesizedWhitespace(last_line=end.last_line)
    else:
        before, after = (_gap(old) if old.elements else end), end
    rbracket = old.rbracket.with_changes(whitespace_before=after)
    if not old.elements:
        new = cst.Element(expression, comma=cst.MaybeSentinel.DEFAULT if before is end else cst.Comma())
        lbracket = old.lbracket.with_changes(whitespace_after=before)
        return old.with_changes(lbracket=lbracket, elements=[new], rbracket=rbracket)
    *others, last = old.elements
    comma = last.comma if isinstance(last.comma, cst.Comma) else cst.Comma()
    kept = last.with_changes(comma=comma.with_changes(whitespace_after=before))
    return old.with_changes(
        elements=[*others, kept, cst.Element(expression, comma=last.comma)],
        rbracket=rbracket,
    )


def _gap(old: cst.List) -> cst.BaseParenthesizableWhitespace:
    """What to put before a new element: what is before the last one, without a comment that may be there."""
    separators = _separators(old)
    if not separators:
        return cst.SimpleWhitespace(" ")
    if isinstance(separators[-1], cst.ParenthesizedWhitespace):
        return cst.ParenthesizedWhitespace(last_line=separators[-1].last_line)
    return separators[-1]


def _separators(old: cst.List) -> list[cst.BaseParenthesizableWhitespace]:
    """What stands between the elements of a list, behind each comma."""
    return [element.comma.whitespace_after for element in old.elements[:-1] if isinstance(element.comma, cst.Comma)]


def _indent(old: cst.List, end: cst.ParenthesizedWhitespace, default: str) -> cst.SimpleWhitespace:
    """How far the elements of a list are indented, as far as that can be seen."""
    for gap in (*reversed(_separators(old)), old.lbracket.whitespace_after):
        if old.elements and isinstance(gap, cst.ParenthesizedWhitespace):
            return gap.last_line
    return cst.SimpleWhitespace(end.last_line.value + default)


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
