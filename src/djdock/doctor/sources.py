"""The project's Python source as the rules look at it: statements, the lines they cover, the variables they read."""

from __future__ import annotations

import ast
import re
import warnings
from functools import lru_cache

from djdock.doctor.case import Case
from djdock.errors import Problem
from djdock.project.files import Files


def text(files: Files, path: str) -> str:
    """The text of a file; empty where there is none, or none that can be read."""
    try:
        return files.read(path) or ""
    except Problem:
        return ""


@lru_cache(maxsize=64)
def tree(source: str) -> ast.Module | None:
    """The syntax tree of a module; None where it has none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def statement(files: Files, path: str, line: int) -> ast.stmt | None:
    """The innermost statement that covers a line."""
    parsed = tree(text(files, path))
    covering = [
        node
        for node in (ast.walk(parsed) if parsed else ())
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    return min(
        covering, key=lambda node: ((node.end_lineno or node.lineno) - node.lineno, -node.col_offset), default=None
    )


def place(source: str) -> tuple[str, int]:
    """`settings.py:12` as a path and a line."""
    path, _, line = source.rpartition(":")
    return (path, int(line)) if path and line.isdigit() else (source, 0)


def variables_at(case: Case, path: str, line: int) -> tuple[str, ...]:
    """The variables that the statement on a line reads, in their order."""
    node = statement(case.files, path, line)
    first, last = (node.lineno, node.end_lineno or node.lineno) if node else (line, line)
    found = [
        reading.name
        for reading in case.reads
        if place(reading.source)[0] == path and first <= place(reading.source)[1] <= last
    ]
    return tuple(dict.fromkeys(found))


def settings_files(case: Case) -> tuple[str, ...]:
    """The modules that make up the settings: the one in use, those that it reads variables in, those beside it."""
    found = [case.settings_file, *(place(reading.source)[0] for reading in case.reads)]
    folder = case.settings_file.rpartition("/")[0]
    if folder.rpartition("/")[2] in {"settings", "config", "conf", "django"}:
        found += [f"{folder}/{name}" for name in case.files.names(folder) if name.endswith(".py")]
    return tuple(dict.fromkeys(path for path in found if path))


def assignments(case: Case, name: str) -> tuple[tuple[str, ast.stmt], ...]:
    """Where the settings give a name its value: path and statement; the module in use comes first."""
    found: list[tuple[str, ast.stmt]] = []
    for path in settings_files(case):
        parsed = tree(text(case.files, path))
        for node in ast.walk(parsed) if parsed else ():
            match node:
                case ast.Assign(targets=targets) if any(isinstance(t, ast.Name) and t.id == name for t in targets):
                    found.append((path, node))
                case ast.AnnAssign(target=ast.Name(id=assigned)) if assigned == name:
                    found.append((path, node))
    return tuple(found)


def deciding(case: Case, name: str) -> tuple[str, ...]:
    """The variables that decide a setting: those that its assignments read, and the names that these use."""
    found: list[str] = []
    for path, node in assignments(case, name):
        found += variables_at(case, path, node.lineno)
        for used in ast.walk(node):
            if isinstance(used, ast.Name) and used.id != name and used.id.isupper():
                for other, assigned in assignments(case, used.id):
                    found += variables_at(case, other, assigned.lineno)
    return tuple(dict.fromkeys(found))


def line_of(source: str, pattern: str) -> int:
    """The number of the first line that a pattern is found in; 0 where there is none."""
    for number, line in enumerate(source.splitlines(), start=1):
        if re.search(pattern, line):
            return number
    return 0


def modules(case: Case) -> frozenset[str]:
    """The top-level names that the project's own code can be imported by."""
    found = set()
    for folder in dict.fromkeys((case.manage_folder, "")):
        for name in case.files.names(folder):
            path = f"{folder}/{name}" if folder else name
            if name.endswith(".py"):
                found.add(name.removesuffix(".py"))
            elif name.endswith("/") and any(inner.endswith(".py") for inner in case.files.names(path.rstrip("/"))):
                found.add(name.rstrip("/"))
    return frozenset(found)
