"""An engine that is played, for the order of the command's steps: which image it runs, and at which step it fails."""

# ruff: noqa: ARG002 - the arguments are those of the Target Protocol

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from djdock.deploy import connections
from djdock.deploy.asking import MARK
from djdock.deploy.targets.target import Progress, Site
from djdock.errors import Problem
from djdock.plan.change import Change
from djdock.plan.production.release import Release
from djdock.process import Result
from djdock.project.files import Files


@dataclass
class Engine:
    """A target whose steps are only written down.

    Attributes:
        image: what serves the site; empty where nothing does.
        interrupted: the step that is done, and after which Ctrl-C ends the command.
        owner: whose database is there already, as a Problem tells it.
    """

    image: str = ""
    interrupted: str = ""
    owner: Problem | None = None
    steps: list[str] = field(default_factory=list)
    NAME: str = "compose"
    TITLE: str = "Played"

    def _done(self, step: str) -> None:
        self.steps.append(step)
        if step == self.interrupted:
            raise KeyboardInterrupt

    def files(self, files: Files, release: Release) -> tuple[Change, ...]:
        return ()

    def missing(self, root: Path) -> Problem | None:
        return None

    def claimed(self, site: Site) -> Problem | None:
        return self.owner

    def place(self, site: Site) -> str:
        return "nowhere"

    def running(self, site: Site) -> str | None:
        return self.image or None

    def needs_registry(self, site: Site) -> Problem | None:
        return None

    def preview(self, site: Site) -> Sequence[str]:
        return ()

    def manage(self, site: Site, arguments: Sequence[str], stdin: str = "") -> Result:
        found = {"postgres": False} if connections.SCRIPT in arguments[-1] else [True, []]
        return Result(0, f"{MARK}{json.dumps(found)}\n" if "shell" in arguments else "", "")

    def start_database(self, site: Site, progress: Progress) -> None:
        self._done("start_database")

    def dump(self, site: Site, place: Path) -> None:
        place.write_bytes(b"")
        self._done("dump")

    def migrate(self, site: Site, progress: Progress) -> None:
        self._done("migrate")

    def switch(self, site: Site, progress: Progress) -> None:
        self.image = site.image
        self._done("switch")

    def rollback(self, site: Site, progress: Progress) -> str:
        self.image = site.image
        self._done("rollback")
        return "back"

    def address(self, site: Site) -> str:
        return "http://127.0.0.1:8000/"
