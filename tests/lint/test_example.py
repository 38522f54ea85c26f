"""example/ is what `djdock new` writes, and what it writes is read alike by all who read it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from djdock.machine import python
from djdock.project import compatibility, environment
from tests import example, tools
from tests.example import FOLDER, NAME

# The series of uv in the image is that of the uv that is installed: another one is no difference that matters.
UV_IMAGE = re.compile(r"(?<=astral-sh/uv:)\d+\.\d+")


def texts(project: Path) -> dict[str, str]:
    """The text of each file that people share, by path, with a mark behind those that can be executed."""
    return {
        path.relative_to(project).as_posix() + ("*" if path.stat().st_mode & 0o100 else ""): UV_IMAGE.sub(
            "X.Y", path.read_text(encoding="utf-8")
        )
        for path in example.shared(project)
    }


def pinned_python() -> compatibility.Version:
    """The Python that the example was made with."""
    match = re.search(r"^FROM python:([\d.]+)-", (FOLDER / "Dockerfile").read_text(), re.MULTILINE)
    assert match
    return compatibility.parse(match[1], "the example")


@pytest.fixture(scope="module")
def blog(tmp_path_factory: pytest.TempPathFactory) -> tools.Project:
    """A new project, with the versions that the example pins where this machine has its Python; it is never started."""
    folder, version = tmp_path_factory.mktemp("example"), pinned_python()
    if python.find(version) is None:
        return tools.new_project(folder, name=NAME)
    pins = {"UV_CONSTRAINT": str(FOLDER / "requirements.txt")}
    tools.djdock("new", NAME, "--python", compatibility.text(version), cwd=folder, env=pins).ok()
    return tools.Project(folder / NAME)


def test_example_is_what_new_writes(blog: tools.Project) -> None:
    """A visitor of the repository reads exactly what a person gets."""
    version = pinned_python()
    if python.find(version) is None:
        pytest.skip(f"Python {compatibility.text(version)}, which the example was made with, is not on this machine")
    assert texts(blog.root) == texts(FOLDER), "make example writes it anew"


def test_example_is_in_git() -> None:
    """All of the example is in the repository, none of it hidden by an ignore file; nothing else is in its folder."""
    listed = tools.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "."], FOLDER, timeout=20)
    if listed.code:
        pytest.skip("this is no git repository")
    there = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.is_file()}
    assert there == set(listed.out.split())
    assert {
        ".gitignore",
        ".dockerignore",
        ".env.example",
        "compose.yaml",
        "accounts/migrations/0001_initial.py",
    } <= there
    assert ".env" not in there


def test_example_compiles() -> None:
    """Each Python file is Python, each YAML file is YAML."""
    for path in FOLDER.rglob("*.py"):
        compile(path.read_text(encoding="utf-8"), path, "exec", dont_inherit=True)
    assert list(yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"]) == ["db", "migrate", "web"]


# --- .env, as its readers see it --------------------------------------------------------------------------------------

READ_WITH_DJANGO_ENVIRON = """
import json, os
os.environ.clear()
import environ
env = environ.Env()
env.read_env(".env")
url = env.db_url("DATABASE_URL")
print(json.dumps({"values": dict(os.environ), "database": {name.lower(): url[name] for name in
    ("HOST", "PORT", "NAME", "USER", "PASSWORD")}, "origins": env.list("CSRF_TRUSTED_ORIGINS"),
    "hosts": env.list("ALLOWED_HOSTS"), "debug": env.bool("DEBUG")}))
"""


def test_django_environ_reads_the_same(blog: tools.Project) -> None:
    """The settings of the project get from .env what djdock gets from it."""
    interpreter = python.environment_python(blog.root / ".venv")
    done = tools.run([interpreter, "-c", READ_WITH_DJANGO_ENVIRON], blog.root, timeout=30).ok()
    ours = environment.parse((blog.root / ".env").read_text())
    found = json.loads(done.out)
    assert found["values"] == ours
    assert environment.Database(**found["database"]) == environment.database(ours)
    assert (found["origins"], found["hosts"], found["debug"]) == ([], ["localhost", "127.0.0.1"], True)


def compose_config(folder: Path) -> dict[str, Any]:
    """What Docker Compose makes of a project; it must not have anything to remark."""
    done = tools.run(["docker", "compose", "config", "--format", "json"], folder, timeout=60).ok()
    assert done.err == ""
    found: dict[str, Any] = json.loads(done.out)
    return found


@pytest.mark.docker
def test_compose_reads_the_same(blog: tools.Project) -> None:
    """The containers get from .env what djdock gets from it, in every place where compose.yaml puts it."""
    ours = environment.parse((blog.root / ".env").read_text())
    found = compose_config(blog.root)
    database, web = found["services"]["db"], found["services"]["web"]
    assert found["name"] == ours["COMPOSE_PROJECT_NAME"]
    assert database["environment"]["POSTGRES_PASSWORD"] == ours["POSTGRES_PASSWORD"]
    for name in ("SECRET_KEY", "DEBUG", "ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS"):
        assert web["environment"][name] == ours[name]
    inside = environment.database(ours).at(5432).url.replace("127.0.0.1", "db")
    assert web["environment"]["DATABASE_URL"] == inside
    for service, variable in ((database, "DB_PORT"), (web, "WEB_PORT")):
        [port] = service["ports"]
        assert (port["host_ip"], port["published"]) == ("127.0.0.1", ours[variable])
    assert web["user"] == f"{ours['HOST_UID']}:{ours['HOST_GID']}"


@pytest.mark.docker
@pytest.mark.parametrize("dotenv", [None, ".env.example"])
def test_compose_takes_the_example(tmp_path: Path, dotenv: str | None) -> None:
    """A clone works with plain Compose: without a .env, and with the example copied to its place."""
    (tmp_path / "clone").mkdir()
    for name in ("compose.yaml", "Dockerfile"):
        (tmp_path / "clone" / name).write_bytes((FOLDER / name).read_bytes())
    if dotenv:
        (tmp_path / "clone/.env").write_bytes((FOLDER / dotenv).read_bytes())
    found = compose_config(tmp_path / "clone")
    web = found["services"]["web"]
    assert found["name"] == ("blog-1" if dotenv else "clone")
    assert f":{found['services']['db']['environment']['POSTGRES_PASSWORD']}@db:" in web["environment"]["DATABASE_URL"]
    assert web["ports"][0]["published"] == "8000"
