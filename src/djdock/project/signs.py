"""What a project shows of the services that it needs, and what is made of that: needs with their evidence."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qsl, urlencode, urlsplit

from djdock.project.dependency import Dependency, normalise
from djdock.project.evaluation import Evaluation
from djdock.project.examples import Example, is_placeholder
from djdock.project.files import Files, Texts

# What of a service's address an environment variable says.
Part = Literal["url", "host", "port", "address", "password", "switch"]
# Distributions that nobody installs without using Redis.
REDIS_CLIENTS = (
    "redis", "redis[hiredis]", "valkey", "django-redis", "django-valkey", "channels-redis", "channels-valkey",
    "celery[redis]", "kombu[redis]", "aioredis", "hiredis", "rq", "django-rq", "django-cacheops",
    "django-redis-cache", "django-redis-sessions", "django-defender", "celery-redbeat", "django-constance[redis]",
    "dramatiq[redis]", "arq", "redis-om", "walrus",
)  # fmt: skip
EXTRAS = re.compile(r"\b([A-Za-z][\w.-]*)\[([\w ,.-]+)\]")
# How often settings are worked out anew at most, each time with what they needed the last time.
ROUNDS = 6
LOOPBACK = frozenset({"localhost", "127.0.0.1", "0.0.0.0", "::1"})  # noqa: S104 - a name to recognise, not to bind


@dataclass(frozen=True)
class Signs:
    """All that a service or a process may be known by.

    Attributes:
        dependencies: normalised names of distributions, those with extras also as `celery[redis]`.
        settings: the module-level names of the settings after a symbolic run. A text or number that comes from the
            environment has `variables`, the names that it is made of.
        known: the environment variables that the project reads, each with its example or default value; empty: none.
        files: the whole project's.
        folder: that of manage.py; empty: the root.
        instead: variables whose default is what others say, with those others.
    """

    dependencies: frozenset[str] = frozenset()
    settings: Mapping[str, object] = field(default_factory=dict, repr=False)
    known: Mapping[str, str] = field(default_factory=dict, repr=False)
    files: Files = field(default_factory=lambda: Texts({}), repr=False)
    folder: str = ""
    instead: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def apps(self) -> tuple[str, ...]:
        """INSTALLED_APPS, as far as they are known."""
        apps = self.settings.get("INSTALLED_APPS")
        return tuple(str(app) for app in apps if isinstance(app, str)) if isinstance(apps, list | tuple) else ()

    def depends_on(self, *names: str) -> str:
        """The first of some distributions that the project declares; with an extra, where the name has one."""
        declared = {*self.dependencies, *(name.partition("[")[0] for name in self.dependencies)}
        return next((name for name in names if name in declared), "")

    def has_app(self, *prefixes: str) -> str:
        """The first installed app that is one of some, or inside it; empty: there is none."""
        found = (app for app in self.apps for name in prefixes if app == name or app.startswith(f"{name}."))
        return next(found, "")

    def deciding(self, value: object) -> tuple[str, ...]:
        """The variables that decide a value: where one is not set and takes what others say, those others."""
        found: dict[str, None] = {}
        for name in variables(value):
            others = tuple(other for other in self.instead.get(name, ()) if other != name)
            found |= dict.fromkeys((*((name,) if self.known.get(name) or not others else ()), *others))
        return tuple(found)

    def mapping(self, name: str) -> Mapping[str, object]:
        """A setting that is a mapping; an empty one where it is none, or not known."""
        return _mapping(self.settings.get(name))

    def entries(self, name: str) -> Iterator[tuple[str, Mapping[str, object]]]:
        """The mappings in a setting, such as the caches of CACHES, each with its name for people."""
        for alias, entry in self.mapping(name).items():
            if isinstance(entry, Mapping):
                yield f'{name}["{alias}"]', _mapping(entry)


def filled(evaluation: Evaluation, again: Callable[[Mapping[str, str]], Evaluation]) -> Evaluation:
    """The same settings with those variables set that they need, and that look like a service's address.

    Without them a whole CACHES would not be known, for the sake of one URL in it. Variables that settings can do
    without stay unset: with them a project may be another one.

    Args:
        again: works the settings out in an environment.
    """
    given: dict[str, str] = {}
    for _ in range(ROUNDS):
        needed = {read.name: value for read in evaluation.reads if read.required and (value := _likely(read.name))}
        if needed.keys() <= given.keys():
            break
        given |= needed
        evaluation = again(given)
    return evaluation


def _likely(name: str) -> str:
    """An address that a variable of this name may carry; empty where it is not called after a service of that kind."""
    if not re.search(r"REDIS|VALKEY|CACHE|BROKER|CELERY|CHANNEL|QUEUE|RQ|HUEY", name):
        return ""
    forms = ((r"PORT$", "6379"), (r"(?:HOST(?:NAME)?|SERVER)$", "localhost"), (r"_DB$", "0"), (r"PASS", ""))
    form = next((value for pattern, value in forms if re.search(pattern, name)), None)
    return (
        "redis://localhost:6379/0"
        if form is None and re.search(r"UR[LI]|BROKER|BACKEND|DSN|REDIS$", name)
        else form or ""
    )


def gather(
    evaluation: Evaluation, dependencies: Iterable[str], examples: Iterable[Example], files: Files, folder: str = ""
) -> Signs:
    """The signs of a project, from what its settings come to.

    Args:
        evaluation: worked out with as few variables as they need, so that their own defaults show.
        dependencies: normalised names.
        examples: the project's example files, the best first.
        folder: that of manage.py.
    """
    # A default that is another variable's value says nothing of its own.
    plain = (read for read in reversed(evaluation.reads) if not variables(read.default))
    known = {read.name: str(read.default) for read in plain if isinstance(read.default, str | int)}
    named = {read.name for read in evaluation.reads}
    for example in reversed(tuple(examples)):
        values = ((name, value) for name, value in example.values.items() if value and not is_placeholder(value))
        known |= dict(values)
    known = {name: known.get(name, "") for name in (*known, *named)}
    instead = {read.name: names for read in evaluation.reads if (names := variables(read.default))}
    return Signs(frozenset(dependencies), evaluation.values, known, files, folder, instead)


def distributions(dependencies: Iterable[Dependency], files: Files) -> frozenset[str]:
    """The names of what a project depends on; what it asks for with an extra stands there as `celery[redis]` too."""
    declared = tuple(dependencies)
    names = {dependency.name for dependency in declared}
    asked = set()
    for path in {dependency.source.rpartition(":")[0] for dependency in declared}:
        for match in EXTRAS.finditer((path and files.read(path)) or ""):
            asked |= {f"{normalise(match[1])}[{normalise(extra)}]" for extra in match[2].split(",")}
    return frozenset(names | {name for name in asked if name.partition("[")[0] in names})


def _mapping(value: object) -> Mapping[str, object]:
    return {str(key): item for key, item in value.items()} if isinstance(value, Mapping) else {}


def variables(value: object) -> tuple[str, ...]:
    """The environment variables that a value of the settings is made of."""
    found = getattr(value, "variables", ())
    return tuple(str(name) for name in found) if isinstance(found, tuple) else ()


def text(value: object) -> str | None:
    """A text of the settings; empty where only its variables are known; None where it is no text."""
    if isinstance(value, str):
        return value
    scalar = not isinstance(value, int | Mapping | list | tuple | set)
    return "" if scalar and variables(value) else None


@dataclass(frozen=True)
class Carrier:
    """An environment variable that says where a service is, or a part of that.

    Attributes:
        before: its example or default value; what is not the address of the service is kept of it.
    """

    name: str
    part: Part
    before: str = field(default="", repr=False)

    def value(self, host: str, port: int) -> str:
        """What it has to be for a service that listens there and asks for no password."""
        if self.part == "url":
            return _redis_url(self.before, host, port)
        if self.part == "address":
            _, slash, path = self.before.partition("/")
            return f"{host}:{port}{slash}{path}"
        return {"host": host, "port": str(port), "password": "", "switch": "True"}[self.part]


@dataclass(frozen=True)
class Fixed:
    """An address that no variable changes, or the part of one: an empty host or a port of 0 can be changed."""

    host: str
    port: int
    source: str

    @property
    def is_here(self) -> bool:
        """Whether it means this machine, so that a server without Docker can answer there."""
        return not self.host or self.host in LOOPBACK


@dataclass(frozen=True)
class Need:
    """A service that a project needs.

    Attributes:
        name: as services of compose files are called: `redis`, `rabbitmq` …
        evidence: where the project says so.
        starts: whether djdock runs it.
        loses: what the project is without it, one sentence.
        variables: what of the project's own environment says where it is.
        hard_coded: what says so beside them, and cannot be changed from outside.
        features: what it must have beyond the usual, such as `postgis`.
    """

    name: str
    evidence: str
    starts: bool = False
    loses: str = ""
    variables: tuple[Carrier, ...] = ()
    hard_coded: tuple[Fixed, ...] = ()
    features: tuple[str, ...] = ()

    def values(self, host: str, port: int) -> dict[str, str]:
        """The project's own variables for a service that listens there."""
        return {carrier.name: carrier.value(host, port) for carrier in self.variables}

    @property
    def fixed_port(self) -> int | None:
        """The port on this machine that some address has and no variable changes: it has to be that one."""
        return next((fixed.port for fixed in self.hard_coded if fixed.port and fixed.is_here), None)

    @property
    def unreachable(self) -> tuple[Fixed, ...]:
        """Addresses on other machines, that no server on this one can answer at."""
        return tuple(fixed for fixed in self.hard_coded if not fixed.is_here)


def _redis_url(before: str, host: str, port: int) -> str:
    parts = urlsplit(before)
    ours = re.match(r"(?:redis|valkey)", parts.scheme) is not None
    # Credentials go: this server has none. So does what only an encrypted connection needs.
    kept = [(name, value) for name, value in parse_qsl(parts.query) if not name.startswith("ssl")] if ours else []
    path = parts.path if ours else "/0"
    scheme = "valkey" if parts.scheme.startswith("valkey") else "redis"
    return f"{scheme}://{host}:{port}{path}{'?' + urlencode(kept) if kept else ''}"
