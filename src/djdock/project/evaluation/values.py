"""What expressions in settings come to: plain Python values, those from the environment, and the unknown."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final
from urllib.parse import ParseResult

# An expression's value: anything that settings hold, so a type would say nothing.
Value = Any


class Unknown:
    """The value of an expression that cannot be worked out without running the project; `variables` may decide it."""

    variables: tuple[str, ...]

    def __init__(self, variables: tuple[str, ...] = ()) -> None:
        self.variables = variables

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()


class EnvText(str):
    """A text that the environment decides; `variables` are the names that do."""

    __slots__ = ("variables",)
    variables: tuple[str, ...]

    def __new__(cls, text: str, variables: tuple[str, ...]) -> EnvText:
        made = super().__new__(cls, text)
        made.variables = variables
        return made


class EnvNumber(int):
    """A whole number or a truth value that the environment decides."""

    variables: tuple[str, ...]

    def __new__(cls, number: int, variables: tuple[str, ...]) -> EnvNumber:
        made = super().__new__(cls, number)
        made.variables = variables
        return made


class EnvList(list[Value]):
    """A list that the environment decides, elements and length."""

    variables: tuple[str, ...] = ()


class EnvDict(dict[str, Value]):
    """A mapping that the environment decides as a whole, such as a database parsed from a URL."""

    variables: tuple[str, ...] = ()


@dataclass(frozen=True)
class EnvNone:
    """None, because a variable is not set."""

    variables: tuple[str, ...]

    def __bool__(self) -> bool:
        return False


@dataclass(frozen=True)
class Dotted:
    """Something of another package, by its dotted name: `os.environ`, `dj_database_url.config`."""

    name: str


@dataclass(frozen=True)
class Reader:
    """An object that reads variables: `kind` is the package it comes from.

    Attributes:
        scheme: django-environ's casts and defaults by variable: `Env(DEBUG=(bool, False))`.
        prefix: put before each name.
    """

    kind: str
    scheme: Mapping[str, Value]
    prefix: str = ""


@dataclass(frozen=True)
class Method:
    """A method of a value, not yet called."""

    owner: Value
    name: str


@dataclass(frozen=True)
class Setting:
    """An attribute of a class that some package turns into the value of a variable later.

    Attributes:
        kind: what the package calls it: `DatabaseURL` of django-configurations, `Field` of pydantic.
    """

    kind: str
    arguments: tuple[Value, ...]
    options: Mapping[str, Value]
    node: ast.Call


@dataclass(frozen=True)
class Url:
    """What `urlparse` returns, and which variables decide it."""

    parts: ParseResult
    variables: tuple[str, ...]


def variables_of(*values: Value) -> tuple[str, ...]:
    """The variables that decide some values, in the order of their first mention; containers are looked into."""
    found: dict[str, None] = {}
    for value in values:
        found |= dict.fromkeys(getattr(value, "variables", ()) if not isinstance(value, type) else ())
        if isinstance(value, Mapping):
            found |= dict.fromkeys(variables_of(*value.values()))
        elif isinstance(value, (list, tuple, set)):
            found |= dict.fromkeys(variables_of(*value))
    return tuple(found)


def decided_by(value: Value, names: Iterable[str]) -> Value:
    """The same value with a note that some variables decide it."""
    all_names = tuple(dict.fromkeys((*names, *(getattr(value, "variables", ())))))
    if not all_names or all_names == getattr(value, "variables", ()):
        return value  # the same object: settings may change it later
    made: Value = value
    match value:
        case Unknown():
            made = Unknown(all_names)
        case None | EnvNone():
            made = EnvNone(all_names)
        case bool() | int():
            made = EnvNumber(int(value), all_names)
        case str() | PurePosixPath():
            made = EnvText(str(value), all_names)
        case list() | tuple() | set():
            made = EnvList(value)
            made.variables = all_names
        case dict():
            made = EnvDict(value)
            made.variables = all_names
    return made


def is_none(value: Value) -> bool:
    """Whether a value is None, whatever decided it."""
    return value is None or isinstance(value, EnvNone)
