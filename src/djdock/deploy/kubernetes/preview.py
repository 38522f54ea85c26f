"""What an apply would change, one line an object, from what the API server itself says (`kubectl diff`)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from djdock.deploy.kubernetes.client import REQUEST, Cluster, Object, in_one_list, refusal
from djdock.plan.production import kubernetes as texts
from djdock.plan.production.release import SECRETS_FOLDER

# `diff -u -N /tmp/LIVE-1/apps.v1.Deployment.blog.web /tmp/MERGED-2/apps.v1.Deployment.blog.web`
HEAD = re.compile(r"^diff .*/(?P<name>[^/\s]+)$", re.MULTILINE)
NEW = re.compile(r"^@@ -0,0 ", re.MULTILINE)
IMAGE = re.compile(r"^(?P<sign>[+-])\s+(?:- )?image: (?P<image>\S+)", re.MULTILINE)
# The exit codes of `kubectl diff`: nothing differs, something does; from there on it has failed.
DIFFERENT = 1
# kubectl shows changed fields that it sets itself, and that are no change to anybody.
NOISE = re.compile(r"^[+-]\s+generation: \d+$", re.MULTILINE)


def lines(cluster: Cluster, objects: Sequence[Object], secrets: Sequence[Object]) -> Iterator[str]:
    """What will change.

    Raises:
        Problem: the cluster refused to say, or did not answer.
    """
    if not cluster.has_namespace():
        yield from (f"create {_called(one)}" for one in (*objects[:1], *secrets, *objects[1:]))
        return
    yield from _of_secrets(cluster, secrets)
    # Who may change what is in a namespace need not be allowed to look at the namespace itself.
    inside = [one for one in objects if one["kind"] != "Namespace"]
    done = cluster.run("diff", "--filename=-", REQUEST, stdin=in_one_list(inside))
    if done.code > DIFFERENT or (done.code == DIFFERENT and not HEAD.search(done.stdout)):
        raise refusal(cluster, done, "say what would change")
    yield from read(done.stdout)


def read(diff: str) -> Iterator[str]:
    """The objects of a diff that `kubectl diff` wrote."""
    heads = list(HEAD.finditer(diff))
    for place, head in enumerate(heads):
        end = heads[place + 1].start() if place + 1 < len(heads) else len(diff)
        text = NOISE.sub("", diff[head.end() : end])
        kind, name = _named(head["name"])
        images: dict[str, str] = {match["sign"]: match["image"] for match in IMAGE.finditer(text)}
        if NEW.search(text):
            yield f"create {kind} {name}"
        elif len(images) == 2 and images["-"] != images["+"]:  # noqa: PLR2004 - the one before and the one after
            yield f"{name}: {_short(images['-'])} → {_short(images['+'])}"
        elif re.search(r"^[+-](?![+-])", text, re.MULTILINE):
            yield f"change {kind} {name}"


def _named(file: str) -> tuple[str, str]:
    """Kind and name of an object, from `group.version.Kind.namespace.name`; a name may have dots in it."""
    match = re.fullmatch(r"(?:[a-z0-9.-]+\.)?v\d\w*\.([A-Z]\w*)\.([^.]*)\.(.+)", file)
    return (match[1].lower(), match[3]) if match else ("object", file)


def _called(one: Object) -> str:
    return f"{one['kind'].lower()} {one['metadata']['name']}"


def _short(image: str) -> str:
    """An image as a person tells it from another one: with the beginning of its digest."""
    repository, tag, digest = texts.split(image)
    return f"{repository}@{digest[:19]}" if digest else f"{repository}:{tag}" if tag else repository


def _of_secrets(cluster: Cluster, secrets: Sequence[Object]) -> Iterator[str]:
    """Which secrets differ, by name; never their values."""
    for secret in secrets:
        there = cluster.get("secret", secret["metadata"]["name"])
        if there is None:
            yield f"create {_called(secret)}"
            continue
        known: Mapping[str, str] = there.get("data") or {}
        names = [name for name, value in secret["data"].items() if known.get(name) != value]
        if names:
            yield f"change {_called(secret)}: {', '.join(f'{SECRETS_FOLDER}/{name}' for name in names)}"
