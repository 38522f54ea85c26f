"""What is in the way of a deployment to Swarm, from what the engine says of itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from djdock.deploy.stacks import cluster
from djdock.deploy.stacks.cluster import Node
from djdock.deploy.targets import swarm
from djdock.deploy.targets.target import Site
from djdock.errors import Problem
from djdock.plan.production.release import Release

MANAGERS = [{"NodeID": "a", "Addr": "192.0.2.1:2377"}]
ONE = Node("a", "one", "192.0.2.1", manager=True, usable=True, here=True, labels={"shop.data": "true"})
TWO = Node("b", "two", "192.0.2.2", manager=False, usable=True, here=False, labels={"shop.proxy": "false"})


@pytest.mark.parametrize(
    ("state", "says", "advice"),
    [
        ({"LocalNodeState": "inactive"}, "not part of a Swarm", "docker swarm init"),
        ({}, "not part of a Swarm", "docker context use"),
        ({"LocalNodeState": "locked"}, "is locked", "docker swarm unlock"),
        ({"LocalNodeState": "error", "Error": "no certificate"}, "does not get into its Swarm", "Correct"),
        (
            {"LocalNodeState": "active", "ControlAvailable": False, "NodeID": "b", "RemoteManagers": MANAGERS},
            "managers: 192.0.2.1:2377",
            "docker node promote b",
        ),
    ],
)
def test_an_engine_that_manages_no_swarm(state: dict[str, object], says: str, advice: str) -> None:
    """Each state has its own reason, and its own next step."""
    found = cluster.no_manager(state)
    assert found is not None
    assert says in found.cause
    assert advice in found.hint


def test_a_manager_is_left_in_peace() -> None:
    """Where the engine manages a Swarm there is nothing to say."""
    assert cluster.no_manager({"LocalNodeState": "active", "ControlAvailable": True}) is None


def test_several_nodes_need_a_choice() -> None:
    """Which node holds the data is a person's choice: nothing is asked of the engine, and the command is shown."""
    assert cluster.unlabelled(("shop.data", "shop.proxy"), (ONE, TWO)) == ("shop.proxy",)
    with pytest.raises(Problem, match=r"shop\.proxy") as problem:
        cluster.give_labels(("shop.data", "shop.proxy"), (ONE, TWO))
    assert "docker node update --label-add shop.proxy=true NODE" in problem.value.hint
    cluster.give_labels(("shop.data",), (ONE, TWO))


def test_several_nodes_need_a_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the node that builds an image has it; the others pull. The nodes are made up: a test has one machine."""

    def asked(image: str, *nodes: Node) -> Problem | None:
        monkeypatch.setattr(cluster, "nodes", lambda: nodes)
        return swarm.needs_registry(Site(Path(), Release("shop", ()), {}, image, Path()))

    assert asked("shop:latest", ONE) is None
    assert asked("registry.example.com/shop:1", ONE, TWO) is None
    found = asked("shop:latest", ONE, TWO)
    assert found is not None
    assert "2 nodes" in found.cause
    assert "djdock build --tag registry.example.com/NAME:1 --push" in found.hint
