"""What a person has said that cannot be read from a project: [tool.djdock] in pyproject.toml, else djdock.toml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from djdock.errors import Problem
from djdock.project import toml
from djdock.project.files import Files

OWN, SHARED = "djdock.toml", "pyproject.toml"


@dataclass(frozen=True)
class Configuration:
    """Answers to what djdock could not know; None where it is to find out by itself.

    Attributes:
        manage: the path of manage.py.
        settings: the dotted name of the settings module.
        python: `X.Y`.
        postgres: the major version.
        package_manager: one of the names in project.package_managers.
    """

    manage: str | None = None
    settings: str | None = None
    python: str | None = None
    postgres: int | None = None
    package_manager: str | None = None

    def over(self, other: Configuration) -> Configuration:
        """These answers, and the other ones where nothing is said here."""
        return Configuration(
            **{**vars(other), **{name: value for name, value in vars(self).items() if value is not None}}
        )

    def stored(self) -> dict[str, str | int]:
        """What is said, as it is stored: names with hyphens."""
        values = {field.name.replace("_", "-"): getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None}


def read(files: Files) -> Configuration:
    """What is stored in a project.

    Raises:
        Problem: a file is no TOML, or holds a name or a value that djdock does not know.
    """
    for path in (OWN, SHARED):
        if path == SHARED and "djdock" not in (files.read(path) or ""):
            continue
        document = toml.read(files, path)
        table = document if path == OWN else document.get("tool", {}).get("djdock")
        if table:
            return _checked(table, path)
    return Configuration()


def _checked(table: Mapping[str, object], path: str) -> Configuration:
    known = {field.name.replace("_", "-"): field.name for field in fields(Configuration)}
    for name, value in table.items():
        wanted: type = int if name == "postgres" else str
        if name not in known or not isinstance(value, wanted):
            where = path if path == OWN else f"[tool.djdock] in {path}"
            raise Problem(
                f"{where} says {name} = {value!r}, which djdock does not understand.",
                hint=f"It may hold: {', '.join(known)}; postgres is a number, the others are texts.",
            )
    return Configuration(**{known[name]: value for name, value in table.items()})  # type: ignore[arg-type] # checked above
