"""Celery, as a project sets it up: its app, its broker, whether tasks wait for a worker at all.

https://docs.celeryq.dev/en/stable/django/first-steps-with-django.html says how it is meant to be.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from djdock.project.files import Files, below
from djdock.project.signs import REDIS_CLIENTS, Signs, text, variables

# Where projects keep the app, best known first; the folder is a package below manage.py's.
NAMES = ("celery.py", "celery_app.py", "celeryapp.py", "celery_config.py", "celeryconf.py", "tasks.py", "worker.py")
SKIPPED = frozenset({"node_modules", "static", "staticfiles", "media", "templates", "locale", "migrations", "tests"})
DEPTH = 3
FOLDERS = 500  # more than any project's packages; a bound for what is none
BROKERS = ("CELERY_BROKER_URL", "BROKER_URL", "CELERY_BROKER")
BROKER = re.compile(r"(?:^|_)BROKER(?:_URL)?$|(?:^|_)BROKER_(?:READ|WRITE)_URL$")
EAGER = re.compile(r"(?:^|_)(?:TASK_)?ALWAYS_EAGER$")
BACKEND = re.compile(r"(?:^|_)RESULT_BACKEND$")
SCHEDULE = re.compile(r"(?:^|_)BEAT_?SCHEDULE$")


class Text(str):
    """A text out of celery.py, with the environment variables that it is made of."""

    __slots__ = ("variables",)
    variables: tuple[str, ...]

    def __new__(cls, text: str, variables: tuple[str, ...] = ()) -> Text:
        made = super().__new__(cls, text)
        made.variables = variables
        return made


@dataclass(frozen=True)
class App:
    """A Celery app.

    Attributes:
        name: what `celery -A` takes in the folder of manage.py.
        source: the file.
        broker, backend: as the file itself sets them; None: it leaves that to the settings.
        scheduled: the file itself says what runs when.
    """

    name: str
    source: str
    broker: str | None = None
    backend: str | None = None
    scheduled: bool = False


@dataclass(frozen=True)
class Broker:
    """Where tasks wait for a worker.

    Attributes:
        kind: what runs it; `eager` and `memory` need no worker; `files` and `database` need no server of their own.
        url: its address.
        source: the setting or file that says it; empty where nothing does, and Celery takes a RabbitMQ on this machine.
    """

    kind: Literal["redis", "amqp", "memory", "files", "database", "eager", "other"]
    url: str
    source: str


KINDS: tuple[tuple[str, Literal["redis", "amqp", "memory", "files", "database"]], ...] = (
    (r"(?:rediss?|valkeys?)(?:\+\w+)?://|sentinel://", "redis"),
    (r"amqps?://|pyamqp://|librabbitmq://", "amqp"),
    (r"(?:cached\+)?memory\b", "memory"),
    (r"filesystem\b", "files"),
    (r"(?:db\+|sqla\+|sqlalchemy\+|django\b)", "database"),
)


def uses(signs: Signs) -> bool:
    """Whether Celery is among what the project depends on, or that is not known."""
    return not signs.dependencies or bool(signs.depends_on("celery", "django-celery-beat", "django-celery-results"))


def broker(signs: Signs) -> Broker | None:
    """The broker of a project; None where it does not use Celery."""
    app = find_app(signs)
    if app is None and not any(BROKER.search(name) for name in signs.settings if name != "DRAMATIQ_BROKER"):
        return None
    if not uses(signs):
        return None
    for name, value in signs.settings.items():
        if EAGER.search(name) and isinstance(value, int) and value:
            return Broker("eager", "", name)
    url, source = _broker_url(signs, app)
    if not url:
        return Broker("amqp", url, source)
    kind = next((kind for pattern, kind in KINDS if re.match(pattern, url)), None)
    return Broker(kind or "other", url, source)


def replaced_broker(signs: Signs) -> Broker | None:
    """A RabbitMQ that Redis can stand in for: a variable says where it is, and the client for Redis is installed."""
    found = broker(signs)
    usable = found and found.kind == "amqp" and variables(found.url) and signs.depends_on(*REDIS_CLIENTS)
    return found if usable else None


def eager_variables(signs: Signs) -> tuple[str, ...]:
    """The variables with which tasks run where they are called, without a worker."""
    return tuple(name for name in signs.known if EAGER.search(name))


def _broker_url(signs: Signs, app: App | None) -> tuple[str, str]:
    if app and app.broker is not None:
        return app.broker, app.source
    named = [*BROKERS, *sorted(name for name in signs.settings if BROKER.search(name) and name not in BROKERS)]
    for name in named:
        value = signs.settings.get(name)
        if isinstance(value, list | tuple) and value:
            value = value[0]
        found = text(value)
        if found is not None and (found or variables(value)):
            return Text(found, variables(value)), name
    return "", ""


def find_app(signs: Signs) -> App | None:
    """The project's Celery app: beside the settings, else wherever a package below manage.py makes one."""
    if not uses(signs):
        return None
    files, others = below(signs.files, signs.folder), []
    for path in _modules(files):
        source = files.read(str(path)) or ""
        if re.search(r"\bCelery\(", source):
            if path.name == NAMES[0]:
                return _read_app(signs, path, source)
            others.append((path, source))
    others.sort(key=lambda found: NAMES.index(found[0].name))
    return _read_app(signs, *others[0]) if others else None


def _modules(files: Files) -> Iterator[PurePosixPath]:
    """Files that may hold the app, those nearest to manage.py first."""
    pending, seen = [""], 0
    while pending and seen < FOLDERS:
        folder, seen = pending.pop(0), seen + 1
        for name in files.names(folder):
            path = PurePosixPath(folder, name)
            if name in NAMES:
                yield path
            elif name.endswith("/") and _may_be_package(name[:-1]) and len(path.parts) <= DEPTH:
                pending.append(str(path))


def _may_be_package(name: str) -> bool:
    return name.isidentifier() and name not in SKIPPED


def _read_app(signs: Signs, path: PurePosixPath, content: str) -> App:
    source = "/".join(part for part in (signs.folder, str(path)) if part)
    module = ".".join(path.with_suffix("").parts)
    # `-A package` finds package/celery.py by itself, and that is how everybody writes it.
    name = module.removesuffix(".celery") or module
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError):
        return App(name, source)
    return App(name, source, *_configuration(signs, tree))


def _configuration(signs: Signs, tree: ast.Module) -> tuple[str | None, str | None, bool]:
    """Broker, result backend, and whether there is a schedule, as a module sets them."""
    found: dict[str, str | None] = {"broker": None, "backend": None}
    scheduled = False
    for name, value in _assignments(tree):
        upper = name.upper()
        if upper == "BROKER" or BROKER.search(upper):
            found["broker"] = _text(signs, value)
        elif upper == "BACKEND" or BACKEND.search(upper):
            found["backend"] = _text(signs, value)
        elif SCHEDULE.search(upper):
            scheduled = scheduled or not (isinstance(value, ast.Dict) and not value.keys)
    calls = {
        node.func.attr for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    return found["broker"], found["backend"], scheduled or "add_periodic_task" in calls


def _assignments(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """What is given to an app: `Celery(broker=…)`, `app.conf.broker_url = …`, `app.conf.update(broker_url=…)`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called.split(".")[-1] == "Celery" or called.endswith("conf.update"):
                yield from ((word.arg, word.value) for word in node.keywords if word.arg)
                for argument in node.args:
                    if isinstance(argument, ast.Dict):
                        pairs = zip(argument.keys, argument.values, strict=True)
                        yield from ((str(k.value), v) for k, v in pairs if isinstance(k, ast.Constant))
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Attribute) and ast.unparse(target.value).endswith("conf"):
                    yield target.attr, node.value


def _text(signs: Signs, node: ast.expr) -> str | None:
    """A text in celery.py: a literal, a setting, or a variable of the environment with or without a default."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "settings":
        value = signs.settings.get(node.attr)
        found = text(value)
        return None if found is None else Text(found, variables(value))
    if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "os.environ":
        return _variable(node.slice, None, signs)
    if isinstance(node, ast.Call) and node.args:
        called = ast.unparse(node.func)
        if called in {"os.environ.get", "os.getenv", "getenv", "environ.get", "config", "env", "env.str"}:
            words = {word.arg: word.value for word in node.keywords}
            default = node.args[1] if len(node.args) > 1 else words.get("default")
            return _variable(node.args[0], default, signs)
    return None


def _variable(name: ast.expr, default: ast.expr | None, signs: Signs) -> str | None:
    if not (isinstance(name, ast.Constant) and isinstance(name.value, str)):
        return None
    otherwise = _text(signs, default) if default is not None else None
    more = variables(otherwise) if otherwise is not None else ()
    return Text(otherwise or signs.known.get(name.value, ""), (name.value, *more))
