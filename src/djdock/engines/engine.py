"""What an engine is: the one thing that knows how services run. It never changes what the project is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from djdock.errors import Problem
from djdock.project.checkout import Checkout
from djdock.project.environment import Database
from djdock.service import DATABASE, REDIS, SITE, Progress, Service

if TYPE_CHECKING:
    from djdock.project.facts import Facts

__all__ = ["DATABASE", "REDIS", "SITE", "Command", "Engine", "Progress", "Service"]


NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Command:
    """A program to hand the terminal to. Secrets are in `env`, never in `argv`."""

    argv: Sequence[str]
    cwd: Path
    env: Mapping[str, str] = field(repr=False)


class Engine(Protocol):
    """What a module of this family offers."""

    NAME: str

    def missing(self, facts: Facts) -> Problem | None:
        """None when this machine can run the project on it, else what is in the way and what to do."""

    def up(self, checkout: Checkout, facts: Facts, progress: Progress, *, migrate: bool) -> None:
        """Starts what is not running; applies migrations.

        Raises:
            Problem: something does not start, or a migration fails.
        """

    def database_up(self, checkout: Checkout, facts: Facts, progress: Progress) -> None:
        """Starts what holds data, and makes the project's environment ready for a command.

        Raises:
            Problem: as `up`.
        """

    def down(self, checkout: Checkout) -> Sequence[str]:
        """Stops everything, keeps the data, and returns the names of what was running."""

    def services(self, checkout: Checkout) -> Sequence[Service]:
        """The services and how they are; the database and the site are always among them."""

    def ready_for_commands(self, checkout: Checkout) -> bool:
        """Whether `command` would work right now. Cheap."""

    def command(
        self,
        checkout: Checkout,
        argv: Sequence[str],
        cwd: Path,
        variables: Mapping[str, str] = NOTHING,
        *,
        handed_on: bool = False,
    ) -> Command:
        """The program that runs `argv` in the project's environment, as if typed in `cwd`.

        `variables` are set for this one program, over all others. `handed_on` says that it gets our own streams, and
        with them the terminal, where there is one.
        """

    def inside(self, checkout: Checkout) -> str:
        """The project's root as its own processes see it."""

    def database_inside(self, database: Database) -> Database:
        """A database of this machine as the project's own processes see it."""

    def psql(self, checkout: Checkout, arguments: Sequence[str]) -> Command:
        """The program that opens a database shell."""

    def dump(self, checkout: Checkout, arguments: Sequence[str]) -> Command:
        """The program that writes a dump of the database to its standard output; `arguments` are those of pg_dump."""

    def restore_line(self, checkout: Checkout, dump: str) -> str:
        """What a person types in the project's root to put a dump back in the place of what is there."""

    def logs(self, checkout: Checkout, service: str | None, *, follow: bool) -> None:
        """Writes the logs of one service, or of all; with `follow` until interrupted."""

    def log_tail(self, checkout: Checkout, service: str) -> str:
        """The end of one service's log."""
