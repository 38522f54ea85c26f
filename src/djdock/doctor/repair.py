"""What would make a finding go away: values that say it, and that others carry out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from djdock.plan.change import Change
from djdock.plan.python_source import Edit, Import, Insert

# What a variable holds, so that whoever fills it in can make a value up: a secret is random, a truth value `True` …
Kind = Literal["text", "secret", "boolean", "number", "hosts", "list", "url", "email", "json", "path"]


@dataclass(frozen=True)
class SetVariable:
    """An environment variable gets a value; None: one of its kind, from an example file or made up."""

    name: str
    value: str | None = None
    kind: Kind = "text"


@dataclass(frozen=True)
class AddRequirement:
    """The project declares one more distribution, in its package manager's own way."""

    requirement: str
    why: str


@dataclass(frozen=True)
class InstallRequirement:
    """The environment gets a distribution that the project's files do not name."""

    requirement: str
    why: str


@dataclass(frozen=True)
class StartService:
    """A service beside the site is started; `redis` is one that every engine has."""

    name: str


@dataclass(frozen=True)
class MakeFolder:
    """A folder of the project that has to be there; the path is relative to its root."""

    path: str


@dataclass(frozen=True)
class RunCommand:
    """A management command, without `manage.py`."""

    arguments: tuple[str, ...]


@dataclass(frozen=True)
class CreateExtension:
    """An extension that PostgreSQL brings, and that a database has to be given."""

    name: str


@dataclass(frozen=True)
class EditSettings:
    """An edit of a settings module as syntax; the path is relative to the project's root."""

    path: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True)
class EditFile:
    """A file gets another text, or is made."""

    change: Change


@dataclass(frozen=True)
class UsePython:
    """The project runs on an older or newer Python, `X.Y`."""

    version: str


@dataclass(frozen=True)
class InstallSystemPackages:
    """Packages of the operating system, under their Debian names."""

    names: tuple[str, ...]


Repair = (
    SetVariable
    | AddRequirement
    | InstallRequirement
    | StartService
    | MakeFolder
    | RunCommand
    | CreateExtension
    | EditSettings
    | EditFile
    | UsePython
    | InstallSystemPackages
)


def words(repair: Repair) -> str:  # noqa: PLR0911, C901 - one line a kind
    """A repair as a line of a plan; never with the value of a variable that may be a secret."""
    match repair:
        case SetVariable(name=name, value=value, kind=kind):
            return f"set {name}" if value is None or kind == "secret" else f"set {name}={value}"
        case AddRequirement(requirement=requirement):
            return f"add {requirement} to the dependencies"
        case InstallRequirement(requirement=requirement):
            return f"install {requirement}"
        case StartService(name=name):
            return f"start {name}"
        case MakeFolder(path=path):
            return f"make the folder {path}"
        case RunCommand(arguments=arguments):
            return f"run manage.py {' '.join(arguments)}"
        case CreateExtension(name=name):
            return f"create the extension {name}"
        case EditSettings(path=path, edits=edits):
            names = dict.fromkeys(edit.after if isinstance(edit, Insert) else edit.name
                                  for edit in edits if not isinstance(edit, Import))  # fmt: skip
            return f"edit {', '.join(names)} in {path}"
        case EditFile(change=change):
            return f"{change.outcome} {change.path}"
        case UsePython(version=version):
            return f"use Python {version}"
        case InstallSystemPackages(names=names):
            return f"install {' '.join(names)}"
