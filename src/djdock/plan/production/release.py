"""A release: all that the files of production depend on, whichever engine runs them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from djdock.plan.compose import Worker

# Where the files lie, relative to the project's root.
COMPOSE_FILE = "compose.production.yaml"
CADDYFILE = "Caddyfile.production"
STACK_FILE = "stack.yaml"
STACK_CADDYFILE = "Caddyfile.stack"
KUBERNETES_FOLDER = "k8s"
# What differs between two places that run the same project, without its secrets; and the secrets, a file each.
ENV_FILE = ".env.production"
SECRETS_FOLDER = "secrets"
# Where containers find a secret. https://docs.docker.com/compose/how-tos/use-secrets/
SECRETS_INSIDE = "/run/secrets"
# A variable with this ending names a file that holds the value, as in Docker's official images.
FILE_SUFFIX = "_FILE"
# The database's own password, for the container that makes it.
DATABASE_PASSWORD = "POSTGRES_PASSWORD"  # noqa: S105 - a name
# In the env file: the image that runs, and the one before it.
IMAGE, PREVIOUS_IMAGE = "IMAGE", "PREVIOUS_IMAGE"
# What answers without and with the database; `container/health.py` serves them before Django sees the request.
ALIVE, READY = "/livez", "/readyz"
PORT = 8000
# gunicorn and uvicorn read it; without it settings that do not name the proxy's header would take HTTPS for HTTP, and
# Django would refuse the forms of its own pages.
TRUSTED = "FORWARDED_ALLOW_IPS"
TRUSTED_WHY = "Only the proxy gets here, so what it says of the visitor's address and of https is believed."
USER = 10001

Kind = Literal["secret", "given", "fixed"]


@dataclass(frozen=True)
class Setting:
    """A variable that containers get.

    Attributes:
        kind: `secret`: its value is the file of its name in `SECRETS_FOLDER`; `given`: it stands in `ENV_FILE`;
            `fixed`: it is the same wherever the project runs, and stands in the files.
        value: of a fixed one. While it is decided, also of a given one: what the env file says, or is to say.
        part: what of the database's address it is, where the database is the release's own: `{url}`, `{password}`,
            `{host}`, `{port}`, `{name}`, `{user}`; else empty.
        why: what it is for, in a few words.
    """

    name: str
    kind: Kind
    value: str = ""
    part: str = ""
    why: str = ""


@dataclass(frozen=True)
class Postgres:
    """A database that the release brings. Its host is `db`, its port 5432."""

    name: str
    user: str
    major: int
    extension: str = ""


@dataclass(frozen=True)
class Release:
    """A project as production runs it.

    Attributes:
        name: of the project, for images, stacks and namespaces: small letters, digits and hyphens.
        settings: the variables of every container with the project's code.
        workers: what runs beside the site.
        database: None where the project's variables name one that is elsewhere.
        hosts: the names that the site answers to; the first is the main one. With them there is TLS; empty: HTTP on
            127.0.0.1 only, for a proxy that the host has already.
        folder: where manage.py is; empty for the root.
        dockerfile: the path of the Dockerfile.
        media: the folder of uploaded files inside containers, such as `/app/media`; empty where there is none.
        media_address: the path on the site where visitors find them, such as `/media/`; empty where they do not.
    """

    name: str
    settings: tuple[Setting, ...]
    workers: tuple[Worker, ...] = ()
    database: Postgres | None = None
    redis: bool = False
    hosts: tuple[str, ...] = ()
    folder: str = ""
    dockerfile: str = "Dockerfile"
    media: str = ""
    media_address: str = ""

    @property
    def shows_media(self) -> bool:
        """Whether everybody may read uploaded files: the settings say under which address of the site."""
        return bool(self.media and self.media_address)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The names of the secrets that the project's containers read."""
        return tuple(setting.name for setting in self.settings if setting.kind == "secret")

    @property
    def given(self) -> tuple[Setting, ...]:
        """What the env file says."""
        return tuple(setting for setting in self.settings if setting.kind == "given")


def usable_name(text: str) -> str:
    """A name that images, stacks and Kubernetes take alike (RFC 1123): small letters, digits, hyphens inside."""
    name = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return (name if name[:1].isalpha() else f"site-{name}".rstrip("-"))[:40].rstrip("-")
