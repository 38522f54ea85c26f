"""`djdock undo`: the files as they were before the last `init`; the data stay."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from djdock import journal, output, state
from djdock.commands import checkout as checkouts
from djdock.commands import root as root_of
from djdock.embedded import location
from djdock.engines import docker
from djdock.errors import Problem
from djdock.journal import Undone
from djdock.project import checkout as project_checkout
from djdock.service import DATABASE

# What is in .djdock and can be found out or made again; the rest is data.
DISPOSABLE = ("state.json", "logs", "celerybeat-schedule*")
DONE, SOMETHING_KEPT = 0, 1


def undo(*, force: bool) -> int:
    """Takes back what the last `init` did to the project in the current folder; gives 1 where edited files were kept.

    Raises:
        Problem: there is nothing to undo, or something cannot be written; the tree is then as it was.
    """
    root = _root()
    with state.lock(root, "undo"):
        interrupted = journal.recover(root)
        if interrupted.init:
            _show_recovered(interrupted)
            kept, last = False, interrupted.last
        else:
            journal.check_undoable(root)
            stays = _stop(root)
            undone = journal.undo(root, force=force)
            _show(root, undone)
            kept, last = bool(undone.kept), undone.last
            if stays:
                output.outcome("same", stays, "data are never taken away")
        if last:
            _forget(root, () if kept else (state.GENERATED,))
    if last:
        state.leave(root)
    return SOMETHING_KEPT if kept else DONE


def _root() -> Path:
    """The project in the current folder, or below it, of which there is something to undo.

    Raises:
        Problem: there is none.
    """
    root = journal.find(Path.cwd())
    with contextlib.suppress(Problem):  # where there is no project, there is nothing to undo either
        root = root or journal.find(root_of.find(Path.cwd()))
    if root is None:
        raise journal.nothing_to_undo()
    return root


def _stop(root: Path) -> str:
    """Stops what runs, which needs files that go now; says where its data stay, or nothing where there are none."""
    inside = location.data(root)
    stays = f"the database in {inside}" if inside.exists() else ""
    if not state.load(root).engine:
        return stays  # it was never started
    try:
        checkout = project_checkout.read(root)
        engine = checkouts.engine_of(checkout) if checkout else None
        if checkout is None or engine is None:
            return stays
        for name in engine.down(checkout):
            output.outcome("stop", name)
        return f"the volume {checkout.compose_project}_{DATABASE}" if engine is docker else stays
    except Problem as problem:
        output.warn(f"{problem.cause} So it is not known whether anything still runs.")
        return stays


def _show_recovered(interrupted: journal.Recovered) -> None:
    for path in interrupted.paths:
        output.outcome("change", path, "as it was before the command that was interrupted")
    if not interrupted.paths:
        output.outcome("same", "the command that was interrupted had not changed anything yet")


def _show(root: Path, undone: Undone) -> None:
    for path in undone.restored:
        output.outcome("change", path, "as it was")
    for path in undone.removed:
        output.outcome("remove", path)
    for path in undone.left:
        output.warn(f"{path} was made by djdock and could not be removed; what is left of it can go.")
    for path, copy in undone.copies:
        output.note(f"{path} as you had edited it: {_shown(copy, root)}")
    if undone.aside:
        output.note(f"What the project's own code had made meanwhile: {_shown(undone.aside, root)}")
    for kept in undone.kept:
        output.outcome("skip", kept.path, "you have edited it since")
        if kept.original and (root / kept.path).exists():
            original, now = _shown(kept.original, root), _shown(root / kept.path, root)
            output.note(f"           the difference: git diff --no-index {original} {now}")
    if undone.kept:
        output.next_step("djdock undo --force  (takes these back too; what you have edited is kept aside)")
    elif not (undone.restored or undone.removed):
        output.outcome("same", "all files", "they were as before already")


def _shown(path: Path, root: Path) -> str:
    """A path as one would type it here."""
    return os.path.relpath(path.absolute() if path.is_absolute() else root / path)


def _forget(root: Path, memory: Sequence[str]) -> None:
    """Empties .djdock where djdock knew nothing of the project before; what finds the data again stays with them."""
    place, known = root / state.FOLDER, state.load(root)
    for path in [found for pattern in (*DISPOSABLE, *memory) for found in place.glob(pattern)]:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    if known.root and {entry.name for entry in place.iterdir()} - state.OWN:
        state.save(root, state.State(root=known.root, compose_project=known.compose_project))
