"""What `up` sees to beside the database and the site: an address for Redis, the workers, and what cannot run here."""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import replace

from djdock import output, state
from djdock.commands import checkout as checkouts
from djdock.embedded import background
from djdock.engines import embedded
from djdock.engines.engine import REDIS, Engine
from djdock.machine import ports
from djdock.output import Outcome
from djdock.project import environment
from djdock.project.checkout import Checkout
from djdock.project.facts import Facts
from djdock.project.signs import LOOPBACK, Carrier, Need

# The host of an address: what stands before a port or at the end, after a scheme and credentials.
HOST = re.compile(r"^(?:\w[\w+]*://)?(?:[^@/]*@)?(\[[^\]]*\]|[^:/?\[\]]*)")


def redis_need(facts: Facts) -> Need | None:
    """The need for a Redis whose address can be met on this machine; None where there is none."""
    needs = (need for need in facts.services if need.name == REDIS)
    return next((need for need in needs if need.variables or need.fixed_port or not need.hard_coded), None)


def names(facts: Facts) -> set[str]:
    """The services beside the database and the site that djdock runs for a project."""
    return {process.name for process in facts.processes} | ({REDIS} if redis_need(facts) else set())


def settle(found: Checkout, facts: Facts, running: Set[str]) -> Checkout:
    """Sees to it that .env says where the project's Redis is: its port, and the project's own variables.

    What a person has set to a server elsewhere stays.

    Raises:
        Problem: there is no free port, or .env cannot be written.
    """
    need = redis_need(facts)
    if need is None:
        return found
    before = environment.redis_port(found.values)
    port = _port(found, need, running)
    wanted = {"REDIS_PORT": str(port)}
    for carrier in need.variables:
        current = found.values.get(carrier.name)
        if current is None:
            wanted[carrier.name] = carrier.value(ports.HOST, port)
        elif current and _is_ours(carrier, current, before):
            wanted[carrier.name] = replace(carrier, before=current).value(ports.HOST, port)
    changed = {name: value for name, value in wanted.items() if found.values.get(name) != value}
    why = f"Redis answers on port {port}" if before in {None, port} else f"port {before} is taken"
    return checkouts.update(found, changed, why) if changed else found


def _port(found: Checkout, need: Need, running: Set[str]) -> int:
    known = environment.redis_port(found.values)
    if need.fixed_port:
        return need.fixed_port
    taken = frozenset({found.web_port, found.database.port})
    if known is None:
        return ports.next_free(found.database.port + 1, taken)
    return known if REDIS in running or ports.is_free(known) else ports.next_free(known + 1, taken)


def _is_ours(carrier: Carrier, current: str, port: int | None) -> bool:
    """Whether a value means the Redis of this project: on its port, or, as examples say, by a name inside Docker."""
    if carrier.part not in {"url", "address", "host"}:
        return carrier.part == "port" and current in {str(port), "6379"}
    match = HOST.match(current)
    host = match[1] if match else ""
    if host in LOOPBACK:
        return port is None or f":{port}" in current
    return "." not in host and ":" not in host


def tell_of_missing(checkout: Checkout, engine: Engine, facts: Facts) -> None:
    """Warns of what does not run, with what the project loses: that is no reason to do without the rest."""
    for need in facts.services:
        if not need.starts:
            output.warn(f"{need.name} is not started ({need.evidence}). {need.loses}")
        elif engine is embedded:
            for fixed in need.unreachable:
                output.warn(
                    f"{fixed.source} names {need.name} at {fixed.host}:{fixed.port}, and no variable changes that; "
                    "without Docker nothing answers there. Let the settings read it from the environment."
                )
    workers = [process.name for process in facts.processes]
    if engine is embedded:
        dead = background.settle(checkout.root, workers)
    else:
        found = {service.name: service for service in engine.services(checkout)}
        dead = [name for name in workers if name in found and not found[name].running]
    for name in dead:
        output.warn(f"{name} has ended; the site runs without it. All that it says: djdock logs {name}")
        for line in engine.log_tail(checkout, name).splitlines()[-5:]:
            output.note(f"  | {line}")


def show(checkout: Checkout, facts: Facts, running: Set[str], began: float) -> None:
    """Says of each service whether it was started, since `began`, or ran already."""
    known = state.load(checkout.root).processes
    same = {name for name in running if name not in known or known[name].born < began}
    if redis_need(facts):
        port = environment.redis_port(checkout.values)
        output.outcome("same" if REDIS in same else "start", f"Redis at {ports.HOST}:{port}")
    for process in facts.processes:
        ended = process.name in known and background.service(checkout.root, process.name).state == "exited"
        what: Outcome = "skip" if ended else "same" if process.name in same else "start"
        output.outcome(what, process.name, "it has ended" if ended else " ".join(process.argv))
