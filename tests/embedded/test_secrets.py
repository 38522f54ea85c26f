"""No secret in anybody's process list, in any log, in any output, or in a file that git would track."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests import tools
from tests.embedded import machine
from tests.tools import Project

pytestmark = pytest.mark.embedded


@pytest.fixture(scope="module")
def watched() -> Iterator[tuple[Project, str, set[str]]]:
    """A project after a day's commands, all that they wrote, and every command line that was seen meanwhile."""
    with tools.workspace(docker=False) as folder, watching() as seen:
        written = [tools.djdock("new", "blog", cwd=folder).ok().all]
        project = tools.own_port(Project(folder / "blog"))
        for command in (
            ["up", "--engine", "embedded"],
            ["status"],
            ["status", "--json"],
            ["manage", "check"],
            ["psql", "-c", "select 1"],
            ["test"],
            ["up"],
            ["restart"],
            ["logs"],
            ["logs", "nothing"],
        ):
            written.append(project.djdock(*command).all)
        change_password(project)
        written.append(project.up("embedded").all)
        tools.page(f"{project.url}no-such-page")
        written.append(project.djdock("logs").all)
        yield project, "\n".join(written), seen


def change_password(project: Project) -> None:
    """Makes `up` set another password in the cluster."""
    path = project.root / ".env"
    path.write_text(path.read_text().replace(project.env()["POSTGRES_PASSWORD"], "kTZbHq0sSecondPassword"))


@contextmanager
def watching() -> Iterator[set[str]]:
    """Collects the command lines of all processes, over and over."""
    seen: set[str] = set()
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.01):
            seen.update(" ".join(process.info["cmdline"] or []) for process in psutil.process_iter(["cmdline"]))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


def secrets(project: Project) -> list[str]:
    """What nobody but the owner of .env may see."""
    env = project.env()
    first = "postgres://blog:"
    assert env["DATABASE_URL"].startswith(first)
    return [env["SECRET_KEY"], env["POSTGRES_PASSWORD"]]


def test_command_lines(watched: tuple[Project, str, set[str]]) -> None:
    """Every user of a machine sees the arguments of every process."""
    project, _written, seen = watched
    for part in ("initdb", "migrate", "runserver", "psql", "postgres"):
        assert any(part in line for line in seen), f"no {part} was seen"
    assert [line for line in seen for secret in secrets(project) if secret in line] == []


def test_output(watched: tuple[Project, str, set[str]]) -> None:
    """What commands write ends up in bug reports and CI logs."""
    project, written, _seen = watched
    assert "ready" in written
    assert [secret for secret in secrets(project) if secret in written] == []


def test_files(watched: tuple[Project, str, set[str]]) -> None:
    """Only .env holds secrets; git does not track it, and nobody else may read it."""
    project, _written, _seen = watched
    holders = [
        path.relative_to(project.root)
        for path in project.root.rglob("*")
        if path.is_file() and not {"data", ".venv"} & set(path.relative_to(project.root).parts)
        for secret in secrets(project)
        if secret.encode() in path.read_bytes()
    ]
    assert set(holders) == {Path(".env")}
    assert (project.root / ".env").stat().st_mode & 0o777 == 0o600
    for step in (["init", "--quiet"], ["add", "--all"]):
        tools.run(["git", *step], project.root).ok()
    tracked = tools.run(["git", "ls-files"], project.root).ok().out.splitlines()
    assert "manage.py" in tracked
    assert ".env.example" in tracked
    assert not [path for path in tracked if path == ".env" or path.startswith((".djdock", ".venv"))]


def test_logs_of_the_server(watched: tuple[Project, str, set[str]]) -> None:
    """PostgreSQL writes no statement with a password into its log."""
    project, _written, _seen = watched
    log = (project.root / ".djdock/logs/db.log").read_text()
    assert "ready to accept connections" in log
    assert "PASSWORD" not in log.upper().replace("PASSWORD AUTHENTICATION", "")
    assert machine.data(project).stat().st_mode & 0o077 == 0
