"""A version of PostgreSQL, Python or Node that cannot be had on this machine gives way to one that can.

What somebody else's compose file or Dockerfile names is a wish, and not worth doing without the whole project. What the
person has said, and what djdock's own files say already, stays.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from djdock import state
from djdock.compose import availability, images
from djdock.machine import postgres
from djdock.plan import compose, docker_files, dockerfile
from djdock.project import compatibility, system_packages
from djdock.project import docker_files as existing
from djdock.project.answer import Answer
from djdock.project.compatibility import DEFAULT_POSTGRES
from djdock.project.facts import Facts
from djdock.project.files import Folder

# The newest that is known to have an image.
NEWEST_POSTGRES = 18
# Releases of Node with long-term support, the newest first.
NODES = ("24", "22", "20", "18")


def settle(root: Path, facts: Facts, engine: str | None) -> Facts:
    """The facts with versions that can be had on the engine that will run them."""
    if _in_docker(root, engine):
        return _with_python_image(root, _with_postgres_image(root, facts))
    return _with_postgres_here(root, facts)


def node(root: Path, facts: Facts, engine: str | None) -> str:
    """The version of Node to build the front end with, where the one that it asks for cannot be had; else nothing."""
    wanted = docker_files.front_end_of(Folder(root), facts)
    if wanted is None or not _in_docker(root, engine) or _can_build_on(root, dockerfile.node_image(wanted.node)):
        return ""
    return next((version for version in NODES if images.is_here(dockerfile.node_image(version))), "")


def _in_docker(root: Path, engine: str | None) -> bool:
    """Whether a project will run in Docker: as it was asked for, as before, or because Docker is there."""
    name = engine or state.load(root).engine
    return name != "embedded" and (bool(name) or availability.obstacle() is None)


def _with_postgres_here(root: Path, facts: Facts) -> Facts:
    wanted = facts.postgres
    if wanted is None or _is_own(root, wanted) or postgres.can_have(wanted.value):
        return facts
    why = f"{wanted.value} of {wanted.source} is not on this machine, and runs in Docker only"
    return replace(facts, postgres=Answer(DEFAULT_POSTGRES, why))


def _with_postgres_image(root: Path, facts: Facts) -> Facts:
    wanted = facts.postgres
    if wanted is None or _is_own(root, wanted) or _has_postgres(wanted.value, facts):
        return facts
    others = (DEFAULT_POSTGRES, *range(NEWEST_POSTGRES, wanted.value, -1))
    found = next((major for major in others if _has_postgres(major, facts)), None)
    if found is None:
        return facts
    why = f"the image for {wanted.value} is not on this machine and cannot be pulled; {wanted.source}"
    return replace(facts, postgres=Answer(found, why))


def _with_python_image(root: Path, facts: Facts) -> Facts:
    wanted, choice = facts.python, facts.pythons
    if wanted is None or _can_build_on(root, _python_image(wanted.value)):
        return facts
    others = (version for version in choice.candidates if compatibility.text(version) != wanted.value)
    found = next((version for version in others if images.is_here(_python_image(compatibility.text(version)))), None)
    if found is None:
        return facts
    text = compatibility.text(found)
    why = f"the image for {wanted.value} is not on this machine and cannot be pulled; {wanted.source}"
    order = (found, *(version for version in choice.candidates if version != found))
    settled = replace(choice, version=text, evidence=why, candidates=order)
    return replace(facts, python=Answer(text, why), pythons=settled)


def _can_build_on(root: Path, image: str) -> bool:
    """Whether an image can be had; the one that a Dockerfile of djdock's begins with already is not asked for again."""
    files = Folder(root)
    own = (files.read(name) or "" for name in ("Dockerfile", "Dockerfile.djdock") if existing.is_own(files, name))
    return any(f"FROM {image} " in text for text in own) or images.can_have(image)


def _python_image(version: str) -> str:
    return dockerfile.base_image(version, system_packages.release(version))


def _has_postgres(major: int, facts: Facts) -> bool:
    return images.can_have(compose.database_image(major, facts.extension))


def _is_own(root: Path, wanted: Answer[int]) -> bool:
    """Whether the version is one that a person has said, or that stands in a file that djdock keeps."""
    return wanted.source == "as asked" or existing.is_own(Folder(root), wanted.source.partition(",")[0])
