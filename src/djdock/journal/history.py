"""What became of the files of the last `init` since: which are as djdock left them, and which somebody has edited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from djdock import state
from djdock.journal import step as steps
from djdock.journal.step import Entry, Step

# Each generated file as djdock wrote it last lies below this: see merge.py.
GENERATED = f"{state.FOLDER}/{state.GENERATED}/"


@dataclass(frozen=True)
class History:
    """What became of one file in the steps that are to be taken back.

    Attributes:
        oldest, entry: the step that has its bytes from before, and what that says of it.
        state: as it was long ago; as djdock left it; or edited since.
    """

    path: str
    oldest: Step
    entry: Entry
    state: Literal["same", "ours", "edited"]

    @property
    def is_memory(self) -> bool:
        """Whether it is one of djdock's own, of which the person is not told."""
        return self.path.startswith(GENERATED)

    @property
    def stands_for(self) -> str:
        """The path of the file itself, or of the one whose generated text it is."""
        return self.path.removeprefix(GENERATED)

    @property
    def rest(self) -> Entry:
        """What is to be remembered of a file that is kept: nothing that it becomes will be taken for djdock's."""
        return Entry(self.path, self.entry.before, steps.OTHER, self.entry.link)


def last_group(known: Sequence[Step]) -> list[Step]:
    """The last `init` and what belongs to it, oldest first."""
    begins = [number for number, found in enumerate(known) if found.kind != "amend"]
    return list(known[begins[-1] :]) if begins else list(known)


def read(root: Path, group: Sequence[Step]) -> list[History]:
    """The histories of all files that some steps, oldest first, have changed."""
    paths = dict.fromkeys(entry.path for found in group for entry in found.undoable)
    return [_history(root, path, group) for path in paths]


def _history(root: Path, path: str, group: Sequence[Step]) -> History:
    """Follows a file from how it is now back to how it was; where the steps do not meet somebody has edited it."""
    chain = [(found, entry) for found in group for entry in found.undoable if entry.path == path]
    oldest, first = chain[0]
    now = steps.digest(root, path)
    if now == _before(first):
        return History(path, oldest, first, "same")
    for _found, entry in reversed(chain):
        if now != entry.after or steps.link(root, path) != entry.link:
            return History(path, oldest, first, "edited")
        now = _before(entry)
    return History(path, oldest, first, "ours")


def _before(entry: Entry) -> str | None:
    return entry.before.digest if entry.before else None
