"""Settings worked out as syntax in a given environment: what they come to, and which variables decide it.

Nothing of the project runs. The result is as good as the settings are plain; what takes running them is UNKNOWN, and
the project's own interpreter is asked for it later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from djdock.project.evaluation.interpreter import Interpreter, Missing, Raised
from djdock.project.evaluation.readers import NotSet, Read
from djdock.project.evaluation.scope import Run, TooLong
from djdock.project.evaluation.values import (
    UNKNOWN,
    EnvNone,
    EnvNumber,
    EnvText,
    Unknown,
    Value,
    is_none,
    variables_of,
)
from djdock.project.files import Files

__all__ = [
    "UNKNOWN",
    "EnvNone",
    "EnvNumber",
    "EnvText",
    "Evaluation",
    "Read",
    "Unknown",
    "evaluate",
    "is_none",
    "variables_of",
]


@dataclass(frozen=True)
class Evaluation:
    """What settings come to in one environment.

    Attributes:
        values: the module's names. Texts and numbers that the environment decides are EnvText and EnvNumber, with the
            names of the `variables`; what cannot be known is UNKNOWN.
        reads: the readings of variables, in the order of their first one.
        tested: variables that decide a branch, each with the texts that it is compared with.
        env_files: the .env files that the settings load, relative to the root.
        assigned: for each name the places that give it a value, `file:line`, in order.
        raised: what the settings raise themselves in this environment, with the place.
        missing: modules of the project that they import and that are not there, with the place.
        modules: the project's modules that were read.
    """

    values: Mapping[str, Value]
    reads: tuple[Read, ...]
    tested: Mapping[str, frozenset[str]]
    env_files: tuple[str, ...]
    assigned: Mapping[str, tuple[str, ...]]
    raised: tuple[tuple[str, str], ...]
    missing: tuple[tuple[str, str], ...]
    modules: tuple[str, ...]

    def database(self, alias: str = "default") -> Mapping[str, Value] | None:
        """A database's settings, or None where they are not known."""
        databases = self.values.get("DATABASES")
        found = databases.get(alias) if isinstance(databases, Mapping) else None
        return found if isinstance(found, Mapping) else None


def evaluate(files: Files, module: str, path: str, environment: Mapping[str, str] | None = None) -> Evaluation:
    """Works out a settings module.

    Args:
        module: its dotted name.
        path: its path, relative to the root of `files`.
        environment: the variables that are set.

    Raises:
        Problem: it, or a module of the project that it imports, has a syntax error or cannot be read.
    """
    parts = module.count(".") + 1 + path.endswith("/__init__.py")
    folder = "/".join(path.split("/")[:-parts])
    interpreter = Interpreter(files, folder, Run(dict(environment or {})))
    values: Mapping[str, Value] = {}
    try:
        values = interpreter.module(module, path).names
    except (TooLong, RecursionError):
        values = interpreter.modules[path].names if path in interpreter.modules else {}
    except (Missing, Raised, NotSet) as error:  # a `try` without a handler that fits
        interpreter.raised.append((str(error.args[0]), path))
        values = interpreter.modules[path].names
    return Evaluation(
        values=values,
        reads=tuple(interpreter.run.reads.values()),
        tested={name: frozenset(texts) for name, texts in interpreter.run.tested.items()},
        env_files=tuple(dict.fromkeys(interpreter.run.env_files)),
        assigned={name: tuple(places) for name, places in interpreter.assigned.items()},
        raised=tuple(interpreter.raised),
        missing=tuple(interpreter.missing),
        modules=tuple(interpreter.modules),
    )
