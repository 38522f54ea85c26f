"""Python source as a syntax tree."""

from __future__ import annotations

import ast
import re
import warnings
from functools import lru_cache

from djdock.errors import Problem

# What only Python 2 understands.
OLD_SYNTAX = re.compile(r"^\s*(?:print\s+[^(=]|exec\s+[\"']|raise\s+\w+\s*,|except\s+[\w.]+\s*,\s*\w+\s*:)")


@lru_cache(maxsize=256)
def parse(source: str, path: str) -> ast.Module:
    """The syntax tree of a module; shared between all who ask for the same text, so nobody may change it.

    Raises:
        Problem: it has a syntax error; the message shows the line.
    """
    if "\0" in source:
        raise Problem(f"{path} is no Python source: it holds null bytes.", hint=f"Save {path} as UTF-8 in your editor.")
    try:
        with warnings.catch_warnings():  # about "\\d" and the like: they are Python's to give, when it runs the file
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except (RecursionError, MemoryError) as error:
        raise Problem(
            f"{path} is nested too deeply to be read.", hint=f"Make the expressions in {path} flatter, then try again."
        ) from error
    except SyntaxError as error:
        shown = (error.text or "").rstrip("\n")
        pointer = " " * ((error.offset or 1) - 1) + "^"
        hint = f"Correct line {error.lineno} of {path}, then try again."
        if OLD_SYNTAX.search(shown) or "Did you mean print(" in error.msg:
            hint = (
                f"{path} is written for Python 2, which no Django of today runs on: port the project to Python 3 first."
            )
        raise Problem(
            f"{path} has a syntax error in line {error.lineno}: {error.msg}.",
            details=f"{path}:{error.lineno}\n{shown}\n{pointer}",
            hint=hint,
        ) from error
