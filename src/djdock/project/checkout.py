"""A project as it stands on this machine: its folder, and its .env."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from djdock.errors import Problem
from djdock.project import environment
from djdock.project.environment import Database
from djdock.project.files import Folder


@dataclass(frozen=True)
class Checkout:
    """One checkout of a project. Two checkouts of the same project share nothing.

    Attributes:
        values: the variables of its .env.
        database: what DATABASE_URL among them says.
    """

    root: Path
    values: Mapping[str, str] = field(repr=False)
    database: Database
    web_port: int

    @property
    def url(self) -> str:
        """Where the site answers."""
        return f"http://127.0.0.1:{self.web_port}/"

    @property
    def compose_project(self) -> str:
        """The name of its Docker containers and volumes."""
        return self.values.get("COMPOSE_PROJECT_NAME", "")


def read(root: Path) -> Checkout | None:
    """The checkout in a folder, or None where it has no .env yet.

    Raises:
        Problem: its .env cannot be used.
    """
    values = environment.read(Folder(root))
    if values is None:
        return None
    return Checkout(root, values, environment.database(values), environment.web_port(values))


def require(root: Path) -> Checkout:
    """The checkout in a folder.

    Raises:
        Problem: it has no .env, or one that cannot be used.
    """
    found = read(root)
    if found is None:
        raise Problem("This checkout has no .env, so it was never started here.", hint="djdock up")
    return found
