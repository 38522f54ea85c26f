"""What git knows of a project's files. Without git, or outside a repository, every file counts as the project's own."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from djdock.process import run


def is_repository(root: Path) -> bool:
    """Whether a folder is in a git repository, and git is installed."""
    return (
        any((folder / ".git").exists() for folder in (root, *root.parents)) and run(["git", "-C", root, "rev-parse"]).ok
    )


def is_tracked(root: Path, path: str) -> bool:
    """Whether a file is under version control, as far as that can be told."""
    if not (root / path).exists():
        return False
    if not is_repository(root):
        return PurePosixPath(path).name != ".env"  # that one is a person's own wherever nobody says otherwise
    return run(["git", "-C", root, "ls-files", "--error-unmatch", "--", path]).ok


def is_ignored(root: Path, path: str) -> bool:
    """Whether git leaves a file out by itself."""
    return run(["git", "-C", root, "check-ignore", "--quiet", "--no-index", "--", path]).ok
