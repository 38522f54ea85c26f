"""Rules on what the files say: Docker files, .env, the line of each finding, and silence where nothing is wrong."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from djdock.doctor import diagnosis, rules
from djdock.doctor.case import Case, Finding
from djdock.doctor.docker_files import instructions
from djdock.doctor.repair import EditFile
from djdock.project.dependency import Dependency
from djdock.project.files import Folder, Texts
from tests.doctor.conftest import of

EXAMPLE = Path(__file__).parents[2] / "example"
# As tutorials write it.
TUTORIAL = """\
version: "3.8"

services:
  web:
    build: .
    command: python manage.py runserver 0.0.0.0:8000
    volumes:
      - .:/code
    ports:
      - 8000:8000
    environment:
      - DB_HOST=localhost
    depends_on:
      - db
  db:
    image: postgres
    environment:
      - POSTGRES_HOST_AUTH_METHOD=trust
    volumes:
      - data:/var/lib/postgresql/data/
    healthcheck:
      test: ["CMD-SHELL", "pg_isready -U postgres"]

volumes:
  data:
"""
DOCKERFILE = """\
FROM python:3.10-slim
ENV SECRET_KEY=abcdef123456 \\
    PYTHONUNBUFFERED=1
WORKDIR /code
COPY . .
RUN uv sync
"""


def found(texts: Mapping[str, str]) -> dict[str, str]:
    """The place that each rule names first."""
    places: dict[str, str] = {}
    for finding in diagnosis.examine(of(texts)):
        places.setdefault(finding.rule, finding.where)
    return places


def only(case: Case, rule: str) -> list[Finding]:
    return list(rules.BY_NAME[rule].find(case))


def test_the_files_of_a_tutorial() -> None:
    """Each fault of the usual tutorial is found, with its line."""
    assert found({"docker-compose.yml": TUTORIAL, "Dockerfile": DOCKERFILE}) == {
        "healthcheck-on-socket": "docker-compose.yml:22",
        "trust-authentication": "docker-compose.yml:18",
        "missing-wait": "docker-compose.yml:13",
        "open-ports": "docker-compose.yml:10",
        "localhost-in-container": "docker-compose.yml:12",
        "unpinned-image": "docker-compose.yml:16",
        "root-with-bind-mount": "docker-compose.yml:8",
        "environment-below-mount": "docker-compose.yml:8",
        "secret-in-image": "Dockerfile:2",
        "env-in-image": "Dockerfile:5",
        "obsolete-version": "docker-compose.yml:1",
    }


def test_nothing_is_found_in_what_djdock_writes() -> None:
    """djdock's own files follow its rules."""
    listed = subprocess.run(["git", "ls-files", "."], cwd=EXAMPLE, capture_output=True, text=True, check=True)
    case = Case(Folder(EXAMPLE), settings_file="django_project/settings.py", tracked=frozenset(listed.stdout.split()))

    assert diagnosis.examine(case) == ()


def test_nothing_is_found_where_nothing_is() -> None:
    """A project without Docker files has nothing wrong with them."""
    assert found({"manage.py": "", "settings.py": "A = 1\n"}) == {}


@pytest.mark.parametrize(
    "name",
    [
        "compose.yaml",
        "compose.yml",
        "docker-compose.yaml",
        "docker-compose.prod.yml",
        "deploy/compose.dev.yml",
        "local.yml",
    ],
)
def test_compose_files_have_many_names(name: str) -> None:
    """All of them are looked at."""
    assert found({name: "version: '3'\nservices:\n  a:\n    image: x:1\n"}) == {"obsolete-version": f"{name}:1"}


def test_other_yaml_is_no_compose_file() -> None:
    """A test.yml of something else is left alone, and so is one that cannot be read."""
    assert (
        found(
            {"test.yml": "version: 3\n", "compose.yaml": "services: [\n", "docker-compose.yml": "services:\n\ta: b\n"}
        )
        == {}
    )


def test_anchors_and_tags_are_read() -> None:
    """Merged keys count, at their own lines; Compose's own tags do not disturb."""
    database = "x-db: &db\n  image: postgres:18\n  volumes:\n    - d:/var/lib/postgresql/data\n"
    text = f"{database}services:\n  db:\n    <<: *db\n    ports: !reset []\n"
    assert found({"compose.yaml": text}) == {"volume-path": "compose.yaml:4"}


@pytest.mark.parametrize(
    ("image", "mount", "wrong"),
    [
        ("postgres:18", "/var/lib/postgresql/data", True),
        ("postgres:18-trixie", "/var/lib/postgresql", False),
        ("postgres:17", "/var/lib/postgresql", True),
        ("postgres:16-alpine", "/var/lib/postgresql/data/", False),
        ("postgis/postgis:18-3.6", "/var/lib/postgresql/data", True),
        ("pgvector/pgvector:pg17", "/var/lib/postgresql/data", False),
        ("mysql:8", "/var/lib/mysql", False),
        ("postgres:${PG:-18}", "/var/lib/postgresql/data", True),
        ("postgres:$PG", "/var/lib/postgresql/data", False),
    ],
)
def test_the_place_of_the_volume(image: str, mount: str, wrong: bool) -> None:
    """The major version of the image decides where its volume has to be."""
    text = f"services:\n  db:\n    image: {image}\n    volumes:\n      - d:{mount}\n"

    assert bool(only(of({"compose.yaml": text}), "volume-path")) is wrong


@pytest.mark.parametrize(
    ("test", "wrong"),
    [
        ('["CMD-SHELL", "pg_isready -U x"]', True),
        ('["CMD", "pg_isready", "-U", "x"]', True),
        ("pg_isready", True),
        ('["CMD", "pg_isready", "-h", "127.0.0.1"]', False),
        ('["CMD-SHELL", "pg_isready --host=localhost"]', False),
        ('["CMD", "true"]', False),
    ],
)
def test_health_checks(test: str, wrong: bool) -> None:
    """A check over TCP is right, one on the socket is not; the repair makes it so."""
    texts = {"compose.yaml": f"services:\n  db:\n    image: postgres:17\n    healthcheck:\n      test: {test}\n"}
    findings = only(of(texts), "healthcheck-on-socket")
    assert bool(findings) is wrong
    for finding in findings:
        assert isinstance(finding.repair, EditFile)
        assert only(of({"compose.yaml": finding.repair.change.after}), "healthcheck-on-socket") == []


@pytest.mark.parametrize(
    "port",
    ["8000:8000", "${DB_PORT-}:5432", '"5432:5432"', "'${PORT:-5432}:5432'", '"8000-8010:8000-8010"', "6379:6379/tcp"],
)
def test_open_ports(port: str) -> None:
    """A port on all interfaces is bound to this machine by the repair, in whatever form it is written."""
    texts = {"compose.yaml": f"services:\n  web:\n    image: x:1\n    ports:\n      - {port}  # here\n"}
    [finding] = only(of(texts), "open-ports")
    assert isinstance(finding.repair, EditFile)
    after = finding.repair.change.after
    assert "127.0.0.1:" in after
    assert after.endswith("# here\n")
    assert only(of({"compose.yaml": after}), "open-ports") == []


@pytest.mark.parametrize(
    "port", ['"127.0.0.1:8000:8000"', '"8000"', '"127.0.0.1:${DB_PORT:-}:5432"', '"${AT:-127.0.0.1:8000}:80"']
)
def test_ports_of_this_machine(port: str) -> None:
    """What is bound to this machine, or published nowhere, is right; and so is a proxy, and production."""
    text = f"services:\n  web:\n    image: x:1\n    ports:\n      - {port}\n"
    assert only(of({"compose.yaml": text}), "open-ports") == []
    assert only(of({"docker-compose.prod.yml": text.replace(port, "80:80")}), "open-ports") == []
    assert only(of({"compose.yaml": text.replace(port, "80:80").replace("web", "nginx")}), "open-ports") == []


def test_waiting() -> None:
    """A condition, or a command that waits by itself, is enough."""
    services = "services:\n  db:\n    image: postgres:17\n  web:\n    image: x:1\n"
    text = f"{services}    depends_on:\n      db:\n        condition: {{0}}\n"
    assert only(of({"compose.yaml": text.format("service_healthy")}), "missing-wait") == []
    assert len(only(of({"compose.yaml": text.format("service_started")}), "missing-wait")) == 1
    waits = f"{services}    command: ./wait-for-it.sh db\n    depends_on: [db]\n"
    assert only(of({"compose.yaml": waits}), "missing-wait") == []


def test_environment_outside_of_the_mount() -> None:
    """An environment elsewhere, or a volume over it, is not hidden."""
    compose = "services:\n  web:\n    build: .\n    volumes:\n      - .:/app\n"
    inside = "FROM python:3.13-slim-trixie\nWORKDIR /app\nRUN uv sync\n"
    outside = inside.replace("WORKDIR", "ENV UV_PROJECT_ENVIRONMENT=/opt/venv\nWORKDIR")
    rule = "environment-below-mount"
    assert len(only(of({"compose.yaml": compose, "Dockerfile": inside}), rule)) == 1
    assert only(of({"compose.yaml": compose, "Dockerfile": outside}), rule) == []
    assert only(of({"compose.yaml": f"{compose}      - /app/.venv\n", "Dockerfile": inside}), rule) == []
    node = "FROM node:22\nWORKDIR /app\nRUN npm ci\n"
    assert "node_modules" in only(of({"compose.yaml": compose, "Dockerfile": node}), rule)[0].what


def test_a_password_that_the_volume_does_not_know() -> None:
    """Said when the database has refused it, and only then."""
    texts = {"compose.yaml": "services:\n  db:\n    image: postgres:17\n    environment:\n      POSTGRES_USER: ada\n"}
    [finding] = only(replace(of(texts), volume_password_refused=True), "password-newer-than-volume")
    assert "ALTER ROLE ada" in finding.fix
    assert only(of(texts), "password-newer-than-volume") == []


def test_env_files_in_git() -> None:
    """A tracked .env with secrets is found; an example, or one that is not tracked, is not."""
    texts = {".env": "DEBUG=1\nSECRET_KEY=abcdefgh\n", ".env.example": "SECRET_KEY=abcdefgh\n", ".env.dev": "DEBUG=1\n"}
    tracked = replace(of(texts), tracked=frozenset(texts))

    assert [finding.where for finding in only(tracked, "env-in-git")] == [".env:2"]
    assert only(replace(tracked, tracked=frozenset({".env.example"})), "env-in-git") == []
    assert only(of(texts), "env-in-git") == []


def test_dockerignore() -> None:
    """What is missing is added; one that names all is left alone."""
    texts = {"Dockerfile": "FROM python:3.13-slim-trixie\nCOPY . .\n", ".dockerignore": "node_modules"}
    [finding] = only(of(texts), "env-in-image")
    assert isinstance(finding.repair, EditFile)
    assert finding.repair.change.after == "node_modules\n.env\n"
    assert only(of({**texts, ".dockerignore": "**/.env*\n"}), "env-in-image") == []
    assert only(of({"Dockerfile": "FROM a AS b\nCOPY manage.py .\nCOPY --from=b /x /y\n"}), "env-in-image") == []


@pytest.mark.parametrize("value", ["$KEY", "dummy", '""', "build-only"])
def test_values_that_are_no_secret(value: str) -> None:
    """A variable of the build, and one that is meant for nothing else, is no secret."""
    assert only(of({"Dockerfile": f"FROM x:1\nENV SECRET_KEY={value}\nARG SECRET_KEY\n"}), "secret-in-image") == []


def test_runserver() -> None:
    """In files for production it is found, elsewhere it is right."""
    compose = "services:\n  web:\n    image: x:1\n    command: python manage.py runserver\n"
    rule = "runserver-in-production"
    assert [f.where for f in only(of({"docker-compose.prod.yml": compose}), rule)] == ["docker-compose.prod.yml:4"]
    assert only(of({"docker-compose.yml": compose}), rule) == []
    path = "docker/production/Dockerfile"
    docker = 'FROM x:1\nCMD ["python", "manage.py", "runserver"]\n'
    assert [f.where for f in only(of({path: docker}), rule)] == ["docker/production/Dockerfile:2"]
    assert [f.where for f in only(of({"Procfile": "web: python manage.py runserver\n"}), rule)] == ["Procfile:1"]


def test_versions() -> None:
    """Django, the image of PostgreSQL and that of Python have to fit; without a known version nothing is said."""
    texts = {
        "compose.yaml": "services:\n  db:\n    image: postgres:13\n",
        "Dockerfile": "FROM python:3.9-slim-bookworm\n",
    }
    case = replace(of(texts), dependencies=(Dependency("django", "==5.2.3", "5.2.3", "requirements.txt:1"),))
    assert [finding.where for finding in only(case, "versions-that-do-not-fit")] == ["compose.yaml:3", "Dockerfile:1"]
    assert only(of(texts), "versions-that-do-not-fit") == []


def test_a_merge_conflict_in_a_file_for_tools() -> None:
    """Also in files that no Python reads."""
    texts = {"requirements.txt": "a\n<<<<<<< HEAD\nb\n=======\nc\n>>>>>>> x\n"}
    assert found(texts) == {"merge-conflict": "requirements.txt:2"}


def test_dockerfiles_with_continued_lines_and_heredocs() -> None:
    """An instruction is one, with the number of its first line, whatever comments stand in it."""
    text = "FROM a\n# x\nRUN one \\\n  # why\n  && two\n\nRUN <<EOF\nENV no\nEOF\nCMD x\n"
    assert [(i.name, i.value, i.line) for i in instructions(text)] == [
        ("FROM", "a", 1),
        ("RUN", "one && two", 3),
        ("RUN", "<<EOF ENV no", 7),
        ("CMD", "x", 10),
    ]


def test_a_compose_file_that_holds_itself() -> None:
    """An anchor inside its own node does not go on for ever."""
    assert found({"compose.yaml": "services: &a\n  db:\n    image: postgres:17-trixie\n    x: *a\n"}) == {}


def test_each_rule_has_a_name_and_a_page() -> None:
    """A rule goes by the name of its module, and all that its page needs is said."""
    for name, rule in rules.BY_NAME.items():
        assert rule.__name__.rpartition(".")[2] == name.replace("-", "_")  # type: ignore[attr-defined] # it is a module
        assert all((rule.TITLE, rule.SEEN, rule.CAUSE, rule.FIX, rule.DOES)), name
        for text in (rule.CAUSE, rule.DOES):
            assert text.endswith((".", "…")), name


def test_no_rule_finds_anything_in_an_empty_project() -> None:
    """Silence, with and without files."""
    assert diagnosis.examine(Case(Texts({}))) == ()
