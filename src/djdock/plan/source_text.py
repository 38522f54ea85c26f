"""Python source as text with a syntax tree over it: where things stand, so that an edit touches nothing else."""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True)
class Splice:
    """A piece of a text that another one takes the place of, by offsets."""

    start: int
    end: int
    text: str


def spliced(text: str, splices: Iterable[Splice]) -> str:
    """The text with the pieces replaced; only those that are taken away may overlap each other."""
    for splice in sorted(_united(splices), key=lambda splice: (splice.start, splice.end), reverse=True):
        text = text[: splice.start] + splice.text + text[splice.end :]
    return text


def _united(splices: Iterable[Splice]) -> Iterator[Splice]:
    """The same edits, with one removal in the place of several that overlap."""
    gone: Splice | None = None
    for splice in sorted(splices, key=lambda splice: (splice.start, splice.end)):
        if splice.text:
            yield splice
        elif gone is None or splice.start >= gone.end:
            if gone is not None:
                yield gone
            gone = splice
        else:
            gone = Splice(gone.start, max(gone.end, splice.end), "")
    if gone is not None:
        yield gone


@dataclass(frozen=True)
class Element:
    """An entry of a dict, or a keyword of `dict(…)`.

    Attributes:
        key: its text; None where it is no plain one.
        end: behind its value, closing parentheses too.
        comma: the offset behind its comma; None where it has none.
    """

    key: str | None
    value: ast.expr
    start: int
    end: int
    comma: int | None


@dataclass(frozen=True)
class Source:
    """A module's text and its tree."""

    text: str
    tree: ast.Module

    @cached_property
    def lines(self) -> list[int]:
        """Where each line begins."""
        return [0, *(match.end() for match in LINE_END.finditer(self.text))]

    @property
    def newline(self) -> str:
        """The line end that the file has."""
        found = LINE_END.search(self.text)
        return found[0] if found else "\n"

    def offset(self, line: int, column: int) -> int:
        """The offset of a place in the tree: its columns count bytes."""
        start = self.lines[line - 1]
        stop = self.lines[line] if line < len(self.lines) else len(self.text)
        return start + len(self.text[start:stop].encode()[:column].decode(errors="ignore"))

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """Where a node begins and ends."""
        return (
            self.offset(node.lineno, node.col_offset),
            self.offset(node.end_lineno or node.lineno, node.end_col_offset or 0),
        )

    def line_of(self, offset: int) -> tuple[int, int]:
        """Where the line of an offset begins and ends, its line end not counted."""
        start = max(begin for begin in self.lines if begin <= offset)
        found = LINE_END.search(self.text, offset)
        return start, found.start() if found else len(self.text)

    def indent_at(self, offset: int) -> str:
        """The white space that the line of an offset begins with."""
        start, stop = self.line_of(offset)
        line = self.text[start:stop]
        return line[: len(line) - len(line.lstrip(" \t\f"))]

    def begins_line(self, offset: int) -> bool:
        """Whether nothing but white space stands before an offset in its line."""
        return not self.text[self.line_of(offset)[0] : offset].strip()

    def rest_of_line(self, offset: int) -> str:
        return self.text[offset : self.line_of(offset)[1]]

    def elements(self, node: ast.Dict | ast.Call) -> list[Element]:
        """The entries of a dict, or the keywords of `dict(…)`."""
        start, stop = self.span(node)
        opening = self.text.index("{" if isinstance(node, ast.Dict) else "(", start)
        pieces = list(self._pieces(opening, stop))
        if isinstance(node, ast.Dict):
            pairs = [(_text(key), value) for key, value in zip(node.keys, node.values, strict=True)]
        else:
            pairs = [(keyword.arg, keyword.value) for keyword in node.keywords]
        return [
            Element(key, value, begin, end, comma)
            for (key, value), (begin, end, comma) in zip(pairs, pieces, strict=True)
        ]

    def _pieces(self, opening: int, stop: int) -> Iterator[tuple[int, int, int | None]]:
        """The pieces between the commas of a bracket: where each begins and ends, and where its comma ends."""
        text = self.text[opening:stop]
        inner = Source(text, self.tree)
        depth = 0
        begin: int | None = None
        end = opening
        for token in tokenize.generate_tokens(io.StringIO(text, newline="").readline):
            if token.type in {tokenize.NL, tokenize.NEWLINE, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT}:
                continue
            place = opening + inner.lines[token.start[0] - 1] + token.start[1]
            after = opening + inner.lines[token.end[0] - 1] + token.end[1]
            depth += (token.string in "([{" and token.type == tokenize.OP) - (
                token.string in ")]}" and token.type == tokenize.OP
            )
            if depth == 0:
                break
            if place == opening:
                continue
            if depth == 1 and token.string == "," and begin is not None:
                yield begin, end, after
                begin = None
                continue
            begin = place if begin is None else begin
            end = after
        if begin is not None:
            yield begin, end, None


def _text(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


# --- removing and adding entries


def without(source: Source, element: Element, before: Element | None) -> Splice:
    """Takes an entry away: with its line, where it has one of its own."""
    end = element.comma or element.end
    rest = source.rest_of_line(end).strip()
    if source.begins_line(element.start) and (not rest or rest.startswith("#")):
        stop = source.line_of(end)[1]
        found = LINE_END.match(source.text, stop)
        return Splice(source.line_of(element.start)[0], found.end() if found else stop, "")
    if element.comma is None and before is not None:
        return Splice(before.end, element.end, "")
    gap = len(source.text[end:]) - len(source.text[end:].lstrip(" "))
    return Splice(element.start, end + gap, "")


def added(source: Source, elements: list[Element], entries: list[str]) -> list[Splice]:
    """Puts entries behind the last one, in the layout of those that are there."""
    last = elements[-1]
    end = last.comma or last.end
    own_lines = source.begins_line(last.start) or (
        not source.begins_line(elements[0].start)
        and len({source.line_of(element.start)[0] for element in elements}) > 1
    )
    if not own_lines:
        text = ", ".join(entries)
        return [Splice(end, end, f" {text}," if last.comma else f", {text}")]
    column = last.start - source.line_of(last.start)[0]
    indent = source.indent_at(last.start) if source.begins_line(last.start) else " " * column
    lines = f",{source.newline}{indent}".join(entries) + ("," if last.comma else "")
    text = f"{source.newline}{indent}{lines}"
    rest = source.rest_of_line(end).strip()
    if rest and not rest.startswith("#"):  # the bracket closes in the same line
        return [Splice(end, end, text if last.comma else f",{text}")]
    stop = source.line_of(end)[1]
    comma = [] if last.comma else [Splice(last.end, last.end, ",")]
    if comma and stop == last.end:
        return [Splice(stop, stop, f",{text}")]
    return [*comma, Splice(stop, stop, text)]


# --- import os


def with_import_os(source: Source) -> str:
    """The text with `import os` among its imports, in their order; the same text where it is there already."""
    body = source.tree.body
    if any(_imports(node, "os") for node in body):
        return source.text
    documented = bool(body) and ast.get_docstring(source.tree) is not None
    first = int(documented)
    while first < len(body) and isinstance(node := body[first], ast.ImportFrom) and node.module == "__future__":
        first += 1
    last = first
    while last < len(body) and isinstance(body[last], (ast.Import, ast.ImportFrom)):
        last += 1
    imports = body[first:last]
    end = source.newline
    if not imports:
        if not first:
            return _at_top(source, body)
        stop = source.line_of(source.span(body[first - 1])[1])[1]
        return source.text[:stop] + f"{end}{end}import os" + source.text[stop:]
    return _among(source, imports)


def _among(source: Source, imports: list[ast.stmt]) -> str:
    end = source.newline
    standard = [node for node in imports if _top(node) in sys.stdlib_module_names]
    plain = [node for node in standard if isinstance(node, ast.Import)]
    smaller = [node for node in plain if node.names[0].name < "os"]
    if smaller:
        stop = source.line_of(source.span(smaller[-1])[1])[1]
        return source.text[:stop] + f"{end}import os" + source.text[stop:]
    below = (plain or standard or imports)[0]
    start = source.line_of(source.span(below)[0])[0]
    return source.text[:start] + f"import os{end}" + ("" if standard else end) + source.text[start:]


def _at_top(source: Source, body: list[ast.stmt]) -> str:
    """Below the comments that the file begins with, where an empty line parts them from the first statement."""
    end = source.newline
    lines = [
        source.text[start:stop] for start, stop in zip(source.lines, [*source.lines[1:], len(source.text)], strict=True)
    ]
    comments = next((number for number, line in enumerate(lines) if not line.startswith("#")), len(lines))
    first = body[0].lineno - 1 if body else len(lines)
    if comments and comments < first and not lines[comments].strip():
        start = comments + 1
    else:  # the comments are about the first statement, but for #! and the encoding
        start = next((n for n, line in enumerate(lines) if not line.startswith(("#!", "# -*-", "# coding"))), 0)
    place = source.lines[start] if start < len(source.lines) else len(source.text)
    return source.text[:place] + f"import os{end}{end}" + source.text[place:]


def _imports(node: ast.stmt, name: str) -> bool:
    return isinstance(node, ast.Import) and any(alias.name == name and not alias.asname for alias in node.names)


def _top(node: ast.stmt) -> str:
    if isinstance(node, ast.ImportFrom):
        return "" if node.level else (node.module or "").partition(".")[0]
    return node.names[0].name.partition(".")[0] if isinstance(node, ast.Import) else ""
