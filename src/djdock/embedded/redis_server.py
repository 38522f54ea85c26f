"""A Redis server of one project: on this machine's own address only, its data in .djdock."""

from __future__ import annotations

import time
from pathlib import Path

from djdock import state
from djdock.embedded import background
from djdock.errors import Problem, last_lines
from djdock.machine import ports, processes, redis
from djdock.service import REDIS, Service

START_TIMEOUT = 60.0  # seconds: it reads all its data first
STOP_TIMEOUT = 30.0


def bring_up(root: Path, port: int, log: Path) -> None:
    """Starts the server where it does not run, and waits until it answers.

    Raises:
        Problem: there is no server to be had, its port is taken, or it does not start.
    """
    folder = _folder(root)
    folder.mkdir(parents=True, exist_ok=True)
    if background.is_whole(root, REDIS, port):
        _wait(root, port, log)
        return
    take_down(root)
    if not ports.is_free(port):
        who = ports.holder(port)
        raise Problem(
            f"Port {port}, where this project's Redis is to answer, is taken{f' by {who}' if who else ''}.",
            hint="Stop what holds it, then: djdock up",
        )
    background.launch(root, background.Job(REDIS, _argv(port), folder, {"LC_ALL": "C"}, port), log)
    _wait(root, port, log)


def take_down(root: Path) -> bool:
    """Stops the server, which writes its data first; returns whether it was running."""
    stopped = background.stop(root, [REDIS], STOP_TIMEOUT)
    # One that nobody remembers has no mark either: the server writes its title over its environment.
    left = processes.inside(_folder(root), *redis.PROGRAMS) if _folder(root).exists() else []
    processes.stop(left, STOP_TIMEOUT)
    return bool(stopped or left)


def service(root: Path, port: int) -> Service:
    """How the server is."""
    if not background.is_whole(root, REDIS, port):
        return background.service(root, REDIS)
    return Service(REDIS, "running", "healthy" if redis.answers(port) else "starting")


def _folder(root: Path) -> Path:
    return state.folder(root).resolve() / "redis"


def _argv(port: int) -> list[str | Path]:
    # Every command is written to the disk within a second, so that neither `down` nor a crash loses a queue.
    # https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/
    options = {
        "--port": str(port),
        "--bind": ports.HOST,
        "--dir": ".",
        "--appendonly": "yes",
        "--appendfsync": "everysec",
        "--save": "300 1",
        "--daemonize": "no",
    }
    return [redis.find_or_fetch(), *(word for pair in options.items() for word in pair)]


def _wait(root: Path, port: int, log: Path) -> None:
    end = time.monotonic() + START_TIMEOUT
    while time.monotonic() < end:
        if redis.answers(port):
            return
        if not background.is_whole(root, REDIS, port):
            raise Problem(
                "Redis ended while it was starting.",
                details=last_lines(_text(log), 8),
                hint=f"Look at the lines above. If it cannot read its data, move {state.FOLDER}/redis away "
                "(what was in the cache and in queues is then gone), and: djdock up",
            )
        time.sleep(0.02)
    raise Problem(
        f"Redis has not become ready within {START_TIMEOUT:.0f} seconds.",
        details=last_lines(_text(log), 8),
        hint="It may still be reading its data: wait, then try again: djdock up",
    )


def _text(log: Path) -> str:
    try:
        return log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
