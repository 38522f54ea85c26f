"""The way `init` writes: all or nothing whatever happens, and so that it can be taken back, byte for byte.

The bytes from before are on the disk before the first of them changes (see `step`). What a crash leaves between is put
back by `recover`, with which every command that writes begins; all of this belongs inside `state.lock`.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from djdock import apply, state
from djdock.errors import Problem
from djdock.journal import history, notes
from djdock.journal import step as steps
from djdock.journal.history import GENERATED, History
from djdock.journal.notes import Note
from djdock.journal.step import Entry, Step
from djdock.plan.change import Change, Plan
from djdock.project.files import Folder

# In .djdock/undo: what the person had edited and `undo --force` took back all the same.
KEPT = "kept"
NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Kept:
    """A file that was edited since; `original` is where its bytes from before lie (None: there was no such file)."""

    path: str
    original: Path | None


@dataclass(frozen=True)
class Recovered:
    """What `recover` has put back: the files' paths; whether an `init` had been interrupted, and was the first."""

    paths: tuple[str, ...]
    init: bool
    last: bool


@dataclass(frozen=True)
class Undone:
    """What `undo` has done.

    Attributes:
        restored: files that are as they were.
        removed: files, and other things that djdock had made, that are gone.
        left: things that djdock had made and that the system would not take away.
        kept: files that were edited since, and were left alone.
        copies: with `force`, where the edited text of a file lies now: (path, copy).
        aside: the folder in which files lie now that the project's own code had made.
        last: djdock knew nothing of the project before what was undone.
    """

    restored: tuple[str, ...]
    removed: tuple[str, ...]
    left: tuple[str, ...]
    kept: tuple[Kept, ...]
    copies: tuple[tuple[str, Path], ...]
    aside: Path | None
    last: bool


def find(start: Path) -> Path | None:
    """The nearest folder upwards with something to undo, or with something that a crash has left."""
    return next((folder for folder in (start, *start.parents) if any(steps.place(folder).glob("[0-9]*"))), None)


def is_adopted(root: Path) -> bool:
    """Whether the project was there before djdock was: something was made in it that can be undone."""
    return any(steps.place(root).glob("[0-9]*"))


def make(root: Path, plan: Plan, *, generated: Mapping[str, str] = NOTHING) -> None:
    """Makes a plan's changes, so that `undo` takes them back; `generated` are texts to remember for the next merge.

    A plan that changes nothing leaves no step behind, unless it is the first: other things may still be noted with it.

    Raises:
        Problem: a file has changed meanwhile or cannot be written. The tree is as it was, and nothing is left over.
    """
    known = _recovered(root)
    memory = _memory(root, generated)
    if plan.effective or not known:
        _carry_out(root, plan + memory, Step(_next(root, known), "init", "", fresh=_is_fresh(root, known)))
    elif memory.effective:
        apply.apply(root, memory)


def amend(root: Path, plan: Plan, *, generated: Mapping[str, str] = NOTHING) -> None:
    """Makes changes that belong to what was made last (a repair, a port that moves): one `undo` takes back both.

    Where nothing was made they are only written.

    Raises:
        Problem: as `make`.
    """
    known = _recovered(root)
    whole = plan + _memory(root, generated)
    if known and plan.effective:
        _carry_out(root, whole, Step(_next(root, known), "amend", ""))
    else:
        apply.apply(root, whole)


def note(root: Path, path: str) -> None:
    """Tells that djdock is about to make a file or a folder, `.venv` for instance, that goes with all that is in it.

    What is there already is the person's; where nothing was made with `make`, there is nothing to undo and to note.

    Raises:
        Problem: the path leads out of the project, or the note cannot be written.
    """
    apply.resolve(root, path)
    known = steps.load_all(root)
    if known and not os.path.lexists(root / path):
        notes.add(known[-1], [Note(path, "tree")])


def make_folder(root: Path, path: str) -> None:
    """Makes a folder and those above it; `undo` takes them away again where nothing has come into them.

    Raises:
        Problem: the path leads out of the project, or it cannot be made.
    """
    target, known = apply.resolve(root, path), steps.load_all(root)
    missing = [Path(os.path.relpath(place, root.resolve())).as_posix() for place in apply.missing_folders(target)]
    if known:
        notes.add(known[-1], [Note(place, "folder") for place in missing])
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise apply.could_not_write(root, error) from error


@contextlib.contextmanager
def watch(root: Path) -> Iterator[None]:
    """Notes what comes into the tree while djdock tries the project, installs it, or runs a command of it.

    `undo` takes it away: files are put aside, because the project's code has made them and not djdock. What comes while
    the project simply runs is the person's. Only what was not there before counts; a file that changes is left alone.
    """
    before = notes.look(root) if is_adopted(root) else None
    try:
        yield
    finally:
        after = notes.look(root) if before is not None else None
        known = steps.load_all(root)
        if before is not None and after is not None and known:
            mine = {entry.path for found in known for entry in found.undoable}
            fresh = [Note(path, kind) for path, kind in after.items() if path not in before and path not in mine]
            notes.add(known[-1], fresh)


def recover(root: Path) -> Recovered:
    """Puts back what a command left half done that was killed, or whose machine went down.

    Raises:
        Problem: something cannot be put back; what it needs is still there.
    """
    paths: list[str] = []
    known = steps.load_all(root)
    broken = [found for found in known if not found.done]
    for found in known:
        if not found.done:
            paths += _roll_back(root, found)
        elif found.undoes:
            _tidy(root, found)
    init = any(found.kind == "init" for found in broken)
    last = len(broken) == len(known) and any(found.fresh for found in broken)
    return Recovered(tuple(path for path in paths if not path.startswith(GENERATED)), init, last)


def check_undoable(root: Path) -> list[Step]:
    """Makes sure that there is something to undo; gives all steps, oldest first.

    Raises:
        Problem: there is nothing.
    """
    known = _recovered(root)
    if not known:
        raise nothing_to_undo()
    return known


def nothing_to_undo() -> Problem:
    """What to tell the person where no step is left."""
    return Problem(
        "There is nothing to undo: djdock has changed nothing here.",
        hint="What it would change: djdock init --dry-run",
    )


def _recovered(root: Path) -> list[Step]:
    recover(root)
    return steps.load_all(root)


def undo(root: Path, *, force: bool = False) -> Undone:
    """Takes back what was made last; a file that was edited since is kept, or with `force` copied aside first.

    Raises:
        Problem: there is nothing to undo, or it cannot be written; then the tree is as it was.
    """
    known = check_undoable(root)
    group = history.last_group(known)
    histories = history.read(root, group)
    edited = {item.path for item in histories if item.state == "edited" and not force}
    kept = [item for item in histories if item.stands_for in edited]
    back = [item for item in histories if item.state != "same" and item not in kept]
    originals = {item.path: item.oldest.content(item.entry) for item in (*back, *kept)}
    copies = _copy_aside(root, [item for item in back if item.state == "edited"])
    taken = Step(
        _next(root, known),
        "undo",
        "",
        fresh=group[0].fresh,
        undoes=tuple(found.folder.name for found in group),
        rest=tuple(item.rest for item in kept),
        rest_folders=tuple(folder for found in group for folder in found.undoable_folders),
    )
    noted = [note_ for found in group for note_ in notes.load(found) if os.path.lexists(root / note_.path)]
    writes = [originals[item.path] for item in back]
    _record(root, taken, writes, originals={item.path: originals[item.path] for item in kept})
    shown = [item for item in back if not item.is_memory]
    left = [item for item in noted if item.kind != "folder" and os.path.lexists(root / item.path)]
    gone = [item for item in noted if not os.path.lexists(root / item.path)]
    return Undone(
        restored=tuple(item.path for item in shown if item.entry.before),
        removed=(*(item.path for item in shown if not item.entry.before), *notes.topmost(gone)),
        left=tuple(item.path for item in left),
        kept=tuple(_kept(taken, item) for item in kept if not item.is_memory),
        copies=copies,
        aside=steps.place(root) / KEPT if any(notes.is_put_aside(item) for item in gone) else None,
        last=group[0].fresh and len(group) == len(known),
    )


def _memory(root: Path, generated: Mapping[str, str]) -> Plan:
    files = Folder(root)
    found = ((f"{GENERATED}{path}", text) for path, text in generated.items())
    return Plan(tuple(Change(path, files.read(path), text, private=True) for path, text in found))


def _next(root: Path, known: Sequence[Step]) -> Path:
    number = 1 + max((int(found.folder.name) for found in known), default=0)
    return steps.place(root) / f"{number:04}"


def _is_fresh(root: Path, known: Sequence[Step]) -> bool:
    before = state.load(root)
    return not known and not (before.engine or before.manage)


def _carry_out(root: Path, plan: Plan, step: Step) -> None:
    _record(root, step, apply.encode(root, plan), check=plan)


def _record(
    root: Path,
    step: Step,
    writes: Sequence[apply.Write],
    *,
    check: Plan | None = None,
    originals: Mapping[str, apply.Write] = MappingProxyType({}),
) -> None:
    """Does a step: first what takes it back, then the files, then the word that all of it is done."""
    begun = steps.begin(root, step, writes, originals)
    try:
        apply.check_unchanged(root, check or Plan(()))
        apply.write(root, writes, mark=begun.folder.name)
        steps.complete(begun)
        if begun.undoes:
            _tidy(root, begun)
    except BaseException as error:
        if not (begun.folder / steps.BEGUN).exists():
            raise  # all of it has happened; whatever is left to tidy up, the next command does
        _roll_back(root, begun)
        if isinstance(error, OSError):
            raise apply.could_not_write(root, error) from error
        raise


def _roll_back(root: Path, step: Step) -> list[str]:
    """Makes the tree what it was before a step that has not come to its end.

    Raises:
        Problem: that cannot be written now.
    """
    marks = (step.folder.name, f"{step.folder.name}-back")
    back = []
    try:
        for number, entry in enumerate(step.entries):
            for mark in marks:
                rubbish = apply.unfinished(apply.resolve(root, entry.path), mark, number)
                if rubbish.exists():  # where one may not write, one may not even delete what is not there
                    rubbish.unlink()
            found = steps.digest(root, entry.path)
            if found == entry.after and (entry.before is None or found != entry.before.digest):
                back.append(_as_it_was(step, entry))
        apply.write(root, back, mark=marks[1])
        _remove_folders(root, step.folders)
        steps.remove(step)
    except (OSError, Problem) as error:
        raise Problem(
            f"A command that was interrupted could not be taken back: {error}",
            hint="Make room on the disk or correct the permissions, then: djdock undo\n"
            f"The files as they were: {step.folder / 'files'}",
        ) from error
    return [write.path for write in back]


def _as_it_was(step: Step, entry: Entry) -> apply.Write:
    if entry.before is None:
        return apply.Write(entry.path, None)
    content = (step.folder / "files" / entry.path).read_bytes()
    return apply.Write(entry.path, content, entry.before.mode, (entry.before.uid, entry.before.gid))


def _kept(taken: Step, item: History) -> Kept:
    return Kept(item.path, taken.original(item.entry) if item.entry.before else None)


def _copy_aside(root: Path, histories: Sequence[History]) -> tuple[tuple[str, Path], ...]:
    copies = []
    for item in histories:
        source = apply.resolve(root, item.path)
        if item.is_memory or not source.is_file():
            continue
        target = notes.free_place(steps.place(root) / KEPT / item.path)
        target.touch(mode=0o600)
        target.write_bytes(source.read_bytes())
        copies.append((item.path, target))
    return tuple(copies)


def _tidy(root: Path, taken: Step) -> None:
    """Takes away what an undo that is done leaves; each part of it can be repeated after a crash."""
    for found in reversed(steps.load_all(root)):
        if found.folder.name in taken.undoes:
            notes.take_away(root, notes.load(found), steps.place(root) / KEPT)
            steps.remove(found)
    _remove_folders(root, taken.rest_folders)
    if not taken.rest:
        steps.remove(taken)


def _remove_folders(root: Path, folders: Sequence[str]) -> None:
    for folder in sorted(folders, key=lambda name: name.count("/"), reverse=True):
        with contextlib.suppress(OSError):  # the person has put something there; or it has never been made
            (root.resolve() / folder).rmdir()
