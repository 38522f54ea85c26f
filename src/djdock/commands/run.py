"""`djdock manage`, `run`, `shell`, `test` and `psql`: a program in the project's environment, on whichever engine.

The terminal, the pipes and the exit code are the program's own. The database is started if it is not running; the
site is not needed.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from djdock import engines, state
from djdock.commands import root as root_of
from djdock.engines.engine import Engine
from djdock.project import checkout as checkouts
from djdock.project.checkout import Checkout
from djdock.project.layout import MANAGE
from djdock.service import DATABASE


def run(argv: Sequence[str]) -> None:
    """Runs a program as if typed in the current folder.

    Raises:
        Problem: the project cannot be run here, or its database does not start.
    """
    root = root_of.find(Path.cwd())
    _hand_over(root, argv, _place(root), "run")


def manage(arguments: Sequence[str]) -> None:
    """Runs a management command as if typed in the current folder: relative paths mean what they mean there.

    Raises:
        Problem: as `run`.
    """
    root = root_of.find(Path.cwd())
    here = _place(root)
    script = Path(os.path.relpath(_script(root), here)).as_posix()
    _hand_over(root, ["python", script, *arguments], here, "manage")


def test(arguments: Sequence[str]) -> None:
    """Runs the project's tests, from its root: all of them, wherever we are.

    Raises:
        Problem: as `run`.
    """
    root = root_of.find(Path.cwd())
    script = _script(root)
    _hand_over(root, ["python", script.name, "test", *arguments], script.parent, "test")


def psql(arguments: Sequence[str]) -> None:
    """Opens a database shell, or runs what the arguments say.

    Raises:
        Problem: as `run`.
    """
    from djdock.process import become  # noqa: PLC0415 - see _hand_over

    checkout, engine = ready(root_of.find(Path.cwd()), "psql")
    command = engine.psql(checkout, arguments)
    become(command.argv, cwd=command.cwd, env=command.env)


def _place(root: Path) -> Path:
    """Where we are; the root where that is outside: a project can be found below, and a container holds no more."""
    here = Path.cwd()
    return here if here.resolve().is_relative_to(root.resolve()) else root


def _script(root: Path) -> Path:
    return root / (state.load(root).manage or MANAGE)


def _hand_over(root: Path, argv: Sequence[str], cwd: Path, name: str) -> None:
    checkout, engine = ready(root, name)
    from djdock.process import become  # noqa: PLC0415 - after what takes time, so that Ctrl-C is answered at once

    command = engine.command(checkout, argv, cwd, handed_on=True)
    become(command.argv, cwd=command.cwd, env=command.env)


def ready(root: Path, command: str) -> tuple[Checkout, Engine]:
    """The checkout with its database up, and its engine: what commands that look at data or run code need.

    The usual case, all of it running, must cost next to nothing: people type these commands all day.

    Raises:
        Problem: the project cannot be run here, or its database does not start.
    """
    found, known = checkouts.read(root), state.load(root)
    engine = engines.BY_NAME.get(known.engine)
    at_home = known.root == str(root.resolve())  # else it was copied or moved
    if at_home and found is not None and engine is not None and engine.ready_for_commands(found):
        return found, engine
    return _prepare(root, command)


def _prepare(root: Path, command: str) -> tuple[Checkout, Engine]:
    from dataclasses import replace  # noqa: PLC0415 - what the usual case does not need

    from djdock import output  # noqa: PLC0415
    from djdock.commands import checkout, services  # noqa: PLC0415
    from djdock.project import facts as project_facts  # noqa: PLC0415

    facts = project_facts.read_folder(root)
    with state.lock(root, command):
        engine, _why = engines.choose(root, None, facts)
        found = checkout.ensure(root, facts)
        running = {service.name for service in engine.services(found) if service.running}
        if DATABASE not in running:
            found = checkout.settle_database_port(found, facts)
        found = services.settle(found, facts, running)
        with output.working("Starting the database") as progress:
            engine.database_up(found, facts, progress)
        state.save(root, replace(state.load(root), engine=engine.NAME))
    return found, engine
