"""project/docker_files.py, compose_files.py and images.py: Docker files as people write them."""

from __future__ import annotations

import pytest

from djdock.errors import Problem
from djdock.project import compose_files, docker_files, images
from djdock.project.files import Texts

OWN = f"{docker_files.FIRST_LINE}\nservices: {{db: {{image: postgres:18}}}}\n"


def service(text: str, name: str = "web", **more: str) -> compose_files.Service:
    """One service of a compose file."""
    found = compose_files.parse(Texts({"compose.yaml": text, **more}), "compose.yaml")
    assert found
    return next(service for service in found.services if service.name == name)


def test_all_that_a_service_says() -> None:
    """Image, build, command, values, env files, ports, volumes, health and order, in Compose's long forms."""
    found = service(
        """
services:
  web:
    image: shop:${TAG:-dev}
    build: {context: ./backend, dockerfile: docker/Dockerfile, target: dev}
    command: gunicorn "shop.wsgi" --bind 0.0.0.0:8000
    environment: {DEBUG: 1, EMPTY: }
    env_file: [{path: .env, required: false}, backend/.env]
    ports: [{published: 8000, target: 80, host_ip: 127.0.0.1}, "9000:9000"]
    volumes: [{type: bind, source: ., target: /code}, "data:/data"]
    healthcheck: {test: curl localhost}
    depends_on: {db: {condition: service_healthy}}
"""
    )
    assert (found.image, found.context, found.dockerfile, found.target) == (
        "shop:dev",
        "backend",
        "backend/docker/Dockerfile",
        "dev",
    )
    assert found.command == ("gunicorn", "shop.wsgi", "--bind", "0.0.0.0:8000")
    assert found.environment == {"DEBUG": "1"}
    assert found.env_files == (".env", "backend/.env")
    assert found.ports == ("127.0.0.1:8000:80", "9000:9000")
    assert found.volumes == (".:/code", "data:/data")
    assert found.health_check == ("curl", "localhost")
    assert found.waits_for_health


def test_short_forms_say_the_same() -> None:
    """A build that is only a folder, values as a list, one env file, an order without a condition."""
    found = service(
        "services: {web: {build: app, environment: [A=1, B], env_file: .env.dev, depends_on: [db], command: [a, b]}}"
    )
    assert (found.context, found.dockerfile) == ("app", "app/Dockerfile")
    assert (found.environment, found.env_files, found.command) == ({"A": "1"}, (".env.dev",), ("a", "b"))
    assert not found.waits_for_health


def test_env_files_count_where_they_are_there() -> None:
    """A service has what its env file says, and its own values win; `.env` fills in variables."""
    text = "services: {web: {image: 'a:${TAG}', env_file: web.env, environment: {B: own}}}"
    found = service(text, **{"web.env": "A=1\nB=2\n", ".env": "TAG=7\n"})
    assert (found.image, found.environment) == ("a:7", {"A": "1", "B": "own"})
    assert service(text, **{"web.env": "no variable\n"}).environment == {"B": "own"}


def test_tags_of_composes_own_do_not_break_reading() -> None:
    """`!reset` and `!override` are Compose's, no parser of YAML knows them."""
    found = service("services: {web: {image: a, ports: !reset [], volumes: !override ['.:/x'], command: !reset null}}")
    assert (found.ports, found.volumes, found.command) == ((), (".:/x",), ())


def test_anchors_includes_and_extends_are_followed() -> None:
    """What another file or service says counts as said here; circles and files that are missing end the way."""
    files = {
        "compose.yaml": "include: [docker/db.yaml, gone.yaml, compose.yaml]\n"
        "x-a: &a {image: 'shop:1'}\n"
        "services:\n  web: {<<: *a, extends: {file: docker/common.yaml, service: base}, environment: {C: '3'}}\n"
        "  worker: {extends: web, command: celery}\n",
        "docker/db.yaml": "services: {db: {image: postgres:16}}",
        "docker/common.yaml": "services: {base: {environment: {A: '1'}, extends: {service: base}}}",
    }
    found = compose_files.parse(Texts(files), "compose.yaml")
    assert found
    by_name = {service.name: service for service in found.services}
    assert by_name["db"].source == "docker/db.yaml, service db"
    assert by_name["web"].environment == {"A": "1", "C": "3"}
    assert (by_name["worker"].image, by_name["worker"].command) == ("shop:1", ("celery",))


@pytest.mark.parametrize("text", ["a: [", "{% if x %}\nservices:\n", "a: b: c", "\t- x", "[" * 3000])
def test_what_is_no_yaml_is_a_problem_of_that_file(text: str) -> None:
    """The file is named; reading all Docker files goes on without it."""
    files = Texts({"docker-compose.prod.yml": text, "compose.yaml": "services: {db: {image: postgres:16}}"})
    with pytest.raises(Problem, match=r"docker-compose\.prod\.yml"):
        compose_files.parse(files, "docker-compose.prod.yml")
    found = docker_files.read(files)
    assert [file.path for file in found.compose] == ["compose.yaml"]
    assert [path for path, _why in found.unreadable] == ["docker-compose.prod.yml"]


@pytest.mark.parametrize(
    "text", ["", "42", "- a", "services:", "services: []", "services: {web: }", "services: {web: 1}"]
)
def test_compose_files_without_services(text: str) -> None:
    """There is nothing in them, and that is no failure."""
    found = compose_files.parse(Texts({"compose.yaml": text}), "compose.yaml")
    assert found
    assert found.services == ()


def test_paths_that_lead_out_of_the_project_are_not_followed() -> None:
    """A parent folder, an absolute path or an address is none of the project's files."""
    for path in ("../x", "/etc", "https://example.com/x.git", "~/x"):
        assert service(f"services: {{web: {{build: '{path}', env_file: '{path}'}}}}").env_files == ()


# --- Dockerfiles ------------------------------------------------------------------------------------------------------

DOCKERFILE = """\
ARG VERSION=3.12
FROM node:20-slim AS assets
RUN npm ci
FROM python:${VERSION}-slim-bookworm AS base
ENV DJANGO_SETTINGS_MODULE=shop.settings.production DEBUG=0
ENV LANG C.UTF-8
RUN apt-get update && \\
    # for documents
    apt-get install -y --no-install-recommends \\
      libpango-1.0-0=1.50 "poppler-utils" $MORE && \\
    rm -rf /var/lib/apt/lists/*
FROM base AS app
RUN <<EOF
apt-get update
apt-get install --yes gettext
EOF
CMD ["gunicorn", "shop.wsgi"]
"""


def test_all_that_a_dockerfile_says() -> None:
    """Bases, versions, packages, values and the command, through arguments, comments and heredocs."""
    found = images.parse(DOCKERFILE, "Dockerfile")
    assert found.bases == ("node:20-slim", "python:3.12-slim-bookworm")
    assert (found.python, found.node) == (("3.12", 4), "20")
    assert [package.name for package in found.packages] == ["libpango-1.0-0", "poppler-utils", "gettext"]
    assert found.environment == {"DJANGO_SETTINGS_MODULE": "shop.settings.production", "DEBUG": "0", "LANG": "C.UTF-8"}
    assert found.command == ("gunicorn", "shop.wsgi")


@pytest.mark.parametrize(
    ("base", "python"),
    [
        ("python:3.9", "3.9"),
        ("docker.io/library/python:3.11.4-slim-buster", "3.11"),
        ("ghcr.io/astral-sh/uv:python3.13-bookworm-slim", "3.13"),
        ("mcr.microsoft.com/devcontainers/python:1-3.11-bullseye", "3.11"),
        ("python:3", None),
        ("python:latest", None),
        ("ubuntu:24.04", None),
    ],
)
def test_the_base_image_says_which_python(base: str, python: str | None) -> None:
    """Whoever publishes it; a tag without a minor version tells nothing."""
    found = images.parse(f"FROM {base}\n", "Dockerfile").python
    assert (found and found[0]) == python


@pytest.mark.parametrize(
    "text", ["", "\\", "FROM", "RUN apt-get install", 'CMD ["a', "ENV 'x", "RUN <<EOF\napt-get", "\0"]
)
def test_broken_dockerfiles_are_read_as_far_as_they_go(text: str) -> None:
    """Nothing in one makes reading fail."""
    assert images.parse(text, "Dockerfile").packages == ()


def test_apk_is_not_apt() -> None:
    """Packages of Alpine have other names, and are none of Debian's."""
    assert images.apt_packages("apk add --no-cache libpq && pip install install") == []


# --- all of them ------------------------------------------------------------------------------------------------------


def test_they_are_found_where_projects_keep_them() -> None:
    """In the root, in usual folders, in the folder of manage.py, and wherever a compose file builds from."""
    compose = "services: {web: {build: {context: ., dockerfile: far/away/here.df}}}"
    texts = dict.fromkeys(
        ("Dockerfile.prod", "docker/local/Dockerfile", "backend/Dockerfile", "far/away/here.df"), "FROM python:3.12\n"
    )
    found = docker_files.read(
        Texts(
            {
                **texts,
                "docker-compose.yml": compose,
                "deploy/compose.prod.yaml": "services: {}",
                "src/Dockerfile.md": "",
            }
        ),
        ("backend",),
    )
    assert {file.path for file in found.dockerfiles} == set(texts)
    assert found.dockerfiles[0].path == "far/away/here.df"
    assert [file.path for file in found.compose] == ["docker-compose.yml", "deploy/compose.prod.yaml"]


def test_djdocks_own_are_told_apart() -> None:
    """What djdock has made is no evidence of what the person wants; its first line says whose it is."""
    found = docker_files.read(Texts({"compose.yaml": OWN, "Dockerfile": f"{docker_files.MARK}\nFROM python:3.8\n"}))
    assert (found.compose, found.dockerfiles, found.python) == ((), (), None)
    assert set(found.own) == {"compose.yaml", "Dockerfile"}


def test_settings_modules_that_containers_are_given() -> None:
    """By a variable of a service or of an image, or by an option of a command; each once, with its place."""
    files = {
        "compose.yaml": "services: {web: {environment: {DJANGO_SETTINGS_MODULE: shop.local}}, "
        "job: {command: python manage.py x --settings=shop.jobs}}",
        "Dockerfile": "FROM python:3.12\nENV DJANGO_SETTINGS_MODULE=shop.local\n",
    }
    assert docker_files.read(Texts(files)).settings_modules == (
        ("shop.local", "compose.yaml, service web"),
        ("shop.jobs", "compose.yaml, service job"),
    )


@pytest.mark.parametrize(
    ("texts", "path"),
    [
        ({}, "compose.yaml"),
        ({"docker-compose.yml": "a: 1"}, "docker-compose.yml"),
        ({"docker-compose.yml": "a: 1", "compose.djdock.yaml": OWN}, "compose.djdock.yaml"),
        ({"docker-compose.yml": OWN, "compose.djdock.yaml": OWN}, "docker-compose.yml"),
        ({"compose.yaml": f"# a line of mine\n\n{OWN}", "docker-compose.yml": OWN}, "compose.yaml"),
        ({"compose.yaml": f"a: 1\n{OWN}", "compose.djdock.yaml": OWN}, "compose.djdock.yaml"),
        ({"compose.yaml": "a: 1", "compose.djdock.yaml": "theirs: 1"}, "compose.yaml"),
    ],
)
def test_the_compose_file_that_runs(texts: dict[str, str], path: str) -> None:
    """djdock's own under either name; else the one that Compose would take."""
    assert docker_files.compose_path(Texts(texts)) == path
