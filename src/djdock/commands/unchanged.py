"""Whether `up` has anything left to do: found out without reading the project, because people type it all day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from djdock import engines, fingerprint, output, state
from djdock.database import server
from djdock.engines.engine import DATABASE, REDIS, SITE, Engine
from djdock.machine import ports
from djdock.project import checkout as checkouts
from djdock.project import environment
from djdock.project.checkout import Checkout


@dataclass(frozen=True)
class Settled:
    """A project that is up, in which nothing has changed since; `services` are those that run."""

    checkout: Checkout
    engine: Engine
    report: server.Report
    services: tuple[str, ...]


def look(root: Path) -> Settled | None:
    """The project, where an earlier `up` had nothing left to do, nothing has changed since, and it all still runs."""
    known, found = state.load(root), checkouts.read(root)
    engine = engines.BY_NAME.get(known.engine)
    if found is None or engine is None or not (known.settled and known.root == str(root.resolve())):
        return None
    needed = known.needed.split()
    services = [service for service in engine.services(found) if service.running and service.health != "unhealthy"]
    if not set(needed) <= {service.name for service in services}:
        return None
    report = server.report(found.database)
    if report is None or known.settled != _mark(found, engine, report) or not ports.answers(found.web_port):
        return None
    return Settled(found, engine, report, tuple(needed))


def show(settled: Settled) -> None:
    """Says that all is as it was."""
    checkout = settled.checkout
    output.outcome("engine", settled.engine.NAME, "as before; --engine changes it")
    output.outcome("same", f"PostgreSQL {settled.report.version} at {checkout.database.address}")
    for name in settled.services:
        if name == REDIS:
            output.outcome("same", f"Redis at {ports.HOST}:{environment.redis_port(checkout.values)}")
        elif name not in {DATABASE, SITE}:
            output.outcome("same", name)
    output.outcome("same", "migrations")
    output.outcome("same", "site", "logs: djdock logs -f")
    output.outcome("ready", checkout.url)


def remember(checkout: Checkout, engine: Engine, report: server.Report | None, needed: Iterable[str]) -> None:
    """Notes that nothing is left to do; without a report that something may be."""
    settled = _mark(checkout, engine, report) if report else ""
    known = replace(state.load(checkout.root), settled=settled, needed=" ".join(sorted(needed)))
    state.save(checkout.root, known)


def _mark(checkout: Checkout, engine: Engine, report: server.Report) -> str:
    # The place counts: what was started in a folder that was moved since does not find its files.
    place = str(checkout.root.resolve())
    return fingerprint.of_project(checkout.root, place, engine.NAME, *sorted(report.migrations))
