"""TOML files of a project: read as plain values, and looked into without surprises."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from djdock.errors import Problem
from djdock.project.files import Files

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Document = Mapping[str, Any]


def read(files: Files, path: str) -> Document:
    """The document in a file; an empty one where there is no such file.

    Raises:
        Problem: it is no TOML.
    """
    text = files.read(path)
    if not text:
        return {}
    try:
        # Line ends of Windows are TOML, those of old Macs are not.
        document: Document = tomllib.loads(text.replace("\r\n", "\n"))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise Problem(
            f"{path} is no TOML that can be read.",
            details=str(error),
            hint=f"Correct the line of {path} that it names.",
        ) from error
    return document


def table(document: object, *keys: str) -> Document:
    """The table below some keys; an empty one where something else, or nothing, is there."""
    for key in keys:
        document = document.get(key) if isinstance(document, Mapping) else None
    return document if isinstance(document, Mapping) else {}


def texts(value: object) -> tuple[str, ...]:
    """The texts of a list; what is something else is left out."""
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def tables(value: object) -> tuple[Document, ...]:
    """The tables of a list of tables."""
    return tuple(item for item in value if isinstance(item, Mapping)) if isinstance(value, list) else ()


def line(text: str, name: str) -> int:
    """The number of the first line that begins (after quotes and brackets) with a distribution's name, or 1."""
    wanted = name.replace("-", "").lower()
    for number, content in enumerate(text.splitlines(), start=1):
        squeezed = content.strip().lstrip("\"'[").lower().replace("-", "").replace("_", "").replace(".", "")
        if squeezed.startswith(wanted) and not squeezed[len(wanted) : len(wanted) + 1].isalnum():
            return number
    return 1
