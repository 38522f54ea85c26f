"""Whether the image of the site still holds what the project asks for."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from djdock import fingerprint, state
from djdock.compose import images
from djdock.project import docker_files
from djdock.project.checkout import Checkout
from djdock.project.files import Folder
from djdock.service import SITE

# The files of the project that a Dockerfile of djdock's installs from.
SOURCE = re.compile(r"(?<=type=bind,)source=([^,\s]+)")
NAMES = ("Dockerfile", "Dockerfile.djdock")


def is_current(checkout: Checkout) -> bool:
    """Whether it was built from what the Dockerfile and the files that it installs from say now."""
    known = state.load(checkout.root).image
    return images.is_here(f"{checkout.compose_project}-{SITE}") and known in {"", of(checkout.root)}


def remember(root: Path) -> None:
    """Notes that it is just that."""
    state.save(root, replace(state.load(root), image=of(root)))


def of(root: Path) -> str:
    """A fingerprint of what the image is built from, the source aside: that is mounted."""
    files = Folder(root)
    own = [name for name in NAMES if docker_files.is_own(files, name)] or [NAMES[0]]
    inputs = sorted({path for name in own for path in SOURCE.findall(files.read(name) or "")})
    return fingerprint.of_files(root, (*own, *inputs))
