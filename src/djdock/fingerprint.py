"""A fingerprint of a project's files: the same as long as nothing that matters to `up` has changed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

# Source and settings matter; templates and static files are read anew at each request.
SUFFIXES = (".py", ".toml", ".lock", ".txt", ".yaml", ".yml", ".json", ".sql")
# Beginnings: Dockerfile.djdock and .env.local count too.
NAMES = (".env", "Dockerfile", ".dockerignore")
SKIPPED = frozenset({"node_modules", "__pycache__", "media", "staticfiles", "static", "site-packages", "venv"})


def of_project(root: Path, *more: str) -> str:
    """The fingerprint of all files that decide what `up` has to do, and of some more facts.

    Looks at names, sizes and times of change and opens no file: 2,000 files take about 10 ms.
    """
    return _digest((*sorted(_stamps(root, root)), *more))


def of_files(root: Path, names: Sequence[str], *more: str) -> str:
    """The fingerprint of the contents of some files; one that is missing counts as such."""
    found = []
    for name in names:
        file = root / name
        found.append(f"{name}:{hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else '-'}")
    return _digest((*found, *more))


def _stamps(root: Path, folder: Path) -> Iterator[str]:
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            if not entry.name.startswith(".") and entry.name not in SKIPPED:
                yield from _stamps(root, Path(entry.path))
        elif entry.name.endswith(SUFFIXES) or entry.name.startswith(NAMES):
            try:
                info = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue  # an editor's temporary file, gone meanwhile
            yield f"{os.path.relpath(entry.path, root)}:{info.st_size}:{info.st_mtime_ns}"


def _digest(parts: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode(errors="surrogateescape")).hexdigest()
