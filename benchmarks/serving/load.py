"""Load: a container that asks for a page again and again (wrk), and what it has counted.

https://github.com/wg/wrk: as many requests as the server answers, on connections that stay open; each asks anew as soon
as it has its answer. So a time is that of a request among so many others, not of one that comes alone.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.place import run

HERE = Path(__file__).parent
REPORT = "/report.lua"
ERRORS = ("connect", "read", "write", "timeout", "status")
# What a browser and a proxy that ends TLS would say. Every contender gets the same.
HEADERS = (
    "Host: localhost",
    "X-Forwarded-Proto: https",
    "Accept-Encoding: gzip, deflate, br",
)
LONGEST_ANSWER = 10  # seconds; what takes longer has failed


@dataclass(frozen=True)
class Load:
    """What became of the requests of one turn.

    Attributes:
        rate: answers a second.
        requests: how many were answered.
        p50, p99: seconds that half of the answers, and all but one in a hundred, took at most.
        server, database: seconds of the processors that an answer took, in the server and in its database. Hardly
            changes with what else the machine does, while all other figures do.
        failed: connections refused or broken, answers that did not come in time, and those with a status above 399.
    """

    rate: float
    p50: float
    p99: float
    failed: int
    requests: int = 0
    server: float = 0.0
    database: float = 0.0


@dataclass(frozen=True)
class Turns:
    """The loads of one contender on one page, a turn each."""

    loads: tuple[Load, ...]

    @property
    def rate(self) -> float:
        return statistics.median(load.rate for load in self.loads)

    @property
    def p50(self) -> float:
        return statistics.median(load.p50 for load in self.loads)

    @property
    def p99(self) -> float:
        return statistics.median(load.p99 for load in self.loads)

    @property
    def server(self) -> float:
        return statistics.median(load.server for load in self.loads)

    @property
    def database(self) -> float:
        return statistics.median(load.database for load in self.loads)

    @property
    def failed(self) -> int:
        return sum(load.failed for load in self.loads)

    def ratio(self, other: Turns) -> float:
        """How many times as many answers as another one: the median of the ratios within each turn."""
        return statistics.median(mine.rate / theirs.rate for mine, theirs in zip(self.loads, other.loads, strict=True))


@dataclass(frozen=True)
class Generator:
    """A running container that makes requests."""

    container: str
    connections: int

    def ask(self, url: str, seconds: float) -> Load:
        """Asks for a page for so long (whole seconds), with all connections at once."""
        headers = [word for header in HEADERS for word in ("--header", header)]
        options = [
            "--threads=1",
            f"--connections={self.connections}",
            f"--duration={seconds:.0f}s",
            f"--timeout={LONGEST_ANSWER}s",
            f"--script={REPORT}",
        ]
        return parse(run(["docker", "exec", self.container, "wrk", *options, *headers, url], HERE))

    def page(self, url: str) -> str:
        """What a page holds: a look whether it is the right one, before its answers are counted.

        Raises:
            RuntimeError: it is not answered with 200.
        """
        return run(self._fetch(url), HERE)

    def _fetch(self, url: str) -> Sequence[str]:
        headers = [word for header in HEADERS[:2] for word in ("--header", header)]
        return ["docker", "exec", self.container, "curl", "--silent", "--show-error", "--fail", *headers, url]


def parse(said: str) -> Load:
    """What wrk has said, by report.lua.

    Raises:
        ValueError: there is no report in it.
    """
    line = next((line for line in said.splitlines() if line.startswith("{")), "")
    if not line:
        raise ValueError(f"wrk has not come to its end: {said.strip()[-500:]}")
    found = json.loads(line)
    return Load(
        rate=found["requests"] / (found["duration"] / 1e6),
        p50=found["p50"] / 1e6,
        p99=found["p99"] / 1e6,
        requests=found["requests"],
        failed=sum(found[name] for name in ERRORS),
    )
