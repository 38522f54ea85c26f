"""Background processes: found again by number and birth, or by a mark in their environment; stopped as a family."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

# Set in the environment of every process that we start in the background: which project, which service.
MARK = "DJDOCK_SERVICE"


@dataclass(frozen=True)
class Identity:
    """A process: its number alone is not enough, since numbers are used again after a reboot."""

    pid: int
    born: float


def identify(pid: int) -> Identity | None:
    """The identity of a running process."""
    try:
        return Identity(pid, psutil.Process(pid).create_time())
    except psutil.Error:
        return None


def find(identity: Identity | None) -> psutil.Process | None:
    """The process of an identity, while it runs."""
    if identity is None:
        return None
    try:
        process = psutil.Process(identity.pid)
        same = abs(process.create_time() - identity.born) < 1
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.Error:
        return None


def works_in(process: psutil.Process, folder: Path) -> bool:
    """Whether a folder is a process's working directory; true as well where the system does not tell."""
    try:
        return Path(process.cwd()) == folder.resolve()
    except psutil.NoSuchProcess:
        return False
    except (psutil.Error, OSError):
        return True


def marked(mark: str) -> list[psutil.Process]:
    """All processes that carry a mark: also those whose parent was killed, and those we never wrote down."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == mark:
                found.append(process)
        except (psutil.Error, OSError):
            continue  # gone meanwhile, or another user's
    return found


def inside(folder: Path, *names: str) -> list[psutil.Process]:
    """All processes of some names that work in a folder; a person's shell that happens to be there is none of them.

    PostgreSQL's own have their data directory as working directory.
    """
    found = []
    for process in psutil.process_iter():
        try:
            if process.name().removesuffix(".exe") in names and Path(process.cwd()) == folder:
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def seconds_used(process: psutil.Process) -> float:
    """How many seconds of a processor's time a process has taken so far; 0 where it has ended."""
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system)


def family(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    """Processes and all their children, each once."""
    found: dict[int, psutil.Process] = {}
    for process in processes:
        try:
            found |= {member.pid: member for member in (process, *process.children(recursive=True))}
        except psutil.Error:
            continue
    return list(found.values())


def ask_to_end(processes: Iterable[psutil.Process]) -> None:
    """Tells processes to end; they may take their time."""
    for process in processes:
        try:
            process.terminate()
        except psutil.Error:
            continue


def stop(processes: Iterable[psutil.Process], timeout: float = 5) -> None:
    """Ends processes and all their children: asked first, killed after `timeout` seconds."""
    members = family(processes)
    ask_to_end(members)
    alive = wait(members, timeout)
    for member in alive:
        try:
            member.kill()
        except psutil.Error:
            continue
    wait(alive, timeout)


def wait(processes: Iterable[psutil.Process], timeout: float) -> list[psutil.Process]:
    """Waits until processes have ended, and returns those that have not.

    One that has ended and that nobody has asked for its exit code counts as such: in a container whose first process
    adopts none, that is how it stays, and psutil's own waiting would not end.
    """
    alive = list(processes)
    end = time.monotonic() + timeout
    while alive := [process for process in alive if _runs(process)]:
        if time.monotonic() > end:
            break
        time.sleep(0.01)
    return alive


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
