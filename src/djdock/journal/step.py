"""One step of the journal: a folder with the bytes from before, and a manifest that says what became of them.

The name of the manifest says how far the step has come, because a file is renamed in one instant and needs no room:
none yet: nothing of the tree has changed; `begun.json`: it has, perhaps; `done.json`: all of it has.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from djdock import apply, state
from djdock.errors import Problem

Kind = Literal["init", "amend", "undo"]
BEGUN, DONE = "begun.json", "done.json"
# What a file is that is no file: a folder, for instance. No digest of bytes reads like this.
OTHER = "no file"


@dataclass(frozen=True)
class Saved:
    """A file as it was: the digest of its bytes (which lie in the step's folder), its permissions, its owner."""

    digest: str
    mode: int
    uid: int
    gid: int


@dataclass(frozen=True)
class Entry:
    """What a step did to a file: how it was (None: it was not there), and the digest of what it became.

    `link` is what the path pointed to, where it is a symbolic link; the file is then the one behind it.
    """

    path: str
    before: Saved | None
    after: str | None
    link: str | None = None


@dataclass(frozen=True)
class Step:
    """One change of the tree that was made, or is being made, as a whole.

    Attributes:
        folder: where the step is kept.
        mark: tells its unfinished files from others.
        entries: the files that it changes.
        folders: the folders that it makes, outermost first.
        fresh: djdock knew nothing of the project before.
        undoes: the names of the steps that it takes back.
        rest, rest_folders: of those steps, what the person has edited since and what is not taken back yet.
        done: all of it has happened.
    """

    folder: Path
    kind: Kind
    mark: str
    entries: tuple[Entry, ...] = ()
    folders: tuple[str, ...] = ()
    fresh: bool = False
    undoes: tuple[str, ...] = ()
    rest: tuple[Entry, ...] = ()
    rest_folders: tuple[str, ...] = ()
    done: bool = field(default=False, compare=False)

    @property
    def undoable(self) -> tuple[Entry, ...]:
        return self.rest if self.kind == "undo" else self.entries

    @property
    def undoable_folders(self) -> tuple[str, ...]:
        return self.rest_folders if self.kind == "undo" else self.folders

    def original(self, entry: Entry) -> Path:
        """Where the bytes from before lie that this step can bring back."""
        return self.folder / ("rest" if self.kind == "undo" else "files") / entry.path

    def content(self, entry: Entry) -> apply.Write:
        """What brings a file back as it was.

        Raises:
            Problem: the saved bytes are gone, or are not what was saved.
        """
        if entry.before is None:
            return apply.Write(entry.path, None)
        return _saved(self.original(entry), entry.path, entry.before)


def place(root: Path) -> Path:
    """The folder of all steps, whether it is there or not."""
    return root / state.FOLDER / "undo"


def load_all(root: Path) -> list[Step]:
    """All steps, oldest first. What a step left that has never begun, or that was not taken away whole, goes."""
    found = []
    folders = (folder for folder in place(root).glob("[0-9]*") if folder.is_dir())
    for folder in sorted(folders, key=lambda folder: (len(folder.name), folder.name)):
        step = _load(folder)
        if step is None:
            shutil.rmtree(folder)
        else:
            found.append(step)
    if not found:
        _remove_if_empty(place(root))
    return found


def _load(folder: Path) -> Step | None:
    for name in (DONE, BEGUN):
        try:
            stored = json.loads((folder / name).read_text(encoding="utf-8"))
            return _step(folder, stored, done=name == DONE)
        except FileNotFoundError:
            continue
        except (ValueError, TypeError, KeyError) as error:
            raise Problem(
                f"{folder / name} cannot be read: it is damaged, or of another version of djdock.",
                hint=f"Use that version; or give up what it could undo: delete {folder.parent}\n"
                f"The files as they were: {folder / 'files'}",
            ) from error
    return None


def _step(folder: Path, stored: dict[str, Any], *, done: bool) -> Step:
    lists = {name: tuple(stored[name]) for name in ("folders", "undoes", "rest_folders")}
    entries = {name: _entries(stored[name]) for name in ("entries", "rest")}
    return Step(folder=folder, done=done, **{**stored, **lists, **entries})


def _entries(stored: Iterable[dict[str, Any]]) -> tuple[Entry, ...]:
    return tuple(Entry(**{**item, "before": Saved(**item["before"]) if item["before"] else None}) for item in stored)


def begin(root: Path, step: Step, writes: Sequence[apply.Write], originals: Mapping[str, apply.Write]) -> Step:
    """Puts on the disk what brings the files back, before the first of them changes; gives the step as it is then.

    `originals` are the bytes of the step's `rest`, by path.

    Raises:
        Problem: it cannot be written, and nothing of it is left.
    """
    undo_folder = place(root)
    was_there = undo_folder.exists()
    try:
        state.folder(root)
        undo_folder.mkdir(mode=0o700, exist_ok=True)
        step.folder.mkdir(mode=0o700)
        entries = tuple(_save(root, step.folder / "files", write) for write in writes)
        for path, write in originals.items():
            if write.content is not None:
                store(step.folder / "rest" / path, write.content)
        begun = replace(step, entries=entries, folders=_new_folders(root, writes))
        stored = {name: value for name, value in asdict(begun).items() if name not in {"folder", "done"}}
        store(step.folder / "unfinished", json.dumps(stored, indent=1).encode())
        (step.folder / "unfinished").replace(step.folder / BEGUN)
        _settle(step.folder)
    except BaseException as error:
        _remove_unless_kept(step.folder, undo_folder, keep=was_there)
        if isinstance(error, OSError):
            raise apply.could_not_write(root, error) from error
        raise
    return begun


def complete(step: Step) -> None:
    """Notes that all of a step has happened."""
    (step.folder / BEGUN).replace(step.folder / DONE)
    _settle(step.folder)


def remove(step: Step) -> None:
    """Takes a step away; its manifest first, because without it the rest is known for rubbish."""
    for name in (DONE, BEGUN):
        (step.folder / name).unlink(missing_ok=True)
    _remove_unless_kept(step.folder, step.folder.parent, keep=False)


def _remove_unless_kept(folder: Path, parent: Path, *, keep: bool) -> None:
    if folder.exists():
        shutil.rmtree(folder)
    if not keep:
        _remove_if_empty(parent)


def _remove_if_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):  # steps are in it, or what the person was left; or it is not there
        folder.rmdir()


def digest(root: Path, path: str) -> str | None:
    """A fingerprint of a file's bytes; None where there is no such file."""
    target = apply.resolve(root, path)
    try:
        return hashlib.sha256(target.read_bytes()).hexdigest()
    except IsADirectoryError:
        return OTHER
    except (FileNotFoundError, NotADirectoryError):
        return None


def link(root: Path, path: str) -> str | None:
    """What a path points to, where it is a symbolic link."""
    return str((root / path).readlink()) if (root / path).is_symlink() else None


def _save(root: Path, folder: Path, write: apply.Write) -> Entry:
    after = None if write.content is None else hashlib.sha256(write.content).hexdigest()
    target = apply.resolve(root, write.path)
    pointed = link(root, write.path)
    if not target.is_file():
        return Entry(write.path, None, after, pointed)
    content, info = target.read_bytes(), target.stat()
    store(folder / write.path, content)
    saved = Saved(hashlib.sha256(content).hexdigest(), stat.S_IMODE(info.st_mode), info.st_uid, info.st_gid)
    return Entry(write.path, saved, after, pointed)


def _saved(file: Path, path: str, saved: Saved) -> apply.Write:
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        content = b""
    if hashlib.sha256(content).hexdigest() != saved.digest:
        raise Problem(
            f"{file}, which holds {path} as it was, has been changed or deleted. Nothing was changed.",
            hint=f"Bring {path} back from your version control, then: djdock undo --force",
        )
    return apply.Write(path, content, saved.mode, (saved.uid, saved.gid))


def _new_folders(root: Path, writes: Sequence[apply.Write]) -> tuple[str, ...]:
    made: list[str] = []
    for write in writes:
        if write.content is None:
            continue
        for folder in apply.missing_folders(apply.resolve(root, write.path).parent):
            relative = Path(os.path.relpath(folder, root.resolve())).as_posix()
            if relative not in made:
                made.append(relative)
    return tuple(made)


def store(file: Path, content: bytes) -> None:
    """Writes a file that only its owner may read, and waits until it is on the disk."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    with file.open("wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())


def _settle(folder: Path) -> None:
    """Sees to it that the names in a folder are on the disk too; only POSIX can be asked for that."""
    if hasattr(os, "O_DIRECTORY"):
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
