"""A folder's content as a value, so that two moments of it can be compared byte for byte."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping
from pathlib import Path

# What a program that reads a checkout may have: git's own files, and djdock's notes.
LEFT_OUT = frozenset({".git", ".djdock"})
# A path below the root and what is there: kind, mode, and a digest of the bytes or the target of a link.
Tree = Mapping[str, str]


def of(root: Path) -> Tree:
    """All files, folders and links below a folder; those named in `LEFT_OUT` are not looked at, wherever they lie."""
    found: dict[str, str] = {}
    for place, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name not in LEFT_OUT]
        files[:] = [name for name in files if name not in LEFT_OUT]
        for name in (*folders, *files):
            path = Path(place, name)
            found[path.relative_to(root).as_posix()] = _entry(path)
    return found


def differences(before: Tree, after: Tree) -> list[str]:
    """What is not the same, as `+ path`, `- path` and `~ path`; of a new or lost folder nothing that lies in it."""
    added = _tops(after.keys() - before.keys())
    lost = _tops(before.keys() - after.keys())
    changed = sorted(path for path in before.keys() & after.keys() if before[path] != after[path])
    return [f"+ {path}" for path in added] + [f"- {path}" for path in lost] + [f"~ {path}" for path in changed]


def _tops(paths: set[str]) -> list[str]:
    return sorted(path for path in paths if not any(str(parent) in paths for parent in Path(path).parents))


def _entry(path: Path) -> str:
    status = path.lstat()
    mode = f"{stat.S_IMODE(status.st_mode):o}"
    if stat.S_ISLNK(status.st_mode):
        return f"link {path.readlink()}"
    if stat.S_ISREG(status.st_mode):
        return f"file {mode} {hashlib.sha256(path.read_bytes()).hexdigest()}"
    return f"folder {mode}" if stat.S_ISDIR(status.st_mode) else f"other {mode}"
