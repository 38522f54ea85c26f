"""Tags that move: https://docs.docker.com/build/building/best-practices/#pin-base-image-versions."""

from __future__ import annotations

import re

from djdock.doctor import docker_files
from djdock.doctor.case import Case, Finding

NAME = "unpinned-image"
TITLE = "An image whose version moves by itself"
SEEN = (
    "database files are incompatible with server; Package … has no installation candidate; nothing was "
    "changed, and it fails"
)
CAUSE = (
    "`postgres:latest` becomes the next major version, which cannot read the data of the last one; "
    "below `python:3.12-slim` "
    "Debian itself changes, and with it the names of its packages and the order in which text sorts."
)
FIX = "Name the version and the Debian release: postgres:18-trixie, python:3.13-slim-trixie"
DOES = "Nothing by itself: which version your data are of, it would have to guess."

RELEASE = re.compile(r"bookworm|trixie|bullseye|buster|forky|alpine\d|noble|jammy|focal")
FROM = re.compile(r"^(?:--\S+\s+)*(\S+)(?:\s+as\s+(\S+))?", re.IGNORECASE)


def find(case: Case) -> tuple[Finding, ...]:
    found = []
    for service in docker_files.services(case):
        tag = _tag(service.image)
        if service.postgres and (tag in {"", "latest"} or not re.match(r"(?:pg)?\d", tag)):
            what = (
                f"{service.image} becomes another major version by itself, which cannot read the data of the one before"
            )
            found.append(Finding(NAME, what, service.where("image"), "Name the major version: postgres:18-trixie"))
    for dockerfile in docker_files.dockerfiles(case):
        for instruction in dockerfile.all("FROM"):
            match = FROM.match(instruction.value)
            image = match[1] if match else ""
            tag = _tag(image)
            if "$" in image or "@" in image or not re.fullmatch(r"(?:\S+/)?python(?::\S+)?", image):
                continue
            where = f"{dockerfile.path}:{instruction.line}"
            if tag in {"", "latest", "slim", "alpine", "3", "3-slim"}:
                found.append(Finding(NAME, f"{image} names no version of Python", where, "python:3.13-slim-trixie"))
            elif not RELEASE.search(tag):
                what = f"{image} names no release of the system below Python, which so changes by itself"
                found.append(Finding(NAME, what, where, _with_release(image, tag)))
    return tuple(found)


def _with_release(image: str, tag: str) -> str:
    """The same image with the newest system that it is made for."""
    version = re.match(r"3\.(\d+)", tag)
    newest = version is None or int(version[1]) >= 9  # noqa: PLR2004 - Python 3.9
    return image.replace("alpine", "alpine3.22") if "alpine" in tag else f"{image}-{'trixie' if newest else 'bookworm'}"


def _tag(image: str) -> str:
    return image.rpartition("/")[2].partition("@")[0].partition(":")[2]
