"""The stage: a network with PostgreSQL and the load in it, on which servers stand one beside the other."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from benchmarks.place import run
from benchmarks.serving.load import Generator
from djdock.plan.production import caddy
from tests import tools

HERE = Path(__file__).parent
POSTGRES = "postgres:18-trixie"
GENERATOR = "djdock-benchmark-load"
# A container that is killed takes no leave: the server counts its connections for a long while.
ROOM = ("-c", "max_connections=500")
USER = DATABASE = "blog"
PORT = 8000
HTTP = 80
LONGEST_START = 60  # seconds
# As production runs it: nothing can be written but /tmp, no rights beyond those of any process.
HARDENED = ("--read-only", "--tmpfs=/tmp", "--cap-drop=ALL", "--security-opt=no-new-privileges")
# gunicorn takes a worker that stood still with its whole container for one that hangs.
PATIENT = {"GUNICORN_CMD_ARGS": "--timeout=3600"}
# Seconds of the processors, by the container's own control group, of version 2 or 1.
USED = "cat /sys/fs/cgroup/cpu.stat 2>/dev/null || cat /sys/fs/cgroup/cpuacct/cpuacct.usage"
# Of each process in a container: its parent, its name, and its memory, where what several share counts in parts.
LOOK = "for p in /proc/[0-9]*; do echo $(grep -s -h -E '^(Pid|PPid|Name|Pss):' $p/status $p/smaps_rollup); done"
OUTSIDERS = frozenset({"sh", "grep", "sleep"})


@dataclass(frozen=True)
class Process:
    """A process inside a container, by the numbers that it has there; memory in bytes."""

    number: int
    parent: int
    name: str
    memory: int


@dataclass(frozen=True)
class Container:
    """A running container.

    Attributes:
        database: the container with its database.
        others: containers that nobody else needs: they stand still when this one does.
    """

    name: str
    address: str
    database: str
    others: tuple[str, ...] = ()
    port: int = PORT

    @property
    def url(self) -> str:
        return f"http://{self.address}:{self.port}"

    @contextmanager
    def awake(self) -> Iterator[None]:
        """Runs for a while; before and after it stands still, and takes nothing from those whose turn it is."""
        run(["docker", "unpause", self.name, *self.others], HERE)
        try:
            yield
        finally:
            self.still()

    def still(self) -> None:
        run(["docker", "pause", self.name, *self.others], HERE)

    def processes(self) -> list[Process]:
        """Its processes, without the one that looks."""
        found = [process(line) for line in run(["docker", "exec", self.name, "sh", "-c", LOOK], HERE).splitlines()]
        return [process for process in found if process and process.name not in OUTSIDERS]

    def processor_times(self) -> tuple[float, float]:
        """Seconds that it (and what runs for it alone) and its database have used of the processors until now."""
        times = {
            name: used(run(["docker", "exec", name, "sh", "-c", USED], HERE))
            for name in (self.name, *self.others, self.database)
        }
        return sum(times.values()) - times[self.database], times[self.database]

    def logs(self) -> str:
        return tools.run(["docker", "logs", "--tail=40", self.name], HERE).all


@dataclass(frozen=True)
class Stage:
    """Where servers stand. `exits` takes them away again."""

    name: str
    generator: Generator
    password: str
    exits: ExitStack
    numbers: Iterator[int]

    def environment(self) -> dict[str, str]:
        """What every container with the project's code gets."""
        return {
            "SECRET_KEY": secrets.token_urlsafe(50),
            "DEBUG": "False",
            "ALLOWED_HOSTS": "localhost",
            "CSRF_TRUSTED_ORIGINS": "https://localhost",
            "DATABASE_URL": f"postgres://{USER}:{self.password}@{self.name}-db:5432/{DATABASE}",
        }

    def once(self, image: str, *command: str) -> str:
        """Runs a command in a container of its own; what it wrote."""
        values = self.environment()
        argv = ["docker", "run", "--rm", f"--network={self.name}", *_named(values), image, *command]
        return run(argv, HERE, values)

    def start(self, image: str, environment: Mapping[str, str], command: Sequence[str] = ()) -> Container:
        """A server; with a command it runs that and nothing before it, else what the image says.

        Raises:
            RuntimeError: it does not answer.
        """
        full = f"{self.name}-{next(self.numbers)}"
        entry, *rest = command or [""]
        argv = ["docker", "run", "--detach", f"--name={full}", f"--network={self.name}", *HARDENED]
        argv += [f"--entrypoint={entry}"] if entry else []
        values = {**self.environment(), **PATIENT, **environment}
        run([*argv, *_named(values), image, *rest], HERE, values)
        self.exits.callback(_remove, full)
        return self.waited_for(Container(full, address(full, self.name), f"{self.name}-db"))

    def waited_for(self, container: Container) -> Container:
        """A container that answers.

        Raises:
            RuntimeError: it does not.
        """
        try:
            tools.eventually(lambda: self.generator.page(f"{container.url}/"), LONGEST_START)
        except AssertionError as error:
            raise RuntimeError(f"{container.name} does not answer:\n{container.logs()}") from error
        return container

    def behind_proxy(self, server: Container, image: str, caddyfile: Path) -> Container:
        """A proxy before a server, which no other contender may be: production's own, with production's own file."""
        full = f"{self.name}-{next(self.numbers)}"
        # As in Compose, where the name of the service leads to its containers.
        for action in (["disconnect"], ["connect", "--alias=web"]):
            run(["docker", "network", *action, self.name, server.name], HERE)
        mounted = f"--mount=type=bind,source={caddyfile},target={caddy.CADDYFILE_INSIDE},readonly"
        run(["docker", "run", "--detach", f"--name={full}", f"--network={self.name}", mounted, image], HERE)
        self.exits.callback(_remove, full)
        container = Container(full, address(full, self.name), server.database, (server.name,), HTTP)
        return self.waited_for(container)

    def remove(self, container: Container) -> None:
        """Takes a server away before all others go."""
        _remove(container.name)

    @contextmanager
    def admitted(self, container: str, network: str, database: str) -> Iterator[Container]:
        """Lets the load into the network of a container that something else has started, with its own database."""
        run(["docker", "network", "connect", network, self.generator.container], HERE)
        try:
            yield Container(container, address(container, network), database, (database,))
        finally:  # else who has made the network could not take it away
            tools.run(["docker", "network", "disconnect", "--force", network, self.generator.container], HERE)


@contextmanager
def opened(connections: int) -> Iterator[Stage]:
    """A stage with a database that is empty and answers; all that stands on it is gone afterwards."""
    name = f"djdock-benchmark-{secrets.token_hex(4)}"
    password = secrets.token_hex(16)
    with ExitStack() as exits:
        run(["docker", "build", "--quiet", f"--tag={GENERATOR}", "generator"], HERE)
        run(["docker", "network", "create", name], HERE)
        exits.callback(tools.run, ["docker", "network", "rm", name], HERE)
        database = {"POSTGRES_USER": USER, "POSTGRES_DB": DATABASE, "POSTGRES_PASSWORD": password}
        _detach(exits, f"{name}-db", [*_named(database), POSTGRES, *ROOM], database)
        _detach(exits, f"{name}-load", [GENERATOR], {})
        ready = ["docker", "exec", f"{name}-db", "pg_isready", "--host=127.0.0.1", f"--username={USER}"]
        tools.eventually(lambda: tools.run(ready, HERE).code == 0, LONGEST_START, "PostgreSQL does not answer")
        yield Stage(name, Generator(f"{name}-load", connections), password, exits, count())


def address(container: str, network: str) -> str:
    """The address of a container in one of its networks."""
    said = run(["docker", "inspect", "--format={{json .NetworkSettings.Networks}}", container], HERE)
    return str(json.loads(said)[network]["IPAddress"])


def servers(processes: Sequence[Process]) -> list[Process]:
    """Those that answer: the ones without children, as large as a process with Django in it."""
    parents = {process.parent for process in processes}
    leaves = [process for process in processes if process.number not in parents]
    largest = max((process.memory for process in leaves), default=0)
    return [process for process in leaves if process.memory > largest / 2]


def _detach(exits: ExitStack, container: str, rest: Sequence[str], environment: Mapping[str, str]) -> None:
    """Starts a container in the stage's network, which its name begins with."""
    network = container.rpartition("-")[0]
    run(
        ["docker", "run", "--detach", "--init", f"--name={container}", f"--network={network}", *rest], HERE, environment
    )
    exits.callback(_remove, container)


def _remove(container: str) -> None:
    tools.run(["docker", "rm", "--force", "--volumes", container], HERE)


def _named(environment: Mapping[str, str]) -> list[str]:
    """Names only: Docker's client takes the values out of its own environment, where nobody else sees them."""
    return [f"--env={name}" for name in environment]


def used(said: str) -> float:
    """Seconds: of `usage_usec 1500000` and more lines, or of nanoseconds alone."""
    words = said.split()
    return int(words[0]) / 1e9 if len(words) == 1 else int(words[words.index("usage_usec") + 1]) / 1e6


def process(line: str) -> Process | None:
    """`Name: gunicorn Pid: 1 PPid: 0 Pss: 23616 kB`, or None for one that has ended meanwhile."""
    words = line.split()
    found = {key.rstrip(":"): words[at + 1] for at, key in enumerate(words[:-1]) if key.endswith(":")}
    if not {"Name", "Pid", "PPid", "Pss"} <= found.keys():
        return None
    return Process(int(found["Pid"]), int(found["PPid"]), found["Name"], int(found["Pss"]) * 1024)
