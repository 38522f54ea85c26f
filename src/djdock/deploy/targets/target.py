"""What a target is: a module that brings a release to one engine, with that engine's own client and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from djdock.errors import Problem
from djdock.plan.change import Change
from djdock.plan.production.release import Release
from djdock.process import Result
from djdock.project.files import Files

# Says what goes on, in a few words: "migrating", "waiting for web (2 of 3)".
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Site:
    """A project in the one place where it runs.

    Attributes:
        root: the folder of the project, with the files of production in it.
        values: the variables of its env file for production; no secrets.
        image: what is to run, as the engine finds it: `blog:3f2a…`, `registry.example.com/blog@sha256:…`.
        secrets: the folder with a file for each secret.
    """

    root: Path
    release: Release
    values: Mapping[str, str] = field(repr=False)
    image: str
    secrets: Path
    wait: float = 300.0


class Target(Protocol):
    """What a module of this family offers."""

    NAME: str
    # What people call it: "Compose", "Docker Swarm", "Kubernetes".
    TITLE: str

    def files(self, files: Files, release: Release) -> tuple[Change, ...]:
        """The files that the person owns, as changes; nothing is written, nothing is asked of an engine."""

    def missing(self, root: Path) -> Problem | None:
        """None when the engine's client is here and the engine answers, else what is in the way and what to do."""

    def claimed(self, site: Site) -> Problem | None:
        """None where the engine has no database of this release yet, else which one it has, and what to do.

        It is asked where the password of that database is not here: by a second clone, or a project of the same name.
        """

    def place(self, site: Site) -> str:
        """Where it would run, for a person to recognise before anything changes: host, context, cluster, namespace."""

    def running(self, site: Site) -> str | None:
        """The image that serves the site now; None where there is none yet."""

    def needs_registry(self, site: Site) -> Problem | None:
        """None when what runs the site finds an image of this name, were it built here; else how it gets one that does.

        It is asked before an image is built.
        """

    def preview(self, site: Site) -> Sequence[str]:
        """What will change on the engine, one line a thing: `create volume db`, `web: blog:3f2a → blog:77c0`."""

    def manage(self, site: Site, arguments: Sequence[str], stdin: str = "") -> Result:
        """Runs `python manage.py …` once with the new image, in production's environment, beside what runs.

        The database is there and answers, except where the release has run nowhere yet and `start_database` was not
        called. Secrets are not in its arguments.
        """

    def start_database(self, site: Site, progress: Progress) -> None:
        """Starts what holds data (database, Redis), and waits for it. What serves the site is left alone.

        Raises:
            Problem: it does not come up.
        """

    def dump(self, site: Site, place: Path) -> None:
        """Writes a dump (pg_dump's custom format) of the release's own database to a file that only we may read.

        Raises:
            Problem: it cannot be made; the file is gone again.
        """

    def migrate(self, site: Site, progress: Progress) -> None:
        """Applies migrations with the new image, once; what serves the site goes on with the old one.

        Raises:
            Problem: a migration fails. Nothing has been switched.
        """

    def switch(self, site: Site, progress: Progress) -> None:
        """Brings the new image to the site and its workers, without a request that fails, and waits for health.

        Raises:
            Problem: the new one does not become healthy; the old one serves as before.
        """

    def rollback(self, site: Site, progress: Progress) -> str:
        """Goes back to the image before (`site.image`), and says in one sentence what was done.

        Raises:
            Problem: there is none, or it does not become healthy.
        """

    def address(self, site: Site) -> str:
        """Where a person finds the site now."""
