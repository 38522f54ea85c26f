"""The site's process: Django's development server, which reloads itself when the source changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from djdock import state
from djdock.embedded import virtual_environment
from djdock.machine import ports, processes
from djdock.machine.python import environment_python
from djdock.process import start
from djdock.service import SITE, Service

if TYPE_CHECKING:
    import psutil

# Kept of a log when the site starts anew; what is older goes to a second file, and at the next start away.
LARGEST_LOG = 5_000_000


def find(root: Path) -> list[psutil.Process]:
    """The site's processes: the reloader, and the server below it.

    Where the reloader was killed its child lives on, and holds the port; the mark in its environment tells whose it is.
    """
    known = state.load(root)
    process = processes.find(processes.Identity(known.web_pid, known.web_born)) if known.web_pid else None
    return [process] if process else processes.marked(_mark(root))


def is_whole(root: Path) -> bool:
    """Whether the reloader that we started is still there."""
    known = state.load(root)
    return known.web_pid > 0 and processes.find(processes.Identity(known.web_pid, known.web_born)) is not None


def service(root: Path, port: int) -> Service:
    """How the site is. A server without its reloader still answers, but not to edits: it is unhealthy."""
    if is_whole(root):
        return Service(SITE, "running", "healthy" if ports.answers(port) else "starting")
    return Service(SITE, "running", "unhealthy") if find(root) else Service(SITE, "stopped")


def launch(root: Path, port: int, environment: Mapping[str, str], log: Path) -> None:
    """Starts the site in the background, after ending what is left of an earlier one."""
    python = str(environment_python(root / virtual_environment.NAME))
    processes.stop(find(root))
    if log.exists() and log.stat().st_size > LARGEST_LOG:
        log.replace(log.with_suffix(".old.log"))
    with log.open("ab") as file:
        site = start(
            [python, "manage.py", "runserver", f"{ports.HOST}:{port}"],
            cwd=root,
            env={**environment, processes.MARK: _mark(root), "PYTHONUNBUFFERED": "1"},
            log=file,
        )
    identity = processes.identify(site.pid)
    state.save(root, replace(state.load(root), web_pid=site.pid, web_born=identity.born if identity else 0.0))


def _mark(root: Path) -> str:
    return f"web {root.resolve()}"
