"""What a server does when something goes wrong: it is stopped under load, clients are slow or lie, a worker dies."""

from __future__ import annotations

import contextlib
import http.client
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import TypeVar

from benchmarks.place import run
from benchmarks.serving.stage import Container, servers
from benchmarks.table import aligned, in_seconds
from tests import tools

HERE = Path(__file__).parent
HEADERS = {"Host": "localhost", "X-Forwarded-Proto": "https"}
CLIENTS = 12
# How long the page takes that is asked for while the server is stopped.
SLOW = "/slow/?seconds=0.2"
HANGING = "/slow/?seconds=120"
# After this a container is killed for good.
PATIENCE = 45.0
SLOW_CLIENTS = 40
HEADS = (
    "", "stops under load within", "with an open connection", "with a request that hangs", "requests lost", "too late",
    "a page beside 40 slow clients", "beside 40 requests that hang", "worker killed: requests lost", "back after",
    "believes a visitor's X_Forwarded_Proto",
)  # fmt: skip
FIGURES = frozenset(range(1, 10))
T = TypeVar("T")


@dataclass
class Count:
    """What became of the requests of all clients.

    Attributes:
        lost: the request was under way, and no whole answer came.
        late: the server had been told to end; the system still accepted a connection for it, and it was never answered.
        retried: the connection had been idle, and was closed just as the next request came. A proxy asks again.
        refused: nobody listened any more, or yet.
    """

    answered: int = 0
    lost: int = 0
    late: int = 0
    retried: int = 0
    refused: int = 0
    ending: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, what: str) -> None:
        with self.lock:
            setattr(self, what, getattr(self, what) + 1)


class Client(threading.Thread):
    """Asks for a page again and again, on a connection that stays open, as a proxy does."""

    def __init__(self, container: Container, count: Count, ended: threading.Event) -> None:
        super().__init__(daemon=True)
        self.container, self.count, self.ended = container, count, ended

    def run(self) -> None:
        connection: http.client.HTTPConnection | None = None
        while not self.ended.is_set():
            used = connection is not None
            if connection is None:
                connection = http.client.HTTPConnection(self.container.address, self.container.port, timeout=PATIENCE)
                try:
                    connection.connect()
                except OSError:
                    self.count.add("refused")
                    connection = None
                    time.sleep(0.05)
                    continue
            late = self.count.ending
            try:
                connection.request("GET", SLOW, headers=HEADERS)
                answer = connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException) as error:
                at_once = isinstance(error, (ConnectionError, http.client.RemoteDisconnected))
                self.count.add("late" if late else "retried" if used and at_once else "lost")
                connection = None
            else:
                self.count.add("answered" if answer.status < http.client.BAD_REQUEST else "lost")
                if answer.will_close:
                    connection = None


@contextmanager
def clients(container: Container) -> Iterator[Count]:
    """Clients at work; what became of their requests is known at the end."""
    count, ended = Count(), threading.Event()
    threads = [Client(container, count, ended) for _number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield count
    finally:
        ended.set()
        for thread in threads:
            thread.join(PATIENCE)


@dataclass(frozen=True)
class Stopped:
    """How a server ended: after how many seconds, and whether it had to be killed."""

    seconds: float
    killed: bool


def stop(container: Container) -> Stopped:
    """Asks a container to end, as every engine does, and waits until it has."""
    began = time.monotonic()
    run(["docker", "kill", "--signal=TERM", container.name], HERE)
    done = tools.run(["timeout", str(PATIENCE), "docker", "wait", container.name], HERE)
    if done.code:
        run(["docker", "kill", container.name], HERE)
    return Stopped(time.monotonic() - began, killed=bool(done.code))


def under_load(container: Container) -> tuple[Stopped, Count]:
    """Stopped while all clients wait for answers."""
    with clients(container) as count:
        tools.eventually(lambda: count.answered > 3 * CLIENTS)
        count.ending = True
        stopped = stop(container)
    return stopped, count


def with_open_connection(container: Container) -> Stopped:
    """Stopped while a proxy keeps a connection open on which nothing is asked."""
    connection = http.client.HTTPConnection(container.address, container.port, timeout=PATIENCE)
    connection.request("GET", "/", headers=HEADERS)
    connection.getresponse().read()
    try:
        return stop(container)
    finally:
        connection.close()


def while_it_hangs(container: Container) -> Stopped:
    """Stopped while a request takes longer than anybody waits."""
    with hanging(container, 1):
        return stop(container)


def beside_slow_clients(container: Container) -> float | None:
    """Seconds that a page takes while clients have sent half a request and wait; None: it did not come."""
    halves = []
    try:
        for _number in range(SLOW_CLIENTS):
            half = socket.create_connection((container.address, container.port), 5)
            half.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow")
            halves.append(half)
        time.sleep(0.5)
        return _time_of_page(container)
    finally:
        for half in halves:
            half.close()


def beside_hanging_requests(container: Container) -> float | None:
    """Seconds that a page takes while far more requests hang than there are threads."""
    with hanging(container, SLOW_CLIENTS):
        return _time_of_page(container)


def takes_visitors_word(container: Container) -> bool:
    """Whether a visitor can pass for the proxy, by its header in other letters: for the application it is one."""
    connection = http.client.HTTPConnection(container.address, container.port, timeout=PATIENCE)
    try:
        connection.request("GET", "/", headers={**HEADERS, "X-Forwarded-Proto": "http", "X_Forwarded_Proto": "https"})
        return connection.getresponse().status == HTTPStatus.OK  # else it is sent to https
    finally:
        connection.close()


def worker_killed(container: Container) -> tuple[Count, float | None]:
    """Under load, and one worker is killed by force; and the seconds until as many are there again."""
    before = len(_workers(container))
    with clients(container) as count:
        tools.eventually(lambda: count.answered > 3 * CLIENTS)
        victim = _workers(container)[0]
        run(["docker", "exec", container.name, "python", "-c", f"import os; os.kill({victim}, 9)"], HERE)
        began = time.monotonic()
        back = _within(20, lambda: victim not in (now := _workers(container)) and len(now) >= before)
        took = time.monotonic() - began
        time.sleep(1)
    return count, took if back else None


@dataclass(frozen=True)
class Findings:
    """What one server did. Of what takes seconds, None: it did not come to its end within our patience."""

    load: tuple[Stopped, Count]
    connection: Stopped
    hanging: Stopped
    slow_clients: float | None
    hanging_requests: float | None
    killed: tuple[Count, float | None]
    deceived: bool


def examine(make: Callable[[], Container], remove: Callable[[Container], None]) -> Findings:
    """Has all of it happen to a server, each time to a fresh one."""

    def fresh(happen: Callable[[Container], T]) -> T:
        container = make()
        try:
            found = happen(container)
        finally:
            remove(container)
        print(f"  {container.name}: {happen.__name__}: {found}", file=sys.stderr, flush=True)
        return found

    return Findings(
        fresh(under_load),
        fresh(with_open_connection),
        fresh(while_it_hangs),
        fresh(beside_slow_clients),
        fresh(beside_hanging_requests),
        fresh(worker_killed),
        fresh(takes_visitors_word),
    )


def table(found: Mapping[str, Findings]) -> str:
    """All servers, as Markdown."""
    rows = [list(HEADS)]
    for title, findings in found.items():
        stopped, load = findings.load
        killed, back = findings.killed
        stops = (stopped, findings.connection, findings.hanging)
        beside = (findings.slow_clients, findings.hanging_requests)
        rows.append([
            title, *map(_stop, stops), f"{load.lost} of {load.answered + load.lost}", str(load.late),
            *map(_time, beside), str(killed.lost + killed.retried + killed.refused), _time(back),
            "yes" if findings.deceived else "no",
        ])  # fmt: skip
    return "\n".join(aligned(rows, figures=FIGURES))


def _stop(stopped: Stopped) -> str:
    return f"killed after {PATIENCE:.0f} s" if stopped.killed else in_seconds(stopped.seconds)


def _time(seconds: float | None) -> str:
    return "never" if seconds is None else in_seconds(seconds)


@contextmanager
def hanging(container: Container, number: int) -> Iterator[None]:
    """Requests that hang for a while."""
    connections = []
    for _number in range(number):
        connection = http.client.HTTPConnection(container.address, container.port, timeout=PATIENCE)
        connection.request("GET", HANGING, headers=HEADERS)
        connections.append(connection)
    time.sleep(0.5)
    try:
        yield
    finally:
        for connection in connections:
            connection.close()


def _time_of_page(container: Container) -> float | None:
    connection = http.client.HTTPConnection(container.address, container.port, timeout=10)
    began = time.monotonic()
    try:
        connection.request("GET", "/", headers=HEADERS)
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    return time.monotonic() - began


def _workers(container: Container) -> list[int]:
    return [process.number for process in servers(container.processes())]


def _within(seconds: float, condition: Callable[[], bool]) -> bool:
    with contextlib.suppress(AssertionError):
        tools.eventually(condition, seconds)
        return True
    return False
