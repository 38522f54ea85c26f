"""What a piece of a syntax tree says by its form alone."""

from __future__ import annotations

import ast


def root_of(node: ast.expr) -> str | None:
    """The name that a chain of attributes and subscripts begins with: DATABASES in `DATABASES["default"].update`."""
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None


def as_load(target: ast.expr) -> ast.expr:
    """The target of an assignment as an expression that is read."""
    again = ast.parse(ast.unparse(target), mode="eval").body
    return ast.copy_location(again, target)
