"""Makes sure that a project runs on an engine: tries it, and repairs what can be repaired safely."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from djdock import journal, output, state
from djdock.commands import checkout as checkouts
from djdock.commands import git
from djdock.commands import services as other_services
from djdock.commands.repair import Repairs
from djdock.commands.trial import Trial
from djdock.engines.engine import Engine
from djdock.errors import Problem
from djdock.project.checkout import Checkout
from djdock.project.facts import Facts
from djdock.service import DATABASE


def make_sure(root: Path, engine: Engine, facts: Facts, *, yes: bool) -> tuple[Checkout, Facts]:
    """Tries a project on a scratch database until it works; returns it as it is then.

    Raises:
        Problem: something has no safe repair, or nobody has said yes to it.
    """
    found = checkouts.ensure(root, facts)
    state.save(root, replace(state.load(root), engine=engine.NAME))
    running = {service.name for service in engine.services(found) if service.running}
    if DATABASE not in running:
        found = checkouts.settle_database_port(found, facts)
    found = other_services.settle(found, facts, running)
    journal.note(root, ".venv")
    with output.working("Making sure that it runs") as progress, journal.watch(root):
        repairs = Repairs(found, engine, facts, lambda path: yes or _may_change(root, path), progress)
        try:
            tried = repairs.make_sure()
        except Problem as problem:
            hint = f"{problem.hint}\nTo take back what was written so far: djdock undo"
            raise Problem(problem.cause, hint=hint, details=problem.details) from problem
    _tell(tried)
    state.save(root, replace(state.load(root), proven=True))
    return repairs.checkout, repairs.facts


def _may_change(root: Path, path: str) -> bool:
    if not git.is_tracked(root, path):
        return True
    return output.is_asked() and output.confirm(f"Change {path}?")


def _tell(tried: Trial) -> None:
    pages = ", ".join(f"{path} {status}" for path, status in tried.pages.items())
    output.outcome("works", f"Django {tried.facts.get('django')} on PostgreSQL: checks, migrations, pages", pages)
    if tried.unmade:
        output.warn(
            f"The models of {', '.join(tried.unmade)} have changed since the last migration. "
            f"To make one: djdock manage makemigrations {' '.join(tried.unmade)}"
        )
