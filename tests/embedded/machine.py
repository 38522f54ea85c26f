"""What the tests look at on the machine: the processes of a project, who runs them, and where they listen."""

from __future__ import annotations

import contextlib
import json
import signal
from collections.abc import Iterable
from pathlib import Path

import psutil
import psycopg

from tests import tools


def data(project: tools.Project) -> Path:
    """The data directory of a project's cluster."""
    pointer = project.root / ".djdock/postgres.location"
    folder = Path(pointer.read_text().strip()) if pointer.exists() else project.root / ".djdock/postgres"
    return folder / "data"


def query(project: tools.Project, statements: str) -> str:
    """What SQL gives, as `psql -At` writes it: with a connection of the test's own, far quicker than a command."""
    with psycopg.connect(project.env()["DATABASE_URL"], autocommit=True) as connection:
        cursor = connection.execute(statements.encode())
        while cursor.nextset():
            pass
        rows: list[tuple[object, ...]] = cursor.fetchall() if cursor.description else []
    return "\n".join("|".join(map(_written, row)) for row in rows)


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "t" if value else "f"
    return "" if value is None else str(value)


def postmaster(project: tools.Project) -> psutil.Process:
    """The server of a project, as its pid file names it."""
    return psutil.Process(int((data(project) / "postmaster.pid").read_text().splitlines()[0]))


def reloader(project: tools.Project) -> psutil.Process:
    """The parent of the site's two processes."""
    return psutil.Process(json.loads((project.root / ".djdock/state.json").read_text())["processes"]["web"]["pid"])


def site_server(project: tools.Project) -> psutil.Process:
    """The child of the site's two processes: the one that listens."""
    [child] = reloader(project).children()
    return child


def everything(project: tools.Project) -> list[psutil.Process]:
    """All background processes of a project, parents first."""
    parents = [postmaster(project), reloader(project)]
    return [*parents, *(child for parent in parents for child in parent.children(recursive=True))]


def kill(processes: Iterable[psutil.Process]) -> None:
    """Ends processes as a power cut would, and waits until they are gone."""
    for process in list(processes):
        try:
            process.send_signal(signal.SIGKILL)
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(list(processes), 10)


def ended(process: psutil.Process) -> bool:
    """Whether a process has ended, be it that nobody has asked for its exit code yet."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def listening(process: psutil.Process) -> set[tuple[str, int]]:
    """The addresses that a process listens on."""
    return {
        (connection.laddr.ip, connection.laddr.port)
        for connection in process.net_connections("all")
        if connection.status == psutil.CONN_LISTEN
    }


def working_in(folder: Path) -> list[psutil.Process]:
    """The processes whose working directory is a folder."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.cwd() == str(folder):
                found.append(process)
    return found


def of_user(uid: int) -> list[psutil.Process]:
    """The processes of a user."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.uids().real == uid:
                found.append(process)
    return found
