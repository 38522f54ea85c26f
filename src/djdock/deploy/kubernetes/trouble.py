"""Why a pod does not run: what Kubernetes says of its containers, and the end of what they wrote."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from djdock.deploy import logs
from djdock.deploy.kubernetes.client import Cluster, Object
from djdock.deploy.kubernetes.image import how_to_load

# What a container waits for that does not come by itself.
# https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#container-states
FINAL = frozenset(
    {"ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName", "CrashLoopBackOff", "CreateContainerConfigError",
     "CreateContainerError", "RunContainerError", "StartError"}
)  # fmt: skip
PULLING = frozenset({"ImagePullBackOff", "ErrImagePull", "ErrImageNeverPull", "InvalidImageName"})
OTHER_PROCESSOR = ("exec format error", "no match for platform")
LINES = 20


@dataclass(frozen=True)
class Trouble:
    """A container that does not get on.

    Attributes:
        reason: Kubernetes' own word for it, such as `CrashLoopBackOff`.
        message: what it says beside.
        image: what the container is to be made from.
    """

    pod: str
    container: str
    reason: str
    message: str = ""
    image: str = ""

    @property
    def final(self) -> bool:
        """Whether waiting would not help."""
        return self.reason in FINAL


def of(pods: Sequence[Object]) -> Trouble | None:
    """The first container of some pods that does not get on; those for which waiting would not help come first."""
    found = [trouble for pod in pods for trouble in _troubles(pod)]
    return next((trouble for trouble in found if trouble.final), found[0] if found else None)


def _troubles(pod: Object) -> Iterator[Trouble]:
    name, status = pod["metadata"]["name"], pod.get("status") or {}
    for container in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        waiting = (container.get("state") or {}).get("waiting") or {}
        reason = waiting.get("reason", "")
        if reason and reason not in {"ContainerCreating", "PodInitializing"}:
            yield Trouble(name, container["name"], reason, waiting.get("message", ""), container.get("image", ""))
        ended = (container.get("state") or {}).get("terminated") or (container.get("lastState") or {}).get("terminated")
        if ended and ended.get("exitCode"):
            reason = ended.get("reason") or f"exit code {ended['exitCode']}"
            yield Trouble(name, container["name"], reason, ended.get("message", ""))
    if status.get("reason"):  # of the whole pod, which had to go for instance: Evicted
        yield Trouble(name, "", status["reason"], status.get("message", ""))
    for condition in status.get("conditions") or ():
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            yield Trouble(name, "", condition.get("reason", "Unschedulable"), condition.get("message", ""))
    if status.get("phase") == "Running":
        for container in status.get("containerStatuses") or ():
            if not container.get("ready"):
                yield Trouble(name, container["name"], "NotReady")


def evidence(cluster: Cluster, trouble: Trouble) -> str:
    """What a person needs to see: Kubernetes' word, and the end of the container's log."""
    words = ": ".join(part for part in (trouble.pod, trouble.container, trouble.reason, trouble.message) if part)
    if not trouble.container or trouble.reason in PULLING:
        return words
    parts = ["logs", trouble.pod, f"--container={trouble.container}", f"--tail={logs.TAIL}"]
    # Of a container that was started again, what the one before it wrote.
    before, now = cluster.run(*parts, "--previous"), cluster.run(*parts)
    log = next((done.stdout for done in (before, now) if done.ok and done.stdout.strip()), "")
    if not log and trouble.reason == "NotReady":
        log = "It has written nothing, and does not answer its readiness probe."
    return f"{words}\n{logs.end(log, LINES)}"


def advice(cluster: Cluster, trouble: Trouble | None, text: str, *, gone: bool = False) -> str:
    """What to do about it; of a pod that is gone nothing more can be seen."""
    if any(word in text for word in OTHER_PROCESSOR):
        return (
            "The image is for another processor than the cluster's nodes have. Build it for theirs:\n"
            "djdock build --platform linux/amd64 --push (or linux/arm64: kubectl get nodes --output wide)"
        )
    if trouble is not None and trouble.reason in PULLING and (command := how_to_load(trouble.image, cluster)):
        return f"The cluster on this machine has images of its own. Give it this one:\n{command}"
    if trouble is not None and trouble.reason in PULLING:
        return (
            "The nodes cannot pull the image. Is it pushed? Where the registry is private, give the cluster what "
            "`docker login` has written:\n"
            f"kubectl create secret generic registry --namespace {cluster.namespace} "
            "--type kubernetes.io/dockerconfigjson --from-file .dockerconfigjson=$HOME/.docker/config.json"
        )
    if trouble is not None and trouble.reason == "Unschedulable":
        return (
            "No node has room for it: add one, or ask for less (`resources` in k8s/base), then the same command again."
        )
    correct = "Correct what the last lines say, then the same command again."
    if gone:
        return correct
    where = f" describe pod {trouble.pod}" if trouble is not None else " get events"
    return f"{correct}\nkubectl --namespace {cluster.namespace}{where}"
