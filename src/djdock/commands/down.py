"""`djdock down` and `djdock restart`: stops what runs; the data stay."""

from __future__ import annotations

from pathlib import Path

from djdock import output, state
from djdock.commands import root as root_of
from djdock.commands import up
from djdock.commands.checkout import engine_of
from djdock.engines.engine import Engine
from djdock.project import checkout as checkouts
from djdock.project.checkout import Checkout


def down() -> None:
    """Stops the services of the project in the current folder.

    Raises:
        Problem: something does not stop.
    """
    root = root_of.find(Path.cwd())
    with state.lock(root, "down"):
        checkout = checkouts.require(root)
        _stop(checkout, engine_of(checkout))


def restart() -> None:
    """Stops and starts the services of the project in the current folder.

    Raises:
        Problem: something does not stop, or does not start again.
    """
    down()
    up.up(up.Options())


def _stop(checkout: Checkout, engine: Engine | None) -> None:
    stopped = engine.down(checkout) if engine else ()
    for name in stopped:
        output.outcome("stop", name, "the data stay" if name == "db" else "")
    if not stopped:
        output.outcome("same", "nothing was running")
