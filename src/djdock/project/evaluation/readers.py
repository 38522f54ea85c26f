"""How settings read variables: os.environ, django-environ, environs, python-decouple, dj-database-url."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from djdock.project.evaluation.values import (
    UNKNOWN,
    Dotted,
    EnvDict,
    EnvNone,
    EnvText,
    Reader,
    Unknown,
    Value,
    decided_by,
    variables_of,
)

TRUE = frozenset({"true", "on", "ok", "y", "yes", "1", "t"})
# What a URL's scheme says of the engine: https://github.com/jazzband/dj-database-url, django-environ alike.
ENGINES = {
    "postgres": "django.db.backends.postgresql",
    "postgresql": "django.db.backends.postgresql",
    "psql": "django.db.backends.postgresql",
    "pgsql": "django.db.backends.postgresql",
    "postgis": "django.contrib.gis.db.backends.postgis",
    "spatialite": "django.contrib.gis.db.backends.spatialite",
    "mysql": "django.db.backends.mysql",
    "mysql2": "django.db.backends.mysql",
    "sqlite": "django.db.backends.sqlite3",
    "oracle": "django.db.backends.oracle",
}
CLASSES = {
    "environ.Env": "django-environ",
    "environ.FileAwareEnv": "django-environ",
    "environs.Env": "environs",
    "environs.FileAwareEnv": "environs",
    "decouple.AutoConfig": "decouple",
    "decouple.Config": "decouple",
}
# The variable that a method reads when it is not told which.
DEFAULT_NAMES = {
    "db": "DATABASE_URL",
    "db_url": "DATABASE_URL",
    "cache": "CACHE_URL",
    "cache_url": "CACHE_URL",
    "email": "EMAIL_URL",
    "email_url": "EMAIL_URL",
    "channels": "CHANNELS_URL",
}
DATABASE_CASTS = frozenset({"db", "db_url", "dj_db_url"})
CAST_NAMES = frozenset(
    {"str", "bool", "int", "float", "list", "tuple", "dict", "json", "url", "path", "bytes", "csv", "decimal"}
)


class NotSet(Exception):
    """A variable without a default is not set; args[0] is its name."""


@dataclass(frozen=True)
class Read:
    """One reading of a variable.

    Attributes:
        default: what is used when it is not set; None where there is none (or it is None).
        cast: what it is turned into: `str`, `bool`, `int`, `list`, `db_url` …
        required: the settings fail without it.
        source: file and line.
    """

    name: str
    default: Value
    cast: str
    required: bool
    source: str


@dataclass(frozen=True)
class Request:
    """A call that reads a variable, in one shape for all libraries."""

    name: str
    default: Value
    has_default: bool
    cast: Value


def request(reader: Reader, method: str, arguments: Sequence[Value], options: Mapping[str, Value]) -> Request | None:
    """What a call of a reader (or of a method of it) asks for; None where it reads no variable."""
    named = options.get("var", options.get("env", options.get("name")))
    name = arguments[0] if arguments else named if named is not None else DEFAULT_NAMES.get(method)
    if not isinstance(name, str):
        return None
    name = reader.prefix + name
    default, has_default = options.get("default"), "default" in options
    cast: Value = method or options.get("cast", options.get("subcast"))
    rest = list(arguments[1:])
    if reader.kind == "django-environ" and not method and rest:
        cast = rest.pop(0)  # env("X", bool, False)
    if rest and not has_default:
        default, has_default = rest[0], True
    if name in reader.scheme and not has_default:
        known = reader.scheme[name]
        if isinstance(known, (tuple, list)) and len(known) == 2:  # noqa: PLR2004 - (cast, default)
            cast, default, has_default = cast or known[0], known[1], True
        else:
            cast = cast or known
    return Request(name, default, has_default, cast)


def cast_name(cast: Value) -> str:
    """A cast as a word."""
    match cast:
        case str():
            return cast
        case Dotted(name):
            return name.rpartition(".")[2].lower() or "str"
        case Reader():
            return "list"
    return "str" if cast is None else "unknown"


def converted(value: Value, cast: Value) -> Value:
    """A variable's text as its reader hands it over."""
    if not isinstance(value, str):
        return value
    names = variables_of(value)
    text, word = str(value), cast_name(cast)
    if word in DATABASE_CASTS or (isinstance(cast, Dotted) and cast.name.endswith("dj_database_url.parse")):
        return database(value)
    try:
        return decided_by(_plain(text, word, value), names)
    except (ValueError, TypeError):
        return Unknown(names)


def _list(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _bool(text: str) -> bool:
    return text.strip().lower() in TRUE


# What the casts make of a text; those that are not here leave it as it is.
CASTS: Mapping[str, Callable[[str], Value]] = {
    "bool": _bool, "strtobool": _bool, "int": int, "float": float, "decimal": float, "list": _list, "csv": _list,
    "tuple": _list, "set": _list, "json": json.loads,
    "dict": lambda text: dict(part.split("=", 1) for part in text.split(",") if part),
}  # fmt: skip


def _plain(text: str, word: str, value: Value) -> Value:
    cast = CASTS.get(word)
    return cast(text) if cast else value


def database(url: Value) -> Value:
    """What the URL of a database becomes in DATABASES."""
    names = variables_of(url)
    if not isinstance(url, str):
        return Unknown(names)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return Unknown(names)
    engine = ENGINES.get(parts.scheme)
    if engine is None:
        return decided_by(EnvDict(), names) if not url else Unknown(names)
    path = unquote(parts.path[1:])
    made: dict[str, Value] = {
        "ENGINE": engine,
        "NAME": path or (":memory:" if parts.scheme == "sqlite" else ""),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(port or ""),
    }
    if options := dict(parse_qsl(parts.query)):
        made["OPTIONS"] = options
    return decided_by({key: decided_by(part, names) for key, part in made.items()}, names)


def with_ssl(found: Value, required: Value) -> Value:
    """A database parsed from a URL, with what `ssl_require` adds to it."""
    if not isinstance(found, dict) or not found or isinstance(required, Unknown) or not required:
        return found
    options = decided_by({**found.get("OPTIONS", {}), "sslmode": decided_by("require", variables_of(required))}, ())
    return decided_by({**found, "OPTIONS": options}, getattr(found, "variables", ()))


def absent(asked: Request) -> Value:
    """The value of a variable that is not set.

    Raises:
        NotSet: it has no default.
    """
    if not asked.has_default:
        raise NotSet(asked.name)
    default = asked.default
    if isinstance(default, str):  # the libraries cast defaults, too
        return converted(EnvText(default, (asked.name,)), asked.cast)
    if default is None or isinstance(default, EnvNone):
        return EnvNone((asked.name,))
    return UNKNOWN if isinstance(default, Dotted) else decided_by(default, (asked.name,))
