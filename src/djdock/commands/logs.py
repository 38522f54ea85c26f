"""`djdock logs`: what is going on."""

from __future__ import annotations

from pathlib import Path

from djdock.commands import root as root_of
from djdock.commands.checkout import engine_of
from djdock.errors import Problem
from djdock.project import checkout as checkouts


def logs(service: str | None, *, follow: bool) -> None:
    """Shows the logs of the project in the current folder.

    Raises:
        Problem: it was never started here, or has no such service.
    """
    checkout = checkouts.require(root_of.find(Path.cwd()))
    engine = engine_of(checkout)
    if engine is None:
        raise Problem("This project was never started here, so it has no logs.", hint="djdock up")
    engine.logs(checkout, service, follow=follow)
