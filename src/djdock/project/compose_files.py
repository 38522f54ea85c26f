"""Compose files as they are found: services with what they run, whatever tags, anchors and includes are in them."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from djdock.errors import Problem
from djdock.project import environment
from djdock.project.files import Files

# Compose's own order of preference. https://docs.docker.com/compose/intro/compose-application-model/
DEFAULT_NAMES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
# `${NAME:-default}` as Compose writes it, and `${NAME}` or `$NAME`.
DEFAULT = re.compile(r"\$\{(?P<name>\w+):?-(?P<default>[^${}]*)\}")
PLAIN = re.compile(r"\$\{(\w+)(?::?\?[^${}]*)?\}|\$(\w+)")
# How deep `include` and `extends` may lead from file to file.
DEPTH = 5


@dataclass(frozen=True)
class Service:
    """One service of a compose file; paths are relative to the project's root.

    Attributes:
        image: the name of its image with defaults filled in, or empty.
        context, dockerfile: what it is built from, where it is built.
        target: the stage that is built.
        command: its words; a shell's line is split as a shell does.
        environment: values with defaults filled in; what only the shell knows is left out.
        source: the file and the service, such as `compose.yaml, service db`.
        health_check: the words of its test.
        depends_on: the condition under which it starts, by the service that it waits for.
    """

    name: str
    source: str
    image: str = ""
    context: str | None = None
    dockerfile: str | None = None
    target: str = ""
    command: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    env_files: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    working_dir: str = ""
    health_check: tuple[str, ...] = ()
    depends_on: Mapping[str, str] = field(default_factory=dict)

    @property
    def waits_for_health(self) -> bool:
        """Whether it starts when another service is healthy or has ended well, and not just when it was started."""
        return any(condition != "service_started" for condition in self.depends_on.values())


@dataclass(frozen=True)
class ComposeFile:
    """A compose file: its services, and the text that says whose it is."""

    path: str
    services: tuple[Service, ...]
    text: str = field(default="", repr=False)


def parse(files: Files, path: str) -> ComposeFile | None:
    """A compose file with all that it includes, or None where there is none.

    Raises:
        Problem: it is no YAML.
    """
    text = files.read(path)
    if text is None:
        return None
    found = {service.name: service for service in _services(files, path, 0)}
    return ComposeFile(path, tuple(found.values()), text)


def paths(files: Files, folders: tuple[str, ...]) -> tuple[str, ...]:
    """The compose files in some folders: first those that `docker compose up` takes by itself, then all others."""
    found = []
    for folder in folders:
        for name in files.names(folder):
            if re.fullmatch(r"(?:.*[._-])?compose(?:[._-].*)?\.ya?ml", name):
                found.append(posixpath.join(folder, name))
    return tuple(sorted(dict.fromkeys(found), key=_preference))


def _preference(path: str) -> tuple[int, int, int, str]:
    name = posixpath.basename(path)
    default = DEFAULT_NAMES.index(name) if name in DEFAULT_NAMES else len(DEFAULT_NAMES)
    production = any(word in name for word in ("prod", "stag", "deploy", "test", "ci"))
    return path.count("/"), default, int(production), path


def document(files: Files, path: str) -> Mapping[str, object]:
    """The mapping that a compose file holds; empty where it holds something else.

    Raises:
        Problem: it is no YAML.
    """
    import yaml  # noqa: PLC0415 - 20 ms that the daily commands do not need

    class Loader(yaml.SafeLoader):
        """Reads tags that Compose has of its own, such as `!reset`, as if they were not there."""

    def untagged(loader: yaml.SafeLoader, tag: str, node: yaml.Node) -> object:
        if isinstance(node, yaml.MappingNode):
            return loader.construct_mapping(node, deep=True)
        if isinstance(node, yaml.SequenceNode):
            return loader.construct_sequence(node, deep=True)
        return None if tag == "reset" else loader.construct_scalar(node)  # type: ignore[arg-type] # what is left

    Loader.add_multi_constructor("!", untagged)
    try:
        found = yaml.load(files.read(path) or "", Loader)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, RecursionError, ValueError, TypeError) as error:
        if (line := _conflict(files.read(path) or "")) is not None:
            raise Problem(
                f"{path} holds a merge conflict that was not resolved, in line {line}.",
                hint=f"Open {path}, keep the lines that are right, delete the marks, then try again.",
            ) from error
        raise Problem(
            f"{path} is no YAML that can be read.",
            details=str(error),
            hint="Correct the line that the message names; docker compose config checks it too.",
        ) from error
    return found if isinstance(found, dict) else {}


def _conflict(text: str) -> int | None:
    """The line where the marks of an unresolved merge begin."""
    lines = enumerate(text.splitlines(), start=1)
    return next((number for number, line in lines if line.startswith("<<<<<<< ")), None)


def _services(files: Files, path: str, depth: int) -> Iterator[Service]:
    found = document(files, path)
    folder = posixpath.dirname(path)
    for other in _included(found.get("include")) if depth < DEPTH else ():
        inner = _below_root(folder, other)
        if inner and files.read(inner) is not None:
            yield from _services(files, inner, depth + 1)
    services = found.get("services")
    for name, body in services.items() if isinstance(services, dict) else ():
        if isinstance(body, dict):
            yield _service(files, path, str(name), _extended(files, path, body, depth))


def _included(value: object) -> list[str]:
    found = []
    for entry in value if isinstance(value, list) else []:
        path = entry.get("path") if isinstance(entry, dict) else entry
        found += [str(one) for one in (path if isinstance(path, list) else [path])]
    return found


def _extended(files: Files, path: str, body: Mapping[str, object], depth: int) -> Mapping[str, object]:
    """A service with what it takes over from another one."""
    wanted = body.get("extends")
    named = wanted if isinstance(wanted, dict) else {"service": wanted}
    other = _below_root(posixpath.dirname(path), str(named["file"])) if named.get("file") else path
    if not wanted or other is None or depth >= DEPTH or files.read(other) is None:
        return body
    services = document(files, other).get("services")
    base = services.get(named.get("service")) if isinstance(services, dict) else None
    if not isinstance(base, dict) or base is body:
        return body
    merged = {**_extended(files, other, base, depth + 1), **{key: value for key, value in body.items() if value}}
    if isinstance(base.get("environment"), dict) and isinstance(body.get("environment"), dict):
        merged["environment"] = {**base["environment"], **body["environment"]}  # type: ignore[dict-item] # is a dict
    return merged


def _service(files: Files, path: str, name: str, body: Mapping[str, object]) -> Service:
    folder = posixpath.dirname(path)
    known = _env_file_values(files, ".env")
    env_files = tuple(
        inner for entry in _entries(body.get("env_file"), "path") if (inner := _below_root(folder, entry)) is not None
    )
    values: dict[str, str] = {}
    for env_file in env_files:
        values |= _env_file_values(files, env_file)
    service = Service(
        name=name,
        source=f"{path}, service {name}",
        image=resolved(body.get("image") or "", known),
        command=_words(body.get("command"), known),
        entrypoint=_words(body.get("entrypoint"), known),
        environment={**values, **_environment(body.get("environment"), known)},
        env_files=env_files,
        ports=tuple(resolved(_port(entry), known) for entry in _list(body.get("ports"))),
        volumes=tuple(resolved(_volume(entry), known) for entry in _list(body.get("volumes"))),
        working_dir=str(body.get("working_dir") or ""),
        health_check=_health_check(body.get("healthcheck"), known),
        depends_on=_depends_on(body.get("depends_on")),
    )
    build = body.get("build")
    if not build:
        return service
    told = build if isinstance(build, dict) else {"context": build}
    context = _below_root(folder, resolved(told.get("context") or ".", known))
    dockerfile = _below_root(context or "", resolved(told.get("dockerfile") or "Dockerfile", known))
    return replace(service, context=context, dockerfile=dockerfile, target=resolved(told.get("target") or "", known))


def _environment(value: object, known: Mapping[str, str]) -> dict[str, str]:
    """Compose's two forms, a mapping or a list of NAME=value; what only the shell knows is left out."""
    if isinstance(value, list):
        value = dict(str(item).partition("=")[::2] for item in value)
    if not isinstance(value, dict):
        return {}
    found = {str(name): resolved(item, known) for name, item in value.items() if item is not None}
    return {name: item for name, item in found.items() if item and "$" not in item}


def _env_file_values(files: Files, path: str) -> dict[str, str]:
    """What an env file says; nothing where it cannot be read: others tell the person about that."""
    try:
        text = files.read(path)
        return environment.parse(text) if text else {}
    except Problem:
        return {}


def resolved(value: object, known: Mapping[str, str] | None = None) -> str:
    """A value with `${X:-default}` replaced by what is known of X, else by its default, from the inside out."""
    text, values = str(value), known or {}
    for _ in range(DEPTH):
        inner = DEFAULT.sub(lambda match: values.get(match["name"]) or match["default"], text)
        inner = PLAIN.sub(lambda match: values.get(match[1] or match[2]) or match[0], inner)
        if inner == text:
            break
        text = inner
    return text


def _words(value: object, known: Mapping[str, str]) -> tuple[str, ...]:
    if isinstance(value, list):
        return tuple(resolved(word, known) for word in value)
    if not isinstance(value, str):
        return ()
    text = resolved(value, known)
    try:
        return tuple(shlex.split(text))
    except ValueError:
        return tuple(text.split())


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _entries(value: object, key: str) -> list[str]:
    """A text, a list of texts, or a list of mappings that hold them under a key."""
    entries = value if isinstance(value, list) else [value] if value else []
    texts = [entry.get(key) if isinstance(entry, dict) else entry for entry in entries]
    return [str(text) for text in texts if text]


def _health_check(value: object, known: Mapping[str, str]) -> tuple[str, ...]:
    return _words(value.get("test"), known) if isinstance(value, dict) else ()


def _depends_on(value: object) -> dict[str, str]:
    if isinstance(value, dict):
        started = "service_started"
        return {
            str(name): str(told.get("condition") or started) if isinstance(told, dict) else started
            for name, told in value.items()
        }
    return {str(name): "service_started" for name in _list(value)}


def _port(value: object) -> str:
    if isinstance(value, dict):
        published = ":".join(str(value[key]) for key in ("host_ip", "published") if value.get(key))
        return f"{published}:{value.get('target', '')}".lstrip(":")
    return str(value)


def _volume(value: object) -> str:
    if isinstance(value, dict):
        return f"{value.get('source') or ''}:{value.get('target') or ''}".lstrip(":")
    return str(value)


def _below_root(folder: str, path: str) -> str | None:
    """A path relative to the root, or None where it leads out of the project or is not known."""
    joined = posixpath.normpath(posixpath.join(folder, path))
    if "$" in path or path.startswith(("/", "~", "http:", "https:", "git@")) or joined.split("/")[0] == "..":
        return None
    return "" if joined == "." else joined
