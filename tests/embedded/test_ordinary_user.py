"""An ordinary user of the machine, with a home folder of their own. (Where the tests run as one, all of them do.)"""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import tools
from tests.embedded import machine

pytestmark = [
    pytest.mark.embedded,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can make another user; the other tests run as one"),
]

NAME = "djdocktest"
WHEELS = Path(__file__).parents[2] / "build/wheel"
# May be run by any user, unlike an interpreter in root's home folder.
PYTHONS = (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3")


@dataclass(frozen=True)
class User:
    """Somebody who works on this machine, with djdock installed."""

    uid: int
    home: Path
    command: Path

    def djdock(self, *arguments: str, cwd: Path | None = None) -> tools.Done:
        """Runs djdock as this user, who has root's PATH, as after `su` without `-`."""
        env = {
            "HOME": str(self.home),
            "USER": NAME,
            "LOGNAME": NAME,
            # Not in the home folder, so that a test downloads nothing that root has already.
            "DJDOCK_CACHE_DIR": "/var/cache/djdock",
        }
        return tools.run([self.command, *arguments], cwd or self.home, env=env, uid=self.uid)


@pytest.fixture(scope="module")
def user() -> Iterator[User]:
    """A user who is made for these tests and removed after them."""
    with tools.workspace(docker=False) as folder:
        subprocess.run(["useradd", "--create-home", "--home-dir", folder / "home", "--user-group", NAME], check=True)
        try:
            account = pwd.getpwnam(NAME)
            (folder / "home").chmod(0o700)
            yield User(account.pw_uid, folder / "home", installed(folder / "djdock", account.pw_uid))
        finally:
            for process in machine.of_user(pwd.getpwnam(NAME).pw_uid):
                process.kill()
            subprocess.run(["userdel", NAME], check=True)


def installed(folder: Path, uid: int) -> Path:
    """djdock in an environment that the user may enter, from the same wheel as ours."""
    enough = "import sys; raise SystemExit(sys.version_info < (3, 10))"
    python = next((path for path in PYTHONS if runs([path, "-c", enough], uid)), None)
    if python is None:
        pytest.skip("there is no Python here that an ordinary user may run")
    uv = tools.DJDOCK.with_name("uv")
    [wheel] = WHEELS.glob("*.whl")
    tools.run([uv, "venv", "--python", python, folder], folder.parent).ok()
    install: list[str | Path] = [uv, "pip", "install", "--link-mode", "copy", "--python", folder / "bin/python", wheel]
    tools.run(install, folder.parent).ok()
    return folder / "bin/djdock"


def runs(argv: list[str], uid: int) -> bool:
    """Whether a user can run a program."""
    try:
        return tools.run(argv, Path("/"), uid=uid).code == 0
    except PermissionError:
        return False


def test_from_new_to_page(user: User) -> None:
    """All of it as an ordinary user: the server is theirs, the data are in their project, and nobody else may look."""
    user.djdock("new", "blog").ok()
    project = tools.own_port(tools.Project(user.home / "blog"))
    user.djdock("up", "--engine", "embedded", cwd=project.root).ok()
    assert tools.page(project.url)[0] == 200
    for process in machine.everything(project):
        assert process.uids().real == user.uid
    assert machine.data(project) == project.root / ".djdock/postgres/data"
    owners = {path.lstat().st_uid for path in project.root.rglob("*")}
    assert owners == {user.uid}
    assert {path.name for path in user.home.iterdir() if not path.name.startswith(".bash")} <= {"blog", ".cache",
                                                                                               ".profile"}  # fmt: skip
    machine.kill(machine.everything(project))
    user.djdock("up", cwd=project.root).ok()
    assert tools.page(project.url)[0] == 200
    refused = user.djdock("up", "--port", "80", cwd=project.root)
    refused.problem()
    assert "Port 80 is one that only root may use" in refused.words
    assert user.djdock("psql", "-At", "-c", "select current_user", cwd=project.root).ok().out == "blog\n"
    assert "stop db" in user.djdock("down", cwd=project.root).ok().words
    # Root who starts a user's project runs the server as that user: the data stay the user's own.
    project.up("embedded")
    assert tools.page(project.url)[0] == 200
    assert machine.postmaster(project).uids().real == user.uid
    assert {path.lstat().st_uid for path in machine.data(project).rglob("*")} == {user.uid}
    project.djdock("down").ok()
