"""What there is to copy, as the person wants it; and who is told how far it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

from djdock.transfer.models import Models

if TYPE_CHECKING:
    import psycopg

OnError: TypeAlias = Literal["report", "null", "fix"]
Connect: TypeAlias = "Callable[[], psycopg.Connection[Any]]"


@dataclass(frozen=True)
class Wish:
    """What the person asked for.

    Attributes:
        only, exclude: apps and models, as `app` or `app.Model`.
        unmanaged: copy the tables of unmanaged models, too.
    """

    on_error: OnError = "report"
    only: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    unmanaged: bool = False


@dataclass(frozen=True)
class Job:
    """What there is to copy.

    Attributes:
        snapshot: the snapshot of the SQLite file, which repairs may change.
        folder: where the findings and the report go.
        models: what Django says of the target.
    """

    snapshot: Path
    folder: Path
    models: Models
    wish: Wish = Wish()


class Progress(Protocol):
    """Who is told how far it is."""

    def phase(self, name: str, total: int) -> None:
        """A phase begins, of so many steps (rows, mostly); of 0 where it is not known."""

    def advance(self, steps: int, size: int = 0) -> None:
        """So many steps more are done, with so many bytes."""
