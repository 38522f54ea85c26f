"""Whatever is killed, deleted or moved: the next command puts it right, and the rows are there."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import tools
from tests.docker import compose
from tests.terminal import Terminal
from tests.tools import DJDOCK, Project, run

pytestmark = [pytest.mark.docker, pytest.mark.timeout(240)]


COUNT = "from django.contrib.auth.models import Group; print(Group.objects.filter(name='kept').count())"
SECRETS = {"SECRET_KEY", "POSTGRES_PASSWORD", "DATABASE_URL"}


@pytest.fixture(scope="module")
def kept(original: Project, shelf: Path) -> Iterator[Project]:
    """A project with a row in its database; each test leaves both behind."""
    project = compose.clone(original, shelf / "kept")
    compose.up(project)
    compose.add_group(project, "kept")
    yield project
    tools.remove(project)


def is_whole(project: Project) -> None:
    """The site answers, and its row is there."""
    assert tools.page(project.url)[0] == 200
    assert tools.page(f"{project.url}admin/login/")[0] == 200
    assert compose.groups(project) == "kept"


@pytest.mark.parametrize("services", [("web",), ("db", "web")], ids="+".join)
def test_up_repairs_what_was_killed(kept: Project, services: tuple[str, ...]) -> None:
    """`kill -9` of a container's processes stops it; `up` starts it again, and only what is committed matters."""
    found = compose.containers(kept.root)
    for service in services:
        run(["docker", "kill", "--signal", "KILL", found[service]["Id"]], kept.root).ok()
    assert {entry["name"] for entry in kept.status()["services"] if entry["state"] == "running"} == {"db", "web"} - {
        *services
    }
    kept.up("docker")
    is_whole(kept)


def test_a_command_starts_a_killed_database(kept: Project) -> None:
    """A management command needs the database and gets it, without `up`."""
    run(["docker", "kill", "--signal", "KILL", compose.containers(kept.root)["db"]["Id"]], kept.root).ok()
    is_whole(kept)


def test_a_new_dotenv_gets_into_the_old_database(kept: Project) -> None:
    """.env deleted and written anew: its password is newer than the volume, and is given to the database."""
    before = kept.env()
    kept.djdock("down").ok()
    (kept.root / ".env").unlink()
    assert kept.djdock("manage", "shell", "-v", "0", "-c", COUNT).ok().out.endswith("1\n")
    (kept.root / ".env").unlink()
    compose.up(kept)
    is_whole(kept)
    changed = {name for name, value in kept.env().items() if before[name] != value}
    assert SECRETS <= changed <= SECRETS | {"DB_PORT", "WEB_PORT"}


def state(project: Project, service: str) -> str:
    """How Docker calls a container's state, asked in the quickest way; empty where there is none."""
    container = f"{project.env()['COMPOSE_PROJECT_NAME']}-{service}-1"
    return run(["docker", "inspect", "--format", "{{.State.Status}}", container], project.root).out.strip()


MOMENTS: dict[str, Callable[[Project], bool]] = {
    "it has begun": lambda project: (project.root / ".djdock/lock.owner").exists(),
    "the database starts": lambda project: state(project, "db") == "running",
    "migrations run": lambda project: state(project, "migrate") == "running",
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_up_repairs_an_up_that_was_killed(kept: Project, moment: str) -> None:
    """`kill -9` of djdock in the middle leaves nothing that the next `up` stumbles over, a lock least of all."""
    kept.djdock("down").ok()
    killed = subprocess.Popen([DJDOCK, "up"], cwd=kept.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    tools.eventually(lambda: MOMENTS[moment](kept), 60, f"never seen: {moment}")
    killed.kill()
    killed.communicate(timeout=60)
    assert killed.returncode == -signal.SIGKILL, "it was done before it was killed"
    kept.up("docker")
    is_whole(kept)


def test_ctrl_c_during_up(kept: Project) -> None:
    """Ctrl-C ends `up` at once, with 130 and without a traceback; the next `up` works."""
    kept.djdock("down").ok()
    with Terminal([DJDOCK, "up"], kept.root) as terminal:
        tools.eventually(lambda: state(kept, "db") == "running", 60)
        terminal.type("\x03")
        assert terminal.code() == 130
        assert "Traceback" not in terminal.screen
    kept.up("docker")
    is_whole(kept)


def test_a_moved_checkout_keeps_its_database(kept: Project) -> None:
    """After `mv` the .env still names the same volume; the containers are made anew from the new place."""
    kept.djdock("down").ok()
    moved = Project(kept.root.with_name("moved elsewhere"))
    kept.root.rename(moved.root)
    try:
        moved.up("docker")
        is_whole(moved)
        mounts = compose.containers(moved.root)["web"]["Mounts"]
        assert [mount["Source"] for mount in mounts] == [str(moved.root)]
        moved.djdock("down").ok()
    finally:
        moved.root.rename(kept.root)
