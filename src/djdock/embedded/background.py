"""What runs in the background beside the database: the site, Redis, workers. Started, found again, stopped."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from djdock import fingerprint, state
from djdock.embedded import log_files
from djdock.machine import ports, processes
from djdock.process import start
from djdock.service import Service
from djdock.state import Started

if TYPE_CHECKING:
    import psutil

RELOADING = 3.0
# Seconds that a worker has to finish what it is at, before it is ended with all that it started.
PATIENCE = 10.0
# A worker that for so many seconds takes less than this share of a processor has been loaded, and waits; one that goes
# on for so long has work.
WINDOW, IDLE = 0.5, 0.1
STARTING = 20.0


@dataclass(frozen=True)
class Job:
    """A program that is to run in the background.

    Attributes:
        name: of the service that it is.
        folder: its working directory.
        port: where it listens; 0: nowhere.
        given: a fingerprint of all that it would have to be started anew for.
    """

    name: str
    argv: Sequence[str | Path]
    folder: Path
    variables: Mapping[str, str] = field(repr=False)
    port: int = 0
    given: str = ""


def find(root: Path, name: str) -> list[psutil.Process]:
    """The processes of a service: the one that was started, else what is left of it.

    Where the site's reloader was killed its child lives on, and holds the port; the mark in its environment tells whose
    it is.
    """
    first = _first(root, name)
    return [first] if first else processes.marked(mark(root, name))


def is_whole(root: Path, name: str, port: int = 0) -> bool:
    """Whether the process that was started for a service is still there, and was started on a port."""
    return _known(root, name).port == port and _first(root, name) is not None


def is_current(root: Path, job: Job) -> bool:
    """Whether a job runs, from where it is now and on what it would be given now."""
    return is_whole(root, job.name, job.port) and _known(root, job.name).given == _given(root, job)


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


def site_service(root: Path, name: str, port: int) -> Service:
    """How the site is that serves a port. Without its reloader it still answers, but not to edits: it is unhealthy."""
    if is_whole(root, name, port):
        return Service(name, "running", "healthy" if ports.answers(port) else "starting")
    port_then = _known(root, name).port or port  # 0: what was known of it is lost
    return Service(name, "running", "unhealthy") if port_then == port and find(root, name) else Service(name, "stopped")


def service(root: Path, name: str) -> Service:
    """How a worker is; one that was started, not stopped, and is not there has ended by itself."""
    if _first(root, name):
        return Service(name, "running")
    return Service(name, "exited" if _known(root, name).pid else "stopped")


def launch(root: Path, job: Job, log: Path) -> None:
    """Starts a job, after ending what is left of an earlier one."""
    processes.stop(find(root, job.name))
    log_files.rotate(log)
    with log.open("ab") as file:
        started = start(
            job.argv,
            cwd=job.folder,
            env={**job.variables, processes.MARK: mark(root, job.name), "PYTHONUNBUFFERED": "1"},
            log=file,
        )
    identity = processes.identify(started.pid)
    born = identity.born if identity else time.time()
    folder = job.folder.resolve().relative_to(root.resolve()).as_posix()
    state.remember(root, job.name, Started(started.pid, born, folder, job.port, _given(root, job)))


def stop(root: Path, names: Iterable[str], patience: float = PATIENCE) -> list[str]:
    """Ends services, and returns the names of those that were running.

    Each is asked first, and may see to its own children: a worker finishes its task. After `patience` seconds it is
    ended with all of them.
    """
    found = {name: running for name in names if (running := find(root, name))}
    first = [process for running in found.values() for process in running]
    family = processes.family(first)
    processes.ask_to_end(first)
    processes.stop(processes.wait(family, patience))
    for name in found:
        state.remember(root, name, Started(port=_known(root, name).port))
    return list(found)


def settle(root: Path, names: Iterable[str]) -> list[str]:
    """Waits until workers have been loaded, and returns the names of those that have ended over it."""
    return [name for name in names if not _comes_to_rest(root, name)]


def _comes_to_rest(root: Path, name: str) -> bool:
    born = _known(root, name).born
    used, since = 0.0, time.monotonic()
    while (process := _first(root, name)) and time.time() < born + STARTING:
        if time.monotonic() - since > WINDOW:
            now = processes.seconds_used(process)
            if now - used < WINDOW * IDLE:
                return True
            used, since = now, time.monotonic()
        time.sleep(0.05)
    return process is not None


def mark(root: Path, name: str) -> str:
    """What stands in the environment of a service's processes, so that they are found whatever else was lost."""
    return f"{name} {root.resolve()}"


def _known(root: Path, name: str) -> Started:
    return state.load(root).processes.get(name, Started())


def _first(root: Path, name: str) -> psutil.Process | None:
    known = _known(root, name)
    process = processes.find(processes.Identity(known.pid, known.born)) if known.pid else None
    # In a copy of a checkout the state names the original's process. That one works in another folder.
    return process if process and processes.works_in(process, root / known.folder) else None


def _given(root: Path, job: Job) -> str:
    return fingerprint.of_files(root, (), str(root.resolve()), *(str(word) for word in job.argv), job.given)
