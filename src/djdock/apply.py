"""WRITE: makes a plan's changes, all of them or none."""

from __future__ import annotations

import os
from pathlib import Path

from djdock.errors import Problem
from djdock.plan.change import Change, Plan
from djdock.project.files import Folder


def apply(root: Path, plan: Plan) -> None:
    """Writes what a plan says.

    Every new text is on the disk, under a name of its own, before the first file is replaced; a file is always whole.

    Raises:
        Problem: a file has changed since the plan was made, or cannot be written. The tree is as it was.
    """
    _check_unchanged(root, plan)
    written: list[tuple[Change, Path]] = []  # grows one by one, so that `finally` knows what is there
    replaced: list[Change] = []
    try:
        for change in plan.effective:
            unfinished = _write_beside(root, change)
            written.append((change, unfinished))
        for change, unfinished in written:
            unfinished.replace(root / change.path)
            replaced.append(change)
    except OSError as error:
        _restore(root, replaced)
        raise Problem(
            f"{error.filename or root} could not be written: {error.strerror}. Nothing was changed.",
            hint="Make room on the disk or correct the permissions, then try again.",
        ) from error
    finally:
        for _change, unfinished in written:
            unfinished.unlink(missing_ok=True)


def _check_unchanged(root: Path, plan: Plan) -> None:
    files = Folder(root)
    for change in plan.changes:
        if files.read(change.path) != change.before:
            raise Problem(
                f"{change.path} has changed while djdock was working. Nothing was changed.", hint="Try again."
            )


def _write_beside(root: Path, change: Change) -> Path:
    target = root / change.path
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.djdock-{os.getpid()}")
    mode = 0o600 if change.private else 0o644
    if target.exists() and not change.private:
        mode = target.stat().st_mode & 0o777
    try:
        unfinished.touch(mode=mode)
        with unfinished.open("w", encoding="utf-8", newline="") as file:
            file.write(change.after)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise
    return unfinished


def _restore(root: Path, replaced: list[Change]) -> None:
    for change in replaced:
        target = root / change.path
        if change.before is None:
            target.unlink(missing_ok=True)
        else:
            target.write_bytes(change.before.encode())
