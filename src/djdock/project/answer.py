"""A value that was read, and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Answer(Generic[T]):
    """A value and the place it was read from, such as `Dockerfile:7`."""

    value: T
    source: str
