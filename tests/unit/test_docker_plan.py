"""plan/docker_files.py with dockerfile.py, compose.py and dockerignore.py: Docker files for projects that are there."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
import yaml

from djdock.plan import compose, docker_differences, docker_files, dockerfile, dockerignore
from djdock.plan.docker_files import Names, Setup
from djdock.project import docker_files as existing
from djdock.project import facts as project_facts
from djdock.project.answer import Answer
from djdock.project.dependency import Dependency
from djdock.project.facts import Facts
from djdock.project.files import Texts
from djdock.project.processes import Process
from djdock.project.signs import Need

SETTINGS = """\
import os
SECRET_KEY = os.environ["SECRET_KEY"]
ALLOWED_HOSTS = os.environ.get("HOSTS", "").split()
INSTALLED_APPS = ["django.contrib.staticfiles"]
STATIC_ROOT = "static"
WSGI_APPLICATION = "shop.wsgi.application"
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "HOST": os.environ["DB_HOST"]}}
"""
MANAGE = "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n"
# Beside manage.py.
CONTAINER_FILES = tuple(f"backend/container/{name}.py" for name in ("__init__", "entrypoint", "health"))
PROJECT = {
    "backend/manage.py": MANAGE,
    "backend/shop/settings.py": SETTINGS,
    "backend/shop/wsgi.py": "",
    "backend/requirements.txt": "django\ngunicorn==23.0.0\n",
}
SETUP = Setup(
    "0.13",
    {
        "SECRET_KEY": "{secret}",
        "HOSTS": "localhost 127.0.0.1",
        "DB_HOST": "{host}",
        "DATABASE_URL": "{url}",
        "ODD": "a$b",
    },
)


def read(texts: Mapping[str, str], *dependencies: str, **more: Any) -> Facts:
    """The facts of a project, with dependencies as `name` or `name==version`."""
    pairs = [name.partition("==") for name in dependencies]
    wanted = tuple(Dependency(name, "", version or None, "requirements.txt:1") for name, _, version in pairs)
    found = project_facts.read(Texts(texts), "shop")
    return replace(found, **{
        "dependencies": wanted, "dependencies_folder": found.folder, "python": Answer("3.12", ""),
        "package_manager": Answer("pip", f"{found.folder}/requirements.txt".lstrip("/")), **more,
    })  # fmt: skip


def written(texts: Mapping[str, str], facts: Facts, setup: Setup = SETUP) -> dict[str, str]:
    return {change.path: change.after for change in docker_files.docker_files(Texts(texts), facts, setup)}


def services(text: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(text)["services"]
    return found


def stage(text: str, name: str) -> str:
    """The instructions of one stage."""
    return next(part for part in re.split(r"(?m)^FROM ", text) if part.splitlines()[0].endswith(f" AS {name}"))


def test_commands_run_in_the_folder_of_manage_py() -> None:
    """The whole project is copied and mounted; servers and commands start where manage.py is."""
    made = written(PROJECT, read(PROJECT, "gunicorn==23.0.0"))
    for name in ("development", "site", "production"):
        assert "\nWORKDIR /app/backend\n" in stage(made["Dockerfile"], name)
    assert "COPY . .\nWORKDIR /app/backend\n" in stage(made["Dockerfile"], "site")
    assert 'ENTRYPOINT ["python", "/app/backend/container/entrypoint.py"]' in made["Dockerfile"]
    assert '"container.health:application"]' in stage(made["Dockerfile"], "production")
    assert "source=backend/requirements.txt,target=requirements.txt" in made["Dockerfile"]
    web = services(made["compose.yaml"])["web"]
    assert (web["working_dir"], web["volumes"]) == ("/app/backend", [".:/app"])


def test_a_project_in_the_root_needs_no_folder() -> None:
    """Nothing is said of working directories where there is one only."""
    texts = {path.removeprefix("backend/"): text for path, text in PROJECT.items()}
    made = written(texts, read(texts))
    assert "working_dir" not in made["compose.yaml"]
    assert set(re.findall(r"WORKDIR (.+)", made["Dockerfile"])) == {"/app", "/image"}


def test_containers_get_the_projects_own_variables() -> None:
    """The database and Redis as seen from inside, public defaults for a clone, all else from the env file."""
    setup = replace(SETUP, services={"REDIS_URL": "redis://redis:6379/1"}, settings="shop.local")
    made = written(PROJECT, read(PROJECT), setup)
    web = services(made["compose.yaml"])["web"]
    assert web["environment"] == {
        "DJANGO_SETTINGS_MODULE": "shop.local",
        "SECRET_KEY": "${SECRET_KEY:-insecure-development-key-that-everybody-knows-and-nobody-deploys}",
        "HOSTS": "${HOSTS:-localhost 127.0.0.1}",
        "DB_HOST": "db",
        "DATABASE_URL": "postgres://shop:${POSTGRES_PASSWORD:-insecure-development}@db:5432/shop",
        "REDIS_URL": "redis://redis:6379/1",
    }
    assert web["env_file"] == [{"path": ".env", "required": False}]
    assert "DJANGO_SETTINGS_MODULE=shop.local" in made["Dockerfile"]


def test_workers_are_services_of_the_same_image() -> None:
    """One image, one step that migrates before all of them, and Redis for those that need it."""
    facts = read(
        PROJECT,
        services=(Need("postgres", ""), Need("redis", "", starts=True)),
        processes=(
            Process("worker", ("celery", "-A", "shop", "worker"), ""),
            Process("beat", ("celery", "-A", "shop", "beat", "--pidfile="), "", schedule=True),
        ),
    )
    found = services(written(PROJECT, facts)["compose.yaml"])
    assert list(found) == ["db", "redis", "migrate", "web", "worker", "beat"]
    assert {found[name]["image"] for name in ("migrate", "web", "worker", "beat")} == {"${COMPOSE_PROJECT_NAME}-web"}
    for name in ("web", "worker", "beat"):
        assert found[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
        assert found[name]["depends_on"]["redis"] == {"condition": "service_healthy"}
    assert [name for name in found if "build" in found[name]] == ["web"]
    assert found["worker"]["command"] == ["celery", "-A", "shop", "worker"]
    assert found["beat"]["command"][4:] == ["--pidfile=", "--schedule=/tmp/celerybeat-schedule"]
    assert found["worker"]["healthcheck"] == found["beat"]["healthcheck"] == {"disable": True}


def test_what_is_not_needed_is_not_started() -> None:
    """No Redis, no worker, no stage for Node or system packages where nothing asks for them."""
    made = written(PROJECT, read(PROJECT, services=(Need("redis", "", starts=False),)))
    assert list(services(made["compose.yaml"])) == ["db", "migrate", "web"]
    assert not re.search(r"redis|front-end|node|apt-get", made["Dockerfile"] + made["compose.yaml"])


def test_system_packages_go_where_they_are_needed() -> None:
    """Compilers and headers into the stage that installs, libraries into the one below all others."""
    text = written(PROJECT, read(PROJECT, "psycopg2", "pdf2image"))["Dockerfile"]
    assert "libpq-dev" in stage(text, "dependencies")
    assert "libpq-dev" not in stage(text, "base")
    assert {"    libpq5 \\", "    poppler-utils \\"} <= set(stage(text, "base").splitlines())
    assert "pdf2image, psycopg2" in text


def test_git_is_there_where_something_comes_from_a_repository() -> None:
    """A line of requirements that names a repository takes git, in the stage that installs only."""
    texts = {**PROJECT, "backend/requirements.txt": "a @ git+https://example.com/a.git\n"}
    text = written(texts, read(texts))["Dockerfile"]
    assert "    git \\" in stage(text, "dependencies")
    assert "git \\" not in stage(text, "base")


def test_postgis_is_another_image() -> None:
    """With GeoDjango the database has PostGIS, and the site its libraries."""
    facts = read(PROJECT, extension="postgis", postgres=Answer(17, ""))
    made = written(PROJECT, facts)
    assert services(made["compose.yaml"])["db"]["image"] == "postgis/postgis:17-3.5"
    assert "libgdal36" in made["Dockerfile"]


FRONT_END = {
    "web/package.json": json.dumps({"scripts": {"build": "vite build"}}),
    "web/package-lock.json": "{}",
    "web/.nvmrc": "20",
}


def test_a_front_end_has_a_stage_of_its_own() -> None:
    """Node builds it; what it wrote gets into the image, and into the mounted source before the site starts."""
    texts = {**PROJECT, **FRONT_END}
    made = written(texts, read(texts))
    built = stage(made["Dockerfile"], "front-end")
    assert built.startswith("node:20-trixie-slim AS front-end\nWORKDIR /app/web\nCOPY web/package-lock.json web/pack")
    assert re.search(r"npm ci\nCOPY \. /app\nRUN .*npm run build", built)
    site = stage(made["Dockerfile"], "site")
    assert site.index("COPY . .") < site.index("COPY --from=front-end /built/ /app/") < site.index("collect")
    found = services(made["compose.yaml"])
    assert found["front-end"]["build"]["target"] == "front-end"
    assert found["web"]["depends_on"]["front-end"] == {"condition": "service_completed_successfully"}


@pytest.mark.parametrize(
    ("lock", "pinned", "install", "build"),
    [
        ("package-lock.json", "", "npm ci", "npm run build"),
        ("yarn.lock", "", "npx --yes yarn@1 install --frozen-lockfile", "npx --yes yarn@1 run build"),
        ("yarn.lock", "yarn@4.5.0", "yarn install --immutable", "--package=@yarnpkg/cli-dist@4.5.0 yarn run build"),
        ("pnpm-lock.yaml", "pnpm@9.1.0", "npx --yes pnpm@9.1.0 install --frozen-lockfile", "pnpm@9.1.0 run build"),
        ("bun.lock", "", "npx --yes bun@1 install --frozen-lockfile", "npx --yes bun@1 run build"),
        ("", "", "npm install", "npm run build"),
    ],
)
def test_each_package_manager_of_node(lock: str, pinned: str, install: str, build: str) -> None:
    """Its own lock file is what is installed; where there is none, what package.json says."""
    package = {"scripts": {"build": "vite build"}, **({"packageManager": pinned} if pinned else {})}
    texts = {**PROJECT, "package.json": json.dumps(package), **({lock: ""} if lock else {})}
    text = stage(written(texts, read(texts))["Dockerfile"], "front-end")
    assert f"{install}\n" in text
    assert build in text


# --- what serves the site ---------------------------------------------------------------------------------------------


def test_gunicorn_is_installed_where_the_project_has_none() -> None:
    """In a stage of production's own, as a series that runs on the Python of the image."""
    text = written(PROJECT, read(PROJECT))["Dockerfile"]
    assert "uv pip install 'gunicorn>=25.1'" in stage(text, "production-dependencies")
    assert "production-dependencies AS packages" in text
    assert "COPY --from=production-dependencies" in stage(text, "site")
    assert "COPY --from=dependencies" in stage(text, "development")
    assert "gunicorn~=23.0" in written(PROJECT, read(PROJECT, python=Answer("3.8", "")))["Dockerfile"]


@pytest.mark.parametrize(
    ("version", "option"), [("27.0.1", True), ("25.1.0", True), ("25.0.3", False), ("21.2.0", False)]
)
def test_options_are_those_that_the_version_knows(version: str, option: bool) -> None:
    """Gunicorn ends with an error at an option that is too new for it."""
    text = written(PROJECT, read(PROJECT, f"gunicorn=={version}"))["Dockerfile"]
    assert ("--no-control-socket" in text) is option
    assert "production-dependencies" not in text


@pytest.mark.parametrize(
    ("dependencies", "program", "requirement"),
    [
        ({"daphne": "4"}, "daphne", ""),
        ({"uvicorn": None}, "uvicorn", ""),
        ({"hypercorn": None}, "hypercorn", ""),
        ({"gunicorn": "23"}, "uvicorn", "uvicorn[standard]"),
    ],
)
def test_sites_that_need_asgi(dependencies: dict[str, str | None], program: str, requirement: str) -> None:
    """What the project declares serves it, else uvicorn."""
    found = dockerfile.server(dependencies, "3.12", "shop.health:application", asynchronous=True)
    assert (found.argv[0], found.argv[-1], found.requirement) == (program, "shop.health:application", requirement)


@pytest.mark.parametrize(
    ("dependencies", "option"),
    [
        ({}, "--timeout-graceful-shutdown=30"),
        ({"uvicorn": None}, "--timeout-graceful-shutdown=30"),
        ({"uvicorn": "0.22.0"}, "--timeout-graceful-shutdown=30"),
        ({"uvicorn": "0.21.1"}, ""),
        ({"hypercorn": "0.17.3"}, "--graceful-timeout=30"),
    ],
)
def test_a_request_that_hangs_does_not_hold_up_the_end(dependencies: dict[str, str | None], option: str) -> None:
    """Uvicorn would wait for ever, hypercorn three seconds; a server that is too old for the option gets none."""
    argv = dockerfile.server(dependencies, "3.12", "shop.health:application", asynchronous=True).argv
    assert [word for word in argv if "grace" in word] == ([option] if option else [])


def test_static_files_are_collected_where_there_is_a_place_for_them() -> None:
    """With values for exactly the variables that the settings are given, none of them a real one."""
    text = stage(written(PROJECT, read(PROJECT))["Dockerfile"], "site")
    collect = text[text.index("RUN SECRET_KEY=") : text.index("python manage.py collectstatic")]
    assert set(re.findall(r"([A-Z_]+)=", collect)) == set(SETUP.variables)
    assert "DB_HOST=localhost" in collect
    assert "HOSTS='localhost 127.0.0.1'" in collect
    assert "a web server or a storage service" in text
    without = {**PROJECT, "backend/shop/settings.py": SETTINGS.replace("STATIC_ROOT", "NOTHING")}
    assert "RUN python manage.py" not in written(without, read(without))["Dockerfile"]


@pytest.mark.parametrize(("on", "off"), [("1", "0"), ("True", "False"), ("true", "false")])
def test_static_files_are_collected_without_debug(on: str, off: str) -> None:
    """DEBUG is off in the way in which development writes that it is on: settings may only know one of them."""
    setup = replace(SETUP, variables={**SETUP.variables, "DEBUG": on})
    text = stage(written(PROJECT, read(PROJECT), setup)["Dockerfile"], "site")
    assert f" DEBUG={off} " in text


def test_whitenoise_serves_them_where_the_project_has_it() -> None:
    """Then nothing needs to be said of other servers."""
    assert "a web server" not in written(PROJECT, read(PROJECT, "whitenoise==6.12.0"))["Dockerfile"]


# --- other people's files ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("theirs", "names"),
    [
        ((), Names()),
        (("Dockerfile",), Names(dockerfile="Dockerfile.djdock", dockerignore="Dockerfile.djdock.dockerignore")),
        (("docker-compose.yml",), Names(compose="compose.djdock.yaml")),
        ((".dockerignore",), Names(dockerignore="Dockerfile.dockerignore")),
        (
            ("compose.yaml", "Dockerfile", ".dockerignore"),
            Names("compose.djdock.yaml", "Dockerfile.djdock", "Dockerfile.djdock.dockerignore"),
        ),
        (("backend/Dockerfile", "deploy/docker-compose.yml"), Names()),
    ],
)
def test_names_leave_other_peoples_files_alone(theirs: tuple[str, ...], names: Names) -> None:
    """A usual name that is taken is not used, and a second run finds the same names again."""
    texts = {**PROJECT, **dict.fromkeys(theirs, "# mine\n")}
    assert docker_files.choose_names(Texts(texts)) == names
    facts = read(texts)
    made = written(texts, facts)
    assert set(made) == {names.compose, names.dockerfile, names.dockerignore, *CONTAINER_FILES}
    assert not set(theirs) & set(made)
    assert all(text.startswith(existing.MARK) for text in made.values())
    again = docker_files.docker_files(Texts({**texts, **made}), facts, SETUP)
    assert {change.outcome for change in again} == {"same"}


def test_files_beside_name_each_other() -> None:
    """The compose file builds djdock's Dockerfile, and the comments say how to use both by hand."""
    texts = {**PROJECT, "compose.yml": "a: 1", "Dockerfile": "FROM a"}
    made = written(texts, read(texts))
    assert services(made["compose.djdock.yaml"])["web"]["build"]["dockerfile"] == "Dockerfile.djdock"
    assert "docker build --file Dockerfile.djdock --tag shop ." in made["Dockerfile.djdock"]
    assert "docker compose --file compose.djdock.yaml up" in made["compose.djdock.yaml"]


def test_replace_takes_the_names_over() -> None:
    """Only when asked; what .dockerignore had stays, and gets the secrets that it lacks."""
    texts = {**PROJECT, "docker-compose.yml": "a: 1", "Dockerfile": "FROM a", ".dockerignore": "node_modules\n.git/"}
    changes = docker_files.docker_files(Texts(texts), read(texts), replace(SETUP, replace=True))
    assert {change.path: change.outcome for change in changes} == {
        "docker-compose.yml": "change",
        "Dockerfile": "change",
        ".dockerignore": "change",
        **dict.fromkeys(CONTAINER_FILES, "create"),
    }
    ignored = next(change.after for change in changes if change.path == ".dockerignore").splitlines()
    assert ignored[:2] == ["node_modules", ".git/"]
    assert ".env" in ignored
    assert ".git" not in ignored


def test_folders_of_the_repository_are_not_left_out() -> None:
    """`media` and `staticfiles` are this machine's where git ignores them; else they are source."""
    assert "media" not in dockerignore.text(Texts({}), ".dockerignore", ()).splitlines()
    assert "media" in dockerignore.text(Texts({".gitignore": "/media/\n"}), ".dockerignore", ()).splitlines()


def test_packages_of_their_dockerfile_are_carried_over() -> None:
    """Those that are known; the others are named in a comment, and nothing of theirs is a compiler."""
    texts = {**PROJECT, "Dockerfile": "FROM python:3.12\nRUN apt-get install -y gcc tesseract-ocr libfoo1\n"}
    text = stage(written(texts, read(texts))["Dockerfile.djdock"], "base")
    assert "    tesseract-ocr \\" in text
    assert "libfoo1" in text
    assert "    libfoo1" not in text


def test_what_ours_would_do_otherwise() -> None:
    """Each habit that has bitten people is named with its place; files without them are not spoken of."""
    texts = {
        **PROJECT,
        "Dockerfile": "FROM python:3.12-slim\nCOPY . .\n",
        "compose.yaml": "version: '3'\nservices:\n"
        "  db: {image: 'postgres:18', volumes: ['d:/var/lib/postgresql/data'], "
        "environment: {POSTGRES_HOST_AUTH_METHOD: trust}, ports: ['5432:5432']}\n"
        "  web: {build: ., depends_on: [db]}\n",
    }
    found = docker_differences.differences(Texts(texts), read(texts))
    assert {difference.name for difference in found} == {
        "trust-authentication",
        "old-volume-path",
        "no-health-check-over-tcp",
        "port-on-all-interfaces",
        "does-not-wait",
        "obsolete-version",
        "runs-as-root",
        "moving-base-image",
        "no-dockerignore",
    }
    made = {**PROJECT, **written(PROJECT, read(PROJECT))}
    assert docker_differences.differences(Texts(made), read(PROJECT)) == ()


# --- texts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value", ["yes", "5432", "a: b", "a #b", "", "x'y", '"', "${A:-b c}", "null", "postgres://a:", "- a", "@x", "1e3"]
)
def test_values_stay_texts_in_yaml(value: str) -> None:
    """Whatever a value looks like to YAML, it is read back as it was written."""
    assert yaml.safe_load(f"A: {compose.scalar(value)}")["A"] == value


@pytest.mark.parametrize(
    ("value", "kept"), [("a b", True), ("a,b;c", True), ("a$b", False), ("a}b", False), ("a'b", False)]
)
def test_defaults_are_those_that_compose_takes_as_they_are(value: str, kept: bool) -> None:
    """A brace or a dollar would be read as something else: such a value comes from the env file alone."""
    assert (compose.with_default("A", value) is not None) is kept
