"""A PostgreSQL cluster of one project: made, started, stopped, and put right after whatever happened to it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from djdock.embedded import log_files, pid_file
from djdock.errors import Problem, last_lines
from djdock.machine import accounts, ports
from djdock.machine.postgres import Server
from djdock.process import Account, Result, run, start
from djdock.project.environment import Database
from djdock.project.services.postgres import init_arguments, other_major

START_TIMEOUT = 60.0  # seconds: a recovery after a crash may replay much
STOP_TIMEOUT = 30.0


@dataclass(frozen=True)
class Cluster:
    """A cluster in a folder of its own.

    Attributes:
        folder: holds `data` and nothing else; `log` is a file outside it.
        account: who the server runs as; None: ourselves.
    """

    folder: Path
    major: int
    server: Server
    account: Account | None
    log: Path

    @property
    def data(self) -> Path:
        return self.folder / "data"


def bring_up(cluster: Cluster, database: Database) -> Literal["created", "started"]:
    """Starts a server that is not running; makes the cluster first where there is none.

    Raises:
        Problem: the cluster is of another major version, or PostgreSQL does not start.
    """
    _prepare_folder(cluster)
    check_major(cluster.data, cluster.major)
    made = not (cluster.data / "PG_VERSION").exists()
    if made:
        _create(cluster, database)
    _clear_remains(cluster)
    _start(cluster, database.port)
    if made:
        _sync_in_background(cluster)
    return "created" if made else "started"


def take_over(cluster: Cluster, older: Path) -> None:
    """Moves data from where PostgreSQL's user came in once and cannot any more, as when a project moves to /root.

    Raises:
        Problem: their server does not stop.
    """
    if older == cluster.data or cluster.data.exists() or not (older / "PG_VERSION").exists():
        return
    take_down(older)
    unfinished = cluster.folder / "moving"
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.move(older, unfinished)
    unfinished.rename(cluster.data)


def set_aside_copy(data: Path) -> Path | None:
    """Puts away data that were copied from a running server, file by file, and may therefore not fit together.

    A pid file that came along tells; data that were copied while their server was down have none, and are used.
    Returns where they are now, or None where the data are not such a copy.
    """
    left = pid_file.read(data)
    if left is None or left.data == data or pid_file.find(data) is not None:
        return None
    mine = _identifier(data)
    if not mine or mine != _identifier(left.data) or data.samefile(left.data):
        return None  # not copied, but moved
    number = 1
    while (kept := data.with_name(f"copied-while-running-{number}")).exists():
        number += 1
    data.rename(kept)
    return kept


def check_major(data: Path, wanted: int) -> None:
    """Makes sure that a data directory, where there is one, can be read by the wanted major version.

    Raises:
        Problem: it was made by another one.
    """
    try:
        found = (data / "PG_VERSION").read_text(encoding="utf-8").strip()
    except OSError:
        return
    if found != str(wanted):
        raise other_major(str(data), found, wanted, f"move {data.parent} away")


def take_down(data: Path) -> bool:
    """Stops the server of a data directory; returns whether it was running.

    The signal asks for PostgreSQL's fast shutdown: sessions end, everything is written, nothing has to be recovered.

    Raises:
        Problem: it does not stop.
    """
    server = pid_file.find(data)
    if server is None:
        return False
    import psutil  # noqa: PLC0415 - `find` has imported it

    from djdock.machine import processes  # noqa: PLC0415

    with contextlib.suppress(psutil.NoSuchProcess):
        server.send_signal(signal.SIGINT)
    if processes.wait([server], STOP_TIMEOUT):
        raise Problem(
            f"PostgreSQL has not stopped within {STOP_TIMEOUT:.0f} seconds.",
            hint="It may still be writing: wait, then try again: djdock down",
        )
    return True


def set_password(cluster: Cluster, database: Database) -> None:
    """Makes .env's user and password those of the cluster, for a server that is down.

    PostgreSQL's single-user mode asks for no password: who owns the files owns the data.

    Raises:
        Problem: the role could not be changed.
    """
    role = '"' + database.user.replace('"', '""') + '"'
    password = "'" + database.password.replace("'", "''") + "'"
    statements = (
        # A role that is there already makes the first statement fail; single-user mode then goes on.
        f"CREATE ROLE {role} SUPERUSER LOGIN;\nALTER ROLE {role} SUPERUSER LOGIN PASSWORD {password};\n"
    )
    done = run(
        [cluster.server.program("postgres"), "--single", "-D", str(cluster.data), "postgres"],
        cwd=cluster.folder,
        stdin=statements,
        account=cluster.account,
        env=_environment(),
    )
    if not done.ok:
        raise Problem(
            "The password in .env is not the one of the database, and it could not be changed there.",
            details=last_lines(done.stderr),
            hint=f"Put the old password back into .env, or look into {cluster.log}.",
        )


def _identifier(data: Path) -> bytes:
    """What tells clusters apart: the first eight bytes of pg_control, the same in all copies. Empty: nothing there.

    https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-PG-CONTROL-SYSTEM
    """
    try:
        with (data / "global/pg_control").open("rb") as file:
            return file.read(8)
    except OSError:
        return b""


def _prepare_folder(cluster: Cluster) -> None:
    cluster.folder.mkdir(parents=True, exist_ok=True)
    cluster.folder.chmod(0o755)
    accounts.give(cluster.folder, cluster.account)
    if cluster.account and cluster.data.exists() and cluster.data.stat().st_uid != cluster.account.uid:
        # Copied by root, or moved to where another user runs the server.
        for path in (cluster.data, *cluster.data.rglob("*")):
            accounts.give(path, cluster.account)
    cluster.log.parent.mkdir(parents=True, exist_ok=True)


def _create(cluster: Cluster, database: Database) -> None:
    # Under another name first: a cluster that is half made never looks like a whole one.
    unfinished = cluster.folder / "unfinished"
    _stop_unfinished(cluster, unfinished)
    shutil.rmtree(unfinished, ignore_errors=True)
    if cluster.data.exists():
        raise Problem(
            f"{cluster.data} is there, but holds no database (no PG_VERSION).",
            hint=f"Move {cluster.data} away, then try again: djdock up",
        )
    password = cluster.folder / "password"
    try:
        password.touch(mode=0o600)
        accounts.give(password, cluster.account)
        password.write_text(database.password + "\n", encoding="utf-8")
        made = _as_owner(
            cluster,
            "initdb",
            *("--pgdata", str(unfinished), "--username", database.user, "--pwfile", str(password)),
            *("--auth", "scram-sha-256", "--no-instructions", "--no-sync"),
            *init_arguments(cluster.major).split(),
        )
        if not made.ok:
            raise Problem(
                "PostgreSQL could not make a new cluster.",
                details=last_lines(made.text),
                hint="Look at the lines above: a full disk and missing permissions are the usual causes.",
            )
        unfinished.rename(cluster.data)
    finally:
        password.unlink(missing_ok=True)
        shutil.rmtree(unfinished, ignore_errors=True)


def _stop_unfinished(cluster: Cluster, unfinished: Path) -> None:
    """Ends an initdb that goes on writing after its djdock was killed."""
    if unfinished.exists():
        from djdock.machine import processes  # noqa: PLC0415 - imports psutil

        left = (*processes.inside(cluster.folder, "initdb"), *processes.inside(unfinished, "postgres"))
        processes.stop(left, timeout=5)


def _sync_in_background(cluster: Cluster) -> None:
    """Makes sure that what initdb wrote is on the disk, while other work goes on: a second on a slow disk."""
    with cluster.log.open("ab") as log:
        start(
            [cluster.server.program("initdb"), "--sync-only", "--pgdata", str(cluster.data)],
            cwd=cluster.folder,
            env=_environment(),
            log=log,
            account=cluster.account,
        )


def _clear_remains(cluster: Cluster) -> None:
    """Removes what a killed server or a reboot left behind; PostgreSQL itself then recovers the data."""
    if pid_file.find(cluster.data) is not None:
        return
    from djdock.machine import processes  # noqa: PLC0415 - imports psutil

    # The children of a killed server hold on to its shared memory until they notice.
    processes.stop(processes.inside(cluster.data, "postgres"), timeout=5)
    (cluster.data / pid_file.NAME).unlink(missing_ok=True)


def _start(cluster: Cluster, port: int) -> None:
    running = pid_file.read(cluster.data) if pid_file.find(cluster.data) else None
    if running and running.port == port and running.data == cluster.data:
        _wait(cluster, port, lambda: None)
        return
    if running:  # on the port of an earlier .env, or in a folder that was moved meanwhile
        take_down(cluster.data)
    log_files.rotate(cluster.log)
    with cluster.log.open("ab") as log:
        server = start(
            [cluster.server.program("postgres"), "-D", str(cluster.data), "-p", str(port),
             "-c", f"listen_addresses={ports.HOST}", "-c", "unix_socket_directories="],
            cwd=cluster.folder,
            env=_environment(),
            log=log,
            account=cluster.account,
        )  # fmt: skip
        _wait(cluster, port, server.poll)


def _wait(cluster: Cluster, port: int, poll: Callable[[], int | None]) -> None:
    end = time.monotonic() + START_TIMEOUT
    while time.monotonic() < end:
        if pid_file.answers(cluster.data, port):
            return
        code = poll()
        if code is not None:
            raise Problem(
                f"PostgreSQL ended while it was starting (exit code {code}).",
                details=last_lines(_tail(cluster.log), 8),
                hint=f"The whole log is in {cluster.log}.",
            )
        time.sleep(0.01)
    raise Problem(
        f"PostgreSQL has not become ready within {START_TIMEOUT:.0f} seconds.",
        details=last_lines(_tail(cluster.log), 8),
        hint=f"It may still be recovering: wait, then try again. Its log is {cluster.log}.",
    )


def _as_owner(cluster: Cluster, program: str, *arguments: str) -> Result:
    return run(
        [cluster.server.program(program), *arguments],
        cwd=cluster.folder,
        env=_environment(),
        account=cluster.account,
    )


def _environment() -> dict[str, str]:
    return {**os.environ, "LC_MESSAGES": "C"}


def _tail(log: Path, size: int = 8_000) -> str:
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - size))
            return file.read().decode(errors="replace")
    except OSError:
        return ""
