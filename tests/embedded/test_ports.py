"""Ports that are taken: the next free one, said and kept; a port that was asked for by name is refused."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests import tools
from tests.embedded import machine

pytestmark = pytest.mark.embedded


@pytest.fixture
def down(blog: tools.Project) -> Iterator[tools.Project]:
    """The shared project, stopped; afterwards it has its old .env and runs again."""
    path = blog.root / ".env"
    before = path.read_text()
    blog.djdock("down").ok()
    yield blog
    path.write_text(before)
    blog.up("embedded")


def test_web_port_taken(down: tools.Project) -> None:
    """The next free one is taken, and it is said who holds the first; it stays, also when the first is free again."""
    port = int(down.env()["WEB_PORT"])
    with tools.taken(port):
        done = down.up("embedded")
    moved = int(down.env()["WEB_PORT"])
    assert port < moved < port + 1000
    assert f"Port {port} is taken by" in done.err
    assert f"process {os.getpid()}" in done.err
    assert f"http://127.0.0.1:{moved}/" in done.out
    assert tools.page(down.url)[0] == 200
    assert f"http://127.0.0.1:{moved}/" in down.djdock("restart").ok().out


def test_database_port_taken(down: tools.Project) -> None:
    """The database moves, and both lines of .env that name its port move with it."""
    port = down.env()["DB_PORT"]
    with tools.taken(int(port)):
        assert f"port {port} is taken by" in down.up("embedded").out
    env = down.env()
    assert env["DB_PORT"] != port
    assert f":{env['DB_PORT']}/" in env["DATABASE_URL"]
    assert tools.page(down.url)[0] == 200


def test_database_port_taken_when_a_command_starts_it(down: tools.Project) -> None:
    """A management command finds its way around a taken port as `up` does."""
    port = down.env()["DB_PORT"]
    with tools.taken(int(port)):
        down.djdock("manage", "migrate", "--check").ok()
    assert down.env()["DB_PORT"] != port


def test_explicit_port_taken(blog: tools.Project) -> None:
    """Who asks for one port by name is told who holds it, and nothing changes."""
    port, before = tools.free_port(), blog.env()
    with tools.taken(port):
        shown = blog.djdock("up", "--port", str(port)).problem()
    assert f"Port {port} is taken by" in shown
    assert f"process {os.getpid()}" in shown
    assert blog.env() == before
    assert tools.page(blog.url)[0] == 200


def test_the_databases_port(down: tools.Project) -> None:
    """The site cannot have the port that the database will have, be it free just now."""
    done = down.djdock("up", "--port", down.env()["DB_PORT"])
    done.problem()
    assert f"Port {down.env()['DB_PORT']} is taken by this project's database" in done.words


def test_explicit_port(down: tools.Project) -> None:
    """A port that was asked for is used from then on, be it while the site runs on another one."""
    down.up("embedded")
    old, port = down.url, tools.free_port()
    done = down.djdock("up", "--port", str(port)).ok()
    assert down.env()["WEB_PORT"] == str(port)
    assert f"http://127.0.0.1:{port}/" in done.out
    assert machine.listening(machine.site_server(down)) == {("127.0.0.1", port)}
    with pytest.raises(OSError, match="refused"):
        tools.page(old)
    down.djdock("down").ok()
    assert f"http://127.0.0.1:{port}/" in down.djdock("up").ok().out


def test_port_changed_by_hand_to_one_that_is_taken(down: tools.Project) -> None:
    """A stranger's answer on the port that .env names is not taken for the site's."""
    down.up("embedded")
    port = tools.free_port()
    with tools.taken(port):
        path = down.root / ".env"
        path.write_text(path.read_text().replace(f"WEB_PORT={down.env()['WEB_PORT']}", f"WEB_PORT={port}"))
        assert f"Port {port} is taken by" in down.djdock("up").ok().err
    assert int(down.env()["WEB_PORT"]) > port
    assert tools.page(down.url)[0] == 200
