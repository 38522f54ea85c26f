"""kubectl: which cluster it talks to, and what its refusals mean."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from djdock import process
from djdock.errors import Problem, last_lines
from djdock.process import Result

# An object of Kubernetes, as JSON has it.
Object = dict[str, Any]
# The kustomize in older ones does not know what the overlay is made of.
OLDEST = (1, 22)
# Seconds. A cluster behind a VPN that is off answers never.
PATIENCE = 10.0
REQUEST = "--request-timeout=30s"
INSTALL = "https://kubernetes.io/docs/tasks/tools/#kubectl"
OPERATOR = "https://cloudnative-pg.io/docs/current/installation_upgrade"
# Contexts of clusters on the person's own machine, which have images of its Docker or are given them by a command.
LOCAL = re.compile(
    r"kind-(?P<kind>.+)|minikube|docker-desktop|rancher-desktop|orbstack|colima.*|k3d-(?P<k3d>.+)|microk8s"
)
# How kubectl names the reason for which the API server refused: `Error from server (Forbidden): …`.
REASON = re.compile(r"^(?:Error from server |error: .*)\((\w+)\)", re.MULTILINE)
UNREACHABLE = re.compile(r"Unable to connect to the server|connection to the server .* was refused|i/o timeout")
# What kubectl logs for its own developers.
LOG = re.compile(r"^[EWI]\d{4} .*\n?", re.MULTILINE)
NO_KIND = re.compile(r'no matches for kind "(\w+)"')


@dataclass(frozen=True)
class Cluster:
    """A cluster as kubectl knows it.

    Attributes:
        context: of kubectl's configuration; each call names it, so that nobody can change it on the way.
        server: the address of the API server.
        namespace: where the project's objects are.
    """

    context: str
    server: str
    namespace: str

    @property
    def local(self) -> re.Match[str] | None:
        """The match of a cluster on this machine; None for all others."""
        return LOCAL.fullmatch(self.context)

    def argv(self, *arguments: str) -> list[str]:
        """The command line of a call."""
        return ["kubectl", f"--context={self.context}", f"--namespace={self.namespace}", *arguments]

    def run(self, *arguments: str, stdin: str = "") -> Result:
        """Calls kubectl; what becomes of a failure is the caller's to say."""
        return process.run(self.argv(*arguments), env=environment(), stdin=stdin)

    def do(self, purpose: str, *arguments: str, stdin: str = "") -> str:
        """Calls kubectl for a purpose ("apply the Job migrate"), and gives what it wrote.

        Raises:
            Problem: the cluster refused, or did not answer.
        """
        done = self.run(*arguments, stdin=stdin)
        if not done.ok:
            raise refusal(self, done, purpose)
        return done.stdout

    def get(self, kind: str, name: str) -> Object | None:
        """An object; None where there is none.

        Raises:
            Problem: the cluster refused, or did not answer.
        """
        text = self.do(f"read {kind} {name}", "get", kind, name, "--ignore-not-found", "--output=json", REQUEST)
        return json.loads(text) if text.strip() else None

    def select(self, kind: str, selector: str) -> list[Object]:
        """The objects with some labels.

        Raises:
            Problem: the cluster refused, or did not answer.
        """
        text = self.do(f"list {kind}", "get", kind, f"--selector={selector}", "--output=json", REQUEST)
        found: list[Object] = json.loads(text)["items"]
        return found

    def has_namespace(self) -> bool:
        """Whether the namespace is there. Who may only see what is in it may not ask: for them it is.

        Raises:
            Problem: the cluster did not answer.
        """
        done = self.run("get", "namespace", self.namespace, "--ignore-not-found", "--output=name", REQUEST)
        if not done.ok and not is_forbidden(done):
            raise refusal(self, done, f"read namespace {self.namespace}")
        return not done.ok or bool(done.stdout.strip())

    def apply(self, objects: Sequence[Object], *options: str, may_refuse: bool = False) -> None:
        """Applies objects, which travel on standard input.

        Args:
            may_refuse: it is no harm where the person has no permission for it.

        Raises:
            Problem: the cluster refused one of them, or did not answer.
        """
        if not objects:
            return
        done = self.run("apply", *options, "--filename=-", REQUEST, stdin=in_one_list(objects))
        if not done.ok and not (may_refuse and is_forbidden(done)):
            names = ", ".join(f"{one['kind']} {one['metadata']['name']}" for one in objects)
            raise refusal(self, done, f"apply {names}")


def environment() -> dict[str, str]:
    """The environment of each call: what a person has set for kubectl at a terminal is not for what we read."""
    own = {name: value for name, value in os.environ.items() if name != "KUBECTL_EXTERNAL_DIFF"}
    # Preferences may let `delete` ask first, for instance. https://kubernetes.io/docs/reference/kubectl/kuberc/
    return {**own, "KUBECTL_KUBERC": "false"}


def in_one_list(objects: Sequence[Object]) -> str:
    """Objects as kubectl takes them from standard input."""
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})


def is_forbidden(done: Result) -> bool:
    """Whether a call failed because the person has no permission for it."""
    reason = REASON.search(done.stderr)
    return not done.ok and reason is not None and reason[1] == "Forbidden"


def obstacle() -> Problem | None:
    """None when kubectl is here and a cluster answers, else what is in the way."""
    if shutil.which("kubectl") is None:
        return Problem("kubectl, the client of Kubernetes, is not installed.", hint=f"Install it: {INSTALL}")
    found = process.run(["kubectl", "version", "--client", "--output=json"])
    version = re.search(r'"gitVersion": "v(\d+)\.(\d+)', found.stdout)
    if version and (int(version[1]), int(version[2])) < OLDEST:
        return Problem(
            f"kubectl {version[1]}.{version[2]} is too old; djdock needs {OLDEST[0]}.{OLDEST[1]} or newer.",
            hint=f"Install one that is not older than your cluster: {INSTALL}",
        )
    try:
        cluster = current("default")
    except Problem as problem:
        return problem
    done = process.ask(cluster.argv("get", "--raw=/version", f"--request-timeout={PATIENCE:g}s"), seconds=PATIENCE + 5)
    return None if done.ok else refusal(cluster, done, "say its version")


def current(namespace: str) -> Cluster:
    """The cluster that kubectl's current context named when it was first asked for: it is one for all steps on a way.

    Raises:
        Problem: there is no current context.
    """
    context, server = chosen(os.environ.get("KUBECONFIG", ""))
    return Cluster(context, server, namespace)


@cache
def chosen(_configuration: str) -> tuple[str, str]:
    """The name of the current context and the address of its server; asked once for each configuration of kubectl.

    Raises:
        Problem: there is no current context.
    """
    done = process.run(["kubectl", "config", "view", "--minify", "--output=json"])
    found = json.loads(done.stdout) if done.ok and done.stdout.strip() else {}
    name = found.get("current-context") or ""
    if not name:
        raise Problem(
            "kubectl knows no cluster: there is no current context in its configuration.",
            details=last_lines(done.stderr, 3),
            hint="Get the configuration from whoever runs the cluster (a file for ~/.kube/config, or KUBECONFIG).\n"
            "Then choose: kubectl config get-contexts, kubectl config use-context NAME",
        )
    clusters = found.get("clusters") or [{}]
    return name, str((clusters[0].get("cluster") or {}).get("server", ""))


def refusal(cluster: Cluster, done: Result, purpose: str) -> Problem:
    """What a failed call of kubectl means."""
    reason = REASON.search(done.stderr)
    details = last_lines(LOG.sub("", done.stderr or done.stdout), 8)
    where = f"{cluster.context} ({cluster.server})" if cluster.server else cluster.context
    if done.code in {124, 127} or UNREACHABLE.search(done.stderr):
        return Problem(
            f"The cluster of the context {where} does not answer.",
            details=details,
            hint="Start it, or the VPN that leads to it. Is it the right one? kubectl config get-contexts\n"
            "For another one: kubectl config use-context NAME",
        )
    if is_forbidden(done):
        return Problem(
            f"You may not {purpose} in the namespace {cluster.namespace} of {where}.",
            details=details,
            hint="Ask whoever runs the cluster for the role `edit` in that namespace, and to create the namespace.\n"
            f"What you may: kubectl auth can-i --list --namespace {cluster.namespace}",
        )
    if reason and reason[1] == "Unauthorized":
        return Problem(
            f"The cluster of the context {where} does not know you (any more).",
            details=details,
            hint="Log in again, the way that you got your configuration for kubectl; then the same command again.",
        )
    if (kind := NO_KIND.search(done.stderr)) is not None:
        return _unknown_kind(kind[1], where, details)
    return Problem(
        f"The cluster of the context {where} did not {purpose}.",
        details=details,
        hint="Correct what the last line says, in k8s/ or in the cluster; then the same command again.",
    )


def _unknown_kind(kind: str, where: str, details: str) -> Problem:
    if kind == "Cluster":
        return no_operator(where, details)
    return Problem(
        f"The cluster of the context {where} does not know objects of the kind {kind}.",
        details=details,
        hint="It may be older than Kubernetes 1.25, which the files in k8s/ are written for: kubectl version",
    )


def no_operator(where: str, details: str = "") -> Problem:
    """What to say where nobody would make a database out of our Cluster."""
    return Problem(
        f"CloudNativePG is not installed in {where}: it is the operator that runs PostgreSQL there.",
        details=details,
        hint=f"Install it, once for the whole cluster: {OPERATOR}\n"
        "Or use a database that is elsewhere: write its address into secrets/DATABASE_URL.",
    )
