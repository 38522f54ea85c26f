"""Ports on 127.0.0.1: whether one is free, who holds it, and the next one that is."""

from __future__ import annotations

import socket
import sys

from djdock.errors import Problem

HOST = "127.0.0.1"
HIGHEST = 65535


def is_free(port: int) -> bool:
    """Whether a server could listen on a port now; of those that only root may use: whether nobody does."""
    try:
        _try(port)
    except PermissionError:
        return not answers(port)
    except OSError:
        return False
    return True


def needs_root(port: int) -> bool:
    """Whether we may not listen on a port, whoever else does: one below 1024, where we are an ordinary user."""
    try:
        _try(port)
    except PermissionError:
        return True
    except OSError:
        return False
    return False


def _try(port: int) -> None:
    with socket.socket() as probe:
        if sys.platform != "win32":
            # As servers do: the remains of closed connections are no obstacle. On Windows the option means another
            # thing, and would let us share a port that is taken.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((HOST, port))


def answers(port: int, timeout: float = 0.5) -> bool:
    """Whether something accepts connections on a port."""
    try:
        with socket.create_connection((HOST, port), timeout):
            return True
    except OSError:
        return False


def next_free(start: int, taken: frozenset[int] = frozenset()) -> int:
    """The first free port from `start` on that is not in `taken`.

    Raises:
        Problem: there is none among the next thousand.
    """
    for port in range(start, min(start + 1000, HIGHEST + 1)):
        if port not in taken and is_free(port):
            return port
    raise Problem(
        f"No free port from {start} on.", hint="Name one that is free: djdock up --port N; or stop what holds them."
    )


def holder(port: int) -> str:
    """Who listens on a port, as `name, process 123`, or empty where the system does not let us see it."""
    import psutil  # noqa: PLC0415 - needed once a port is taken

    try:
        for connection in psutil.net_connections("tcp"):
            if connection.laddr and connection.laddr[1] == port and connection.status == psutil.CONN_LISTEN:
                return f"{psutil.Process(connection.pid).name()}, process {connection.pid}" if connection.pid else ""
    except (psutil.Error, PermissionError):
        pass
    return ""
