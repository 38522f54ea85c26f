"""Redis (or Valkey), for caches, channels, sessions and queues: https://redis.io/docs/latest/develop/clients/"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from djdock.project import celery
from djdock.project.signs import REDIS_CLIENTS, Carrier, Fixed, Need, Part, Signs, text, variables

NAME = "redis"
PORT = 6379
KIND = re.compile(r"redis|valkey", re.IGNORECASE)
URL = re.compile(r"(?:redis|valkey)(?:s|cache)?(?:\+\w+)?://", re.IGNORECASE)
HOST_KEYS = ("host", "hostname", "server")
# Of the keys and names that say where a server is.
ADDRESS_KEYS = (
    "location",
    "hosts",
    "url",
    "address",
    "broker_url",
    "connection",
    "redis",
    "options",
    "config",
    "default",
)
BY_NAME: tuple[tuple[str, Part | None], ...] = (
    (r"PASS(?:WORD|WD)?$|_SECRET$|_AUTH$", "password"),
    (r"PORT$", "port"),
    (r"_DB$|_DATABASE$|_PREFIX$|_USER(?:NAME)?$|_TIMEOUT$|_SSL$|_TLS$", None),
    (r"HOST(?:NAME)?$|_SERVER$|_ADDR(?:ESS)?$", "host"),
    (r"URLS?$|URI$|DSN$|BROKER$|BACKEND$|LOCATION$|(?:REDIS|VALKEY|CACHE)$", "url"),
)


# What of the site uses it, by the setting that says where it is; all others are queues of tasks.
USES = (("CACHES", "the cache"), ("CHANNEL_LAYERS", "channels"), ("SESSION", "sessions"), ("REDIS", ""), ("VALKEY", ""))


@dataclass(frozen=True)
class Spot:
    """A place in the settings that says where a server is: as a whole, or host, port and password apart."""

    source: str
    whole: object = None
    host: object = None
    port: object = None
    password: object = None


def detect(signs: Signs) -> Need | None:
    """The need for Redis, with what in the project's environment says where it is; None: nothing needs it."""
    spots = list(_spots(signs))
    replaced = celery.replaced_broker(signs)
    if not spots and replaced is None:
        return None
    carriers: dict[str, Carrier] = {}
    fixed: list[Fixed] = []
    for spot in spots:
        for carrier in (read := _Reading(signs, spot)).carriers():
            carriers.setdefault(carrier.name, carrier)
        fixed.extend(read.fixed())
    if replaced:
        for name in variables(replaced.url):
            carriers.setdefault(name, Carrier(name, "url", replaced.url))
    sources = list(dict.fromkeys([*(spot.source for spot in spots), *([replaced.source] if replaced else [])]))
    return Need(
        NAME,
        ", ".join(sources),
        starts=True,
        loses=f"Without it these do not work: {', '.join(_uses(sources))}.",
        variables=tuple(carriers.values()),
        hard_coded=tuple(dict.fromkeys(fixed)),
    )


def _uses(sources: Iterable[str]) -> list[str]:
    """What people call that which some settings say."""
    found = (next((use for prefix, use in USES if source.startswith(prefix)), "background tasks") for source in sources)
    return list(dict.fromkeys(use for use in found if use)) or ["what asks for it"]


def _spots(signs: Signs) -> Iterator[Spot]:
    for setting in ("CACHES", "CHANNEL_LAYERS"):
        for alias, value in signs.mapping(setting).items():
            if any(URL.match(signs.known.get(name, "")) for name in variables(value)):  # env.cache_url("CACHE_URL")
                yield Spot(f'{setting}["{alias}"]', value)
        for source, entry in signs.entries(setting):
            if KIND.search(str(entry.get("BACKEND", ""))):
                yield from _inside(source, entry) or [Spot(source)]
    yield from _celery(signs)
    yield from _queues(signs)
    if KIND.search(str(signs.settings.get("SESSION_ENGINE", ""))):
        yield from _inside("SESSION_REDIS", signs.mapping("SESSION_REDIS")) or [Spot("SESSION_ENGINE")]
    if signs.depends_on(*REDIS_CLIENTS) or not signs.dependencies:
        yield from _named(signs)


def _celery(signs: Signs) -> Iterator[Spot]:
    broker = celery.broker(signs)
    if broker is None or broker.kind == "eager":
        return
    if broker.kind == "redis":
        yield Spot(broker.source, broker.url)
    app = celery.find_app(signs)
    if app and app.backend and URL.match(app.backend):
        yield Spot(app.source, app.backend)
    for name, value in signs.settings.items():
        if celery.BACKEND.search(name) and isinstance(value, str) and URL.match(value):
            yield Spot(name, value)


def _queues(signs: Signs) -> Iterator[Spot]:
    """Task queues that are not Celery's, each with a setting of its own."""
    if signs.has_app("django_rq"):
        for source, entry in signs.entries("RQ_QUEUES"):
            if "USE_REDIS_CACHE" not in entry:  # else CACHES says where
                yield from _inside(source, entry) or [Spot(source)]
    if signs.has_app("huey.contrib.djhuey") and not huey_is_immediate(signs):
        huey = signs.mapping("HUEY")
        if not re.search(r"sqlite|memory|file", str(huey.get("huey_class", "")), re.IGNORECASE):
            yield from _inside("HUEY", huey) or [Spot("HUEY")]
    if "redis" in (cluster := signs.mapping("Q_CLUSTER")):
        yield from _inside("Q_CLUSTER", {"redis": cluster["redis"]})
    for name in ("DRAMATIQ_BROKER", "DRAMATIQ_RESULT_BACKEND"):
        entry = signs.mapping(name)
        if KIND.search(str(entry.get("BROKER", entry.get("BACKEND", "")))):
            yield from _inside(name, entry) or [Spot(name)]


def huey_is_immediate(signs: Signs) -> bool:
    """Whether Huey runs tasks where they are called: by default that is so while DEBUG is on."""
    return bool(signs.mapping("HUEY").get("immediate", signs.settings.get("DEBUG", False)))


def _named(signs: Signs) -> Iterator[Spot]:
    """Settings with Redis in their name, that the project's own code reads."""
    for name, value in signs.settings.items():
        if not (KIND.search(name) and name.isupper()):
            continue
        if isinstance(value, str) and URL.match(value):
            yield Spot(name, value)
        elif isinstance(value, Mapping):
            yield from _inside(name, value)
        elif re.search(r"HOST(?:NAME)?$", name) and text(value) is not None:
            prefix = name.removesuffix("HOSTNAME").removesuffix("HOST")
            port, password = (signs.settings.get(prefix + end) for end in ("PORT", "PASSWORD"))
            yield Spot(name, host=value, port=PORT if port is None else port, password=password)


def _inside(source: str, value: object) -> list[Spot]:
    """The addresses somewhere inside a setting."""
    said = text(value)
    if said is not None:
        looks = URL.match(said) or re.fullmatch(r"[\w.-]+:\d+(?:[:/]\d+)?", said) or variables(value)
        return [Spot(source, value)] if looks else []
    if isinstance(value, list | tuple):
        pair = len(value) == 2 and text(value[0]) is not None  # noqa: PLR2004 - host, port
        if pair and (isinstance(value[1], int) or variables(value[1])) and not URL.match(str(value[0])):
            return [Spot(source, host=value[0], port=value[1])]
        return [spot for item in value for spot in _inside(source, item)]
    if not isinstance(value, Mapping):
        return []
    entry = {str(key).lower(): item for key, item in value.items()}
    host = next((entry[key] for key in HOST_KEYS if text(entry.get(key)) is not None), None)
    if host is not None:
        return [Spot(source, host=host, port=entry.get("port", PORT), password=entry.get("password"))]
    return [spot for key in ADDRESS_KEYS if key in entry for spot in _inside(source, entry[key])]


@dataclass(frozen=True)
class _Reading:
    """One spot, taken apart: which variables say what of it, and what none says."""

    signs: Signs
    spot: Spot

    def carriers(self) -> list[Carrier]:
        spot = self.spot
        if spot.whole is not None:
            return self._of_whole(text(spot.whole) or "", self.signs.deciding(spot.whole))
        apart: tuple[tuple[object, Part], ...] = ((spot.host, "host"), (spot.port, "port"), (spot.password, "password"))
        found = [
            Carrier(name, self._shape(name) or part, self.signs.known.get(name, ""))
            for value, part in apart
            for name in self.signs.deciding(value)
        ]
        return [carrier for carrier in found if carrier.part != "password" or carrier.before]

    def _shape(self, name: str) -> Part | None:
        """`REDIS_HOST=redis:6379` and `REDIS_HOST=redis://…` are seen too."""
        before = self.signs.known.get(name, "")
        if URL.match(before):
            return "url"
        return "address" if re.fullmatch(r"[\w.-]+:\d+", before) else None

    def _of_whole(self, url: str, names: tuple[str, ...]) -> list[Carrier]:
        host, port, known = _host(url), _port(url), self.signs.known
        found = [(name, self._part(name, host, port), known.get(name, "")) for name in names]
        # Of several that could say the whole, those that have a value do; else those that are called so.
        whole = [name for name, part, _ in found if part == "url"]
        for better in ([name for name in whole if known.get(name)], [name for name in whole if KIND.search(name)]):
            if better:
                whole = better
                break
        return [
            Carrier(name, part, before or (url if part == "url" and URL.match(url) else ""))
            for name, part, before in found
            if part is not None and (part != "url" or name in whole) and (part != "password" or before)
        ]

    def _part(self, name: str, host: str, port: int) -> Part | None:
        before = self.signs.known.get(name, "")
        if re.match(r"[\w+]+://", before):
            return "url"
        if before.isdigit():
            return "port" if int(before) == port and not re.search(r"_DB$", name) else None
        if before and before.split("/")[0] == f"{host}:{port}":
            return "address"
        if before and before == host:
            return "host"
        return next((part for pattern, part in BY_NAME if re.search(pattern, name)), "url" if not before else None)

    def fixed(self) -> list[Fixed]:
        """What of the address no variable says."""
        spot, said = self.spot, {carrier.part for carrier in self.carriers()}
        if said & {"url", "address"}:
            return []
        if spot.whole is not None:
            host, port = _host(text(spot.whole) or ""), _port(text(spot.whole) or "")
        else:
            host = spot.host if isinstance(spot.host, str) else ""
            port = int(str(spot.port)) if str(spot.port).isdigit() else PORT
            if spot.host is None:
                return []
        left = Fixed("" if "host" in said else host, 0 if "port" in said else port, spot.source)
        return [left] if left.host or left.port else []


def _host(url: str) -> str:
    try:
        return urlsplit(url if "//" in url else f"//{url}").hostname or ""
    except ValueError:
        return ""


def _port(url: str) -> int:
    try:
        return urlsplit(url if "//" in url else f"//{url}").port or PORT
    except ValueError:
        return PORT
