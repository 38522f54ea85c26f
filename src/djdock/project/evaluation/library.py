"""The functions that settings call, as far as their result follows from their arguments."""

from __future__ import annotations

import ast
import json
import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath
from urllib.parse import parse_qs, quote, quote_plus, unquote, urlparse

from djdock.project.evaluation.readers import CAST_NAMES, TRUE, database, with_ssl
from djdock.project.evaluation.values import (
    UNKNOWN,
    Dotted,
    EnvNone,
    Unknown,
    Url,
    Value,
    decided_by,
    variables_of,
)

# Where a project's root is thought to be: paths below it are paths in the project.
ROOT = PurePosixPath("/project")
# A text or list that settings make longer than this, or a loop over more, is none that we need.
LONGEST, MOST_ITEMS = 1_000_000, 1000
# Formats that fill up to a width of thousands and more.
WIDE = re.compile(r"\d{5,}")

BUILTINS: dict[str, Callable[..., Value]] = {
    "str": str, "int": int, "float": float, "bool": bool, "list": list, "tuple": tuple, "dict": dict, "set": set,
    "len": len, "any": any, "all": all, "sorted": sorted, "max": max, "min": min, "abs": abs, "sum": sum,
    "range": lambda *bounds: list(range(*(int(bound) for bound in bounds))[:MOST_ITEMS]),
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
    "os.path.abspath": str,
    "os.path.realpath": str,
    "os.path.normpath": lambda path: posixpath.normpath(str(path)),
    "os.path.basename": lambda path: posixpath.basename(str(path)),
    "os.path.expanduser": str,
    "os.fspath": str,
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
    {"split", "rsplit", "strip", "lstrip", "rstrip", "lower", "upper", "title", "replace", "format", "join",
     "startswith", "endswith", "get", "items", "keys", "values", "copy", "index", "count", "find", "capitalize",
     "casefold", "isdigit", "partition", "rpartition", "splitlines", "encode", "decode", "removeprefix",
     "removesuffix", "union", "as_posix", "resolve", "absolute", "joinpath", "with_name", "with_suffix", "expanduser",
     "is_file", "exists", "is_dir", "path", "relative_to"}
)  # fmt: skip
# Methods that change a container in place.
CHANGING_METHODS = frozenset(
    {"append", "extend", "insert", "remove", "update", "setdefault", "pop", "add", "discard", "clear"}
)


def call(name: str, arguments: Sequence[Value], options: Mapping[str, Value]) -> Value:
    """The result of a function by its dotted name; UNKNOWN where that takes running it."""
    if name == "os.environ.copy":
        return Dotted("os.environ")
    last = name.rpartition(".")[2]
    if last in WHOLE and (last != "parse" or "dj_database_url" in name):
        return WHOLE[last](arguments, options)
    if last in TRANSPARENT and arguments:
        return arguments[0]
    if last.lower().replace("_", "") in TRUTH and arguments:
        return applied(_truth, arguments[:1], {})
    function = FUNCTIONS.get(name) or BUILTINS.get(name)
    return applied(function, arguments, options) if function else Unknown(variables_of(list(arguments), dict(options)))


def _parsed(arguments: Sequence[Value], options: Mapping[str, Value]) -> Value:
    """dj_database_url.parse."""
    return with_ssl(database(arguments[0]), options.get("ssl_require")) if arguments else UNKNOWN


def _dict(arguments: Sequence[Value], options: Mapping[str, Value]) -> Value:
    if list(arguments) == [Dotted("os.environ")]:
        return Dotted("os.environ")
    if not all(isinstance(value, Mapping) for value in arguments):
        return applied(dict, arguments, options)
    return {**(arguments[0] if arguments else {}), **options}  # what is unknown in it leaves the rest known


def _url(arguments: Sequence[Value], _options: Mapping[str, Value]) -> Value:
    names = variables_of(list(arguments))
    known = bool(arguments) and isinstance(arguments[0], str)
    return Url(urlparse(str(arguments[0])), names) if known else Unknown(names)


# Functions that are handed arguments of which not all is known, by the last part of their name.
WHOLE: Mapping[str, Callable[[Sequence[Value], Mapping[str, Value]], Value]] = {
    "parse": _parsed, "dict": _dict, "OrderedDict": _dict, "urlparse": _url, "urlsplit": _url,
    "SettingsConfigDict": _dict, "ConfigDict": _dict,
}  # fmt: skip


def applied(function: Callable[..., Value], arguments: Sequence[Value], options: Mapping[str, Value]) -> Value:
    """A function's result, decided by what decides its arguments."""
    names = variables_of(list(arguments), dict(options))
    if any(isinstance(value, Unknown) for value in (*arguments, *options.values())):
        return Unknown(names)
    plain = [None if isinstance(value, EnvNone) else value for value in arguments]
    try:
        result = function(*plain, **options)
    except Exception:
        return Unknown(names)
    if isinstance(result, (str, list, tuple, dict)) and len(result) > LONGEST:
        return Unknown(names)
    return decided_by(result, names)


def method(owner: Value, name: str, arguments: Sequence[Value], options: Mapping[str, Value]) -> Value:
    """The result of a method of a plain value."""
    if isinstance(owner, PurePosixPath):
        return _of_path(owner, name, arguments)
    known = name in PURE_METHODS or (name in CHANGING_METHODS and isinstance(owner, (list, dict, set)))
    found = getattr(owner, name, None)
    if _explodes(owner, name, arguments):
        return UNKNOWN
    if not known or isinstance(owner, (Unknown, EnvNone)) or not callable(found):
        return Unknown(variables_of(owner, list(arguments)))
    if name in {"get", "setdefault", "pop"} and isinstance(owner, dict) and arguments:
        return _from_mapping(owner, name, arguments)
    if name in {"append", "extend", "insert", "update", "add"}:
        _change(found, arguments, options)
        return None
    return decided_by(applied(found, arguments, options), getattr(owner, "variables", ()))


def _explodes(owner: Value, name: str, arguments: Sequence[Value]) -> bool:
    """Whether a call makes something far longer than what it is given."""
    if name == "replace":
        return sum(len(part) for part in (owner, *arguments) if isinstance(part, str)) > LONGEST // 1000
    if name == "join":
        return len(owner) * sum(len(part) for part in arguments if isinstance(part, list)) > LONGEST
    if name == "format":
        return bool(WIDE.search(str(owner)))
    sized = [part for part in (owner, *arguments) if isinstance(part, (list, dict))]
    return sum(map(len, sized)) > LONGEST // 100


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
    others = {"db", "db_url", "dj_db_url", "cache", "cache_url", "email_url", "unicode"}
    return name in CAST_NAMES or name in others or (name.startswith("dj_") and name.endswith("_url"))
