"""The Docker files that a project has: its Dockerfiles and compose files, read; and which of them are djdock's own."""

from __future__ import annotations

import itertools
import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from djdock.errors import Problem
from djdock.project import compose_files, images
from djdock.project.compose_files import ComposeFile, Service
from djdock.project.files import Files
from djdock.project.images import Dockerfile

T = TypeVar("T")
# The first words of a file that djdock has written. What follows them may change.
MARK = "# Made by djdock"
FIRST_LINE = f"{MARK}, yours to edit; `djdock init` merges its changes with yours."
# What djdock's compose file is called where the project has one of its own.
BESIDE = "compose.djdock.yaml"
# Where projects keep Docker files, beside the root.
FOLDERS = re.compile(
    r"\.?(?:docker|compose|deploy|deployment|devops|infra|infrastructure|ops|config|etc|build)s?", re.IGNORECASE
)
DOCKERFILE = re.compile(r"(?:Dockerfile(?:[._-].+)?|.+\.Dockerfile)", re.IGNORECASE)
MANY = 40


@dataclass(frozen=True)
class DockerFiles:
    """What a project's Docker files say.

    Attributes:
        compose: the compose files that are not djdock's, those first that `docker compose up` takes by itself.
        dockerfiles: the Dockerfiles that are not djdock's, those first that build the site.
        own: the paths of those that djdock has made.
        unreadable: the paths of those that cannot be read, with the reason.
    """

    compose: tuple[ComposeFile, ...] = ()
    dockerfiles: tuple[Dockerfile, ...] = ()
    own: tuple[str, ...] = ()
    unreadable: tuple[tuple[str, str], ...] = ()

    @property
    def services(self) -> tuple[Service, ...]:
        """All services, in the order of the files."""
        return tuple(service for file in self.compose for service in file.services)

    @property
    def python(self) -> tuple[str, str] | None:
        """The Python version of the first image that says one, as `X.Y`, and the place."""
        for file in self.dockerfiles:
            if file.python:
                return file.python[0], f"{file.path}:{file.python[1]}"
        return None

    @property
    def node(self) -> tuple[str, str] | None:
        """The major version of Node that a Dockerfile builds on, and its path."""
        return next(((file.node, file.path) for file in self.dockerfiles if file.node), None)

    @property
    def packages(self) -> tuple[str, ...]:
        """The names of the Debian packages that the Dockerfiles install."""
        return tuple(dict.fromkeys(package.name for file in self.dockerfiles for package in file.packages))

    @property
    def settings_modules(self) -> tuple[tuple[str, str], ...]:
        """The settings modules that are named for containers, and where; each once."""
        found: dict[str, str] = {}
        for service in self.services:
            for name in _settings(service.environment.get("DJANGO_SETTINGS_MODULE"), service.command):
                found.setdefault(name, service.source)
        for file in self.dockerfiles:
            for name in _settings(file.environment.get("DJANGO_SETTINGS_MODULE"), file.command):
                found.setdefault(name, file.path)
        return tuple(found.items())


def read(files: Files, folders: tuple[str, ...] = ()) -> DockerFiles:
    """Reads the Docker files in the root, in the usual folders below it and in `folders`; none makes it fail."""
    searched = tuple(dict.fromkeys(("", *(folder.strip("/") for folder in folders), *_docker_folders(files))))
    unreadable: list[tuple[str, str]] = []
    compose_paths = compose_files.paths(files, searched)[:MANY]
    compose = list(_read(files, compose_paths, compose_files.parse, unreadable))
    paths = tuple(_dockerfiles(files, searched, compose))[:MANY]
    dockerfiles = sorted(_read(files, paths, images.read, unreadable), key=lambda file: file.python is None)
    own = tuple(path for path in (*compose_paths, *paths) if is_own(files, path))
    return DockerFiles(tuple(compose), tuple(dockerfiles), own, tuple(unreadable))


def _read(
    files: Files,
    paths: tuple[str, ...],
    parse: Callable[[Files, str], T | None],
    unreadable: list[tuple[str, str]],
) -> Iterator[T]:
    """What a reader makes of those files that are not djdock's own; notes which ones cannot be read."""
    for path in paths:
        if is_own(files, path):
            continue
        try:
            found = parse(files, path)
        except Problem as problem:
            unreadable.append((path, problem.cause))
            continue
        if found is not None:
            yield found


def is_own(files: Files, path: str) -> bool:
    """Whether djdock has made a file: one of the comments that it begins with says so.

    Mostly that is the first line; people put a line of their own above it, and tools a `# syntax=`.
    """
    try:
        lines = (files.read(path) or "").splitlines()
    except Problem:
        return False
    head = itertools.takewhile(lambda line: not line.strip() or line.startswith("#"), lines)
    return any(line.startswith(MARK) for line in head)


def compose_path(files: Files) -> str:
    """The compose file that djdock runs: its own; where no file says that it is, the one that Compose would take."""
    there = [name for name in compose_files.DEFAULT_NAMES if files.read(name) is not None]
    own = next((name for name in (*there, BESIDE) if is_own(files, name)), None)
    return own or next(iter(there), compose_files.DEFAULT_NAMES[0])


def _docker_folders(files: Files) -> Iterator[str]:
    for name in files.names():
        if name.endswith("/") and FOLDERS.fullmatch(name.rstrip("/")):
            folder = name.rstrip("/")
            yield folder
            for inner in files.names(folder)[:MANY]:
                if inner.endswith("/"):
                    yield f"{folder}/{inner.rstrip('/')}"


def _dockerfiles(files: Files, folders: tuple[str, ...], compose: list[ComposeFile]) -> Iterator[str]:
    """The paths of all Dockerfiles, each once: those that compose files build, then all others."""
    seen = set()
    named = [service.dockerfile for file in compose for service in file.services if service.dockerfile]
    there = [
        posixpath.join(folder, name)
        for folder in folders
        for name in files.names(folder)
        if DOCKERFILE.fullmatch(name) and not name.endswith((".dockerignore", "/"))
    ]
    for path in (*named, *sorted(there, key=lambda path: (path.count("/"), _is_production(path), path))):
        if path not in seen:
            seen.add(path)
            yield path


def _is_production(path: str) -> bool:
    return any(word in path.lower() for word in ("prod", "stag", "deploy"))


def _settings(named: str | None, command: tuple[str, ...]) -> Iterator[str]:
    """The settings modules of an environment and of a command's `--settings`."""
    if named and re.fullmatch(r"\w+(?:\.\w+)*", named):
        yield named
    for place, word in enumerate(command):
        if word.startswith("--settings="):
            yield word.partition("=")[2]
        elif word == "--settings" and place + 1 < len(command):
            yield command[place + 1]
