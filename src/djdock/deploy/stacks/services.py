"""What runs on the Swarm: services, their tasks, and how an update of one goes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from djdock.deploy.logs import end
from djdock.deploy.stacks import cluster
from djdock.deploy.stacks.cluster import asked
from djdock.errors import Problem
from djdock.process import run
from djdock.service import Progress

# What `docker stack deploy` writes on what it makes.
NAMESPACE, IMAGE = "com.docker.stack.namespace", "com.docker.stack.image"
# A task in one of these has ended, or never began. https://docs.docker.com/engine/swarm/how-swarm-mode-works/swarm-task-states/
ENDED = frozenset({"complete", "failed", "rejected", "shutdown", "orphaned", "remove"})
BROKEN = frozenset({"failed", "rejected", "orphaned"})
# An update that goes back, or has stopped where it was.
GIVEN_UP = frozenset({"paused", "rollback_started", "rollback_paused", "rollback_completed"})
# Seconds between two looks, and how long a task may find no node before that counts as a failure.
PAUSE, PATIENCE = 0.5, 10.0
# What helps, by what Docker says.
NODES = "See which nodes there are, and what they have left: docker node ls, docker node inspect self --pretty"
HINTS = (
    ("already in use", "Another program has the port: end it, or set HTTP_PORT and HTTPS_PORT in .env.production"),
    ("no suitable node", NODES),
    ("insufficient resources", NODES),
    ("No such image", "Push the image to a registry that every node reaches: djdock build --push"),
    ("no space left", "Make room on the node: docker system df"),
    ("exec format error", "Build the image for the node's processor: djdock build --platform linux/amd64 --push"),
)  # fmt: skip
# So many tasks of a new service may end before it counts as broken.
ATTEMPTS = 3


@dataclass(frozen=True)
class Service:
    """A service of a stack.

    Attributes:
        name: in the Swarm: `blog_web`.
        image: as the stack file names it.
        replicas: how many tasks it is to have; None for one that does not say.
        update: the state of its last update: `updating`, `completed`, `rollback_completed` …; empty without one.
        uses: the ids of the secrets and configs that it or its version before needs.
    """

    id: str
    name: str
    image: str
    replicas: int | None
    update: str = ""
    job: bool = False
    uses: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Task:
    """One container of a service, past or present."""

    id: str
    state: str
    desired: str
    node: str
    container: str
    error: str = ""
    exit_code: int | None = None

    @property
    def running(self) -> bool:
        return self.state == "running" and self.desired == "running"


@dataclass(frozen=True)
class Goal:
    """What is waited for.

    Attributes:
        services: their names in the Swarm.
        seconds: how long it may take.
        known: tasks that were there before, and say nothing of the new ones.
    """

    services: tuple[str, ...]
    seconds: float
    progress: Progress
    known: frozenset[str] = field(default=frozenset())


class Failed(Exception):
    """A service did not get to where it should; `reason` is a sentence, `task` one that shows why, if there is one."""

    def __init__(self, service: str, reason: str, task: Task | None = None) -> None:
        super().__init__(reason)
        self.service, self.reason, self.task = service, reason, task


def find(stack: str) -> dict[str, Service]:
    """The services of a stack by their names in it.

    Raises:
        Problem: the Swarm does not answer.
    """
    ids = asked(["docker", "service", "ls", "--quiet", "--filter", f"label={NAMESPACE}={stack}"]).stdout.split()
    if not ids:
        return {}
    done = run(
        ["docker", "service", "inspect", *ids]
    )  # one of them may be gone again; the others are told all the same
    return {
        entry["Spec"]["Name"].removeprefix(f"{stack}_"): _service(entry) for entry in json.loads(done.stdout or "[]")
    }


def _service(entry: Mapping[str, Any]) -> Service:
    spec, update = entry["Spec"], entry.get("UpdateStatus") or {}
    container = spec["TaskTemplate"]["ContainerSpec"]
    replicated = spec["Mode"].get("Replicated")
    return Service(
        id=entry["ID"],
        name=spec["Name"],
        image=spec["Labels"].get(IMAGE) or container["Image"],
        replicas=replicated.get("Replicas", 0) if replicated is not None else None,
        update=update.get("State", ""),
        job="ReplicatedJob" in spec["Mode"] or "GlobalJob" in spec["Mode"],
        uses=frozenset(_used(spec)) | frozenset(_used(entry.get("PreviousSpec") or {})),
    )


def _used(spec: Mapping[str, Any]) -> Iterator[str]:
    container = (spec.get("TaskTemplate") or {}).get("ContainerSpec") or {}
    yield from (one["SecretID"] for one in container.get("Secrets") or ())
    yield from (one["ConfigID"] for one in container.get("Configs") or ())


def tasks(service: str, *filters: str) -> tuple[Task, ...]:
    """The tasks of a service that the Swarm remembers, the newest first."""
    narrowed = [word for one in filters for word in ("--filter", one)]
    listed = run(["docker", "service", "ps", "--quiet", "--no-trunc", *narrowed, service])
    ids = listed.stdout.split() if listed.ok else []
    if not ids:
        return ()
    found = json.loads(run(["docker", "inspect", "--type", "task", *ids]).stdout or "[]")
    found.sort(key=lambda entry: entry["CreatedAt"], reverse=True)
    return tuple(_task(entry) for entry in found)


def _task(entry: Mapping[str, Any]) -> Task:
    status = entry["Status"]
    container = status.get("ContainerStatus") or {}
    return Task(
        id=entry["ID"],
        state=status["State"],
        desired=entry["DesiredState"],
        node=entry.get("NodeID", ""),
        container=container.get("ContainerID", ""),
        error=status.get("Err", ""),
        exit_code=container.get("ExitCode"),
    )


def known(names: Sequence[str]) -> frozenset[str]:
    """The tasks that some services have had up to now."""
    return frozenset(task.id for name in names for task in tasks(name))


def wait(goal: Goal) -> None:
    """Returns when every service has all its tasks, new and healthy, and its update has come to its end.

    Raises:
        Failed: one of them does not get there; whatever is to be done about that is the caller's business.
        Problem: the Swarm does not answer.
    """
    end = time.monotonic() + goal.seconds
    waiting: dict[str, float] = {}
    open_ones = list(goal.services)
    while open_ones:
        for name in tuple(open_ones):
            if _is_there(goal, name, waiting):
                open_ones.remove(name)
        if open_ones and time.monotonic() > end:
            task = _telling(tasks(open_ones[0]), goal.known)
            raise Failed(open_ones[0], f"after {goal.seconds:g} seconds it is not healthy", task)
        if open_ones:
            time.sleep(PAUSE)


def _is_there(goal: Goal, name: str, waiting: dict[str, float]) -> bool:
    """Whether a service has arrived; `waiting` holds since when its tasks find no node."""
    [entry] = json.loads(asked(["docker", "service", "inspect", name]).stdout)
    service = _service(entry)
    current = tasks(name, "_up-to-date=true")
    if service.update in GIVEN_UP:
        raise Failed(name, "its new tasks end, or do not become healthy", _telling(tasks(name), goal.known))
    broken = [task for task in current if task.state in BROKEN and task.id not in goal.known]
    if len(broken) >= ATTEMPTS and not service.update:
        raise Failed(name, "its tasks end again and again", broken[0])
    stuck = next((task for task in current if task.state == "pending" and task.error), None)
    since = waiting.setdefault(name, time.monotonic()) if stuck else waiting.pop(name, 0.0)
    if stuck and time.monotonic() - since > PATIENCE:
        raise Failed(name, stuck.error, None)
    ready = sum(task.running for task in current)
    wanted = service.replicas if service.replicas is not None else 1
    short = name.partition("_")[2]
    goal.progress(f"{short}: {ready} of {wanted} healthy" if ready < wanted else f"{short}: watching")
    return ready >= wanted and service.update in {"", "completed"}


def _telling(found: Sequence[Task], known: frozenset[str]) -> Task | None:
    """The new task that shows best what is wrong: one that has failed, else one that was to end, else any."""
    new = [task for task in found if task.id not in known]
    new.sort(key=lambda task: (task.state not in BROKEN, task.desired == "running"))
    return next(iter(new), None)


def settle(names: Sequence[str], seconds: float, progress: Progress) -> None:
    """Waits until no update of some services is under way: a second one would forget the version that worked."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        states = [_service(entry).update for entry in _inspected(names)]
        if not any(state in {"updating", "rollback_started"} for state in states):
            return
        progress("waiting for an update that is under way")
        time.sleep(PAUSE)


def _inspected(names: Sequence[str]) -> list[Any]:
    found: list[Any] = json.loads(run(["docker", "service", "inspect", *names]).stdout or "[]") if names else []
    return found


def go_back(name: str, seconds: float, progress: Progress) -> bool:
    """Takes a service back to its version before, unless the Swarm does that already; whether it is there again."""
    [entry] = _inspected([name]) or [None]
    if entry is None or (not entry.get("PreviousSpec") and not _service(entry).update.startswith("rollback")):
        return False
    if not _service(entry).update.startswith("rollback"):
        run(["docker", "service", "rollback", "--detach", name])
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        [entry] = _inspected([name]) or [{}]
        state = _service(entry).update if entry else ""
        if state in {"rollback_completed", "rollback_paused", "paused"}:
            return state == "rollback_completed"
        progress(f"{name.partition('_')[2]}: going back")
        time.sleep(PAUSE)
    return False


def evidence(failed: Failed) -> str:
    """What the failed task says: the Swarm's error, and the end of its log."""
    if failed.task is None:
        return failed.reason
    log = logs(failed.task)
    error = failed.task.error or failed.reason
    return "\n".join(part for part in (error, end(log[0] + log[1], 15)) if part)


def logs(task: Task) -> tuple[str, str]:
    """What a task has written to its two streams."""
    if task.container:
        done = run(["docker", "logs", task.container])
        if done.ok:
            return done.stdout, done.stderr
    # On another node, or the container is gone.
    done = run(["docker", "service", "logs", "--raw", task.id])
    return (done.stdout, done.stderr) if done.ok else ("", "")


def problem(failed: Failed, what: str, after: str) -> Problem:
    """The failure as a person is told of it."""
    error = failed.task.error if failed.task else failed.reason
    hint = next((hint for words, hint in HINTS if words in error), "Correct what the last line says")
    return Problem(
        f"{what}: {failed.reason.rstrip('.')}. {after}",
        details=evidence(failed),
        hint=f"{hint}, then: djdock deploy swarm\nAll of it: docker service ps --no-trunc {failed.service}",
    )


def remove_unused(stack: str) -> None:
    """Removes secrets and configs of a stack that neither a service nor its version before needs."""
    needed = frozenset().union(*(service.uses for service in find(stack).values()))
    for kind in ("secret", "config"):
        listed = run(["docker", kind, "ls", "--quiet", "--filter", f"label={NAMESPACE}={stack}"])
        unused = [one for one in listed.stdout.split() if one not in needed]
        if unused:
            run(["docker", kind, "rm", *unused])  # one that is in use after all stays


def names_of(kind: str, stack: str) -> tuple[str, ...]:
    """The names of a stack's networks, secrets or configs."""
    shown = "{{.Name}}"
    argv = ["docker", kind, "ls", "--filter", f"label={NAMESPACE}={stack}", "--format", shown]
    return tuple(cluster.asked(argv).stdout.split())


def until(condition: Callable[[], bool], seconds: float) -> bool:
    """Waits for a condition; whether it came true in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(PAUSE)
    return True
