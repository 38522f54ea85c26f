"""A pod that runs one management command with the new image, and is gone again, with all that was made for it."""

from __future__ import annotations

import copy
import json
import secrets as chance
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from djdock.deploy.kubernetes import trouble
from djdock.deploy.kubernetes.client import REQUEST, Cluster, Object
from djdock.deploy.kubernetes.manifests import COMPONENT, Manifests
from djdock.errors import Problem
from djdock.process import Result

CONTAINER = "manage"
# Seconds between two looks.
PAUSE = 0.5
# Whatever happens to us, the cluster ends it.
LONGEST = 3600
ENDED = frozenset({"Succeeded", "Failed"})


@dataclass(frozen=True)
class Command:
    """What is to run: the arguments of manage.py, what it reads, and the seconds that it has to start."""

    arguments: Sequence[str]
    stdin: str = ""
    wait: float = 300.0


def run(cluster: Cluster, manifests: Manifests, secrets: Sequence[Object], command: Command) -> Result:
    """Runs a command like the migration Job, and gives what it wrote (both streams together) and its exit code.

    Its variables and secrets are copies that only this pod has: what runs keeps its own. Where the namespace is not
    there yet, the pod gets one of its own.

    Raises:
        Problem: it does not start.
    """
    name = f"{CONTAINER}-{chance.token_hex(4)}"
    with _place(cluster, name) as (there, made):
        _sweep(there)
        objects = _objects(there, manifests, secrets, name)
        pod = _pod(there, manifests, name, command, keeps_media=not made)
        try:
            there.apply(objects, "--server-side")
            there.do("create a pod", "create", "--filename=-", REQUEST, stdin=json.dumps(pod))
            _wait(there, name, command.wait, lambda phase: phase != "Pending")
            if command.stdin:
                there.run("attach", name, "--stdin", "--quiet", f"--container={CONTAINER}", stdin=command.stdin)
            ended = _wait(there, name, LONGEST, ENDED.__contains__)
            log = there.run("logs", name, f"--container={CONTAINER}")
            return Result(_exit_code(ended), log.stdout, "")
        finally:
            _remove(there, name, objects)


@contextmanager
def _place(cluster: Cluster, name: str) -> Iterator[tuple[Cluster, bool]]:
    """The namespace; where it is not there yet, one that goes away again, and True."""
    if cluster.has_namespace():
        yield cluster, False
        return
    own = replace(cluster, namespace=f"{cluster.namespace}-{name}"[:63])
    cluster.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": own.namespace}}])
    try:
        yield own, True
    finally:
        cluster.run("delete", "namespace", own.namespace, "--wait=false", REQUEST)


def _objects(cluster: Cluster, manifests: Manifests, secrets: Sequence[Object], name: str) -> list[Object]:
    """Copies of what the pod reads, under its own name."""
    found = []
    for one in (*manifests.where(lambda one: one["kind"] == "ConfigMap"), *secrets[:1]):
        metadata = {"name": name, "namespace": cluster.namespace, "labels": {COMPONENT: CONTAINER}}
        found.append({**one, "metadata": metadata})
    return found


def _pod(cluster: Cluster, manifests: Manifests, name: str, command: Command, *, keeps_media: bool) -> Object:
    """The pod, after the Job that migrates: it has the project's variables, secrets and limits."""
    template = copy.deepcopy(manifests.migration["spec"]["template"])
    labels = {**template["metadata"]["labels"], COMPONENT: CONTAINER}
    spec = template["spec"]
    [container, *_] = spec["containers"]
    # `$(NAME)` in an argument would be replaced by a variable.
    container["args"] = ["python", "manage.py", *(word.replace("$", "$$") for word in command.arguments)]
    container["name"] = CONTAINER
    if command.stdin:
        container |= {"stdin": True, "stdinOnce": True}
    for source in container.get("envFrom", ()):
        if "configMapRef" in source:
            source["configMapRef"]["name"] = name
    for volume in spec.get("volumes", ()):
        if "secret" in volume:
            volume["secret"]["secretName"] = name
        if "persistentVolumeClaim" in volume and not keeps_media:
            del volume["persistentVolumeClaim"]
            volume["emptyDir"] = {}
    # The account comes with the first release; what it says about registries is said here.
    spec.pop("serviceAccountName", None)
    spec |= {"imagePullSecrets": [{"name": "registry"}], "activeDeadlineSeconds": LONGEST, "restartPolicy": "Never"}
    metadata = {"name": name, "namespace": cluster.namespace, "labels": labels}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def _wait(cluster: Cluster, name: str, seconds: float, enough: Callable[[str], bool]) -> Object:
    """Waits until the pod is in a phase that is enough, and gives the pod.

    Raises:
        Problem: it does not start, or is gone.
    """
    end = time.monotonic() + seconds
    while True:
        pod = cluster.get("pod", name)
        if pod is None:
            raise Problem(
                f"Somebody has deleted the pod {name} before its command had ended.", hint="Try the same command again."
            )
        if enough(pod.get("status", {}).get("phase", "Pending")):
            return pod
        found = trouble.of([pod])
        if found is not None and (found.final or time.monotonic() > end):
            text = trouble.evidence(cluster, found)
            raise Problem(
                "A pod with the new image does not start, so nothing was changed.",
                details=text,
                hint=trouble.advice(cluster, found, text, gone=True),
            )
        if time.monotonic() > end:
            raise Problem(
                f"The pod {name} was not ready after {seconds:g} seconds.",
                hint=trouble.advice(cluster, None, "", gone=True),
            )
        time.sleep(PAUSE)


def _exit_code(pod: Object) -> int:
    for container in pod["status"].get("containerStatuses") or ():
        ended = (container.get("state") or {}).get("terminated")
        if ended is not None:
            return int(ended["exitCode"])
    return 1


def _sweep(cluster: Cluster) -> None:
    """Takes away what commands have left behind that were killed before they could do it themselves."""
    for pod in cluster.select("pods", f"{COMPONENT}={CONTAINER}"):
        if pod.get("status", {}).get("phase") in ENDED:
            name = pod["metadata"]["name"]
            _delete(cluster, f"pod/{name}", f"configmap/{name}", f"secret/{name}")


def _remove(cluster: Cluster, name: str, objects: Sequence[Object]) -> None:
    """Takes away all that was made for a command; what is not there (any more) is no trouble."""
    _delete(cluster, f"pod/{name}", *(f"{one['kind'].lower()}/{name}" for one in objects))


def _delete(cluster: Cluster, *names: str) -> None:
    cluster.run("delete", *names, "--ignore-not-found", "--wait=false", "--grace-period=5", REQUEST)
