"""What running a program costs: time, processor time of it and of the server, memory, write-ahead log."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from benchmarks.copying.server import Server
from tests import tools

INTERVAL = 0.02  # seconds between two looks at the memory
KILOBYTE = 1024
# In the command line of processes that read a SQLite file for djdock.
READERS = b"djdock.transfer"


@dataclass(frozen=True)
class Cost:
    """What it took.

    Attributes:
        seconds: from start to end.
        client: seconds of processor time of the program and of all that it has started.
        server: seconds of processor time of PostgreSQL's processes.
        others: seconds of processor time that all else on this machine took meanwhile: times of a busy one mean little.
        memory: bytes that the program had resident at most, of what it has started the largest.
        own_memory: the same for the program itself and the processes that read for it, all of them together.
        wal: bytes of write-ahead log.
    """

    seconds: float
    client: float
    server: float
    others: float
    memory: int
    own_memory: int
    wal: int

    def and_then(self, other: Cost) -> Cost:
        """Both, one after the other."""
        return Cost(
            self.seconds + other.seconds,
            self.client + other.client,
            self.server + other.server,
            self.others + other.others,
            max(self.memory, other.memory),
            max(self.own_memory, other.own_memory),
            self.wal + other.wal,
        )


@dataclass(frozen=True)
class Command:
    """A program that copies; `limit`: seconds after which it is ended."""

    argv: Sequence[str | Path]
    folder: Path
    env: Mapping[str, str] = field(default_factory=dict)
    limit: float = 7200


@dataclass(frozen=True)
class Ended:
    """How it went. `code` is None where it took too long; `output` is all that it wrote, errors too."""

    code: int | None
    output: str
    cost: Cost


@dataclass
class Watch:
    """Notes while a program runs how much memory it and its children have had resident, in bytes by process.

    Attributes:
        own: of those that belong to djdock itself, all that ran at the same time together.
    """

    pid: int
    highest: dict[int, int] = field(default_factory=dict)
    own: int = 0
    _ended: threading.Event = field(default_factory=threading.Event)

    def look(self) -> None:
        """Linux keeps the highest value up to date; each look only takes it over.

        Between its start and that of its program, a process is a copy of ours, with what we have had.
        """
        family, own, ours = [self.pid], 0, Path("/proc/self/cmdline").read_bytes()
        for pid in family:
            try:
                words = Path(f"/proc/{pid}/cmdline").read_bytes()
                status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
                family += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split())
            except OSError:  # it has just ended
                continue
            if words == ours and pid != os.getpid():
                continue
            is_own = pid == self.pid or READERS in words
            for line in status.splitlines():
                if line.startswith("VmHWM:"):  # which may go down by some pages: Linux counts them roughly
                    self.highest[pid] = max(self.highest.get(pid, 0), int(line.split()[1]) * KILOBYTE)
                    own += self.highest[pid] if is_own else 0
        self.own = max(self.own, own)

    @contextmanager
    def running(self) -> Iterator[None]:
        def again() -> None:
            while not self._ended.wait(INTERVAL):
                self.look()

        thread = threading.Thread(target=again, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()


def run(server: Server, command: Command) -> Ended:
    """Runs a program to its end, or to its limit, and measures it."""
    server.settle()
    busy, cpu, wal = _busy(), server.cpu(), server.wal()
    with tempfile.TemporaryFile() as file:
        begin = time.perf_counter()
        process = subprocess.Popen(
            [str(word) for word in command.argv],
            cwd=command.folder,
            env=tools.clean_environment(**command.env),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        watch = Watch(process.pid)
        with watch.running(), _at_most(command.limit, process.pid) as late:
            _pid, status, usage = os.wait4(process.pid, 0)  # subprocess would not tell what it took
        seconds = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        file.seek(0)
        output = file.read().decode(errors="replace")
    client, served = usage.ru_utime + usage.ru_stime, server.cpu() - cpu
    cost = Cost(
        seconds=seconds,
        client=client,
        server=served,
        others=max(0.0, _busy() - busy - client - served),
        memory=max(watch.highest.values(), default=0),
        own_memory=watch.own,
        wal=server.wal() - wal,
    )
    return Ended(None if late.is_set() else process.returncode, output, cost)


def _busy() -> float:
    """Seconds that all processors together have worked since the machine started."""
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system + times.irq + times.softirq)


@contextmanager
def _at_most(limit: float, pid: int) -> Iterator[threading.Event]:
    """Ends a process with all that it has started after so many seconds, and says so; or when we are interrupted."""
    late = threading.Event()

    def end() -> None:
        late.set()
        os.killpg(pid, signal.SIGKILL)

    timer = threading.Timer(limit, end)
    timer.start()
    try:
        yield late
    except BaseException:
        os.killpg(pid, signal.SIGKILL)
        raise
    finally:
        timer.cancel()
