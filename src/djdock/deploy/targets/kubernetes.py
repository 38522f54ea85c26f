"""With Kubernetes: kubectl applies what the overlay in k8s/ says. https://kubernetes.io/docs/reference/kubectl/"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from djdock.database import dump as dumps
from djdock.deploy import secrets
from djdock.deploy.kubernetes import client, image, manifests, pod, rollout
from djdock.deploy.kubernetes import preview as previews
from djdock.deploy.kubernetes.client import REQUEST, Cluster
from djdock.deploy.kubernetes.manifests import Manifests
from djdock.deploy.targets.target import Progress, Site
from djdock.errors import Problem, last_lines
from djdock.plan.change import Change, generate, write
from djdock.plan.production import kubernetes as texts
from djdock.plan.production.kubernetes import CONFIG, DATABASE, REDIS, RELEASE, WEB, Running
from djdock.plan.production.release import ENV_FILE, Release
from djdock.process import Result
from djdock.project.environment import parse
from djdock.project.files import Files

NAME = "kubernetes"
TITLE = "Kubernetes"
WHY = {
    "database.yaml": "PostgreSQL, through CloudNativePG",
    "network.yaml": "who may talk to whom",
    "migrate.yaml": "the Job that applies migrations",
    "web.yaml": "the site: its pods, how many, and what asks them whether they are well",
    "workers.yaml": "what runs beside the site",
    "ingress.yaml": "the way from outside, with TLS",
}
# The full name of CloudNativePG's kind: there are others called Cluster.
CLUSTERS = "clusters.postgresql.cnpg.io"
# Seconds between two looks at a database that starts.
PAUSE = 1.0
# What the pods say as long as nothing is known of the Secret.
NO_VERSION = "0"


def files(files: Files, release: Release) -> tuple[Change, ...]:
    made = [
        generate(files, path, text, WHY.get(path.rpartition("/")[2], "")) for path, text in texts.texts(release).items()
    ]
    values = parse(files.read(ENV_FILE) or "")
    config = write(files, CONFIG, texts.config(release, values), f"what {ENV_FILE} says")
    # It says what runs, and follows each release.
    first = texts.component(release, Running(f"registry.example.com/{release.name}:none-yet"))
    return (*made, config, write(files, RELEASE, files.read(RELEASE) or first, "the image that runs"))


def missing(root: Path) -> Problem | None:  # noqa: ARG001 - the cluster is the same for all folders
    return client.obstacle()


def claimed(site: Site) -> Problem | None:
    cluster = _cluster(site)
    if cluster.get("secret", texts.OWNER) is None:
        return None
    return secrets.lost(
        f"The namespace {cluster.namespace} of {cluster.context}",
        f"Another project of the same name? Write another `namespace` into {texts.OVERLAY}/kustomization.yaml, then: "
        "djdock deploy kubernetes",
    )


def place(site: Site) -> str:
    cluster = _cluster(site)
    return f"Kubernetes, context {cluster.context} ({cluster.server}), namespace {cluster.namespace}"


def running(site: Site) -> str | None:
    cluster = _cluster(site)
    deployment = cluster.get("deployment", WEB)
    if deployment is None:
        return None
    [found] = [one["image"] for one in deployment["spec"]["template"]["spec"]["containers"] if one["name"] == WEB] or [
        ""
    ]
    # The same image may be known by its tag, too.
    return site.image if _is_usable(site, cluster) and found == image.pinned(site.image, cluster) else found or None


def needs_registry(site: Site) -> Problem | None:
    return image.obstacle(site.image, _cluster(site))


def preview(site: Site) -> Sequence[str]:
    cluster = _cluster(site)
    reference = image.pinned(site.image, cluster) if _is_usable(site, cluster) else site.image
    rendered = manifests.render(site, Running(reference, _version(cluster, site)))
    _check_operator(site, cluster)
    objects = (*rendered.namespace, *rendered.ground, *rendered.rest)
    known = site.secrets.is_dir()  # a dry run writes none
    return tuple(previews.lines(cluster, objects, manifests.secrets(site, cluster.namespace) if known else ()))


def manage(site: Site, arguments: Sequence[str], stdin: str = "") -> Result:
    cluster = _cluster(site)
    rendered = _render(site, cluster)
    secrets = manifests.secrets(site, cluster.namespace)
    # The first Secret is the project's, where it has any.
    return pod.run(cluster, rendered, secrets if site.release.secrets else (), pod.Command(arguments, stdin, site.wait))


def start_database(site: Site, progress: Progress) -> None:
    cluster = _cluster(site)
    _check_operator(site, cluster)
    rendered = _prepare(site, cluster)
    cluster.apply(rendered.data)
    end = time.monotonic() + site.wait
    if site.release.database:
        _wait_for_database(cluster, end, progress)
    if site.release.redis:
        progress("waiting for Redis")
        _wait_for_redis(cluster, end)


def dump(site: Site, place: Path) -> None:
    cluster = _cluster(site)
    found = cluster.get(CLUSTERS, DATABASE)
    primary = (found or {}).get("status", {}).get("currentPrimary")
    if site.release.database is None or not primary:
        raise Problem(
            "There is no database to dump: CloudNativePG names no primary.",
            hint=f"kubectl --namespace {cluster.namespace} describe cluster {DATABASE}\n"
            "To go on without: djdock deploy kubernetes --no-dump",
        )
    # On the socket in its own container PostgreSQL knows the user `postgres` without a password.
    words = ("pg_dump", *dumps.ARGUMENTS, f"--dbname={site.release.database.name}")
    dumps.write(cluster.argv("exec", primary, "--container=postgres", "--", *words), client.environment(), place)


def migrate(site: Site, progress: Progress) -> None:
    cluster = _cluster(site)
    rollout.migrate(cluster, _prepare(site, cluster), progress)


def switch(site: Site, progress: Progress) -> None:
    cluster = _cluster(site)
    _roll_out(site, cluster, progress)


def rollback(site: Site, progress: Progress) -> str:
    cluster = _cluster(site)
    _roll_out(site, cluster, progress)
    return f"the image before runs again, in the namespace {cluster.namespace}"


def address(site: Site) -> str:
    if site.release.hosts:
        return f"https://{site.release.hosts[0]}/"
    namespace = manifests.namespace_of(site)
    return f"http://127.0.0.1:8000/ with: kubectl --namespace {namespace} port-forward service/{WEB} 8000:http"


# --- Steps ------------------------------------------------------------------------------------------------------------


def _cluster(site: Site) -> Cluster:
    return client.current(manifests.namespace_of(site))


def _is_usable(site: Site, cluster: Cluster) -> bool:
    """Whether nodes could pull the image at all; a dry run shows what it can all the same."""
    return image.obstacle(site.image, cluster) is None


def _render(site: Site, cluster: Cluster, version: str = NO_VERSION) -> Manifests:
    return manifests.render(site, Running(image.pinned(site.image, cluster), version))


def _version(cluster: Cluster, site: Site) -> str:
    """The version of the Secret that the pods read; it says nothing of the content."""
    there = cluster.get("secret", site.release.name) if site.release.secrets else None
    return str(there["metadata"]["resourceVersion"]) if there else NO_VERSION


def _prepare(site: Site, cluster: Cluster) -> Manifests:
    """Brings what pods need before they start: the namespace, who may talk to whom, variables, secrets, volumes."""
    rendered = _render(site, cluster)
    there = cluster.has_namespace()
    cluster.apply(rendered.namespace, may_refuse=there)
    cluster.apply(rendered.ground)
    # Server-side: the other way keeps a copy of each value in an annotation.
    cluster.apply(manifests.secrets(site, cluster.namespace), "--server-side", "--force-conflicts")
    return _render(site, cluster, _version(cluster, site))


def _check_operator(site: Site, cluster: Cluster) -> None:
    """Makes sure that somebody makes a database out of our Cluster, where we have one.

    Raises:
        Problem: nobody does.
    """
    if site.release.database is None:
        return
    found = cluster.run("api-resources", "--api-group=postgresql.cnpg.io", "--output=name", REQUEST)
    if CLUSTERS not in found.stdout.split():
        raise client.no_operator(f"{cluster.context} ({cluster.server})")


def _wait_for_database(cluster: Cluster, end: float, progress: Progress) -> None:
    while True:
        found = cluster.get(CLUSTERS, DATABASE) or {}
        status = found.get("status") or {}
        wanted, ready = int((found.get("spec") or {}).get("instances", 1)), int(status.get("readyInstances", 0))
        # A standby may take its time: the primary is enough to go on.
        if ready and status.get("currentPrimary"):
            return
        progress(f"waiting for the database ({ready} of {wanted})")
        if time.monotonic() > end:
            raise Problem(
                "The database did not become ready.",
                details=last_lines(f"{status.get('phase', '')}\n{status.get('phaseReason', '')}"),
                hint=f"kubectl --namespace {cluster.namespace} describe cluster {DATABASE}\n"
                "Is there a storage class with room for its volumes? kubectl get storageclass",
            )
        time.sleep(PAUSE)


def _wait_for_redis(cluster: Cluster, end: float) -> None:
    while True:
        found = cluster.get("statefulset", REDIS) or {}
        if int((found.get("status") or {}).get("readyReplicas", 0)):
            return
        if time.monotonic() > end:
            raise Problem(
                "Redis did not become ready.",
                hint=f"kubectl --namespace {cluster.namespace} describe pod {REDIS}-0",
            )
        time.sleep(PAUSE)


def _roll_out(site: Site, cluster: Cluster, progress: Progress) -> None:
    """Applies everything but the Job, and waits until all of it is healthy; else all goes back to where it was."""
    rendered = _prepare(site, cluster)
    before = rollout.revisions(cluster, rendered.deployments)
    end = time.monotonic() + site.wait
    progress("applying")
    try:
        cluster.apply(tuple(one for one in rendered.rest if one["kind"] != "Job"))
        for name in rendered.deployments:
            rollout.follow(cluster, name, end, progress)
    except Problem:  # one object was refused; others may have been taken
        rollout.undo(cluster, before)
        raise
    except rollout.Failed as failed:
        progress("going back")
        rollout.undo(cluster, before)
        served = "the old version serves as before" if WEB in before else "nothing was there before, so nothing serves"
        raise Problem(
            f"The new version of {failed.name} does not become healthy; {served}.",
            details=failed.details,
            hint=failed.hint,
        ) from failed
    manifests.remember(site, Running(image.pinned(site.image, cluster), _version(cluster, site)))
