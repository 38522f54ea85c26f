"""`djdock status`: what runs, for people and (with --json) for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from djdock import output
from djdock.commands import root as root_of
from djdock.commands.checkout import engine_of
from djdock.database import server
from djdock.engines.engine import DATABASE, SITE, Service
from djdock.project import checkout as checkouts
from djdock.project.checkout import Checkout

COLOURS = {"running": "green", "healthy": "green", "starting": "yellow", "unhealthy": "red", "exited": "red"}


def status(*, as_json: bool) -> None:
    """Says how the project in the current folder is.

    Raises:
        Problem: we are in no project, or it was never started here.
    """
    checkout = checkouts.require(root_of.find(Path.cwd()))
    engine = engine_of(checkout)
    services = engine.services(checkout) if engine else (Service(DATABASE, "stopped"), Service(SITE, "stopped"))
    running = {service.name for service in services if service.running}
    report = server.report(checkout.database) if DATABASE in running else None
    name, version = (engine.NAME if engine else None), (report.version if report else None)
    if as_json:
        output.say(json.dumps(_facts(checkout, name, services, version), indent=2))
    else:
        _show(checkout, name, services, version)


def _facts(
    checkout: Checkout, engine: str | None, services: Sequence[Service], version: str | None
) -> dict[str, object]:
    where = checkout.database
    site = any(service.name == SITE and service.running for service in services)
    return {
        "engine": engine,
        "url": checkout.url if site else None,
        "postgres": {
            "version": version,
            "host": where.host,
            "port": where.port,
            "database": where.name,
            "user": where.user,
        },
        "services": [asdict(service) for service in services],
        "project": {"root": str(checkout.root), "name": checkout.root.name},
    }


def _show(checkout: Checkout, engine: str | None, services: Sequence[Service], version: str | None) -> None:
    where = checkout.database
    output.say(f"project   {checkout.root.name}  ({checkout.root})")
    output.say(f"engine    {engine or 'none yet: djdock up chooses one'}")
    server_name = f"PostgreSQL {version} at" if version else "not running;"
    output.say(f"database  {server_name} {where.address}")
    width = max(len(service.name) for service in services)
    for service in services:
        styled = ", ".join(output.styled(word, COLOURS.get(word, "grey")) for word in _words(service))
        address = f"  {checkout.url}" if service.name == SITE and service.running else ""
        output.say(f"  {service.name:<{width}}  {styled}{address}")


def _words(service: Service) -> list[str]:
    if service.exit_code == 0:
        return ["done"]  # as `migrate` is: it has run to its end
    failed = [] if service.exit_code is None else [f"exit code {service.exit_code}"]
    return [service.state, *([service.health] if service.health else []), *failed]
