"""RUN: the engines, one module each, and which one a project runs on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from djdock import state
from djdock.engines import docker, embedded
from djdock.engines.engine import Engine

if TYPE_CHECKING:
    from djdock.project.facts import Facts

REGISTRY: tuple[Engine, ...] = (docker, embedded)
BY_NAME: dict[str, Engine] = {engine.NAME: engine for engine in REGISTRY}


def choose(root: Path, wanted: str | None, facts: Facts) -> tuple[Engine, str]:
    """The engine to run on, and why: the wanted one, the one it ran on before, Docker where it answers, embedded.

    Raises:
        Problem: the engine that must be used cannot be.
    """
    if wanted:
        return _usable(BY_NAME[wanted], facts), "as asked"
    before = state.load(root).engine
    if before in BY_NAME:
        return _usable(BY_NAME[before], facts), "as before; --engine changes it"
    obstacle = docker.missing(facts)
    if obstacle is None:
        return docker, "Docker answers"
    return _usable(embedded, facts), obstacle.cause.rstrip(".")


def _usable(engine: Engine, facts: Facts) -> Engine:
    if obstacle := engine.missing(facts):
        raise obstacle
    return engine
