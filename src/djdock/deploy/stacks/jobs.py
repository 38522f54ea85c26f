"""One-off jobs: a command in production's environment, as a service of the stack that ends and is removed again."""

from __future__ import annotations

import copy
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from djdock.deploy.stacks import cluster, services, stack_file
from djdock.deploy.stacks.services import NAMESPACE, Task
from djdock.deploy.stacks.stack_file import Stack
from djdock.errors import Problem
from djdock.plan.production.release import SECRETS_INSIDE, STACK_FILE, USER
from djdock.process import Result, run

# On the services that djdock makes and removes, so that it finds those that a crash has left.
LABEL = "djdock.job"
INPUT = "input"
WAIT = "WAIT_FOR_MIGRATIONS"
# What a job does not have of the service that it is made like.
NOT_OF_JOBS = ("ports", "healthcheck", "stop_grace_period")
PATIENCE = 30.0


def run_once(stack: Stack, command: Sequence[str] = (), stdin: str = "", *, pinned: bool = True) -> Result:
    """Runs something once, in a service like the stack's `migrate`, and waits for its end.

    Args:
        command: what to run; empty: the migration.
        pinned: on the node that the file names; else on any, as long as no node has the label.

    Raises:
        Problem: no node can run it, or the Swarm does not answer.
    """
    first = not services.find(stack.name)
    _sweep(stack)
    name = f"job-{secrets.token_hex(4)}"
    with _input(stack, name, stdin) as secret:
        document = stack_file.piece(stack, {name: _like_migrate(stack)})
        job = document["services"][name]
        if not pinned:
            job["deploy"].pop("placement", None)
        if command:
            job["command"] = [word.replace("$", "$$") for word in command]
        if secret:
            _read_from(document, job, secret)
        try:
            stack_file.send(stack, document)
            task = _end_of(stack.scoped(name))
            out, err = services.logs(task)
            return Result(_code(task), out, err if out or err else task.error)
        finally:
            run(["docker", "service", "rm", stack.scoped(name)])
            if first:
                _take_away(stack)


def _like_migrate(stack: Stack) -> dict[str, Any]:
    """A service that runs once. It is none of Swarm's jobs: of those Docker 20.10 leaves the containers behind."""
    there = stack.services
    job = copy.deepcopy(there.get("migrate") or there.get("web") or {})
    if not job:
        raise Problem(f"{STACK_FILE} has no service migrate.", hint="Bring it back, then: djdock deploy swarm")
    for key in NOT_OF_JOBS:
        job.pop(key, None)
    if isinstance(job.get("environment"), Mapping):
        job["environment"].pop(WAIT, None)
    deploy = job.get("deploy") or {}
    job["healthcheck"] = {"disable": True}
    job["deploy"] = {
        "labels": {LABEL: "true"},
        "restart_policy": {"condition": "none"},
        **{key: deploy[key] for key in ("placement", "resources") if key in deploy},
    }
    return job


def _read_from(document: dict[str, Any], job: dict[str, Any], secret: str) -> None:
    """Lets a job read its standard input from a secret: a service has no other."""
    document.setdefault("secrets", {})[INPUT] = {"external": True, "name": secret}
    job["secrets"] = [
        *job.get("secrets", ()),
        {"source": INPUT, "target": INPUT, "uid": str(USER), "gid": str(USER), "mode": 0o400},
    ]
    job["command"] = ["sh", "-c", f'exec "$$@" < {SECRETS_INSIDE}/{INPUT}', "sh", *job["command"]]


@contextmanager
def _input(stack: Stack, name: str, stdin: str) -> Iterator[str]:
    """The name of a secret that holds what a job reads; empty where it reads nothing."""
    if not stdin:
        yield ""
        return
    secret = f"{stack.name}_{name}"
    label = f"{NAMESPACE}={stack.name}"
    cluster.asked(["docker", "secret", "create", "--label", label, secret, "-"], stdin=stdin)
    try:
        yield secret
    finally:
        run(["docker", "secret", "rm", secret])


def _end_of(service: str) -> Task:
    """Waits for the end of a job's only task.

    Raises:
        Problem: no node takes it.
    """
    found: list[Task] = []

    def has_ended() -> bool:
        found[:] = services.tasks(service)
        return bool(found) and found[0].state in services.ENDED

    def is_on_its_way() -> bool:
        has_ended()
        return bool(found) and found[0].state not in {"new", "allocated", "pending"}

    if not services.until(is_on_its_way, PATIENCE):
        raise Problem(
            "No node of the Swarm can run the new image.",
            details=found[0].error if found else "",
            hint="See which nodes there are: docker node ls\nThen: djdock deploy swarm",
        )
    _wait_for(has_ended)
    return found[0]


def _wait_for(condition: Callable[[], bool]) -> None:
    # A migration may take hours.
    while not services.until(condition, 3600):
        continue


def _code(task: Task) -> int:
    if task.state == "complete":
        return 0
    return task.exit_code or 1


def _sweep(stack: Stack) -> None:
    """Removes jobs that a djdock which was killed has left behind, once they have ended.

    Raises:
        Problem: one is still at work; it may be a migration, and two at once would be in each other's way.
    """
    left = [service.name for name, service in services.find(stack.name).items() if name.startswith("job-")]
    for service in left:

        def has_ended(service: str = service) -> bool:
            return all(task.state in services.ENDED for task in services.tasks(service))

        if not services.until(has_ended, PATIENCE):
            raise Problem(
                "What an earlier command began is still at work: a migration, for example.",
                details=service,
                hint=f"What it says: docker service logs {service}\nWait for its end, or end it: docker service rm "
                f"{service}\nThen the same command again.",
            )
        run(["docker", "service", "rm", service])


def _take_away(stack: Stack) -> None:
    """Takes networks, secrets and configs away again that the stack's first job has brought: nothing else runs yet."""
    if services.find(stack.name):
        return
    # A network goes when its last container is gone.
    services.until(lambda: run(["docker", "stack", "rm", stack.name]).ok and not _left(stack), PATIENCE)


def _left(stack: Stack) -> bool:
    return any(services.names_of(kind, stack.name) for kind in ("network", "secret", "config"))
