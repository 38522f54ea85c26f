"""The site's process: Django's development server, which reloads itself when the source changes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from djdock import fingerprint, state
from djdock.embedded import log_files, virtual_environment
from djdock.machine import ports, processes
from djdock.machine.python import environment_python
from djdock.process import start
from djdock.project import environment
from djdock.service import SITE, Service

if TYPE_CHECKING:
    import psutil

RELOADING = 3.0


def find(root: Path) -> list[psutil.Process]:
    """The site's processes: the reloader, and the server below it.

    Where the reloader was killed its child lives on, and holds the port; the mark in its environment tells whose it is.
    """
    reloader = _reloader(root)
    return [reloader] if reloader else processes.marked(_mark(root))


def is_whole(root: Path, port: int) -> bool:
    """Whether the reloader that we started is still there, and serves a port."""
    return state.load(root).web_port == port and _reloader(root) is not None


def is_current(root: Path, port: int) -> bool:
    """Whether the site runs, from where it is now and on what .env says now: the reloader looks at neither."""
    return is_whole(root, port) and state.load(root).web_given == _given(root)


def listens(port: int) -> bool:
    """Whether a site that runs accepts connections, or does so within the seconds that reloading takes.

    One that hung while it was loaded stays so: Django's reloader watches no files before all apps are ready.
    """
    end = time.monotonic() + RELOADING
    while not ports.answers(port):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def service(root: Path, port: int) -> Service:
    """How the site is that serves a port. Without its reloader it still answers, but not to edits: it is unhealthy."""
    if is_whole(root, port):
        return Service(SITE, "running", "healthy" if ports.answers(port) else "starting")
    port_then = state.load(root).web_port or port  # 0: what was known of it is lost
    return Service(SITE, "running", "unhealthy") if port_then == port and find(root) else Service(SITE, "stopped")


def launch(root: Path, port: int, variables: Mapping[str, str], log: Path) -> None:
    """Starts the site in the background, after ending what is left of an earlier one."""
    python = str(environment_python(root / virtual_environment.NAME))
    processes.stop(find(root))
    log_files.rotate(log)
    with log.open("ab") as file:
        site = start(
            [python, "manage.py", "runserver", f"{ports.HOST}:{port}"],
            cwd=root,
            env={**variables, processes.MARK: _mark(root), "PYTHONUNBUFFERED": "1"},
            log=file,
        )
    identity = processes.identify(site.pid)
    known = replace(state.load(root), web_pid=site.pid, web_born=identity.born if identity else 0.0)
    state.save(root, replace(known, web_port=port, web_given=_given(root)))


def _reloader(root: Path) -> psutil.Process | None:
    known = state.load(root)
    process = processes.find(processes.Identity(known.web_pid, known.web_born)) if known.web_pid else None
    # In a copy of a checkout the state names the original's process. That one works in another folder.
    return process if process and processes.works_in(process, root) else None


def _given(root: Path) -> str:
    return fingerprint.of_files(root, [environment.FILE], str(root.resolve()))


def _mark(root: Path) -> str:
    return f"web {root.resolve()}"
