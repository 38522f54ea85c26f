"""The generated files without djdock: `docker compose up` and nothing else."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import tools
from tests.docker import compose
from tests.tools import Done, Project

pytestmark = [pytest.mark.docker, pytest.mark.timeout(240)]


def first_start(folder: Path, port: int) -> Done:
    """`docker compose up` on a fresh volume: afterwards the site answers and every migration is applied."""
    done = compose.compose(folder, "up", "--detach", env={"WEB_PORT": str(port)}).ok()
    tools.eventually(lambda: tools.page(f"http://127.0.0.1:{port}/")[0] == 200, 60, "the first page does not come")
    assert tools.page(f"http://127.0.0.1:{port}/admin/login/")[0] == 200
    unapplied = compose.compose(folder, "exec", "--no-TTY", "web", "python", "manage.py", "migrate", "--check")
    assert unapplied.code == 0, unapplied.all
    return done


def test_a_clone_starts_three_times_on_a_fresh_volume(clone: Project) -> None:
    """The first start of all, which fails in the well-known tutorial, works each time, without .env and djdock."""
    port = tools.free_port()
    for number in range(3):
        began = time.monotonic()
        done = first_start(clone.root, port)
        print(f"start {number + 1} on a fresh volume: {compose.seconds(began)}")
        assert "WARN" not in done.err, done.err
        assert "Pulling" not in done.err, "the project's own image is in no registry"
        compose.compose(clone.root, "down", "--volumes", "--timeout", "2").ok()


def test_development_defaults_are_refused_when_debug_is_off(clone: Project) -> None:
    """The public secrets that let a clone start must never serve a site to others."""
    check = ("run", "--rm", "--no-deps", "--no-TTY", "-e", "DEBUG=False")
    refused = compose.compose(clone.root, *check, "web", "python", "manage.py", "check")
    assert refused.code == 1
    assert refused.err.rstrip().endswith("set SECRET_KEY and the database's password to values of your own.")
    own = ("-e", "SECRET_KEY=own", "-e", "DATABASE_URL=postgres://blog:own@db/blog")
    assert compose.compose(clone.root, *check, *own, "web", "python", "manage.py", "check").code == 0


@pytest.fixture(scope="module")
def slow(original: Project, shelf: Path) -> Iterator[Project]:
    """A clone that plain Compose started, with a stand-in for the postgres image that takes five seconds longer."""
    project = compose.clone(original, shelf / "slow")
    (project.root / "compose.override.yaml").write_text(
        "services:\n  db:\n    environment:\n      STAND_IN_INIT_SECONDS: 5\n"
    )
    with compose.cleaned(project.root):
        first_start(project.root, tools.free_port())
        yield project


def test_a_slow_first_start_is_waited_for(slow: Project) -> None:
    """While a new volume is set up a first server answers on the socket and goes away again; nobody falls for it."""
    logged = compose.compose(slow.root, "logs", "db").ok().out
    assert logged.count("database system is ready to accept connections") == 2
    logged = compose.compose(slow.root, "logs", "migrate", "web").ok().out
    assert "OperationalError" not in logged


def test_djdock_takes_over_what_plain_compose_started(slow: Project) -> None:
    """A clone that ran on the defaults keeps its rows when the first `djdock up` gives it secrets of its own."""
    psql = ("exec", "--no-TTY", "db", "psql", "-U", "blog", "-c")
    compose.compose(slow.root, *psql, "insert into auth_group (name) values ('before')").ok()
    compose.up(slow)
    assert compose.groups(slow) == "before"
    assert slow.env()["POSTGRES_PASSWORD"] != "insecure-development"
    assert tools.page(slow.url)[0] == 200
