"""What runs beside the site on the project's own code: workers, and what starts tasks at their times."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from djdock.project import celery
from djdock.project.files import Files, below
from djdock.project.services.redis import huey_is_immediate
from djdock.project.signs import Signs

COMPOSE = re.compile(r"(?:docker-)?compose(?:[.-][\w.-]+)?\.ya?ml|(?:local|dev|development|production|prod)\.ya?ml")
# Below the root, where some projects keep their compose files.
COMPOSE_FOLDERS = ("", "docker", "deploy", "compose", "docker-compose", "deployment", "infra")
# Management commands that run until they are stopped, and do the project's work beside the site.
COMMANDS = frozenset(
    {"rqworker", "rqworker-pool", "rqscheduler", "qcluster", "run_huey", "rundramatiq", "db_worker", "runworker",
     "process_tasks", "runapscheduler", "procrastinate", "run_worker"}
)  # fmt: skip
SCHEDULERS = frozenset({"rqscheduler", "runapscheduler"})
# Of a worker's options those that say what work it does; addresses of logs, pid files and the like are the engine's.
KEPT = ("-Q", "--queues", "-P", "--pool", "-c", "--concurrency", "-X", "--exclude-queues")
SCHEDULER = ("-S", "--scheduler")
DATABASE_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
# A broker of these kinds can be had, or is none that has to run.
RUNNABLE = frozenset({"redis", "files", "database"})
END = re.compile(r"&&|\|\||[;|&]")


@dataclass(frozen=True)
class Process:
    """A process beside the site.

    Attributes:
        name: of the service: `worker`, `beat` …
        argv: the program and its arguments, for the folder of manage.py; `python` and `celery` are the environment's.
        source: what says that there is one.
        schedule: it keeps in a file what it has done, and is to be told where: `--schedule PATH`.
    """

    name: str
    argv: tuple[str, ...]
    source: str
    schedule: bool = False


@dataclass(frozen=True)
class Line:
    """A command that a Procfile or compose file runs; `words` is its last program with all arguments."""

    name: str
    words: tuple[str, ...]
    source: str

    def value(self, *options: str) -> str:
        """The value of an option, in whichever of its forms it is written."""
        for index, word in enumerate(self.words):
            option, equals, value = word.partition("=")
            if option in options:
                return value if equals else next(iter(self.words[index + 1 : index + 2]), "")
            if len(word) > 2 and word[:2] in options and not word.startswith("--"):  # noqa: PLR2004 - as in -Aconfig
                return word[2:]
        return ""


def find(signs: Signs) -> tuple[Process, ...]:
    """The processes beside the site, those first that others may wait for."""
    written = list(_lines(signs.files, signs.folder))
    found = [*_celery(signs, written), *_by_apps(signs), *_commands(signs, written)]
    by_name: dict[str, Process] = {}
    done = set()
    for process in found:
        words = process.argv[:3]
        if process.argv[0] == "python" and words in done:
            continue  # a package's own command, that a Procfile names too
        done.add(words)
        name, number = process.name, 2
        while name in by_name:
            name, number = f"{process.name}-{number}", number + 1
        by_name[name] = Process(name, process.argv, process.source, process.schedule)
    return tuple(by_name.values())


def server(signs: Signs) -> tuple[str, str]:
    """`asgi` or `wsgi`, and what says so: which kind of server the site needs."""
    if app := signs.has_app("daphne", "channels"):
        return "asgi", f"INSTALLED_APPS: {app}"
    if signs.mapping("CHANNEL_LAYERS"):
        return "asgi", "CHANNEL_LAYERS"
    return "wsgi", ""


# --- Celery -----------------------------------------------------------------------------------------------------------


def _celery(signs: Signs, written: Sequence[Line]) -> Iterator[Process]:
    broker = celery.broker(signs)
    if broker is None or not (broker.kind in RUNNABLE or celery.replaced_broker(signs)):
        return
    lines = [line for line in written if line.words[0] == "celery"]
    app = celery.find_app(signs)
    name = next((value for line in lines if (value := line.value("-A", "--app"))), app.name if app else "")
    if not name:
        return
    workers = [line for line in lines if "worker" in line.words]
    # One file is enough: another one says the same for another place.
    workers = [line for line in workers if line.source == workers[0].source]
    sets = list(dict.fromkeys(_kept(line) for line in workers)) or [()]
    for options in sets:
        source = workers[0].source if workers else (app.source if app else broker.source)
        yield Process("worker", ("celery", "-A", name, "worker", "-l", "info", *options), source)
    yield from _beat(signs, name, lines, app)


def _kept(line: Line) -> tuple[str, ...]:
    return tuple(
        word for option in KEPT if (value := line.value(option)) for word in (option, value) if "$" not in value
    )


def _beat(signs: Signs, name: str, lines: Sequence[Line], app: celery.App | None) -> Iterator[Process]:
    beats = [line for line in lines if "beat" in line.words or {"-B", "--beat"} & set(line.words)]
    by_database = bool(signs.has_app("django_celery_beat"))
    schedules = [
        key for key, value in signs.settings.items() if celery.SCHEDULE.search(key) and value not in ({}, None)
    ]
    source = next(
        (
            where
            for where in (
                beats[0].source if beats else "",
                "INSTALLED_APPS: django_celery_beat" if by_database else "",
                schedules[0] if schedules else "",
                app.source if app and app.scheduled else "",
            )
            if where
        ),
        "",
    )
    if not source:
        return
    named = next((value for line in beats if (value := line.value(*SCHEDULER))), "")
    scheduler = named if named and "$" not in named else (DATABASE_SCHEDULER if by_database else "")
    configured = any(re.search(r"BEAT_?SCHEDULER$", key) for key in signs.settings)
    options = ("--scheduler", scheduler) if scheduler and not configured else ()
    # A pid file that a killed one has left would keep the next one from starting.
    argv = ("celery", "-A", name, "beat", "-l", "info", "--pidfile=", *options)
    yield Process("beat", argv, source, schedule=not options and not configured)


# --- others -----------------------------------------------------------------------------------------------------------


def _by_apps(signs: Signs) -> Iterator[Process]:
    """Task queues whose app says all: each has one management command that works it off."""
    if app := signs.has_app("django_rq"):
        queues = tuple(signs.mapping("RQ_QUEUES"))
        if queues:
            yield _manage("worker", ("rqworker", *queues), app)
    if (app := signs.has_app("django_q")) and signs.mapping("Q_CLUSTER").get("sync") is not True:
        yield _manage("worker", ("qcluster",), app)
    if (app := signs.has_app("huey.contrib.djhuey")) and not huey_is_immediate(signs):
        yield _manage("worker", ("run_huey",), app)
    if app := signs.has_app("django_dramatiq"):
        kind = str(signs.mapping("DRAMATIQ_BROKER").get("BROKER", ""))
        if "redis" in kind.lower():
            yield _manage("worker", ("rundramatiq",), app)
    for source, entry in signs.entries("TASKS"):
        if str(entry.get("BACKEND", "")).endswith("DatabaseBackend"):
            yield _manage("worker", ("db_worker",), source)
            break
    if app := signs.has_app("background_task"):
        yield _manage("worker", ("process_tasks",), app)


def _manage(name: str, words: tuple[str, ...], app: str) -> Process:
    source = app if app.startswith("TASKS") else f"INSTALLED_APPS: {app}"
    return Process(name, ("python", "manage.py", *words), source)


def _commands(signs: Signs, written: Sequence[Line]) -> Iterator[Process]:
    """Management commands that a Procfile or compose file runs as processes of their own."""
    immediate = signs.has_app("huey.contrib.djhuey") and huey_is_immediate(signs)
    for line in written:
        if line.words[0] == "manage.py" and len(line.words) > 1 and line.words[1] in COMMANDS:
            if any("$" in word for word in line.words) or (immediate and line.words[1] == "run_huey"):
                continue
            name = "scheduler" if line.words[1] in SCHEDULERS else "worker"
            yield Process(name, ("python", *line.words), line.source)


# --- what Procfile and compose files run ------------------------------------------------------------------------------


def _lines(files: Files, folder: str) -> Iterator[Line]:
    seen = set()
    for place in dict.fromkeys(("", folder)):
        prefix = f"{place}/" if place else ""
        for number, text in enumerate((below(files, place).read("Procfile") or "").splitlines(), start=1):
            name, colon, command = text.partition(":")
            if colon and (words := _program(command)):
                yield Line(name.strip(), words, f"{prefix}Procfile:{number}")
    for place in dict.fromkeys((*COMPOSE_FOLDERS, folder)):
        for file in files.names(place):
            path = f"{place}/{file}" if place else file
            if COMPOSE.fullmatch(file) and path not in seen:
                seen.add(path)
                yield from _compose(path, files.read(path) or "")


def _compose(path: str, text: str) -> Iterator[Line]:
    if not re.search(r"celery|manage\.py", text):
        return
    document = _yaml(text)
    services = document.get("services", document) if isinstance(document, Mapping) else {}
    for name, service in services.items() if isinstance(services, Mapping) else ():
        for key in ("command", "entrypoint"):
            command = service.get(key) if isinstance(service, Mapping) else None
            if isinstance(command, list):
                command = shlex.join(str(word) for word in command)
            if isinstance(command, str) and (words := _program(command)):
                yield Line(str(name), words, path)


def _yaml(text: str) -> object:
    """A YAML document; None where it is none. Tags of Compose's own, such as `!reset`, are no obstacle."""
    import yaml  # noqa: PLC0415 - 20 ms that the daily commands do not need

    class Loader(yaml.SafeLoader):
        pass

    Loader.add_multi_constructor("!", lambda _loader, _suffix, _node: None)
    try:
        return yaml.load(text, Loader)  # noqa: S506 - a safe loader, that knows one thing more
    except yaml.YAMLError:
        return None


def _program(command: str) -> tuple[str, ...]:
    """`celery` or `manage.py` with its arguments, out of whatever a shell makes around it; empty: neither is run."""
    words = _split(command)
    for index, word in enumerate(words):
        if index + 1 < len(words) and word.endswith("sh") and words[index + 1] in {"-c", "-lc", "-ec"}:
            return _program(words[index + 2]) if index + 2 < len(words) else ()
    for part in reversed(_parts(words)):
        for index, word in enumerate(part):
            base = word.rpartition("/")[2]
            if base in {"celery", "manage.py"} and index + 1 < len(part):
                return (base, *part[index + 1 :])
    return ()


def _split(command: str) -> list[str]:
    lexer = shlex.shlex(command, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        return list(lexer)
    except ValueError:
        return []  # a quote that is not closed: no shell runs that


def _parts(words: Sequence[str]) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    for word in words:
        if END.fullmatch(word):
            parts.append([])
        else:
            parts[-1].append(word)
    return parts
