"""What a project says that it depends on: one distribution, and where that is written."""

from __future__ import annotations

from dataclasses import dataclass


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
