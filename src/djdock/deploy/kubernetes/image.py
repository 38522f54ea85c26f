"""The image as the nodes of a cluster find it: in a registry, by its digest."""

from __future__ import annotations

import json
import re
from functools import cache

from djdock import process
from djdock.deploy.kubernetes.client import Cluster
from djdock.errors import Problem
from djdock.plan.production.kubernetes import split

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
# Seconds that a registry has for its answer.
PATIENCE = 30.0


def pinned(image: str, cluster: Cluster) -> str:
    """The name of an image with the digest of its content, so that every pod of a release runs the same.

    A cluster on this machine may have images that are in no registry; these keep their tag. So does one whose registry
    lets the cluster in and not us.

    Raises:
        Problem: no node could pull it.
    """
    repository, _, digest = split(image)
    if digest:
        return f"{repository}@{digest}"
    if problem := obstacle(image, cluster):
        raise problem
    if "/" not in repository:
        return image
    found = _digest(image)
    return f"{repository}@{found}" if found else image


def obstacle(image: str, cluster: Cluster) -> Problem | None:
    """None when the nodes of a cluster could have an image of this name; else how it gets one that they can pull."""
    repository, tag, _ = split(image)
    if "/" in repository or cluster.local:
        return None
    example = f"registry.example.com/{repository}:{tag or 'latest'}"
    return Problem(
        f"{image} names no registry, and the nodes of {cluster.context} have to pull it from one.",
        hint=f"djdock build --tag {example} --push\ndjdock deploy kubernetes --image {example}",
    )


def how_to_load(image: str, cluster: Cluster) -> str:
    """The command that brings an image of this machine's Docker to a cluster on it; empty where none is needed."""
    local = cluster.local
    if local is None:
        return ""
    if local["kind"]:
        return f"kind load docker-image {image} --name {local['kind']}"
    if local["k3d"]:
        return f"k3d image import {image} --cluster {local['k3d']}"
    return f"minikube image load {image}" if cluster.context == "minikube" else ""


@cache
def _digest(image: str) -> str:
    """The digest that a registry knows a tag by, from the registry itself or from when it was pushed; else empty."""
    asked = process.ask(
        ["docker", "buildx", "imagetools", "inspect", image, "--format", "{{json .Manifest}}"], seconds=PATIENCE
    )
    found = DIGEST.search(asked.stdout.partition('"digest"')[2]) if asked.ok else None
    if found:
        return found[0]
    known = process.ask(["docker", "image", "inspect", "--format", "{{json .RepoDigests}}", image], seconds=PATIENCE)
    repository = split(image)[0]
    digests = json.loads(known.stdout) if known.ok and known.stdout.strip() else []
    return next((one.partition("@")[2] for one in digests or [] if one.startswith(f"{repository}@")), "")
