"""The functions that settings call, as far as their result follows from their arguments."""

from __future__ import annotations

import ast
import json
import posixpath
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath
from urllib.parse import parse_qs, quote, quote_plus, unquote, urlparse

from djdock.project.evaluation.readers import CAST_NAMES, TRUE, database
from djdock.project.evaluation.values import (
    UNKNOWN,
    Dotted,
    EnvNone,
    EnvText,
    Unknown,
    Url,
    Value,
    decided_by,
    is_none,
    variables_of,
)

# Where a project's root is thought to be: paths below it are paths in the project.
ROOT = PurePosixPath("/project")

BUILTINS: dict[str, Callable[..., Value]] = {
    "str": str, "int": int, "float": float, "bool": bool, "list": list, "tuple": tuple, "dict": dict, "set": set,
    "len": len, "any": any, "all": all, "sorted": sorted, "max": max, "min": min, "abs": abs, "sum": sum, "range": range,
    "filter": lambda _test, items: [item for item in items if item],
}  # fmt: skip


def _path(*parts: Value) -> PurePosixPath:
    return PurePosixPath(*(str(part) for part in parts))


def _join(*parts: Value) -> str:
    return posixpath.normpath(posixpath.join(*(str(part) for part in parts)))


def _strtobool(value: str) -> int:
    return int(value.strip().lower() in TRUE)


def _truth(value: Value) -> bool:
    return str(value).strip().lower() in TRUE


FUNCTIONS: dict[str, Callable[..., Value]] = {
    "os.path.join": _join,
    "os.path.dirname": lambda path: posixpath.dirname(str(path)),
    "os.path.abspath": lambda path: str(path),
    "os.path.realpath": lambda path: str(path),
    "os.path.normpath": lambda path: posixpath.normpath(str(path)),
    "os.path.basename": lambda path: posixpath.basename(str(path)),
    "os.path.expanduser": lambda path: str(path),
    "os.fspath": lambda path: str(path),
    "os.getcwd": lambda: str(ROOT),
    "pathlib.Path": _path,
    "pathlib.PurePath": _path,
    "pathlib.Path.cwd": lambda: ROOT,
    "unipath.Path": _path,
    "environ.Path": _path,
    "distutils.util.strtobool": _strtobool,
    "setuptools.distutils.util.strtobool": _strtobool,
    "json.loads": json.loads,
    "ast.literal_eval": ast.literal_eval,
    "urllib.parse.quote": quote,
    "urllib.parse.quote_plus": quote_plus,
    "urllib.parse.unquote": unquote,
    "urllib.parse.parse_qs": parse_qs,
    "copy.deepcopy": lambda value: value,
    "copy.copy": lambda value: value,
    "os.environ.keys": list,
    "collections.OrderedDict": dict,
    "decouple.Csv": lambda *_arguments, **_options: Dotted("decouple.csv"),
}
# Translations of texts, and other wrappers that hand on their first argument.
TRANSPARENT = frozenset(
    {"gettext_lazy", "gettext", "ugettext_lazy", "ugettext", "gettext_noop", "mark_safe", "force_str", "force_text"}
)
# What many small packages call their function that reads "yes" and "no".
TRUTH = frozenset({"str2bool", "strtobool", "str2boolean", "tobool", "parsebool", "asbool", "booleanize"})
# Methods of plain values that do what their names say, and have no side effect.
PURE_METHODS = frozenset(
    {"split", "rsplit", "strip", "lstrip", "rstrip", "lower", "upper", "title", "replace", "format", "join", "startswith",
     "endswith", "get", "items", "keys", "values", "copy", "index", "count", "find", "capitalize", "casefold", "isdigit",
     "partition", "rpartition", "splitlines", "encode", "decode", "removeprefix", "removesuffix", "union", "as_posix",
     "resolve", "absolute", "joinpath", "with_name", "with_suffix", "expanduser", "is_file", "exists", "is_dir", "path",
     "relative_to"}
)  # fmt: skip
# Methods that change a container in place.
CHANGING_METHODS = frozenset(
    {"append", "extend", "insert", "remove", "update", "setdefault", "pop", "add", "discard", "clear"}
)


def call(name: str, arguments: Sequence[Value], options: Mapping[str, Value]) -> Value:
    """The result of a function by its dotted name; UNKNOWN where that takes running it."""
    names = variables_of(list(arguments), dict(options))
    if name.endswith("dj_database_url.parse"):
        return database(arguments[0]) if arguments else Unknown(names)
    if name in {"urllib.parse.urlparse", "urllib.parse.urlsplit"} and arguments and isinstance(arguments[0], str):
        return Url(urlparse(str(arguments[0])), names)
    last = name.rpartition(".")[2]
    if last in TRANSPARENT and arguments:
        return arguments[0]
    if last.lower().replace("_", "") in TRUTH and arguments:
        return applied(_truth, arguments[:1], {})
    function = FUNCTIONS.get(name) or BUILTINS.get(name)
    if function is None:
        return Unknown(names)
    return applied(function, arguments, options)


def applied(function: Callable[..., Value], arguments: Sequence[Value], options: Mapping[str, Value]) -> Value:
    """A function's result, decided by what decides its arguments."""
    names = variables_of(list(arguments), dict(options))
    if any(isinstance(value, Unknown) for value in (*arguments, *options.values())):
        return Unknown(names)
    plain = [None if isinstance(value, EnvNone) else value for value in arguments]
    try:
        result = function(*plain, **options)
        if isinstance(result, range):
            result = list(result)[:1000]
    except Exception:
        return Unknown(names)
    return decided_by(result, names)


def method(owner: Value, name: str, arguments: Sequence[Value], options: Mapping[str, Value]) -> Value:
    """The result of a method of a plain value."""
    if isinstance(owner, PurePosixPath):
        return _of_path(owner, name, arguments)
    if isinstance(owner, (Unknown, EnvNone)) or is_none(owner):
        return Unknown(variables_of(owner, list(arguments)))
    if name in PURE_METHODS or (name in CHANGING_METHODS and isinstance(owner, (list, dict, set))):
        found = getattr(owner, name, None)
        if not callable(found):
            return UNKNOWN
        if name in {"get", "setdefault", "pop"} and isinstance(owner, dict) and arguments:
            return _from_mapping(owner, name, arguments)
        if name in {"append", "extend", "insert", "update", "add"}:
            _change(found, arguments, options)
            return None
        own = getattr(owner, "variables", ())
        return decided_by(applied(found, arguments, options), own)
    return Unknown(variables_of(owner, list(arguments)))


def _from_mapping(owner: dict[Value, Value], name: str, arguments: Sequence[Value]) -> Value:
    key = arguments[0]
    default = arguments[1] if len(arguments) > 1 else None
    try:
        if name == "setdefault":
            return owner.setdefault(key, default)
        return owner.pop(key, default) if name == "pop" else owner.get(key, default)
    except TypeError:  # a key that cannot be one
        return UNKNOWN


def _change(function: Callable[..., Value], arguments: Sequence[Value], options: Mapping[str, Value]) -> None:
    try:
        function(*arguments, **options)
    except Exception:
        return


def _of_path(owner: PurePosixPath, name: str, arguments: Sequence[Value]) -> Value:
    match name:
        case "resolve" | "absolute" | "expanduser":
            return owner
        case "joinpath" | "path":
            return PurePosixPath(_join(owner, *arguments)) if arguments else owner
        case "as_posix" | "__str__":
            return str(owner)
        case "with_name" | "with_suffix" | "relative_to":
            return applied(getattr(owner, name), arguments, {})
    return UNKNOWN


def attribute(owner: Value, name: str) -> Value:
    """An attribute of a plain value; UNKNOWN for what is none."""
    if isinstance(owner, PurePosixPath):
        found = {"parent": owner.parent, "name": owner.name, "stem": owner.stem, "suffix": owner.suffix}
        return list(owner.parents) if name == "parents" else found.get(name, UNKNOWN)
    if isinstance(owner, Url):
        try:
            part = getattr(owner.parts, name)
        except (AttributeError, ValueError):
            return Unknown(owner.variables)
        return decided_by(part, owner.variables)
    return Unknown(variables_of(owner))


def is_cast(name: str) -> bool:
    """Whether a reader's method is one that only turns the text into something."""
    return name in CAST_NAMES or name in {"db", "db_url", "dj_db_url", "cache", "cache_url", "email_url", "unicode"} or (
        name.startswith("dj_") and name.endswith("_url")
    )  # fmt: skip


def text_of(value: Value) -> str:
    """A value inside an f-string."""
    return EnvText(str(value), variables_of(value)) if variables_of(value) else str(value)
