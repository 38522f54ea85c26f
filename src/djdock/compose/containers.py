"""The containers of a checkout, as Docker tells them."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from djdock.compose import availability
from djdock.errors import Problem
from djdock.process import ask, run
from djdock.project import compose_files, docker_files
from djdock.project.checkout import Checkout
from djdock.project.files import Folder
from djdock.service import SITE, Service

# What Compose writes on each container. https://docs.docker.com/compose/how-tos/project-name/
LABEL = "com.docker.compose"
# The service that applies the migrations, and the one that brings what Node has built; both end.
MIGRATE, FRONT_END = "migrate", "front-end"
ONE_SHOT = (MIGRATE, FRONT_END)


@dataclass(frozen=True)
class Container:
    """What `docker inspect` says of one container of the project."""

    id: str
    image: str
    finished: str
    service: Service


def find(checkout: Checkout) -> dict[str, Container]:
    """The project's containers by service, running or not; one-off runs are not among them.

    Raises:
        Problem: Docker does not answer, or they belong to another checkout.
    """
    wanted = (f"label={LABEL}.project={checkout.compose_project}", f"label={LABEL}.oneoff=False")
    mine = [word for label in wanted for word in ("--filter", label)]
    listed = ask(["docker", "ps", "--all", "--quiet", "--no-trunc", *mine], seconds=availability.PATIENCE)
    if not listed.ok:
        raise availability.unreachable(listed.stderr)
    if not listed.stdout.split():
        return {}
    entries = json.loads(run(["docker", "inspect", *listed.stdout.split()]).stdout or "[]")
    for entry in entries:
        _check_own(checkout, entry["Config"]["Labels"].get(f"{LABEL}.project.working_dir", ""))
    return {
        entry["Config"]["Labels"][f"{LABEL}.service"]: Container(
            entry["Id"],
            entry["Config"]["Image"],
            entry["State"]["FinishedAt"],
            Service(
                name=entry["Config"]["Labels"][f"{LABEL}.service"],
                state=entry["State"]["Status"],
                health=entry["State"].get("Health", {}).get("Status"),
                exit_code=entry["State"]["ExitCode"] if entry["State"]["Status"] == "exited" else None,
            ),
        )
        for entry in entries
    }


def _check_own(checkout: Checkout, folder: str) -> None:
    """Makes sure that a container was made from this checkout's folder, or from where it was before it was moved."""
    if os.path.isdir(folder) and not checkout.root.samefile(folder):  # noqa: PTH112 - Path's raises where we may not look
        raise Problem(
            f"The containers of {checkout.compose_project} belong to the checkout in {folder}: this .env is a copy of "
            "the one there, and both would work on one database.",
            hint="Delete the .env here; `djdock up` writes one with names, ports and secrets of this checkout's own.",
        )


def project_of(root: Path) -> str | None:
    """The name under which Compose already runs (or ran) a folder, from plain `docker compose up` without a .env."""
    filters = ["--filter", f"label={LABEL}.project.working_dir={root.resolve()}"]
    found = run(["docker", "ps", "--all", *filters, "--format", f'{{{{.Label "{LABEL}.project"}}}}'])
    return next(iter(found.stdout.split()), None) if found.ok else None


def program(checkout: Checkout) -> list[str]:
    """The words that every call of Compose begins with; they mean the same in whatever folder it is run."""
    path = docker_files.compose_path(Folder(checkout.root))
    # Only where Compose would not find it by itself: with a --file it would look for no override file.
    named = ["--file", str(checkout.root / path)] if path == docker_files.BESIDE else []
    return ["docker", "compose", *named, "--project-directory", str(checkout.root)]


def known(checkout: Checkout) -> list[str]:
    """The names of the services that stay: those of the compose file, without those that do one thing and end.

    Raises:
        Problem: it is no YAML.
    """
    files = Folder(checkout.root)
    found = compose_files.parse(files, docker_files.compose_path(files))
    return [service.name for service in found.services if service.name not in ONE_SHOT] if found else []


def has_front_end(checkout: Checkout) -> bool:
    """Whether the compose file has the service that brings what Node builds."""
    files = Folder(checkout.root)
    found = compose_files.parse(files, docker_files.compose_path(files))
    return found is not None and any(service.name == FRONT_END for service in found.services)


def has_image(checkout: Checkout) -> bool:
    """Whether the image of the site was built."""
    return run(["docker", "image", "inspect", f"{checkout.compose_project}-{SITE}"]).ok


def environment(checkout: Checkout) -> dict[str, str]:
    """The variables that Compose is given."""
    # .env wins over the person's shell, as on the other engine: a stray POSTGRES_PASSWORD there is another project's.
    return {**os.environ, **checkout.values}
