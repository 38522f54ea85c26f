"""A Swarm to test on, and how a stack is taken away again with all that it brought."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from tests import tools
from tests.tools import run

HERE = Path.cwd()
NAMESPACE = "com.docker.stack.namespace"


# There while the Swarm is one that this run of the tests made; its processes inherit the name from the first of them.
MADE = Path(tempfile.gettempdir()) / f"djdock-swarm-{os.environ.setdefault('DJDOCK_TESTS', str(os.getpid()))}"


def manager() -> None:
    """Sees to it that there is a Swarm. One that was there before stays; one that was not is left by `leave`."""
    before = run(["docker", "info", "--format", "{{.Swarm.LocalNodeState}}"], HERE).ok().out.strip()
    if before == "inactive":
        run(["docker", "swarm", "init", "--advertise-addr", "127.0.0.1"], HERE).ok()
        MADE.touch()


def leave() -> None:
    """Leaves the Swarm that `manager` made, once nothing else runs.

    With it Docker 20.10 forgets the names on all its networks: a site that is up no longer finds its database.
    """
    if MADE.exists():
        MADE.unlink()
        run(["docker", "swarm", "leave", "--force"], HERE).ok()


def remove(stack: str, release: str) -> None:
    """Takes a stack away: services, networks, secrets, volumes, and the labels that its node got."""
    run(["docker", "stack", "rm", stack], HERE)
    labels = [word for what in ("data", "proxy") for word in ("--label-rm", f"{release}.{what}")]
    node = run(["docker", "info", "--format", "{{.Swarm.NodeID}}"], HERE).out.strip()
    run(["docker", "node", "update", *labels, node], HERE)
    # Docker 20.10 forgets the containers of jobs that have ended.
    ended = ["--filter", f"label={NAMESPACE}={stack}", "--filter", "status=exited", "--filter", f"name={stack}_migrate"]
    jobs = run(["docker", "ps", "--all", "--quiet", *ended], HERE).out.split()
    if jobs:
        run(["docker", "rm", *jobs], HERE)
    tools.eventually(lambda: not left_of(stack), 90)
    volumes = run(["docker", "volume", "ls", "--quiet", "--filter", f"name={stack}_"], HERE).out.split()
    if volumes:
        tools.eventually(lambda: run(["docker", "volume", "rm", "--force", *volumes], HERE).code == 0, 30)


def left_of(stack: str) -> str:
    """The containers and networks of a stack that are still there."""
    label = f"label={NAMESPACE}={stack}"
    found = run(["docker", "ps", "--all", "--quiet", "--filter", label], HERE).out
    return found + run(["docker", "network", "ls", "--quiet", "--filter", label], HERE).out
