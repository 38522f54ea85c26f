"""The person's stack.yaml, and pieces of it: `docker stack deploy` adds or updates what is in a piece, and no more."""

from __future__ import annotations

import copy
import hashlib
import json
import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from djdock.errors import Problem, last_lines
from djdock.plan.production import stack as stack_text
from djdock.plan.production import stack_names
from djdock.plan.production.release import IMAGE, SECRETS_FOLDER, STACK_CADDYFILE, STACK_FILE
from djdock.process import run

if TYPE_CHECKING:  # the family's registry imports the members, and they import this
    from djdock.deploy.targets.target import Site

# `${NAME}`, `${NAME:-default}`, `${NAME:?message}`, `$NAME`, and `$$` for a dollar sign.
VARIABLE = re.compile(r"\$(?:(\$)|\{(\w+)(?::?([-?])([^}]*))?\}|(\w+))")
# https://docs.docker.com/reference/compose-file/legacy-versions/
PARTS = ("networks", "volumes", "secrets", "configs")


@dataclass(frozen=True)
class Stack:
    """A stack file, and what it is deployed with.

    Attributes:
        document: the file, with its variables as they stand there.
        environment: what `docker stack deploy` gets, this process's own variables among them.
    """

    name: str
    root: Path
    image: str
    document: Mapping[str, Any] = field(repr=False)
    environment: Mapping[str, str] = field(repr=False)

    @property
    def services(self) -> dict[str, Any]:
        return dict(self.document["services"])

    def filled(self, value: str) -> str:
        """A text of the file with its variables filled in."""

        def fill(match: re.Match[str]) -> str:
            dollar, braced, sign, default, bare = match.groups()
            found = "$" if dollar else self.environment.get(braced or bare, "")
            return found or (default if sign == "-" else "")

        return VARIABLE.sub(fill, value)

    def scoped(self, service: str) -> str:
        """What a service of the stack is called in the Swarm."""
        return f"{self.name}_{service}"


def read(site: Site, *, keep: Mapping[str, int] | None = None, planned: bool = False) -> Stack:
    """The stack of a site.

    Args:
        keep: how many tasks a service is to have where the env file leaves that open.
        planned: nothing was written yet: the file as it would be, and secrets may not be there.

    Raises:
        Problem: there is no stack.yaml, it is no YAML, or a secret is not there.
    """
    path = site.root / STACK_FILE
    try:
        document = yaml.safe_load(
            stack_text.text(site.release) if planned and not path.exists() else path.read_text(encoding="utf-8")
        )
    except FileNotFoundError as error:
        raise Problem(f"There is no {STACK_FILE}.", hint="djdock deploy swarm") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Problem(
            f"{STACK_FILE} is no YAML.", details=last_lines(str(error), 6), hint="Correct it, then: djdock deploy swarm"
        ) from error
    if not isinstance(document, dict) or not isinstance(document.get("services"), dict):
        raise Problem(f"{STACK_FILE} has no services.", hint="Correct it, then: djdock deploy swarm")
    name = stack_name(site)
    counts = {stack_names.replicas(service): str(count) for service, count in (keep or {}).items()}
    return Stack(
        name=name,
        root=site.root,
        image=site.image,
        document=document,
        environment={
            **os.environ,
            **counts,
            **site.values,
            **versions(site, planned=planned),
            IMAGE: site.image,
            stack_names.STACK_NAME: name,
        },
    )


def stack_name(site: Site) -> str:
    """What the stack is called."""
    return site.values.get(stack_names.STACK_NAME) or site.release.name


def versions(site: Site, *, planned: bool = False) -> dict[str, str]:
    """The variables that give secrets and configs new names when what is in them is new.

    Names can be seen by more people than values, so guessing one from its digest is made slow.

    Raises:
        Problem: a secret is not there.
    """
    found: dict[str, bytes] = {stack_names.CADDYFILE_VERSION: _bytes(site.root / STACK_CADDYFILE)}
    for name, variable in stack_names.secrets(site.release).items():
        try:
            content = (site.secrets / name).read_bytes()
        except OSError as error:
            if planned and not (site.secrets / name).exists():
                continue
            raise Problem(
                f"The secret {SECRETS_FOLDER}/{name} cannot be read: {error.strerror}.",
                hint="Write it, then: djdock deploy swarm",
            ) from error
        found[variable] = found.get(variable, b"") + b"\0".join((name.encode(), content, b""))
    return {variable: _digest(variable, content) for variable, content in found.items()}


def _bytes(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def _digest(variable: str, content: bytes) -> str:
    rounds = 1 if variable == stack_names.CADDYFILE_VERSION else 200_000
    return hashlib.pbkdf2_hmac("sha256", content, variable.encode(), rounds).hex()[: stack_names.VERSION_LENGTH]


def piece(stack: Stack, services: Mapping[str, Any]) -> dict[str, Any]:
    """A stack file with these services alone, and what they use of the rest."""
    document: dict[str, Any] = {"services": dict(services)}
    if "version" in stack.document:
        document["version"] = stack.document["version"]
    for part in PARTS:
        there = stack.document.get(part) or {}
        used = {name: there[name] for name in there if _uses(services, part, name)}
        if used:
            document[part] = copy.deepcopy(used)
    return document


def _uses(services: Mapping[str, Any], part: str, name: str) -> bool:
    for service in services.values():
        entries = service.get(part) or ()
        for entry in entries:
            source = entry.get("source") if isinstance(entry, Mapping) else str(entry).partition(":")[0]
            if source == name:
                return True
    return False


def deploy(stack: Stack, services: Collection[str]) -> None:
    """Creates or updates some of the stack's services.

    Raises:
        Problem: the client or the Swarm refuses it.
    """
    chosen = {name: service for name, service in stack.services.items() if name in services}
    if chosen:
        send(stack, piece(stack, chosen))


def send(stack: Stack, document: Mapping[str, Any]) -> None:
    """Hands a piece of the stack to `docker stack deploy`.

    Raises:
        Problem: it is refused.
    """
    # Without a registry a name would be looked for on Docker Hub, where it may be somebody else's image.
    resolve = "changed" if is_in_registry(stack.image) else "never"
    argv = ["docker", "stack", "deploy", "--with-registry-auth", "--resolve-image", resolve]
    done = run(
        [*argv, "--compose-file", "-", stack.name], cwd=stack.root, env=stack.environment, stdin=json.dumps(document)
    )
    if not done.ok:
        raise Problem(
            f"Swarm does not take {STACK_FILE}.",
            details=last_lines(done.stderr or done.stdout, 8),
            hint=f"Correct what the last line says in {STACK_FILE} (or a variable in the env file), "
            "then: djdock deploy swarm",
        )


def is_in_registry(image: str) -> bool:
    """Whether the name of an image says where it can be pulled from."""
    return "/" in image
