"""What a rule is given, and what it answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from djdock.doctor.repair import Repair
from djdock.doctor.symptom import Symptom
from djdock.errors import Problem
from djdock.project.dependency import Dependency
from djdock.project.files import Files

# Never the project's own, or far too many.
SKIPPED = {"node_modules", ".git", ".venv", "venv", "env", "site-packages", "__pycache__", ".djdock", ".tox"}
MOST_NAMES, DEEPEST = 20_000, 7


class Reading(Protocol):
    """One reading of an environment variable by the settings; `source` is file and line."""

    @property
    def name(self) -> str: ...
    @property
    def cast(self) -> str: ...
    @property
    def required(self) -> bool: ...
    @property
    def source(self) -> str: ...


@dataclass(frozen=True)
class Case:
    """A project, and (where a step failed) its symptom.

    Attributes:
        files: rooted at the project's root; all paths are relative to it.
        settings_file: of the settings module in use.
        manage_folder: the folder of manage.py, empty where that is the root.
        reads: what the settings read from the environment.
        variables: what they are given: the environment file, and what djdock adds.
        dependencies: what the project declares.
        python: the version that it runs on, as `X.Y`.
        tracked: the paths that git knows of; None where that is not known.
        volume_password_refused: the database does not take the password that the files name.
    """

    files: Files
    settings_file: str = ""
    manage_folder: str = ""
    reads: tuple[Reading, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    dependencies: tuple[Dependency, ...] = ()
    python: str = ""
    tracked: frozenset[str] | None = None
    volume_password_refused: bool = False
    symptom: Symptom | None = None

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """The paths of the project's files, from the root inwards, up to a bounded number."""
        return tuple(_walk(self.files))

    def declared(self, name: str) -> Dependency | None:
        """What the project says of a distribution, under its normalised name."""
        return next((dependency for dependency in self.dependencies if dependency.name == name), None)


@dataclass(frozen=True)
class Finding:
    """What a rule has found.

    Attributes:
        rule: the rule's name, which is that of its page too.
        what: the cause, in one sentence.
        where: `file:line`, or a file; empty where no file says it.
        fix: what a person would do.
        repair: what djdock can do by itself; None where nothing is safe.
    """

    rule: str
    what: str
    where: str
    fix: str
    repair: Repair | None = None

    def problem(self) -> Problem:
        """What ends the command where there is no repair."""
        place = f" ({self.where})" if self.where and self.where not in self.what else ""
        cause = self.what.rstrip(".")
        return Problem(f"{cause}{place}.", hint=self.fix)


def _walk(files: Files) -> Iterator[str]:
    waiting, seen = [("", 0)], 0
    while waiting:
        current, level = waiting.pop(0)
        for name in files.names(current):
            seen += 1
            if seen > MOST_NAMES:
                return
            path = f"{current}/{name}" if current else name
            if not name.endswith("/"):
                yield path
            elif level < DEEPEST and name.rstrip("/") not in SKIPPED:
                waiting.append((path.rstrip("/"), level + 1))
