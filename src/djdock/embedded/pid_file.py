"""postmaster.pid: what a running PostgreSQL says of itself. Asking it costs no other program, so it is asked often.

The lines are listed in https://www.postgresql.org/docs/current/storage-file-layout.html and in PostgreSQL's
src/include/utils/pidfile.h.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from djdock.machine import ports

if TYPE_CHECKING:
    import psutil

NAME = "postmaster.pid"
PID_LINE, DATA_LINE, PORT_LINE, STATUS_LINE = 0, 1, 3, 7


@dataclass(frozen=True)
class PidFile:
    """The lines that matter here; `ready` means that the server accepts connections."""

    pid: int
    data: Path
    port: int
    ready: bool


def read(data: Path) -> PidFile | None:
    """The pid file in a data directory, or None where there is none or it is not whole yet."""
    try:
        lines = (data / NAME).read_text(encoding="utf-8").splitlines()
        status = lines[STATUS_LINE].strip() if len(lines) > STATUS_LINE else ""
        return PidFile(int(lines[PID_LINE]), Path(lines[DATA_LINE]), int(lines[PORT_LINE]), status == "ready")
    except (OSError, ValueError, IndexError):
        return None


def answers(data: Path, port: int) -> bool:
    """Whether the server of this data directory, and no other one, is ready on a port."""
    found = read(data)
    return (
        found is not None
        and found.ready
        and found.port == port
        and found.data == data
        and _exists(found.pid)
        and ports.answers(port)
    )


def find(data: Path) -> psutil.Process | None:
    """The running server of this data directory, also where that was moved while it ran.

    A later process that was given its number is none; nor is, in a copy of the directory, the server of the original.
    """
    found = read(data)
    if found is None or not _exists(found.pid):
        return None
    import psutil  # noqa: PLC0415 - 30 ms that the quick way does not need

    try:
        process = psutil.Process(found.pid)
        return process if process.name().startswith("postgres") and Path(process.cwd()) == data else None
    except (psutil.Error, OSError):
        return None


def _exists(pid: int) -> bool:
    if os.name == "nt":
        return True  # there is no cheap way; whoever needs to be sure calls find
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
