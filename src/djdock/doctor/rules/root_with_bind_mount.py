"""A container that writes into your folder as root: https://docs.docker.com/engine/storage/bind-mounts/"""

from __future__ import annotations

import posixpath

from djdock.doctor import docker_files
from djdock.doctor.case import Case, Finding

NAME = "root-with-bind-mount"
TITLE = "The container writes files as root into your folder"
SEEN = "After `makemigrations` or `startapp` in the container: Permission denied, in your editor or in Git"
CAUSE = (
    "The source is mounted into the container, whose program runs as root; what it makes there belongs "
    "to root here too."
)
FIX = "user: ${HOST_UID:-1000}:${HOST_GID:-1000} at the service, with your own ids in .env"
DOES = "Nothing by itself: the image has to allow another user. Files of djdock's own do it so."


def find(case: Case) -> tuple[Finding, ...]:
    found = []
    dockerfiles = {dockerfile.path: dockerfile for dockerfile in docker_files.dockerfiles(case)}
    for service in docker_files.services(case):
        source = next((where for source, _target, where in service.mounts if _is_source(source)), "")
        if not source or service.get("user") or service.get("build") is None:
            continue
        dockerfile = dockerfiles.get(service.dockerfile)
        if dockerfile is None or any(instruction.name == "USER" for instruction in dockerfile.instructions):
            continue
        what = f"{service.name} runs as root, with the project's folder mounted: what it writes there belongs to root"
        found.append(
            Finding(
                NAME,
                what,
                source,
                f"At {service.name}: user: ${{HOST_UID:-1000}}:${{HOST_GID:-1000}}, with your own ids in .env",
            )
        )
    return tuple(found)


def _is_source(source: str) -> bool:
    """Whether a mount is of a folder of the project, and no single file, named volume or system path."""
    return source.startswith((".", "${PWD}", "$PWD")) and not posixpath.splitext(source.rstrip("/"))[1].strip("./")
