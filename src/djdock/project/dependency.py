"""What a project says that it depends on, and how an environment is filled with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

# Distributions that bring Django with them: who declares one of these declares a Django project.
BRINGS_DJANGO = frozenset({"django", "wagtail", "django-cms", "mezzanine", "django-oscar", "pretix", "saleor"})
# Stands for the path of the project's interpreter in arguments.
PYTHON = "{python}"
SEPARATORS = re.compile(r"[-_.]+")


def normalise(name: str) -> str:
    """A distribution's name as the package index compares it: lower case, single hyphens."""
    return SEPARATORS.sub("-", name.strip()).lower()


@dataclass(frozen=True)
class Dependency:
    """A distribution that a project asks for.

    Attributes:
        name: normalised as the package index does it: lower case, single hyphens.
        specifier: the versions asked for, such as `>=4.2,<5`; empty where any will do.
        locked: the exact version, where a lock file or a pin says it.
        source: file and line, such as `requirements/base.txt:3`.
        development: only developers need it.
    """

    name: str
    specifier: str
    locked: str | None
    source: str
    development: bool = False


@dataclass(frozen=True)
class Installation:
    """How uv fills an environment with what a project asks for.

    Attributes:
        arguments: uv's arguments where it knows the project itself; empty where `requirements` says all.
        requirements: the text of a requirements file, its paths relative to the folder of the manifest.
        constraints: the text of a constraints file.
        complete: the requirements are all that is to be installed: what they depend on is among them.
        export: uv's arguments that print such requirements, where `arguments` do not get through.
    """

    arguments: tuple[str, ...] = ()
    requirements: str = ""
    constraints: str = ""
    complete: bool = False
    export: tuple[str, ...] = ()


@dataclass(frozen=True)
class Addition:
    """What writes a requirement into a project's manifest.

    Attributes:
        texts: the manifests as they read afterwards, by path.
        relock: the arguments for uv that bring the lock file up to date, in a folder that holds the manifests;
            empty where there is none.
        again: what to try where that fails.
        lock: the files that `relock` writes.
    """

    texts: Mapping[str, str]
    relock: tuple[str, ...] = ()
    lock: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
