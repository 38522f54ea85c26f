"""What pods say of themselves is understood: where waiting does not help, what comes first, what is no trouble."""

from __future__ import annotations

from typing import Any

import pytest

from djdock.deploy.kubernetes import rollout, trouble
from djdock.deploy.kubernetes.rollout import State


def pod(**status: Any) -> dict[str, Any]:
    """A pod as the API server describes it."""
    return {"metadata": {"name": "web-1"}, "status": status}


def container(name: str, **state: Any) -> dict[str, Any]:
    """A container's status."""
    return {"name": name, "image": "blog:1", "ready": False, **state}


WAITING_INIT = container("wait-for-migrations", state={"waiting": {"reason": "PodInitializing"}})
CRASHED_INIT = container(
    "wait-for-migrations",
    state={"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s"}},
    lastState={"terminated": {"exitCode": 1, "reason": "Error"}},
)
KILLED = container("web", state={"running": {}}, lastState={"terminated": {"exitCode": 137, "reason": "OOMKilled"}})
UNSCHEDULED = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "Insufficient cpu"}
EVICTED = {"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: ephemeral-storage."}
RUNNING = container("web", state={"running": {}})


@pytest.mark.parametrize(
    ("status", "reason", "final"),
    [
        ({"phase": "Pending", "initContainerStatuses": [CRASHED_INIT]}, "CrashLoopBackOff", True),
        ({"phase": "Running", "containerStatuses": [KILLED]}, "OOMKilled", False),
        ({"phase": "Pending", "conditions": [UNSCHEDULED]}, "Unschedulable", False),
        (EVICTED, "Evicted", False),
        ({"phase": "Running", "containerStatuses": [RUNNING]}, "NotReady", False),
    ],
)
def test_trouble_is_recognised(status: dict[str, Any], reason: str, final: bool) -> None:
    """A crash, too little memory, no room, an eviction, a probe that fails: each is named as Kubernetes does."""
    found = trouble.of([pod(phase="Running"), pod(**status)])
    assert found is not None
    assert (found.reason, found.final) == (reason, final)


@pytest.mark.parametrize(
    "status",
    [
        {},
        {"phase": "Pending", "initContainerStatuses": [WAITING_INIT]},
        {"phase": "Pending", "containerStatuses": [container("w", state={"waiting": {"reason": "ContainerCreating"}})]},
        {"phase": "Running", "containerStatuses": [{**RUNNING, "ready": True}]},
        {"phase": "Succeeded", "containerStatuses": [container("manage", state={"terminated": {"exitCode": 0}})]},
    ],
)
def test_what_is_on_its_way_is_no_trouble(status: dict[str, Any]) -> None:
    """A pod that is just starting, is ready, or has done its work is left to it."""
    assert trouble.of([pod(**status)]) is None


def test_what_does_not_get_better_comes_first() -> None:
    """Of several pods, the one that waiting does not help is told."""
    slow = pod(phase="Running", containerStatuses=[RUNNING])
    found = trouble.of([slow, pod(phase="Pending", initContainerStatuses=[CRASHED_INIT])])
    assert found is not None
    assert found.final


@pytest.mark.parametrize(
    ("status", "done"),
    [
        ({"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}, True),
        ({"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}, False),
        ({"observedGeneration": 2, "replicas": 3, "updatedReplicas": 2, "availableReplicas": 3}, False),
        ({"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 1}, False),
        ({}, False),
    ],
)
def test_a_rollout_is_done_when_all_pods_are_new(status: dict[str, int], done: bool) -> None:
    """Not before the controller has seen the change, the last old pod is gone, and every new one is ready."""
    deployment = {"metadata": {"generation": 2}, "spec": {"replicas": 2}, "status": status}
    assert rollout.state_of(deployment).done is done
    assert State(wanted=0, updated=0, available=0, total=0, seen=True).done
