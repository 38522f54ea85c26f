"""Example files of the environment: what a project suggests that its variables be set to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from djdock.errors import Problem
from djdock.project.environment import parse
from djdock.project.files import Files

# .env.example, env.sample, example.env, .env-local, env_sample, .env.dist, .env.template, dotenv.example …
NAMES = re.compile(
    r"^(?:\.?env|dotenv|\.?flaskenv)(?:[._-](?P<kind>[\w.-]+))?$|^(?P<before>[\w-]+)\.env$|^\.env(?P<rest>[._-][\w.-]+)$",
    re.IGNORECASE,
)
WORDS = (
    "example",
    "sample",
    "dist",
    "template",
    "tmpl",
    "default",
    "defaults",
    "local",
    "dev",
    "development",
    "docker",
    "test",
)
PRODUCTION = re.compile(r"prod|staging|live|deploy|heroku", re.IGNORECASE)
# Files that are for a machine and not for people to copy, or no .env files at all.
OTHER = re.compile(r"\.(?:py|sh|js|ts|json|toml|ya?ml|md|lock|override\.example)$|rc(?:\.|$)", re.IGNORECASE)
# Where else they are kept.
FOLDERS = (
    "",
    "config",
    "docker",
    "docker/dev/env",
    "docker/env",
    "env",
    "envs",
    ".envs",
    ".envs/.local",
    "deploy",
    "compose",
)
PLACEHOLDER = re.compile(
    r"^$|<[^>]*>|^\[.*\]$|change.?(me|this|it)|your[-_ .]|^your|xxx+|\*\*\*|replace|insert|fill.?in|todo|^\.\.\."
    r"|\$\{|\{\{|-here$|_here$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Example:
    """One example file: what it says, without the lines that only say where to write something."""

    path: str
    values: Mapping[str, str]


def read(files: Files, folders: tuple[str, ...] = (), *, dotenv: bool = False) -> tuple[Example, ...]:
    """The example files of a project, the best for development first; those for production are left out.

    Args:
        folders: where to look beside the usual places: of manage.py, of the settings.
        dotenv: files called .env, too: only where they are known to be the project's, and no person's own with secrets.
    """
    found: dict[str, Example] = {}
    for folder in dict.fromkeys((*folders, *FOLDERS)):
        for name in files.names(folder):
            path = f"{folder}/{name}" if folder else name
            if path in found or not _is_example(name) or PRODUCTION.search(path) or (name == ".env" and not dotenv):
                continue
            if values := dict(_values(files, path)):
                found[path] = Example(path, values)
    return tuple(sorted(found.values(), key=lambda example: _rank(example.path)))


def is_placeholder(value: str) -> bool:
    """Whether a value only says that something is to be written there."""
    return PLACEHOLDER.search(value.strip()) is not None


def _is_example(name: str) -> bool:
    return not name.endswith("/") and NAMES.match(name) is not None and OTHER.search(name) is None


def _rank(path: str) -> tuple[int, int, str]:
    name = path.rpartition("/")[2].lower()
    place = next((number for number, word in enumerate(WORDS) if word in name), len(WORDS))
    return path.count("/"), place, path


def _values(files: Files, path: str) -> Iterator[tuple[str, str]]:
    try:
        text = files.read(path) or ""
        values = parse(text)
    except Problem:
        return
    yield from values.items()
