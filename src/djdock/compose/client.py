"""Runs Compose, and says what a failure came from."""

from __future__ import annotations

import json
from collections.abc import Sequence

from djdock.compose import builds, containers, networks
from djdock.compose.containers import MIGRATE, environment, program
from djdock.errors import Problem, last_lines
from djdock.process import follow, run
from djdock.project.checkout import Checkout
from djdock.service import DATABASE, Progress


def compose(checkout: Checkout, arguments: Sequence[str], progress: Progress) -> None:
    """Runs `docker compose` to its end.

    Raises:
        Problem: it failed; the message names the build's step, the image, the migration or the container that did.
    """
    migrated = _migrated(checkout)
    env = {**environment(checkout), "BUILDKIT_PROGRESS": "plain", "COMPOSE_ANSI": "never"}
    done = follow([*program(checkout), *arguments], cwd=checkout.root, env=env, on_line=progress)
    if not done.ok:
        raise _diagnose(checkout, done.stdout, migrated)


def log_tail(checkout: Checkout, service: str) -> str:
    """The end of one service's log."""
    argv = [*program(checkout), "logs", "--no-log-prefix", "--no-color", "--tail", "40", service]
    return last_lines(run(argv, cwd=checkout.root, env=environment(checkout)).text, 15)


def _migrated(checkout: Checkout) -> str:
    """When the migrations last ended, in Docker's own words: tells this run's end from an earlier one's."""
    container = containers.find(checkout).get(MIGRATE)
    return container.finished if container else ""


def _diagnose(checkout: Checkout, output: str, migrated: str) -> Problem:
    """What a failed `docker compose` came from: the build, an image, a migration, the database, or something else.

    `migrated` says when the migrations had ended before it.
    """
    if failed := builds.problem(output, again="djdock up"):
        return failed
    if no_network := networks.problem(output, again="djdock up"):
        return no_network
    if missing_image := _missing_image(checkout):
        return builds.no_image(missing_image, last_lines(output, 4), again="djdock up")
    found = containers.find(checkout)
    if MIGRATE in found and found[MIGRATE].service.exit_code and found[MIGRATE].finished != migrated:
        return Problem(
            "`manage.py migrate` failed in its container.",
            details=log_tail(checkout, MIGRATE),
            hint="Correct what the last line says, then: djdock up",
        )
    database = found[DATABASE].service if DATABASE in found else None
    if database and (database.state == "exited" or database.health == "unhealthy"):
        return Problem(
            "The database's container does not get ready.",
            details=log_tail(checkout, DATABASE),
            hint="Look at the lines above; all of them: djdock logs db",
        )
    return Problem(
        "docker compose failed.",
        details=last_lines(output),
        hint="Look at the last line above.\nWithout Docker: djdock up --engine embedded",
    )


def _missing_image(checkout: Checkout) -> str | None:
    """An image that compose.yaml takes from a registry and that is not on this machine."""
    argv = [*program(checkout), "config", "--format", "json"]
    config = run(argv, cwd=checkout.root, env=environment(checkout)).stdout
    wanted = json.loads(config or "{}").get("services", {}).values()
    built = {service.get("image") for service in wanted if "build" in service}
    images = [str(service["image"]) for service in wanted if "image" in service and service["image"] not in built]
    return next((image for image in images if not run(["docker", "image", "inspect", image]).ok), None)
