"""Follows what the cluster does with a new image: a Job to its end, Deployments until they are healthy."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from djdock.deploy.kubernetes import trouble
from djdock.deploy.kubernetes.client import REQUEST, Cluster, Object
from djdock.deploy.kubernetes.manifests import COMPONENT, Manifests
from djdock.errors import Problem

if TYPE_CHECKING:  # the targets import this module
    from djdock.deploy.targets.target import Progress

REVISION = "deployment.kubernetes.io/revision"
# The label by which a ReplicaSet knows its pods.
HASH = "pod-template-hash"
# Seconds between two looks.
PAUSE = 1.0


class Failed(Exception):
    """A rollout that does not become healthy: what does not get on, the evidence, and what to do."""

    def __init__(self, name: str, details: str, hint: str) -> None:
        super().__init__(name)
        self.name = name
        self.details = details
        self.hint = hint


@dataclass(frozen=True)
class State:
    """How far a Deployment is."""

    wanted: int
    updated: int
    available: int
    total: int
    seen: bool

    @property
    def done(self) -> bool:
        """Whether all pods are new ones, and ready."""
        return (
            self.seen and self.updated >= self.wanted and self.total <= self.updated and self.available >= self.wanted
        )


def state_of(deployment: Object) -> State:
    """How far a Deployment is."""
    status = deployment.get("status") or {}
    return State(
        wanted=int(deployment["spec"].get("replicas", 1)),
        updated=int(status.get("updatedReplicas", 0)),
        available=int(status.get("availableReplicas", 0)),
        total=int(status.get("replicas", 0)),
        seen=int(status.get("observedGeneration", 0)) >= int(deployment["metadata"].get("generation", 0)),
    )


def migrate(cluster: Cluster, manifests: Manifests, progress: Progress) -> None:
    """Runs the Job that migrates, and waits for its end, however long that takes.

    One that is still at it (after Ctrl-C, say) is waited for; one that has ended is done again, which does nothing
    where nothing is left to do.

    Raises:
        Problem: a migration fails, or its pod does not start.
    """
    job = manifests.migration
    name = job["metadata"]["name"]
    there = cluster.get("job", name)
    if there is None or not (there.get("status") or {}).get("active"):
        cluster.do("delete the last Job", "delete", "job", name, "--ignore-not-found", "--cascade=foreground", REQUEST)
        cluster.apply([job])
    progress("migrating")
    while True:
        found = cluster.get("job", name)
        if found is None:
            raise Problem(f"Somebody has deleted the Job {name} while it migrated.", hint="Try the same command again.")
        status = found.get("status") or {}
        if status.get("succeeded"):
            return
        pods = cluster.select("pods", f"job-name={name}")
        trouble_found = trouble.of(pods)
        if status.get("failed") or (trouble_found is not None and trouble_found.final):
            text = trouble.evidence(cluster, trouble_found) if trouble_found is not None else _why(found)
            # It would be tried again, now that a person looks after it.
            cluster.run("delete", "job", name, "--ignore-not-found", "--wait=false", REQUEST)
            raise Problem(
                "The migrations could not be applied. Nothing was switched: the old version serves as before.",
                details=text,
                hint=trouble.advice(cluster, trouble_found, text),
            )
        time.sleep(PAUSE)


def _why(job: Object) -> str:
    conditions = (job.get("status") or {}).get("conditions") or ()
    return next((str(one.get("message", "")) for one in conditions if one["type"] == "Failed"), "The Job has failed.")


def revisions(cluster: Cluster, names: Sequence[str]) -> dict[str, str]:
    """The revision that each Deployment has now; those that are not there yet are left out."""
    found = {name: cluster.get("deployment", name) for name in names}
    return {
        name: str((one["metadata"].get("annotations") or {}).get(REVISION, "0"))
        for name, one in found.items()
        if one is not None
    }


def follow(cluster: Cluster, name: str, end: float, progress: Progress) -> None:
    """Waits until all pods of a Deployment are new and ready; `end` is of the monotonic clock.

    Raises:
        Failed: that does not happen.
    """
    while True:
        deployment = cluster.get("deployment", name)
        if deployment is None:
            raise Failed(name, f"Somebody has deleted the Deployment {name}.", "Try the same command again.")
        state = state_of(deployment)
        if state.done:
            return
        progress(f"waiting for {name} ({min(state.updated, state.available)} of {state.wanted})")
        found = trouble.of(_new_pods(cluster, deployment))
        if (message := _given_up(deployment)) and found is None:
            raise Failed(name, message, trouble.advice(cluster, None, message))
        if found is not None and (found.final or message or time.monotonic() > end):
            text = trouble.evidence(cluster, found)
            raise Failed(name, text, trouble.advice(cluster, found, text))
        if time.monotonic() > end:
            raise Failed(name, f"{name} has no pod that says why.", trouble.advice(cluster, None, ""))
        time.sleep(PAUSE)


def _new_pods(cluster: Cluster, deployment: Object) -> list[Object]:
    """The pods of the newest revision: what is wrong with old ones is not what is waited for."""
    revision = (deployment["metadata"].get("annotations") or {}).get(REVISION)
    component = deployment["spec"]["template"]["metadata"]["labels"][COMPONENT]
    for one in cluster.select("replicasets", f"{COMPONENT}={component}"):
        if (one["metadata"].get("annotations") or {}).get(REVISION) == revision:
            return cluster.select("pods", f"{HASH}={one['metadata']['labels'][HASH]}")
    return []


def _given_up(deployment: Object) -> str:
    """Why the cluster itself has given up on a rollout; empty where it has not."""
    for condition in (deployment.get("status") or {}).get("conditions") or ():
        refused = condition["type"] == "ReplicaFailure" and condition["status"] == "True"
        stuck = condition["type"] == "Progressing" and condition["status"] == "False"
        if refused or stuck:
            return str(condition.get("message") or condition.get("reason") or condition["type"])
    return ""


def undo(cluster: Cluster, before: Mapping[str, str]) -> None:
    """Brings Deployments back to the revisions that they had; the old pods are there still, so nobody notices."""
    for name, revision in before.items():
        now = revisions(cluster, [name]).get(name)
        if now not in {None, "0", revision} and revision != "0":
            cluster.run("rollout", "undo", f"deployment/{name}", f"--to-revision={revision}", REQUEST)
