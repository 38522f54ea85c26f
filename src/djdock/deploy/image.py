"""The image of production."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from djdock.errors import Problem, last_lines
from djdock.plan.production.release import Release
from djdock.process import run


@dataclass(frozen=True)
class Built:
    """An image that was built: its name with a tag, and its id."""

    reference: str
    id: str


def build(root: Path, release: Release) -> Built:
    """Builds the image of a release; its tag follows from its content.

    Raises:
        Problem: it cannot be built.
    """
    latest = f"{release.name}:latest"
    done = run(
        ["docker", "build", "--target", "production", "--file", release.dockerfile, "--tag", latest, "."], cwd=root
    )
    if not done.ok:
        raise Problem("The image cannot be built.", details=last_lines(done.text), hint="Correct the Dockerfile.")
    found = run(["docker", "image", "inspect", "--format", "{{.Id}}", latest]).stdout.strip()
    reference = f"{release.name}:{found.removeprefix('sha256:')[:12]}"
    run(["docker", "tag", latest, reference])
    return Built(reference, found)
