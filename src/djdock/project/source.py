"""Python source as a syntax tree."""

from __future__ import annotations

import ast
import warnings

from djdock.errors import Problem


def parse(source: str, path: str) -> ast.Module:
    """The syntax tree of a module.

    Raises:
        Problem: it has a syntax error; the message shows the line.
    """
    if "\0" in source:
        raise Problem(f"{path} is no Python source: it holds null bytes.", hint=f"Save {path} as UTF-8 in your editor.")
    try:
        with warnings.catch_warnings():  # about "\\d" and the like: they are Python's to give, when it runs the file
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except SyntaxError as error:
        shown = (error.text or "").rstrip("\n")
        pointer = " " * ((error.offset or 1) - 1) + "^"
        raise Problem(
            f"{path} has a syntax error in line {error.lineno}: {error.msg}.",
            details=f"{path}:{error.lineno}\n{shown}\n{pointer}",
            hint=f"Correct line {error.lineno} of {path}, then try again.",
        ) from error
