"""A mount hides what the image has at its place: https://docs.docker.com/engine/storage/bind-mounts/"""

from __future__ import annotations

import posixpath
import re

from djdock.doctor import docker_files
from djdock.doctor.case import Case, Finding
from djdock.doctor.docker_files import Dockerfile

NAME = "environment-below-mount"
TITLE = "The mounted folder hides the environment of the image"
SEEN = "ModuleNotFoundError: No module named 'django' in a container whose image was built without errors"
CAUSE = "The image installs into a folder below the one that compose mounts the source over; the mount hides it."
FIX = (
    "Install outside of the source, such as in /opt/venv (UV_PROJECT_ENVIRONMENT, VIRTUAL_ENV); or mount "
    "a volume over it."
)
DOES = (
    "Nothing by itself: the Dockerfile and the paths in it belong together. Files of djdock's own "
    "install into /opt/venv."
)

FOLDER = re.compile(
    r"(?:UV_PROJECT_ENVIRONMENT|VIRTUAL_ENV)[= ]\"?([^\s\"]+)|(?:uv venv|python3? -m venv|virtualenv) +([^\s;&|]+)"
)
IN_PROJECT = re.compile(
    r"\buv sync\b|POETRY_VIRTUALENVS_IN_PROJECT[= ]\"?(?:1|true)|virtualenvs\.in-project true|"
    r"PIPENV_VENV_IN_PROJECT|pdm (?:sync|install)\b"
)
NODE = re.compile(r"\b(?:npm (?:ci|install|i)|yarn install|pnpm (?:install|i)|bun install)\b|\byarn\s*(?:$|&&)")


def find(case: Case) -> tuple[Finding, ...]:
    found = []
    dockerfiles = {dockerfile.path: dockerfile for dockerfile in docker_files.dockerfiles(case)}
    for service in docker_files.services(case):
        dockerfile = dockerfiles.get(service.dockerfile)
        mounts = [(target, where) for source, target, where in service.mounts if source.startswith((".", "$"))]
        kept = {target for source, target, _where in service.mounts if not source.startswith((".", "/", "$", "~"))}
        for folder, line in _installed(dockerfile) if dockerfile else ():
            hides = next((where for target, where in mounts if f"{folder}/".startswith(f"{target.rstrip('/')}/")), "")
            if hides and folder not in kept:
                what = f"The mount of {service.name} hides {folder}, where {dockerfile.path}:{line} has installed"  # type: ignore[union-attr]
                found.append(
                    Finding(NAME, what, hides, f"Install outside of it (/opt/venv), or add the volume - {folder}")
                )
    return tuple(found)


def _installed(dockerfile: Dockerfile) -> list[tuple[str, int]]:
    """The folders that the final stage installs into, and the line."""
    folder, found, elsewhere = "/", [], False
    for instruction in dockerfile.final:
        value = instruction.value
        if instruction.name == "WORKDIR":
            folder = posixpath.normpath(posixpath.join(folder, value.strip("\"'")))
        if match := FOLDER.search(value):
            named = match[1] or match[2]
            elsewhere = True
            if "$" not in named:
                found.append((posixpath.normpath(posixpath.join(folder, named)), instruction.line))
        if instruction.name == "RUN" and "--system" not in value:
            if IN_PROJECT.search(value) and not elsewhere:
                found.append((f"{folder.rstrip('/')}/.venv", instruction.line))
            if NODE.search(value) and " -g" not in value and "--global" not in value:
                found.append((f"{folder.rstrip('/')}/node_modules", instruction.line))
    return list({path: (path, line) for path, line in found}.values())
