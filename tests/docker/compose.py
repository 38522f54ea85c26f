"""What the Docker tests share: clones, plain Compose, and a look at containers."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import tools
from tests.tools import Done, Project, run

# What a repository does not hold.
NOT_IN_GIT = (".env", ".venv", ".djdock", "__pycache__")
# An account that is nobody's on most machines.
STRANGER = 1234


def compose(folder: Path, *arguments: str, **options: Any) -> Done:
    """Runs plain `docker compose` in a folder; options are those of `tools.run`."""
    return run(["docker", "compose", *arguments], folder, **options)


def clone(original: Project, folder: Path) -> Project:
    """What a colleague has after `git clone`: no .env, no environment, nothing of djdock's."""
    shutil.copytree(original.root, folder, ignore=shutil.ignore_patterns(*NOT_IN_GIT))
    return Project(folder)


def up(project: Project, *arguments: str, **options: Any) -> Done:
    """`djdock up` in Docker, on a port that other tests do not use."""
    return project.up("docker", "--port", str(tools.free_port()), *arguments, **options)


def name(folder: Path) -> str:
    """The name under which Compose runs a folder."""
    found: str = json.loads(compose(folder, "config", "--format", "json").ok().out)["name"]
    return found


def image_name(shelf: Path) -> str:
    """A name for images, networks and containers that no other run of the tests has."""
    return "djdock-test-" + "".join(letter for letter in shelf.name.lower() if letter.isalnum())


def containers(folder: Path) -> dict[str, dict[str, Any]]:
    """What `docker inspect` says of each service's container, running or not."""
    ids = compose(folder, "ps", "--all", "--quiet").ok().out.split()
    entries = json.loads(run(["docker", "inspect", *ids], folder).ok().out) if ids else []
    return {entry["Config"]["Labels"]["com.docker.compose.service"]: entry for entry in entries}


def remove(folder: Path) -> None:
    """Takes away all that Compose made of a folder, with its volumes and its image."""
    if not folder.exists():
        return
    image = f"{name(folder)}-web"
    compose(folder, "down", "--volumes", "--remove-orphans", "--timeout", "2").ok()
    run(["docker", "image", "rm", "--force", image], folder)


@contextmanager
def cleaned(folder: Path) -> Iterator[Path]:
    """A folder for plain Compose, cleaned up at the end: it may have no .env, so that djdock knows nothing of it."""
    try:
        yield folder
    finally:
        remove(folder)


def add_group(project: Project, group: str) -> None:
    """A row to recognise a database by."""
    project.djdock("psql", "-v", f"group={group}", stdin="insert into auth_group (name) values (:'group')").ok()


def groups(project: Project) -> str:
    """The rows of `add_group`, with commas between them."""
    return project.sql("select coalesce(string_agg(name, ',' order by id), '') from auth_group")


@dataclass(frozen=True)
class Person:
    """An ordinary user of this machine, who may use Docker or may not."""

    uid: int
    prefix: Sequence[str]

    def run(self, argv: Sequence[str | Path], cwd: Path, home: Path, **options: Any) -> Done:
        return run([*self.prefix, *argv], cwd, env={"HOME": str(home)}, **options)


def person(*, in_docker_group: bool) -> Person:
    """Somebody who is not root; whoever runs the tests, if that is somebody.

    As root a stranger is taken who may look into every folder, because the interpreter of the tests may lie in root's
    home; all else, writing above all, is refused to them as to anybody.
    """
    if os.getuid():
        return Person(os.getuid(), [])
    look = ["--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search"]
    socket = Path("/var/run/docker.sock").stat().st_gid
    allowed = ["--groups", str(socket)] if in_docker_group else ["--clear-groups"]
    return Person(STRANGER, ["setpriv", "--reuid", str(STRANGER), "--regid", str(STRANGER), *allowed, *look])


def give(folder: Path, to: Person) -> None:
    """Makes a folder and all below it a person's own."""
    for path in (folder, *folder.rglob("*")):
        os.chown(path, to.uid, to.uid, follow_symlinks=False)


def strangers(folder: Path, to: Person) -> list[str]:
    """The files of a folder that do not belong to a person."""
    return [str(path) for path in folder.rglob("*") if path.lstat().st_uid != to.uid]


def seconds(began: float) -> str:
    """The time since then, to print."""
    return f"{time.monotonic() - began:.2f} s"
