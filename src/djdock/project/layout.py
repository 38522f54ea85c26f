"""Where things are: the project's root, its manage.py, and the settings module that development runs on."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from djdock.errors import Problem
from djdock.project.answer import Answer
from djdock.project.evaluation import evaluate, script
from djdock.project.files import Files
from djdock.project.source import parse

MANAGE = "manage.py"
VARIABLE = "DJANGO_SETTINGS_MODULE"
# Folders of other people's code, and those of tools.
FOREIGN = frozenset(
    {"node_modules", "site-packages", "venv", "env", "__pycache__", "build", "dist", "bower_components", "vendor"}
)
# What a folder is called that holds no site of its own but something to try things with.
SIDE = frozenset(
    {"tests", "test", "testproject", "test_project", "example", "examples", "example_project", "sample", "samples",
     "demo", "docs", "doc", "sandbox", "benchmarks", "testing", "fixtures", "project_template", "templates"}
)  # fmt: skip
DEPLOYED = frozenset(
    {"Procfile", "Dockerfile", "compose.yaml", "docker-compose.yml", "app.json", "fly.toml", "render.yaml"}
)
# Names of settings modules, the best for development first.
DEVELOPMENT = ("local", "dev", "development", "docker", "base", "common", "default", "defaults", "settings", "main")
PRODUCTION = frozenset({"production", "prod", "staging", "stage", "deploy", "heroku", "live"})
LIVE = frozenset({"production", "prod", "deploy", "live"})
# Settings of a test run: an in-memory database, passwords that are not hashed.
TESTING = frozenset({"test", "tests", "testing", "ci", "pytest"})
PLACEHOLDER = re.compile(r"\{\{.*?\}\}|\{%.*?%\}")
DEEPEST, MOST_FOLDERS = 4, 4000
# Files beside manage.py's own that may name a settings module.
TOLD = ("pytest.ini", "setup.cfg", "tox.ini", "pyproject.toml", "Procfile", ".env", ".env.example", "compose.yaml",
        "compose.yml", "docker-compose.yml", "docker-compose.yaml", "Dockerfile", "app.json")  # fmt: skip
NAMED = re.compile(rf"{VARIABLE}[\"']?\]?\s*[:=,]\s*[\"']?([A-Za-z_][\w.]*)")


@dataclass(frozen=True)
class Layout:
    """Where things are, relative to the root.

    Attributes:
        settings: the dotted name of the module that is used.
        named: the one that manage.py names; another one than `settings` has to be told by DJANGO_SETTINGS_MODULE.
        others: further manage.py files, that were not chosen.
    """

    manage: Answer[str]
    settings: Answer[str]
    settings_file: str
    named: str
    others: tuple[str, ...] = ()

    @property
    def folder(self) -> str:
        """The folder of manage.py, empty where it is the root."""
        return str(PurePosixPath(self.manage.value).parent).removeprefix(".")


def read(files: Files, manage: str | None = None, settings: str | None = None) -> Layout:
    """Finds manage.py and the settings module.

    Args:
        manage, settings: what the person has said.

    Raises:
        Problem: there is none, or several with nothing to choose by.
    """
    found = [manage] if manage else candidates(files)
    chosen = Answer(manage, "as asked") if manage else choose(files, found)
    others = tuple(path for path in (found if manage is None else ()) if path != chosen.value)
    source = files.read(chosen.value)
    if source is None:
        raise Problem(f"There is no {chosen.value} here.", hint=_how_to_name(candidates(files)))
    if PLACEHOLDER.search(chosen.value) or PLACEHOLDER.search(source):
        raise _template(chosen.value)
    folder = str(PurePosixPath(chosen.value).parent).removeprefix(".")
    named, line = _named(files, source, chosen.value)
    if settings:
        wanted = Answer(settings, "--settings")
    else:
        wanted = _development(files, folder, named, f"{chosen.value}:{line}", chosen.value)
    path = find_module(files, folder, wanted.value)
    if path is None:
        raise _no_module(files, folder, wanted, chosen.value)
    return Layout(chosen, wanted, path, named, others)


def candidates(files: Files) -> list[str]:
    """The manage.py files of Django projects, those nearest to the root first."""
    found: list[str] = []
    unreadable: list[str] = []
    folders = [("", 0)]
    seen = 0
    while folders and seen < MOST_FOLDERS:
        folder, depth = folders.pop(0)
        seen += 1
        names = files.names(folder)
        prefix = f"{folder}/" if folder else ""
        if MANAGE in names:
            try:
                if _is_django(files.read(prefix + MANAGE) or ""):
                    found.append(prefix + MANAGE)
            except Problem:
                unreadable.append(prefix + MANAGE)
        if depth < DEEPEST:
            folders += [
                (prefix + name.rstrip("/"), depth + 1)
                for name in names
                if name.endswith("/") and not name.startswith(".") and name.rstrip("/") not in FOREIGN
            ]
    # One that cannot be read is none, but where it is the one that counts; why is then said by whoever reads it.
    return found if found and MANAGE not in unreadable else unreadable or found


def _is_django(source: str) -> bool:
    return VARIABLE in source or "execute_from_command_line" in source or "execute_manager" in source


def choose(files: Files, found: list[str]) -> Answer[str]:
    """The manage.py that is meant, of several.

    Raises:
        Problem: there is none, or nothing tells which one is meant.
    """
    if not found:
        raise Problem(
            "This is not inside a Django project: there is no manage.py here, above or below.",
            hint="cd into your project, or make a new one: djdock new NAME",
        )
    if found[0] == MANAGE:
        return Answer(MANAGE, "in the root")
    if len(found) == 1:
        return Answer(found[0], "the only one")
    ranks = {path: _rank(files, path) for path in found}
    best = max(ranks.values())
    winners = [path for path, rank in ranks.items() if rank == best]
    if len(winners) == 1:
        return Answer(winners[0], _reason(best))
    raise several(winners)


def several(found: list[str]) -> Problem:
    """What to say where nothing tells which of several projects is meant."""
    return Problem(
        f"There are {len(found)} Django projects here, and nothing tells which one is meant: {', '.join(found[:20])}.",
        hint=_how_to_name(found),
    )


def _rank(files: Files, path: str) -> tuple[bool, bool, bool, int]:
    """The better the evidence that a manage.py is the site's, the higher."""
    folder = PurePosixPath(path).parent
    names = set(files.names(str(folder)))
    side = any(part.lower() in SIDE for part in folder.parts)
    told = any(f"{path}" in (files.read(name) or "") or f"cd {folder}" in (files.read(name) or "")
               for name in TOLD if name in set(files.names()))  # fmt: skip
    return not side, told, bool(names & DEPLOYED), -len(folder.parts)


def _reason(rank: tuple[bool, bool, bool, int]) -> str:
    _site, told, deployed, _depth = rank
    return (
        "named by other files"
        if told
        else "the only one with files to deploy it"
        if deployed
        else "nearest to the root"
    )


def _how_to_name(paths: list[str]) -> str:
    first = paths[0] if paths else "FOLDER/manage.py"
    return f"djdock init --manage {first}\nOr cd into the folder of the one that you mean, and try again there."


# --- settings


def _named(files: Files, source: str, path: str) -> tuple[str, int]:
    """The settings module that manage.py names, and the line; empty where it names none."""
    value, place = script(files, path).get(VARIABLE, ("", ""))
    if _is_dotted(value):
        return str(value), int(place.rpartition(":")[2])
    for node in ast.walk(parse(source, path)):
        match node:
            case (
                ast.Call(func=ast.Attribute(attr="setdefault"), args=[ast.Constant(value=str(key)), value])
                | ast.Assign(targets=[ast.Subscript(slice=ast.Constant(value=str(key)))], value=value)
            ) if key == VARIABLE:
                names = [
                    str(part.value)
                    for part in ast.walk(value)
                    if isinstance(part, ast.Constant) and _is_dotted(part.value)
                ]
                if names:
                    return names[-1], node.lineno
    return "", 0


def _is_dotted(value: object) -> bool:
    return (
        isinstance(value, str)
        and re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", value) is not None
        and value != VARIABLE
    )


def find_module(files: Files, folder: str, name: str) -> str | None:
    """The path of a module, looked for from a folder on."""
    if not _is_dotted(name):
        return None
    for place in dict.fromkeys((folder, *_path_entries(files, folder))):
        stem = "/".join(part for part in (place, *name.split(".")) if part)
        for path in (f"{stem}/__init__.py", f"{stem}.py"):
            if files.read(path) is not None:
                return path
    return None


def _path_entries(files: Files, folder: str) -> Iterator[str]:
    """The sub-folders that manage.py puts on the path of imports."""
    source = files.read(f"{folder}/{MANAGE}".strip("/")) or ""
    if "sys.path" not in source:
        return
    for name in files.names(folder):
        if name.endswith("/") and re.search(rf"[\"'/]{re.escape(name.rstrip('/'))}[\"'/]", source):
            yield f"{folder}/{name}".strip("/")


def _development(files: Files, folder: str, named: str, source: str, manage: str) -> Answer[str]:
    """The settings that development runs on: manage.py's, unless these are empty, missing or for production."""
    path = find_module(files, folder, named) if named else None
    if path and not _is_for(named, PRODUCTION) and _is_whole(files, named, path):
        return Answer(named, source)
    found = [*_told(files, folder), *_siblings(files, folder, named)]
    # What pytest and CI are told comes after what people run.
    for name, place in sorted(found, key=lambda found: _is_for(found[0], TESTING)):
        other = find_module(files, folder, name)
        if other and not _is_for(name, PRODUCTION) and _is_whole(files, name, other):
            return Answer(name, place)
    if path:
        return Answer(named, source)
    return Answer(named or "settings", source if named else manage)


def production(files: Files, folder: str, settings: str) -> Answer[str] | None:
    """The settings module that is for production, beside the one of development; None where they are one."""
    package = settings.rpartition(".")[0]
    base = "/".join(part for part in (folder, *package.split(".")) if part)
    beside = [name.removesuffix(".py") for name in files.names(base) if name.endswith(".py")]
    siblings = [(f"{package}.{name}".lstrip("."), f"{base}/{name}.py".lstrip("/")) for name in beside]
    for name, place in (*_told(files, folder), *siblings):
        path = find_module(files, folder, name)
        if path and _is_for(name, LIVE) and name != settings and _is_whole(files, name, path):
            return Answer(name, place)
    return None


def _is_for(name: str, words: frozenset[str]) -> bool:
    """Whether the last part of a module's name is one of some words, alone or beside others: settings_prod."""
    return not words.isdisjoint(re.split(r"[_\d]+", name.rpartition(".")[2].lower()))


def _is_whole(files: Files, name: str, path: str) -> bool:
    """Whether a module is more than an empty package: Django cannot do without these names."""
    try:
        values = evaluate(files, name, path).values
    except Problem:
        return True  # its syntax error is the thing to tell
    return any(key in values for key in ("INSTALLED_APPS", "ROOT_URLCONF", "DATABASES", "SECRET_KEY"))


def _told(files: Files, folder: str) -> Iterator[tuple[str, str]]:
    """Settings modules that other files name, with the place."""
    for place in dict.fromkeys(("", folder)):
        for name in TOLD:
            path = f"{place}/{name}" if place else name
            for number, line in enumerate((files.read(path) or "").splitlines(), start=1):
                if match := NAMED.search(line):
                    yield match[1], f"{path}:{number}"
    for name in ("wsgi.py", "asgi.py"):
        for package in files.names(folder):
            path = "/".join(part for part in (folder, package.rstrip("/"), name) if part)
            source = files.read(path) if package.endswith("/") else None
            if source and (match := NAMED.search(source.replace("\n", " "))):
                yield match[1], path


def _siblings(files: Files, folder: str, named: str) -> Iterator[tuple[str, str]]:
    """Modules in or beside the package of the named one, the best for development first."""
    parent = named.rpartition(".")[0]
    for package in dict.fromkeys((named, parent)):
        base = "/".join(part for part in (folder, *package.split(".")) if part)
        names = files.names(base) if package else []
        there = {name.removesuffix(".py").rstrip("/") for name in names}
        for word in DEVELOPMENT:
            if word in there:
                yield f"{package}.{word}", f"{base}/{word}"
    yield from _settings_below(files, folder)


def _settings_below(files: Files, folder: str) -> Iterator[tuple[str, str]]:
    """Modules and packages called settings in the packages beside manage.py."""
    for package in ("", *(name for name in files.names(folder) if name.endswith("/"))):
        names = files.names(f"{folder}/{package}".strip("/"))
        module = f"{package}settings".replace("/", ".")
        if "settings.py" in names:
            yield module, f"{package}settings.py"
        if "settings/" in names:
            there = {name.removesuffix(".py") for name in files.names(f"{folder}/{package}settings".strip("/"))}
            yield from ((f"{module}.{word}", f"{package}settings/{word}.py") for word in DEVELOPMENT if word in there)
            yield module, f"{package}settings"


def _template(manage: str) -> Problem:
    return Problem(
        f"This is a template for projects, not a project: {manage} holds a placeholder for the project's name.",
        hint="Make a project from it first, as its README says: django-admin startproject --template …, "
        "cookiecutter or copier; then `djdock up` in the new project.",
    )


def _no_module(files: Files, folder: str, wanted: Answer[str], manage: str) -> Problem:
    if "project_name" in (files.read(manage) or "") + wanted.value:
        return _template(manage)
    stem = wanted.value.replace(".", "/")
    return Problem(
        f"{wanted.source} names the settings module {wanted.value}, and there is no {stem}.py"
        f"{f' in {folder}' if folder else ''}.",
        hint="Name the right one: djdock init --settings MODULE\n"
        "Or bring the file back: git status shows what is missing.",
    )
