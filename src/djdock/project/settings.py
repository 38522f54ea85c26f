"""Settings read as syntax: what manage.py names, where that module is, and which variables it reads."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from djdock.errors import Problem
from djdock.project.files import Files
from djdock.project.source import parse

# The readers that settings use: os.environ["X"], os.getenv("X"), env("X"), env.bool("X"), config("X") …
READERS = {"environ", "env", "getenv", "config", "get"}
# Those that know by themselves which variable to read: django-environ's env.db(), dj-database-url's config().
DEFAULTS = {
    ("env", "db"): "DATABASE_URL",
    ("env", "db_url"): "DATABASE_URL",
    ("dj_database_url", "config"): "DATABASE_URL",
}


@dataclass(frozen=True)
class Variable:
    """An environment variable that the settings read, and the line where they do."""

    name: str
    line: int


def module(files: Files) -> tuple[str, int]:
    """The settings module that manage.py names, and the line that does.

    Raises:
        Problem: manage.py is missing or names none.
    """
    source = files.read("manage.py")
    if source is None:
        raise Problem("There is no manage.py here.", hint="cd into your project, or make a new one: djdock new NAME")
    for node in ast.walk(parse(source, "manage.py")):
        match node:
            case (
                ast.Call(
                    func=ast.Attribute(attr="setdefault"),
                    args=[ast.Constant(value="DJANGO_SETTINGS_MODULE"), ast.Constant(value=str(name))],
                )
                | ast.Assign(
                    targets=[ast.Subscript(slice=ast.Constant(value="DJANGO_SETTINGS_MODULE"))],
                    value=ast.Constant(value=str(name)),
                )
            ):
                return name, node.lineno
    raise Problem(
        "manage.py does not name a settings module.",
        hint='Django\'s own line is: os.environ.setdefault("DJANGO_SETTINGS_MODULE", "django_project.settings")',
    )


def locate(files: Files, name: str) -> tuple[str, str]:
    """The path and the text of a settings module.

    Raises:
        Problem: there is no such file.
    """
    stem = name.replace(".", "/")
    for path in (f"{stem}/__init__.py", f"{stem}.py"):  # Python's own order, where both are there
        source = files.read(path)
        if source is not None:
            return path, source
    raise Problem(
        f"manage.py names the settings module {name}, and there is no {stem}.py.",
        hint="Correct the name in manage.py, or bring the file back: git status shows what is missing.",
    )


def variables(source: str, path: str = "settings") -> tuple[Variable, ...]:
    """The environment variables that a settings module reads, in the order of their first reading."""
    found: dict[str, Variable] = {}
    for node in ast.walk(parse(source, path)):
        name = None
        match node:
            case ast.Subscript(value=reader, slice=ast.Constant(value=str(key))) if _reads(reader):
                name = key
            case ast.Call(func=reader, args=[ast.Constant(value=str(key)), *_]) if _reads(reader):
                name = key
            case ast.Call(func=ast.Attribute(value=ast.Name(id=reader), attr=method), args=[], keywords=options) if (
                not any(option.arg in {"env", "var"} for option in options)
            ):
                name = DEFAULTS.get((reader, method))
        line = getattr(node, "lineno", 0)
        if name is not None and name.isupper() and (name not in found or line < found[name].line):
            found[name] = Variable(name, line)
    return tuple(sorted(found.values(), key=lambda variable: variable.line))


def _reads(node: ast.expr) -> bool:
    """Whether an expression is something that reads variables: environ, os.environ.get, env, env.bool, config …"""
    match node:
        case ast.Name(id=name):
            return name in READERS
        case ast.Attribute(value=value, attr=attribute):
            return attribute in {"environ", "getenv"} or _reads(value)
    return False
