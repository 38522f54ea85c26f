"""The way `init` writes: all or nothing whatever happens, and so that it can be taken back, byte for byte.

The bytes from before are on the disk before the first of them changes (see `step`). What a crash leaves between is put
back by `recover`, with which every command that writes begins; all of this belongs inside `state.lock`.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from djdock import apply, state
from djdock.errors import Problem
from djdock.journal import step as steps
from djdock.journal.step import Entry, Step
from djdock.plan.change import Change, Plan
from djdock.project.files import Folder

# Each generated file as djdock wrote it last lies below this: see merge.py.
GENERATED = f"{state.FOLDER}/{state.GENERATED}/"
# In .djdock/undo: what the person had edited and `undo --force` took back all the same.
KEPT = "kept"
NOTHING: Mapping[str, str] = MappingProxyType({})
# Where a project's own code makes nothing, or nobody looks.
UNWATCHED = {".git", state.FOLDER, ".venv", "node_modules"}


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
        last: djdock knew nothing of the project before what was undone.
    """

    restored: tuple[str, ...]
    removed: tuple[str, ...]
    left: tuple[str, ...]
    kept: tuple[Kept, ...]
    copies: tuple[tuple[str, Path], ...]
    last: bool


@dataclass(frozen=True)
class _History:
    """What became of one file in the steps that are to be taken back."""

    path: str
    oldest: Step
    entry: Entry
    state: str  # "same": as it was long ago; "ours": as djdock left it; "edited": since then

    @property
    def is_memory(self) -> bool:
        """Whether it is one of djdock's own, of which the person is not told."""
        return self.path.startswith(GENERATED)


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
    if known and not (root / path).exists() and path not in steps.notes(known[-1]):
        steps.add_note(known[-1], path)


@contextlib.contextmanager
def watch(root: Path) -> Iterator[None]:
    """Notes what the project's own code makes in its tree while djdock tries it: log files, folders for uploads …"""
    before = _paths(root)
    try:
        yield
    finally:
        known = steps.load_all(root)
        made = _paths(root) - before
        for path in sorted(made):
            if known and os.path.dirname(path) not in made and path not in steps.notes(known[-1]):  # noqa: PTH120
                steps.add_note(known[-1], path)


def _paths(root: Path) -> set[str]:
    """All files and folders of the tree, without what is not the project's own."""
    found: set[str] = set()
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in UNWATCHED]
        place = os.path.relpath(folder, root)
        found.update(os.path.normpath(os.path.join(place, name)) for name in (*folders, *names))  # noqa: PTH118
    return found


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
    group = _last_group(known)
    histories = _histories(root, group)
    edited = {history.path for history in histories if history.state == "edited" and not force}
    kept = [history for history in histories if _remembered(history.path) in edited]
    back = [history for history in histories if history.state != "same" and history not in kept]
    originals = {history.path: history.oldest.content(history.entry) for history in (*back, *kept)}
    copies = _copy_aside(root, [history for history in back if history.state == "edited"])
    taken = Step(
        _next(root, known),
        "undo",
        "",
        fresh=group[0].fresh,
        undoes=tuple(found.folder.name for found in group),
        rest=tuple(_rest(history) for history in kept),
        rest_folders=tuple(folder for found in group for folder in found.undoable_folders),
    )
    made = [path for found in group for path in steps.notes(found) if os.path.lexists(root / path)]
    writes = [originals[history.path] for history in back]
    _record(root, taken, writes, originals={history.path: originals[history.path] for history in kept})
    shown = [history for history in back if not history.is_memory]
    left = tuple(path for path in made if os.path.lexists(root / path))
    return Undone(
        restored=tuple(history.path for history in shown if history.entry.before),
        removed=(
            *(history.path for history in shown if not history.entry.before),
            *(path for path in made if path not in left),
        ),
        left=left,
        kept=tuple(_kept(taken, history) for history in kept if not history.is_memory),
        copies=copies,
        last=group[0].fresh and len(group) == len(known),
    )


def _memory(root: Path, generated: Mapping[str, str]) -> Plan:
    files = Folder(root)
    found = ((f"{GENERATED}{path}", text) for path, text in generated.items())
    return Plan(tuple(Change(path, files.read(path), text, private=True) for path, text in found))


def _remembered(path: str) -> str:
    """The file that a path stands for: its own, or the one whose generated text lies there."""
    return path.removeprefix(GENERATED)


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


def _last_group(known: Sequence[Step]) -> list[Step]:
    """The last `init` and what belongs to it, oldest first."""
    begins = [number for number, found in enumerate(known) if found.kind != "amend"]
    return list(known[begins[-1] :]) if begins else list(known)


def _histories(root: Path, group: Sequence[Step]) -> list[_History]:
    paths = dict.fromkeys(entry.path for found in group for entry in found.undoable)
    return [_history(root, path, group) for path in paths]


def _history(root: Path, path: str, group: Sequence[Step]) -> _History:
    """Follows a file from how it is now back to how it was; where the steps do not meet somebody has edited it."""
    chain = [(found, entry) for found in group for entry in found.undoable if entry.path == path]
    oldest, first = chain[0]
    now = steps.digest(root, path)
    if now == _before(first):
        return _History(path, oldest, first, "same")
    for _found, entry in reversed(chain):
        if now != entry.after or steps.link(root, path) != entry.link:
            return _History(path, oldest, first, "edited")
        now = _before(entry)
    return _History(path, oldest, first, "ours")


def _before(entry: Entry) -> str | None:
    return entry.before.digest if entry.before else None


def _rest(history: _History) -> Entry:
    return Entry(history.path, history.entry.before, steps.OTHER, history.entry.link)


def _kept(taken: Step, history: _History) -> Kept:
    return Kept(history.path, taken.original(history.entry) if history.entry.before else None)


def _copy_aside(root: Path, histories: Sequence[_History]) -> tuple[tuple[str, Path], ...]:
    copies = []
    for history in histories:
        source = apply.resolve(root, history.path)
        if history.is_memory or not source.is_file():
            continue
        target = steps.place(root) / KEPT / history.path
        number = 1
        while target.exists():
            number += 1
            target = target.with_name(f"{Path(history.path).name}.{number}")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch(mode=0o600)
        target.write_bytes(source.read_bytes())
        copies.append((history.path, target))
    return tuple(copies)


def _tidy(root: Path, taken: Step) -> None:
    """Takes away what an undo that is done leaves; each part of it can be repeated after a crash."""
    for found in reversed(steps.load_all(root)):
        if found.folder.name in taken.undoes:
            for path in steps.notes(found):
                _remove(root / path)
            steps.remove(found)
    _remove_folders(root, taken.rest_folders)
    if not taken.rest:
        steps.remove(taken)


def _remove(path: Path) -> None:
    """Takes away what can be taken away: what cannot must not stand in the way of every command that comes."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()


def _remove_folders(root: Path, folders: Sequence[str]) -> None:
    for folder in sorted(folders, key=lambda name: name.count("/"), reverse=True):
        with contextlib.suppress(OSError):  # the person has put something there; or it has never been made
            (root.resolve() / folder).rmdir()
