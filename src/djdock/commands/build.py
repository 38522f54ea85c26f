"""`djdock build`: the image of production, what it weighs, and what was taken from earlier builds."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from djdock import output
from djdock.commands import root as root_of
from djdock.compose import availability
from djdock.deploy import image
from djdock.deploy.image import Built, Order
from djdock.doctor.case import Case
from djdock.doctor.rules import secret_in_image
from djdock.errors import Problem
from djdock.plan import docker_files
from djdock.plan.production.release import Release, usable_name
from djdock.project import docker_files as existing
from djdock.project import facts as project_facts
from djdock.project.facts import Facts
from djdock.project.files import Files, Folder


@dataclass(frozen=True)
class Options:
    """What the person asked for."""

    order: Order = field(default_factory=Order)
    push: bool = False


def build(options: Options) -> None:
    """Builds the image of the project in the current folder, and pushes it if that is wanted.

    Raises:
        Problem: there is no Dockerfile of djdock's, it holds a secret, or the image cannot be built or pushed.
    """
    image.check(options.order)
    root = root_of.find(Path.cwd())
    release = _release(root)
    if options.push:
        image.check_names(options.order.tags or (release.name,))
    built = make(root, release, options.order)
    if not options.push:
        named = f" --image {built.reference}" if options.order.tags else ""
        output.next_step(f"djdock deploy compose{named}")
        return
    with output.working(f"Pushing {built.reference}") as progress:
        attested = image.push(root, release, built, options.order, progress)
    for name in built.names:
        output.outcome("copy", name, "to its registry")
    if not attested:
        output.note(
            "Without SBOM and provenance: this builder cannot add them. One that can: docker buildx create --use"
        )


def make(root: Path, release: Release, order: Order) -> Built:
    """Builds the image of a release, and says what came of it.

    Raises:
        Problem: the Dockerfile holds a secret, or the image cannot be built.
    """
    _refuse_secrets(root)
    if obstacle := availability.obstacle():
        raise obstacle
    with output.working("Building the image") as progress:
        built = image.build(root, release, order, progress)
    _show(built)
    return built


def _release(root: Path) -> Release:
    """What of a release the image depends on.

    Raises:
        Problem: djdock has not made the Dockerfile.
    """
    files = Folder(root)
    facts = project_facts.read(files, root.name)
    return Release(usable_name(facts.database_name), (), folder=facts.folder, dockerfile=own_dockerfile(files, facts))


def own_dockerfile(files: Files, facts: Facts) -> str:
    """The path of djdock's Dockerfile: that one knows how the site is served.

    Raises:
        Problem: there is none.
    """
    path = docker_files.choose_names(files).dockerfile
    if not existing.is_own(files, path):
        raise Problem(
            f"{facts.name} has no {path} of djdock's yet, and production runs the image that it builds.",
            hint="djdock init",
        )
    return path


def _refuse_secrets(root: Path) -> None:
    """What stands in ENV or ARG is in the image for good.

    Raises:
        Problem: a Dockerfile of djdock's has a secret there.
    """
    files = Folder(root)
    own = docker_files.choose_names(files).dockerfile
    found = [finding for finding in secret_in_image.find(Case(files)) if finding.where.startswith(f"{own}:")]
    if found:
        raise Problem(f"{found[0].what} ({found[0].where}).", hint=found[0].fix)


def _show(built: Built) -> None:
    reused = f"{built.steps.cached} of {built.steps.all} steps as before"
    took = f"{built.seconds:.1f} s"
    if built.above is None:
        size = f"{built.size / 1e6:.1f} MB"
    else:
        layers = f"{built.layers} layer{'' if built.layers == 1 else 's'}"
        size = f"{built.above / 1e6:.1f} MB in {layers} above {built.base or 'its base'}"
    output.outcome("create", built.reference, f"{size}; {took}, {reused}")
    for name in built.names[1:]:
        output.outcome("create", name, "the same")
