"""The image of production: built, named, measured, and brought to a registry."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from djdock.compose import availability, builds
from djdock.compose.builds import Steps
from djdock.errors import Problem, last_lines
from djdock.plan.production.release import Release
from djdock.process import Environment, ask, follow, run

TARGET = "production"
AGAIN = "djdock build"
# What image names look like. https://pkg.go.dev/github.com/distribution/reference#pkg-overview
PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
NAME = re.compile(rf"(?:[\w.-]+(?::\d+)?/)?{PART}(?:/{PART})*(?::\w[\w.-]{{0,127}})?")
PLATFORM = re.compile(r"[a-z0-9]+/[a-z0-9_]+(?:/[a-z0-9.]+)?")
# The first instruction of djdock's Dockerfile: what the history has before it is the base image's.
FIRST = re.compile(r"\bENV PYTHONUNBUFFERED=1\b")
REFUSED = re.compile(r"denied|unauthorized|no basic auth|authentication required|forbidden", re.IGNORECASE)
ABSENT = re.compile(
    r"dial tcp|no such host|connection refused|i/o timeout|timeout exceeded|TLS handshake|gave HTTP response|"
    r"network is unreachable|Service Unavailable|x509",
    re.IGNORECASE,
)
# Builders whose results can carry an attestation; the engine's own can where it stores images as containerd does.
DRIVER = re.compile(r"^Driver:\s*(\S+)", re.MULTILINE)
CONTAINERD = "io.containerd.snapshotter"
# Seconds. The engine answers at once or, while it starts, not at all.
PATIENCE = 20.0
NO_STEPS = Steps(0, 0)

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Order:
    """How an image is wanted.

    Attributes:
        tags: its names; without one it gets a name from its content.
        platform: such as `linux/arm64`; empty: the engine's own.
        cache: whether steps of earlier builds may be taken over.
    """

    tags: tuple[str, ...] = ()
    platform: str = ""
    cache: bool = True


@dataclass(frozen=True)
class Built:
    """An image that was built.

    Attributes:
        reference: its name with a tag; of its own content, where no other was wanted.
        names: all names that it has got, this one among them.
        size: bytes, its base included.
        above: bytes above its base; None where that cannot be told.
        layers: how many layers it has above its base.
        seconds: how long the build took.
    """

    reference: str
    id: str
    names: tuple[str, ...] = ()
    size: int = 0
    above: int | None = None
    layers: int = 0
    base: str = ""
    steps: Steps = NO_STEPS
    seconds: float = 0.0


def build(root: Path, release: Release, order: Order = Order(), progress: Progress = lambda _line: None) -> Built:
    """Builds the image of a release. Without a tag it is named after its content, and `latest`.

    Raises:
        Problem: a name or the platform is none, or it cannot be built.
    """
    check(order)
    first = order.tags[0] if order.tags else f"{release.name}:latest"
    argv = [*_program(), "--target", TARGET, "--file", release.dockerfile, "--tag", first]
    argv += [word for name, value in _labels(root).items() for word in ("--build-arg", f"{name}={value}")]
    argv += ["--platform", order.platform] if order.platform else []
    argv += [] if order.cache else ["--no-cache"]
    began = time.monotonic()
    done = follow([*argv, "."], cwd=root, env=_environment(), on_line=progress)
    seconds = time.monotonic() - began
    if not done.ok:
        raise _failure(done.stdout)
    built = replace(_look(first), steps=builds.steps(done.stdout), seconds=seconds)
    wanted = order.tags or (f"{release.name}:{built.id.removeprefix('sha256:')[:12]}", first)
    for name in wanted:
        run(["docker", "tag", built.id, name])
    return replace(built, reference=wanted[0], names=wanted)


def check(order: Order) -> None:
    """Looks at what was asked for.

    Raises:
        Problem: a tag or the platform is none.
    """
    for tag in order.tags:
        if not NAME.fullmatch(tag):
            raise Problem(
                f"{tag!r} is no name of an image.",
                hint="Small letters, digits, dots and hyphens, then a colon and the tag: "
                "djdock build --tag registry.example.com/blog:1.0",
            )
    if order.platform and not PLATFORM.fullmatch(order.platform):
        raise Problem(
            f"{order.platform!r} is no platform.",
            hint="One at a time, as system and processor: djdock build --platform linux/arm64",
        )


def push(root: Path, release: Release, built: Built, order: Order, progress: Progress) -> bool:
    """Brings an image to the registries of its names; tells whether what it is made of (SBOM, provenance) went along.

    Raises:
        Problem: it has no name with a registry, or the registry does not answer or does not let us.
    """
    check_names(built.names)
    if can_attest():
        argv = [*_program(load=False), "--target", TARGET, "--file", release.dockerfile, "--push"]
        argv += ["--sbom=true", "--provenance=mode=max"]
        argv += [word for name in built.names for word in ("--tag", name)]
        argv += [word for name, value in _labels(root).items() for word in ("--build-arg", f"{name}={value}")]
        argv += ["--platform", order.platform] if order.platform else []
        done = follow([*argv, "."], cwd=root, env=_environment(), on_line=progress)
        if not done.ok:
            raise _push_failure(built.names[0], done.stdout)
        return True
    for name in built.names:
        done = follow(["docker", "push", name], cwd=root, on_line=progress)
        if not done.ok:
            raise _push_failure(name, done.stdout)
    return False


def check_names(names: Sequence[str]) -> None:
    """Makes sure that names say where an image goes: without a registry it would go to the public one.

    Raises:
        Problem: one says nothing of it.
    """
    for name in names:
        if "/" not in name:
            raise Problem(
                f"{name} does not say where to push it.",
                hint="Name the registry: djdock build --push --tag registry.example.com/blog:1.0",
            )


def can_attest() -> bool:
    """Whether the builder can add attestations: https://docs.docker.com/build/metadata/attestations/"""
    found = DRIVER.search(ask(["docker", "buildx", "inspect"], seconds=PATIENCE).stdout)
    if found is None:
        return False
    if found[1] != "docker":
        return True
    return CONTAINERD in ask(["docker", "info", "--format", "{{json .DriverStatus}}"], seconds=PATIENCE).stdout


def _program(*, load: bool = True) -> list[str]:
    """What a build begins with: the plugin, which newer engines bring along, else the engine's own BuildKit."""
    if run(["docker", "buildx", "version"]).ok:
        return ["docker", "buildx", "build", *(["--load"] if load else [])]
    return ["docker", "build"]


def _environment() -> Environment:
    # Newer engines would add when it was built by default: the same source would be another image each time.
    return {**os.environ, "DOCKER_BUILDKIT": "1", "BUILDKIT_PROGRESS": "plain", "BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}


def _labels(root: Path) -> Mapping[str, str]:
    """Where the source comes from, as git knows it: nothing without git. The date is the commit's, not today's: what is
    built again from the same source is the same.
    """
    revision = run(["git", "-C", root, "rev-parse", "HEAD"])
    if not revision.ok:
        return {}
    more = {
        "CREATED": run(["git", "-C", root, "show", "--no-patch", "--format=%cI", "HEAD"]),
        "VERSION": run(["git", "-C", root, "describe", "--tags", "--always", "--dirty"]),
    }
    found = {"REVISION": revision, **{name: done for name, done in more.items() if done.ok}}
    return {name: done.stdout.strip() for name, done in found.items()}


def _look(name: str) -> Built:
    """What the engine knows of an image."""
    entry = json.loads(run(["docker", "image", "inspect", name]).stdout)[0]
    labels = entry["Config"].get("Labels") or {}
    base = labels.get("org.opencontainers.image.base.name", "")
    listed = run(["docker", "history", "--no-trunc", "--human=false", "--format", "{{.Size}} {{.CreatedBy}}", name])
    lines = listed.stdout.splitlines()
    place = next((number for number, line in enumerate(lines) if FIRST.search(line)), None)
    sizes = [int(line.partition(" ")[0]) for line in lines[: place + 1]] if place is not None else []
    return Built(
        reference=name,
        id=entry["Id"],
        size=entry["Size"],
        above=sum(sizes) if sizes else None,
        layers=len([size for size in sizes if size]),
        base=base,
    )


def _failure(output: str) -> Problem:
    engine = ask(["docker", "version", "--format", "{{.Server.Version}}"], seconds=PATIENCE)
    if not engine.ok:
        return availability.unreachable(engine.stderr)
    return builds.problem(output, again=AGAIN) or Problem(
        "The image cannot be built.",
        details=last_lines(output),
        hint=f"Look at the last line above, then: {AGAIN}",
    )


def _push_failure(name: str, output: str) -> Problem:
    registry = name.partition("/")[0]
    if "." not in registry and ":" not in registry and registry != "localhost":
        registry = "docker.io"
    again = f"{AGAIN} --push --tag {name}"
    if REFUSED.search(output):
        return Problem(
            f"The registry {registry} does not let you push {name}.",
            details=last_lines(output, 3),
            hint=f"Log in as somebody who may: docker login {registry}\nThen: {again}",
        )
    if ABSENT.search(output):
        return Problem(
            f"The registry {registry} does not answer.",
            details=last_lines(output, 3),
            hint=f"Check its name, the network, and whether it speaks HTTPS, then: {again}",
        )
    return builds.problem(output, again=again) or Problem(
        f"{name} could not be pushed.", details=last_lines(output), hint=f"Look at the last line above, then: {again}"
    )
