"""The data in a checkout's volume: which PostgreSQL made them, and whether its password is that of .env."""

from __future__ import annotations

from djdock.compose import containers
from djdock.database import server
from djdock.machine import ports
from djdock.plan.compose import database_image
from djdock.process import run
from djdock.project.checkout import Checkout
from djdock.project.services.postgres import other_major
from djdock.service import DATABASE


def check_major(checkout: Checkout, wanted: int, extension: str = "") -> None:
    """Makes sure that the volume, where there is one, was not made by another major version.

    The image itself would refuse it, or worse: find nothing at its own path, and start with an empty database.

    Raises:
        Problem: it was. Nothing was touched.
    """
    volume = f"{checkout.compose_project}_{DATABASE}"
    image = database_image(wanted, extension)
    container = containers.find(checkout).get(DATABASE)
    if container is not None and container.image == image:
        return
    found = majors(volume, image)
    if found and str(wanted) not in found:
        without = "give this checkout another COMPOSE_PROJECT_NAME in .env (the volume then stays as it is)"
        raise other_major(f"the volume {volume}", found[0], wanted, without)


def majors(volume: str, image: str) -> list[str]:
    """The major versions of PostgreSQL that have made what is in a volume; none where it is empty or not there."""
    if not run(["docker", "volume", "inspect", volume]).ok:
        return []
    look = "cat /volume/PG_VERSION /volume/data/PG_VERSION /volume/*/docker/PG_VERSION 2>/dev/null || true"
    mount = ["--rm", "--network", "none", "--volume", f"{volume}:/volume:ro", "--entrypoint", "sh"]
    return run(["docker", "run", *mount, image, "-c", look]).stdout.split()


def repair_password(checkout: Checkout) -> bool:
    """Gives a running database the password of .env, where it has another; returns whether that was it.

    The image sets the password for a new volume only; with a newer .env nobody can get in.
    """
    if not ports.answers(checkout.database.port) or server.lets_in(checkout.database):
        return False
    container = containers.find(checkout)[DATABASE].id
    user, password = checkout.database.user.replace('"', '""'), checkout.database.password.replace("'", "''")
    done = run(
        ["docker", "exec", "--interactive", container, "psql", "--username", checkout.database.user, "--dbname",
         server.MAINTENANCE, "--set", "ON_ERROR_STOP=1"],
        stdin=f"ALTER ROLE \"{user}\" PASSWORD '{password}';",
    )  # fmt: skip
    return done.ok and server.lets_in(checkout.database)
