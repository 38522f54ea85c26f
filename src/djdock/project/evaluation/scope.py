"""Where names are looked up, and what a run over the settings takes note of."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from djdock.project.evaluation.readers import NotSet, Read, absent, cast_name, converted, request
from djdock.project.evaluation.values import (
    EnvNone,
    EnvText,
    Reader,
    Unknown,
    Value,
    variables_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

# Enough for settings of tens of thousands of lines; an endless loop ends here.
STEPS = 400_000


class TooLong(Exception):
    """The settings take more steps than any real ones do."""


@dataclass(frozen=True)
class Function:
    """A function that the project's own modules define."""

    node: ast.FunctionDef | ast.Lambda
    scope: Scope = field(repr=False)


@dataclass
class Class:
    """A class that the project's own modules define.

    Attributes:
        bases: what it is made of that is not the project's, by dotted name.
        names: its attributes, inherited ones too.
        fields: the attributes with an annotation, in order.
    """

    name: str
    bases: frozenset[str]
    names: dict[str, Value]
    fields: tuple[str, ...] = ()

    def is_a(self, name: str) -> bool:
        """Whether one of its foreign bases is called so."""
        return any(base.rpartition(".")[2] == name for base in self.bases)


@dataclass
class Run:
    """One run over the settings in one environment, and all that it takes note of.

    Attributes:
        given: the variables that are set.
        own: variables that the modules give a value themselves, with the place.
        known: attributes of other packages that settings give a value.
        reads: the readings, by variable.
        tested: the variables that decide a branch, each with the texts it is compared with.
        env_files: the .env files that the settings load, relative to the project's root.
    """

    given: Mapping[str, str]
    own: dict[str, tuple[Value, str]] = field(default_factory=dict)
    known: dict[str, Value] = field(default_factory=dict)
    reads: dict[str, Read] = field(default_factory=dict)
    tested: dict[str, set[str]] = field(default_factory=dict)
    env_files: list[str] = field(default_factory=list)
    steps: int = 0
    # Inside a branch of which nobody can say whether it is taken: what is read there may not be needed.
    doubt: int = 0
    # Inside a `try` with a handler: what is read there may be missing.
    guarded: int = 0

    def step(self) -> None:
        self.steps += 1
        if self.steps > STEPS:
            raise TooLong

    def note(self, read: Read) -> None:
        before = self.reads.get(read.name)
        if before is None or (read.required and not before.required):
            self.reads[read.name] = read

    def is_set(self, name: str, source: str) -> bool:
        self.note(Read(name, None, "str", required=False, source=source))
        self.tested.setdefault(name, set())
        return name in self.given or name in self.own

    def compared(self, names: Sequence[str], *sides: Value) -> None:
        sides = tuple(part for side in sides for part in (side if isinstance(side, (list, tuple)) else (side,)))
        for name in names:
            texts = {str(side) for side in sides if isinstance(side, str) and not variables_of(side)}
            self.tested.setdefault(name, set()).update(texts)

    def decided(self, test: Value) -> None:
        for name in variables_of(test):
            self.tested.setdefault(name, set())

    def env_file(self, path: Value, scope: Scope) -> None:
        """Notes that a .env file is loaded; without a path it is the one beside the module, or further up."""
        text = str(path) if isinstance(path, (str, PurePosixPath)) else ""
        if text.startswith("/project/"):
            self.env_files.append(text.removeprefix("/project/"))
        elif not text:
            self.env_files.append(str(PurePosixPath(scope.path).parent / ".env"))


@dataclass
class Scope:
    """The names of one module, or of one function that runs in it."""

    run: Run
    module: str
    path: str
    names: dict[str, Value] = field(default_factory=dict)

    def child(self) -> Scope:
        return Scope(self.run, self.module, self.path, dict(self.names))

    def place(self, node: ast.AST) -> str:
        return f"{self.path}:{getattr(node, 'lineno', 0)}"

    def variable(self, name: str, node: ast.AST, *, required: bool) -> Value:
        """A variable as text.

        Raises:
            NotSet: it is required, and not set.
        """
        if name in self.run.own:
            return self.run.own[name][0]
        needed = required and not (self.run.doubt or self.run.guarded)
        self.run.note(Read(name, None, "str", required=needed, source=self.place(node)))
        if name in self.run.given:
            return EnvText(self.run.given[name], (name,))
        if required:
            raise NotSet(name)
        return EnvNone((name,))

    def read(self, reader: Reader, method: str, given: tuple[list[Value], dict[str, Value]], node: ast.AST) -> Value:
        """What a call of a reader gives.

        Raises:
            NotSet: the variable has no default, and is not set.
        """
        asked = request(reader, method, *given)
        if asked is None:
            return Unknown(variables_of(given[0], given[1]))
        if asked.name in self.run.own:
            return converted(self.run.own[asked.name][0], asked.cast)
        default = asked.default
        self.run.note(
            Read(
                asked.name,
                default if isinstance(default, (str, int, float, list, tuple)) else None,
                cast_name(asked.cast),
                required=not (asked.has_default or self.run.doubt or self.run.guarded),
                source=self.place(node),
            )
        )
        if asked.name in self.run.given:
            return converted(EnvText(self.run.given[asked.name], (asked.name,)), asked.cast)
        return absent(asked)
