"""What containers write into the project belongs to the person, and who may not use Docker is told so."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests import tools
from tests.docker import compose
from tests.tools import DJDOCK, Project

pytestmark = [pytest.mark.docker, pytest.mark.timeout(240)]

MODEL = "from django.db import models\n\n\nclass Thing(models.Model):\n    title = models.CharField(max_length=9)\n"


@pytest.fixture
def home(workspace: Path) -> Path:
    """A home folder for a person who has none on this machine."""
    folder = workspace / "home"
    folder.mkdir()
    return folder


def test_files_made_in_the_container_belong_to_the_caller(clone: Project, home: Path) -> None:
    """startapp and makemigrations, through djdock and through plain Compose, write files that the caller can edit."""
    caller = compose.person(in_docker_group=True)
    compose.give(clone.root, caller)
    compose.give(home, caller)
    caller.run([DJDOCK, "up", "--port", str(tools.free_port())], clone.root, home).ok()
    assert (clone.env()["HOST_UID"], (clone.root / ".env").stat().st_mode & 0o777) == (str(caller.uid), 0o600)

    caller.run([DJDOCK, "manage", "startapp", "things"], clone.root, home).ok()
    (clone.root / "things/models.py").write_text(MODEL)
    settings = clone.root / "django_project/settings.py"
    settings.write_text(settings.read_text() + "\nINSTALLED_APPS += ['things']\n")
    caller.run([DJDOCK, "manage", "makemigrations", "things"], clone.root, home).ok()
    assert (clone.root / "things/migrations/0001_initial.py").exists()

    plain = ["docker", "compose", "exec", "--no-TTY", "web", "python", "manage.py", "startapp", "others"]
    caller.run(plain, clone.root, home).ok()
    one_off = ["docker", "compose", "run", "--rm", "--no-TTY", "web", "python", "manage.py", "startapp", "more"]
    caller.run(one_off, clone.root, home).ok()
    assert (clone.root / "others/models.py").exists()
    assert (clone.root / "more/models.py").exists()
    assert compose.strangers(clone.root, caller) == []
    caller.run([DJDOCK, "down"], clone.root, home).ok()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can act as somebody who may not use Docker")
def test_no_permission_on_the_socket(clone: Project, home: Path) -> None:
    """Who is not in Docker's group reads that, and what to do; without --engine the project runs without Docker."""
    caller = compose.person(in_docker_group=False)
    compose.give(clone.root, caller)
    compose.give(home, caller)
    said = caller.run([DJDOCK, "up", "--engine", "docker"], clone.root, home).problem()
    assert "you may not use it: no permission on /var/run/docker.sock" in said
    assert "usermod -aG docker" in said
    assert not (clone.root / ".env").exists(), "a command that was refused leaves nothing behind"
