"""What djdock's Docker files do otherwise than those that a project has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from djdock.project import docker_files as existing
from djdock.project.compose_files import Service
from djdock.project.facts import Facts
from djdock.project.files import Files


@dataclass(frozen=True)
class Difference:
    """One thing that djdock's Docker files do otherwise than those that are there; `where` is a file or a service."""

    name: str
    where: str
    ours: str


def differences(files: Files, facts: Facts) -> tuple[Difference, ...]:
    """What djdock's Docker files would do otherwise than the project's own."""
    there = existing.read(files, (facts.folder,))
    found = [difference for service in there.services for difference in _of_service(service)]
    for file in there.compose:
        if re.search(r"^version:", file.text, re.MULTILINE):
            found.append(Difference("obsolete-version", file.path, "no `version:`, which Compose ignores and warns of"))
    for image in there.dockerfiles:
        if image.python and not re.search(r"^\s*USER\s+(?!root\b|0\b)", image.text, re.MULTILINE | re.IGNORECASE):
            found.append(Difference("runs-as-root", image.path, "a user without rights; files that it makes are yours"))
        if image.python and re.search(r"\bslim\b(?!-)|:\d[\d.]*$", image.bases[0]):
            found.append(Difference("moving-base-image", image.path, "the Debian release is part of the image's name"))
    if there.dockerfiles and not any(name.endswith(".dockerignore") for name in files.names()):
        found.append(Difference("no-dockerignore", ".", "secrets, history and environments stay out of the image"))
    return tuple(dict.fromkeys(found))


def _of_service(service: Service) -> Iterator[Difference]:
    database = re.search(r"(?:^|/)(?:postgres|postgis)(?::|$)", service.image)
    if database and service.environment.get("POSTGRES_HOST_AUTH_METHOD") == "trust":
        yield Difference("trust-authentication", service.source, "a password of this checkout's own")
    if database and not re.search(r":\d", service.image):
        yield Difference("no-postgresql-version", service.source, "a major version that is named")
    new_layout = database and re.search(r":(?:1[89]|[2-9]\d)", service.image)
    if new_layout and any(volume.rstrip("/").endswith(":/var/lib/postgresql/data") for volume in service.volumes):
        yield Difference("old-volume-path", service.source, "the volume where PostgreSQL 18 and later want it")
    if database and not any("127.0.0.1" in word or "localhost" in word for word in service.health_check):
        yield Difference("no-health-check-over-tcp", service.source, "a database is ready when it answers over TCP")
    for port in service.ports:
        if ":" in port and not port.startswith(("127.0.0.1:", "[::1]:", "localhost:")):
            yield Difference("port-on-all-interfaces", service.source, f"127.0.0.1:{port.rpartition(':')[2]} only")
            break
    if service.depends_on and not service.waits_for_health:
        yield Difference("does-not-wait", service.source, "starts when the database answers and migrations are applied")
