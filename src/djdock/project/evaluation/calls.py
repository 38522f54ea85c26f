"""Calls of other packages, as far as settings are made with them: what reads the environment, and .env files."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from djdock.project.evaluation import library
from djdock.project.evaluation.readers import CLASSES, NotSet, with_ssl
from djdock.project.evaluation.scope import Class, Scope
from djdock.project.evaluation.values import UNKNOWN, Dotted, Reader, Setting, Unknown, Value, variables_of

# The usual name of what a package offers at several places.
SAME = {"environ.environ.Env": "environ.Env", "os.environb.get": "os.environ.get"}
CONFIGURATIONS = "configurations.values."


@dataclass(frozen=True)
class Call:
    """A call with its arguments worked out."""

    node: ast.Call
    arguments: list[Value]
    options: dict[str, Value]

    @property
    def first(self) -> Value:
        """The first argument, None where there is none."""
        return self.arguments[0] if self.arguments else None


def of_reader(reader: Reader, name: str, call: Call, scope: Scope) -> Value:
    """A method of an object that reads variables: `env.bool("DEBUG")`."""
    if name in {"read_env", "read_envfile"}:
        scope.run.env_file(call.first or call.options.get("path", call.options.get("env_file")), scope)
        return None
    if name == "prefixed" and call.arguments:
        return Reader(reader.kind, reader.scheme, reader.prefix + str(call.first))
    if library.is_cast(name):
        found = scope.read(reader, name, (call.arguments, call.options), call.node)
        return with_ssl(found, call.options.get("ssl_require"))
    return UNKNOWN


def of_package(name: str, call: Call, scope: Scope) -> Value:
    """A function or class of another package, by its dotted name."""
    name = SAME.get(name, name)
    if worker := READING.get(name):
        return worker(call, scope)
    if name in CLASSES or name.endswith(".Env"):  # others are made after django-environ and environs
        scheme = {key: value for key, value in call.options.items() if key.isupper()}
        return Reader(CLASSES.get(name, "environs"), scheme)
    if name == "pydantic.Field":
        return Setting("Field", tuple(call.arguments), call.options, call.node)
    if name.startswith(CONFIGURATIONS) and name.endswith("Value"):
        kind = name.removeprefix(CONFIGURATIONS).removesuffix("Value")
        return Setting(kind, tuple(call.arguments), call.options, call.node)
    return library.call(name, call.arguments, call.options)


def _environ(call: Call, scope: Scope) -> Value:
    options = {"default": None, **call.options} if len(call.arguments) == 1 else call.options
    return scope.read(Reader("os", {}), "", (call.arguments, options), call.node)


def _setdefault(call: Call, scope: Scope) -> Value:
    name, default = call.first, call.arguments[1] if len(call.arguments) > 1 else None
    if isinstance(name, str) and name not in scope.run.given and default is not None:
        scope.run.own.setdefault(str(name), (default, scope.place(call.node)))
    return _environ(call, scope)


def _decouple(call: Call, scope: Scope) -> Value:
    return scope.read(Reader("decouple", {}), "", (call.arguments, call.options), call.node)


def _database_url(call: Call, scope: Scope) -> Value:
    named = dict(zip(("env", "default"), call.arguments, strict=False))
    options = {"default": "", **named, **call.options}  # what is left out has a default there
    found = scope.read(Reader("dj-database-url", {}), "db_url", ([], options), call.node)
    return with_ssl(found, call.options.get("ssl_require"))


def _env_file(call: Call, scope: Scope) -> Value:
    scope.run.env_file(call.first or call.options.get("dotenv_path"), scope)
    return True


READING: Mapping[str, Callable[[Call, Scope], Value]] = {
    "os.environ.get": _environ,
    "os.getenv": _environ,
    "os.environ.pop": _environ,
    "os.environ.setdefault": _setdefault,
    "decouple.config": _decouple,
    "dj_database_url.config": _database_url,
    "dotenv.load_dotenv": _env_file,
    "dotenv.read_dotenv": _env_file,
    "environ.Env.read_env": _env_file,
}


# --- classes of the project


def instance(made: Class, call: Call, scope: Scope) -> Value:
    """An object of one of the project's classes: with pydantic its fields are variables, else it is the class."""
    if not made.is_a("BaseSettings"):
        return made
    names = dict(made.names)
    prefix = _prefix(made)
    for field in made.fields:
        default = made.names.get(field)
        options = {"default": default} if field in made.names else {}
        name = f"{prefix}{field}".upper()
        if isinstance(default, Setting):  # Field(default, alias="NAME")
            given = default.options
            name = next((str(given[key]).upper() for key in ("validation_alias", "alias", "env") if key in given), name)
            options = {"default": default.arguments[0]} if default.arguments else {}
            options |= {"default": given["default"]} if "default" in given else {}
        names[field] = _read(scope, Reader("pydantic", {}), ([name], options), call.node)
    return Class(made.name, made.bases, names | call.options)


def _read(scope: Scope, reader: Reader, given: tuple[list[Value], dict[str, Value]], node: ast.AST) -> Value:
    """A variable of an attribute: the others are known where this one is not set."""
    try:
        return scope.read(reader, "", given, node)
    except NotSet as missing:
        return Unknown((str(missing.args[0]),))


def _prefix(made: Class) -> str:
    config = made.names.get("model_config")
    if isinstance(config, Mapping):
        return str(config.get("env_prefix", ""))
    inner = made.names.get("Config")
    return str(inner.names.get("env_prefix", "")) if isinstance(inner, Class) else ""


# What django-configurations names its values after, and how each reads its variable.
KINDS = {"Boolean": "bool", "Integer": "int", "PositiveInteger": "int", "Float": "float", "List": "list",
         "Tuple": "list", "Set": "list", "DatabaseURL": "db_url", "CacheURL": "cache_url",
         "EmailURL": "email_url"}  # fmt: skip
URLS = {"DatabaseURL": "DATABASE_URL", "CacheURL": "CACHE_URL", "EmailURL": "EMAIL_URL"}


def settled(name: str, value: Value, scope: Scope) -> Value:
    """An attribute of a configuration class; what django-configurations reads from a variable is read."""
    if not isinstance(value, Setting):
        return value
    options = value.options
    default = value.arguments[0] if value.arguments else options.get("default")
    if options.get("environ") is False:
        return default
    variable = str(options.get("environ_name") or URLS.get(value.kind, name.upper()))
    prefix = options.get("environ_prefix", None if value.kind in URLS else "DJANGO")
    variable = f"{prefix}_{variable}" if prefix else variable
    given = {} if value.kind == "Secret" else {"default": "" if default is None and value.kind in URLS else default}
    reader = Reader("configurations", {})
    found = _read(scope, reader, ([variable], {**given, "cast": KINDS.get(value.kind)}), value.node)
    if isinstance(found, Unknown):
        return Unknown(variables_of(found) or (variable,))
    return {str(options.get("alias", "default")): found} if value.kind in {"DatabaseURL", "CacheURL"} else found


def is_environment(value: Value) -> bool:
    """Whether a value is os.environ."""
    return bool(value == Dotted("os.environ"))
