"""What a contender is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from benchmarks.copying.dataset import Dataset
from benchmarks.copying.installation import Installation
from benchmarks.copying.meter import Cost
from benchmarks.copying.reference import Ready
from benchmarks.copying.schema import Schema
from benchmarks.copying.server import Server
from djdock.project.environment import Database


@dataclass(frozen=True)
class Case:
    """Copy this to there.

    Attributes:
        target: a freshly migrated database.
        schema: that database's.
        ready: files with the right rows, for those who need no source.
        folder: an empty one for whatever a contender writes.
        cap: seconds after which a contender is ended.
    """

    dataset: Dataset
    project: Installation
    server: Server
    target: Database
    schema: Schema
    ready: Ready
    folder: Path
    cap: float


@dataclass(frozen=True)
class Attempt:
    """How it went.

    Attributes:
        parts: seconds of its steps, by their names, where it tells them.
        failure: what it said when it failed, in one line; empty: it came to its end.
        objects: how many it had to load, where it does not go by rows.
    """

    cost: Cost
    parts: Mapping[str, float] = field(default_factory=dict)
    failure: str = ""
    objects: int = 0


class Contender(Protocol):
    """What a module of contenders/ offers: a short name to choose it by, what the table says, and the copying."""

    NAME: str
    TITLE: str
    ONCE: bool  # it takes so long that one turn has to do

    def copy(self, case: Case) -> Attempt:
        """Copies, and measures that."""


def last_line(output: str) -> str:
    """The last line of some output that says anything."""
    return next((line.strip() for line in reversed(output.splitlines()) if line.strip()), "it said nothing")
