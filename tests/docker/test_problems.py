"""What can be wrong with Docker and with the project: one Problem each, with its cause, and nothing half done."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from djdock.compose import availability
from tests import tools
from tests.docker import compose
from tests.tools import Project

pytestmark = [pytest.mark.docker, pytest.mark.timeout(240)]

NOBODY_LISTENS = "unix:///nonexistent.sock"
FAILING_MIGRATION = """\
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [migrations.RunSQL("select * from no_such_table")]
"""


@pytest.fixture(scope="module")
def troubled(original: Project, shelf: Path) -> Iterator[Project]:
    """A running project that each test breaks in its own way and mends again."""
    project = compose.clone(original, shelf / "troubled")
    compose.up(project)
    compose.add_group(project, "kept")
    yield project
    assert compose.groups(project) == "kept"
    tools.remove(project)


@contextmanager
def edited(project: Project, path: str, old: str, new: str) -> Iterator[None]:
    """A file of the project with `old` replaced, for a while."""
    file = project.root / path
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    try:
        yield
    finally:
        file.write_text(text)


def test_a_step_of_the_build_fails(troubled: Project) -> None:
    """The lines of the failing step are shown, its command first, and none of the steps before it."""
    step = "WORKDIR /app\nRUN echo looking for it && frobnicate --all"
    with edited(troubled, "Dockerfile", "WORKDIR /app", step):
        said = troubled.djdock("up").problem()
    assert "The image cannot be built" in said
    details = [line.removeprefix("  | ") for line in said.splitlines() if line.startswith("  | ")]
    assert "RUN echo looking for it && frobnicate --all" in details[0]
    assert details[1].endswith("looking for it")
    assert details[2].endswith("frobnicate: not found")
    assert len(details) == 4, said
    assert tools.page(troubled.url)[0] == 200, "what ran before goes on"


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [("Dockerfile", "slim-trixie", "slim-nonexistent"), ("compose.yaml", "18-trixie", "18-nonexistent")],
)
def test_an_image_cannot_be_pulled(troubled: Project, path: str, old: str, new: str) -> None:
    """The image is named, whether the Dockerfile or compose.yaml asks for it."""
    with edited(troubled, path, old, new):
        said = troubled.djdock("up").problem()
    assert f"{new} is not on this machine and cannot be pulled." in said
    assert "docker login" in said


def test_a_migration_fails(troubled: Project) -> None:
    """The end of the traceback is shown: there stands what PostgreSQL said."""
    migration = troubled.root / "accounts/migrations/0002_failing.py"
    migration.write_text(FAILING_MIGRATION)
    try:
        said = troubled.djdock("up").problem()
    finally:
        migration.unlink()
    assert "`manage.py migrate` failed" in said
    assert '| django.db.utils.ProgrammingError: relation "no_such_table" does not exist' in said
    assert "\x1b" not in said


def test_an_old_failure_is_not_taken_for_a_new_one(troubled: Project) -> None:
    """A migration that failed last time is not blamed when something else fails this time."""
    with edited(troubled, "accounts/models.py", "from django", "raise RuntimeError('not yet')\nfrom django"):
        assert "RuntimeError: not yet" in troubled.djdock("up").problem()
    port = tools.free_port()
    more = f"services:\n  cache:\n    image: postgres:18-trixie\n    ports: ['127.0.0.1:{port}:1']"
    with tools.taken(port), edited(troubled, "compose.yaml", "services:", more):
        said = troubled.djdock("up").problem()
        compose.compose(troubled.root, "rm", "--force", "--stop", "--volumes", "cache").ok()
    assert "RuntimeError" not in said
    assert str(port) in said


def test_settings_with_a_syntax_error(troubled: Project) -> None:
    """The line is shown before anything is started, and nothing waits for a site that cannot come."""
    with edited(troubled, "django_project/settings.py", "DEBUG =", "DEBUG = ("):
        said = troubled.djdock("up", timeout=20).problem()
    assert "django_project/settings.py has a syntax error in line" in said


def test_urls_that_raise(troubled: Project) -> None:
    """Code that only fails once it is imported is a Problem with the end of its traceback, not an endless wait."""
    with edited(
        troubled, "django_project/urls.py", "\nurlpatterns", "\nraise RuntimeError('no urls today')\nurlpatterns"
    ):
        said = troubled.djdock("up", timeout=120).problem()
    assert "RuntimeError: no urls today" in said
    troubled.up("docker")
    assert tools.page(troubled.url)[0] == 200


@pytest.mark.parametrize("command", ["up", "down", "status", "logs", "manage"])
def test_the_engine_stops_answering(troubled: Project, command: str) -> None:
    """A project that lives in Docker does not slip onto the other engine, where its rows are not."""
    said = troubled.djdock(command, env={"DOCKER_HOST": NOBODY_LISTENS}).problem()
    assert f"its engine does not answer at DOCKER_HOST={NOBODY_LISTENS}" in said
    assert troubled.status()["engine"] == "docker"


def test_an_engine_that_takes_calls_and_answers_none(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Docker Desktop is like that while it starts: nobody waits for ever, and the cause is named.

    Called in this process and not as a command, to wait for a moment instead of the whole time.
    """
    address = workspace / "silent.sock"
    monkeypatch.setenv("DOCKER_HOST", f"unix://{address}")
    monkeypatch.setattr(availability, "PATIENCE", 0.5)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(address))
        silent.listen()
        found = availability.obstacle()
    assert found is not None
    assert "its engine does not answer at DOCKER_HOST" in found.cause
    assert found.details == "docker had no answer after 0.5 seconds."


def without_docker(folder: Path, *more: str) -> str:
    """A PATH with the programs of this one except docker and what `more` names."""
    folder.mkdir()
    for place in ("/usr/bin", "/bin"):
        for program in Path(place).iterdir():
            if not program.name.startswith(("docker", *more)) and not (folder / program.name).exists():
                (folder / program.name).symlink_to(program)
    return str(folder)


def test_without_docker_a_new_project_runs_embedded(clone: Project, workspace: Path) -> None:
    """No --engine and no Docker: PostgreSQL runs without it, and the output says why; --engine docker is a Problem."""
    path = without_docker(workspace / "bin")
    wanted = ("up", "--port", str(tools.free_port()))
    said = clone.djdock(*wanted, "--engine", "docker", env={"PATH": path}).problem()
    assert "Docker is not installed." in said
    assert "djdock up --engine embedded" in said
    assert not (clone.root / ".env").exists(), "a command that was refused leaves nothing behind"
    done = clone.djdock(*wanted, env={"PATH": path}).ok()
    assert "embedded  (Docker is not installed" in done.out
    assert tools.page(clone.url)[0] == 200


def test_an_engine_that_does_not_answer_is_passed_over(clone: Project) -> None:
    """Docker installed but not running is a reason to run embedded, and no reason to stop."""
    env = {"DOCKER_HOST": NOBODY_LISTENS}
    done = clone.djdock("up", "--port", str(tools.free_port()), env=env).ok()
    assert "embedded  (Docker is installed, but its engine does not answer" in done.out
    assert clone.status()["engine"] == "embedded"


def test_only_the_first_compose_is_installed(clone: Project, workspace: Path) -> None:
    """Compose v1 is called by its name, and v2 asked for.

    The one seam that is faked here: a `docker` without the plugin and a `docker-compose` stand first on the PATH,
    since the real plugin cannot be taken away from this machine while other tests use it.
    """
    fakes = workspace / "bin"
    fakes.mkdir()
    real = shutil.which("docker")
    (fakes / "docker").write_text(f'#!/bin/sh\n[ "$1" = compose ] && exit 1\nexec {real} "$@"\n')
    (fakes / "docker-compose").write_text("#!/bin/sh\nexit 0\n")
    for program in fakes.iterdir():
        program.chmod(0o755)
    path = f"{fakes}:{tools.clean_environment()['PATH']}"
    said = clone.djdock("up", "--engine", "docker", env={"PATH": path}).problem()
    assert "Docker Compose v2 is not installed (only docker-compose, its first version, is here)." in said
    assert "https://docs.docker.com/compose/install/" in said
