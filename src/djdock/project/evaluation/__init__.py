"""Settings worked out as syntax in a given environment: what they come to, and which variables decide it.

Nothing of the project runs. The result is as good as the settings are plain; what takes running them is UNKNOWN, and
the project's own interpreter is asked for it later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from djdock.project.evaluation.interpreter import Interpreter, Missing, Raised
from djdock.project.evaluation.readers import NotSet, Read
from djdock.project.evaluation.scope import Class, Run, TooLong
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
    "CONFIGURATION",
    "UNKNOWN",
    "EnvNone",
    "EnvNumber",
    "EnvText",
    "Evaluation",
    "Read",
    "Unknown",
    "evaluate",
    "is_none",
    "script",
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
        configuration: the class that holds the settings, with django-configurations; else empty.
        complete: it came to an end; what takes too many steps is given up.
    """

    values: Mapping[str, Value]
    reads: tuple[Read, ...]
    tested: Mapping[str, frozenset[str]]
    env_files: tuple[str, ...]
    assigned: Mapping[str, tuple[str, ...]]
    raised: tuple[tuple[str, str], ...]
    missing: tuple[tuple[str, str], ...]
    modules: tuple[str, ...]
    configuration: str = ""
    complete: bool = True

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
    interpreter.run.own[VARIABLE] = (module, "")  # Django sets it before it imports them
    complete = _run(interpreter, module, path)
    values: Mapping[str, Value] = interpreter.modules[path].names
    chosen = _configuration(files, folder, interpreter, values)
    if chosen is not None:
        values = {**values, **{name: value for name, value in chosen.names.items() if name.isupper()}}
    return Evaluation(
        values=values,
        reads=tuple(interpreter.run.reads.values()),
        tested={name: frozenset(texts) for name, texts in interpreter.run.tested.items()},
        env_files=tuple(dict.fromkeys(interpreter.run.env_files)),
        assigned={name: tuple(places) for name, places in interpreter.assigned.items()},
        raised=tuple(interpreter.raised),
        missing=tuple(interpreter.missing),
        modules=tuple(interpreter.modules),
        configuration=chosen.name if chosen else "",
        complete=complete,
    )


def _run(interpreter: Interpreter, module: str, path: str) -> bool:
    """Whether a module comes to an end; what it has come to until then stays."""
    try:
        interpreter.module(module, path)
    except (TooLong, RecursionError):
        return False
    except (Missing, Raised, NotSet) as error:  # a `try` without a handler that fits
        interpreter.raised.append((str(error.args[0]), path))
    return True


def script(files: Files, path: str, environment: Mapping[str, str] | None = None) -> Mapping[str, tuple[Value, str]]:
    """The variables that a script such as manage.py gives a value before it starts Django, each with the place.

    Raises:
        Problem: it has a syntax error.
    """
    folder = str(PurePosixPath(path).parent).removeprefix(".")
    interpreter = Interpreter(files, folder, Run(dict(environment or {})))
    _run(interpreter, "__main__", path)
    return interpreter.run.own


# Classes of settings, by the words in their names: the best for development first.
DEVELOPMENT = ("local", "dev", "docker")
VARIABLE, CONFIGURATION = "DJANGO_SETTINGS_MODULE", "DJANGO_CONFIGURATION"


def _configuration(files: Files, folder: str, interpreter: Interpreter, values: Mapping[str, Value]) -> Class | None:
    """The class that holds the settings: of the variable, of manage.py, else by its name."""
    found = {
        name: value
        for name, value in values.items()
        if isinstance(value, Class) and value.is_a("Configuration") and value.name == name
    }
    if not found or "INSTALLED_APPS" in values:
        return None
    run = interpreter.run
    named = run.given.get(CONFIGURATION) or _named(files, folder)
    words = [name for word in DEVELOPMENT for name in found if word in name.lower()]
    production = any(word in str(named).lower() for word in ("prod", "stag", "test"))
    chosen = named if named in found and (CONFIGURATION in run.given or not production) else None
    chosen = chosen or next(iter(words), None) or (named if named in found else list(found)[-1])
    run.note(
        Read(CONFIGURATION, named or None, "str", required=named != chosen, source=f"{folder}/manage.py".strip("/"))
    )
    return found[str(chosen)]


def _named(files: Files, folder: str) -> str:
    for place in (folder, *map(str, PurePosixPath(folder).parents)):
        manage = f"{place.removeprefix('.')}/manage.py".strip("/")
        if files.read(manage) is not None:
            value, _place = script(files, manage).get(CONFIGURATION, ("", ""))
            return str(value) if isinstance(value, str) else ""
    return ""
