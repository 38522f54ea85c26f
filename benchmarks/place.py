"""Where the contenders work: a folder that is gone afterwards, and what both sides share there."""

from __future__ import annotations

import http.client
import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path

from benchmarks.measure import seconds
from djdock.machine import python
from djdock.project import compatibility
from tests import tools
from tests.tools import Project

TIMEOUT = 600.0  # seconds, for any one program
NEW = (tools.DJDOCK, "new", "blog")


def project_python() -> tuple[str, Path]:
    """The Python that `djdock new` takes, as `X.Y` and its interpreter: what is done by hand is done with it too."""
    found = python.newest(compatibility.PYTHONS)
    if found is None:
        raise RuntimeError("this machine has no Python that Django runs on")
    return compatibility.text(found[0]), found[1]


@contextmanager
def workplace(parent: Path | None = None) -> Iterator[Path]:
    """An empty folder that other users may enter: as root, PostgreSQL runs as one of them."""
    folder = Path(tempfile.mkdtemp(prefix="djdock-benchmark-", dir=parent))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def our_project(folder: Path, engine: str = "") -> Iterator[Project]:
    """What `djdock new` makes, on a port of its own, and running where an engine is named; gone afterwards."""
    folder.mkdir()
    project = Project(folder / "blog")
    try:
        run(NEW, folder)
        set_variable(project, "WEB_PORT", str(tools.free_port()))
        if engine:
            project.up(engine, timeout=TIMEOUT)
        yield project
    finally:
        tools.remove(project)


def set_variable(project: Project, name: str, value: str) -> None:
    """Gives a variable in .env another value."""
    dotenv = project.root / ".env"
    dotenv.write_text(re.sub(rf"^{name}=.*$", f"{name}={value}", dotenv.read_text(), flags=re.MULTILINE))


def run(argv: Sequence[str | Path], folder: Path, env: Mapping[str, str] | None = None) -> str:
    """Runs a program that must not fail; returns what it wrote."""
    return tools.run(argv, folder, env=env, timeout=TIMEOUT).ok().all


def time_of(argv: Sequence[str | Path], folder: Path, env: Mapping[str, str] | None = None) -> float:
    """How long a program takes that must not fail."""
    return seconds(lambda: run(argv, folder, env))


def wait_for_page(port: int) -> None:
    """Asks again and again, as an impatient person would, until the first page is there."""
    end = time.monotonic() + TIMEOUT
    while time.monotonic() < end:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.request("GET", "/")
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            time.sleep(0.01)
        else:
            if answer.status != HTTPStatus.OK:
                raise RuntimeError(f"the first page says {answer.status}")
            return
        finally:
            connection.close()
    raise TimeoutError(f"nothing answers on port {port}")
