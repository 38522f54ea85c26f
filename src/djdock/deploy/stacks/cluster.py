"""The Swarm itself: whether it can be used from here, its nodes and their labels."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from djdock.compose import availability
from djdock.errors import Problem, last_lines
from djdock.process import Result, ask, run

# The first that drops capabilities of a service, and limits its processes.
OLDEST_ENGINE = (20, 10)
AGAIN = "then: djdock deploy swarm"


@dataclass(frozen=True)
class Node:
    """A machine of the Swarm; `here` is the one whose engine is asked."""

    id: str
    name: str
    address: str
    manager: bool
    usable: bool
    here: bool
    labels: Mapping[str, str] = field(default_factory=dict)


def obstacle() -> Problem | None:
    """None when this engine manages a Swarm that can decide, else what is in the way."""
    if shutil.which("docker") is None:
        return Problem("Docker is not installed.", hint="Install it: https://docs.docker.com/engine/install/")
    engine = ask(["docker", "version", "--format", "{{.Server.Version}}"], seconds=availability.PATIENCE)
    if not engine.ok:
        found = availability.unreachable(engine.stderr)
        return Problem(
            found.cause, details=found.details, hint=f"{found.hint.splitlines()[0]}\nThen: djdock deploy swarm"
        )
    if _version(engine.stdout) < OLDEST_ENGINE:
        return Problem(
            f"Docker Engine {engine.stdout.strip()} is too old; 20.10 or newer is needed.",
            hint=f"Update it: https://docs.docker.com/engine/install/, {AGAIN}",
        )
    state = json.loads(run(["docker", "info", "--format", "{{json .Swarm}}"]).stdout or "{}")
    return no_manager(state) or _no_quorum()


def no_manager(state: Mapping[str, Any]) -> Problem | None:
    """Why the engine manages no Swarm, or None; `state` is what `docker info` says of it."""
    local, where = state.get("LocalNodeState", "inactive"), f"The Docker engine of context {context()}"
    if local == "locked":
        return Problem(
            f"{where} is part of a Swarm that is locked since it was started again.",
            hint=f"docker swarm unlock, {AGAIN}",
        )
    if local in {"inactive", "pending"}:
        return Problem(
            f"{where} is not part of a Swarm.",
            hint="To make it one, of one node at first: docker swarm init\n"
            f"If the Swarm is elsewhere: docker context ls, docker context use NAME, {AGAIN}",
        )
    if local == "error":
        return Problem(
            f"{where} does not get into its Swarm.",
            details=str(state.get("Error", "")),
            hint=f"Correct what it says, {AGAIN}",
        )
    if not state.get("ControlAvailable"):
        managers = ", ".join(str(one.get("Addr", "")) for one in state.get("RemoteManagers") or ())
        return Problem(
            f"{where} is a worker of its Swarm, and only a manager can deploy (managers: {managers or 'unknown'}).",
            hint="Use a manager: docker context create NAME --docker host=ssh://USER@MANAGER, docker context use NAME\n"
            f"Or make this one a manager, over there: docker node promote {state.get('NodeID', 'NODE')}; {AGAIN}",
        )
    return None


def _no_quorum() -> Problem | None:
    listed = ask(["docker", "node", "ls", "--quiet"], seconds=availability.PATIENCE)
    if listed.ok:
        return None
    return Problem(
        "The Swarm cannot decide anything: its managers have no leader.",
        details=last_lines(listed.text, 3),
        hint="Bring the other managers back: more than half of them must be there.\n"
        "https://docs.docker.com/engine/swarm/admin_guide/#recover-from-losing-the-quorum",
    )


def context() -> str:
    """The name of Docker's context, or the address that stands in its place."""
    if host := os.environ.get("DOCKER_HOST"):
        return host
    return os.environ.get("DOCKER_CONTEXT") or run(["docker", "context", "show"]).stdout.strip() or "default"


def nodes() -> tuple[Node, ...]:
    """The machines of the Swarm.

    Raises:
        Problem: it does not answer.
    """
    ids = asked(["docker", "node", "ls", "--quiet"]).stdout.split()
    here = run(["docker", "info", "--format", "{{.Swarm.NodeID}}"]).stdout.strip()
    return tuple(
        Node(
            id=entry["ID"],
            name=entry["Description"]["Hostname"],
            address=entry["Status"].get("Addr", ""),
            manager="ManagerStatus" in entry,
            usable=entry["Status"]["State"] == "ready" and entry["Spec"]["Availability"] == "active",
            here=entry["ID"] == here,
            labels=entry["Spec"].get("Labels") or {},
        )
        for entry in json.loads(asked(["docker", "node", "inspect", *ids]).stdout)
    )


def unlabelled(labels: Sequence[str], found: Sequence[Node]) -> tuple[str, ...]:
    """Which labels no node has."""
    return tuple(label for label in labels if not any(node.labels.get(label) == "true" for node in found))


def give_labels(labels: Sequence[str], found: Sequence[Node]) -> None:
    """Makes sure that each label is on a node; a Swarm of one node leaves no choice, and gets them.

    Raises:
        Problem: there are several nodes, and only a person knows which one it should be.
    """
    missing = unlabelled(labels, found)
    if not missing:
        return
    if len(found) > 1:
        names = ", ".join(node.name for node in found if node.usable)
        raise Problem(
            f"No node of the Swarm has the label {' or '.join(missing)}: nothing says where that is to run ({names}).",
            hint="\n".join(f"docker node update --label-add {label}=true NODE" for label in missing)
            + f"\n{AGAIN.capitalize()}",
        )
    words = [word for label in missing for word in ("--label-add", f"{label}=true")]
    asked(["docker", "node", "update", *words, found[0].id])


def asked(argv: Sequence[str], stdin: str = "") -> Result:
    """Runs a command of the engine's client.

    Raises:
        Problem: it fails.
    """
    done = run(argv, stdin=stdin)
    if not done.ok:
        raise Problem(
            f"`{' '.join(argv[:3])}` failed.",
            details=last_lines(done.text, 6),
            hint=f"Correct what the last line says, {AGAIN}",
        )
    return done


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:2])
