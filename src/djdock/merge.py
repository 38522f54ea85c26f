"""WRITE: lets a generated file get djdock's new version and keep what the person has made of the old one."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from djdock import state
from djdock.errors import Problem
from djdock.plan.change import Change, Plan, Skip, is_marked
from djdock.process import run
from djdock.project.files import Files, Folder

YOURS, BEFORE, DJDOCK = "yours", "before", "djdock"
UNRESOLVED = re.compile(rf"^<<<<<<< {YOURS}\r?$.*^>>>>>>> {DJDOCK}\r?$", re.MULTILINE | re.DOTALL)
# From here on git's exit code is no number of conflicts.
FAILED = 128


@dataclass(frozen=True)
class Merged:
    """A plan in which the person's edits survive, and the texts to remember for the next time: path → text."""

    plan: Plan
    generated: Mapping[str, str]


@dataclass(frozen=True)
class _Decision:
    change: Change | None = None
    skip: Skip | None = None
    remember: bool = False


def merge(root: Path, plan: Plan, *, replace_all: bool = False) -> Merged:
    """Brings a plan's generated files together with what the person has edited since; the others stay as planned.

    A file that was never edited becomes what djdock writes now; one that was is merged line by line (`git merge-file`),
    and where both changed the same lines it shows both, as a conflict. What was deleted stays deleted; what is of
    unknown origin stays as it is. `replace_all` takes djdock's text instead.
    """
    files = Folder(root)
    changes: list[Change] = []
    skips = list(plan.skips)
    generated: dict[str, str] = {}
    for change in plan.changes:
        if not change.generated:
            changes.append(change)
            continue
        decision = _decide(change, _remembered(files, change.path), replace_all=replace_all)
        if decision is None:
            beside = f"{memory(change.path)}.new"
            changes.append(Change(beside, files.read(beside), change.after, "djdock's version, to take over by hand"))
            skips.append(Skip(change.path, f"you have edited it, and without git nothing is merged; see {beside}"))
            continue
        if decision.change:
            changes.append(decision.change)
        if decision.skip:
            skips.append(decision.skip)
        if decision.remember:
            generated[change.path] = change.after
    return Merged(Plan(tuple(changes), tuple(skips)), generated)


def memory(path: str) -> str:
    """Where the text of a generated file is remembered."""
    return f"{state.FOLDER}/{state.GENERATED}/{path}"


def _remembered(files: Files, path: str) -> str | None:
    try:
        return files.read(memory(path))
    except Problem:  # not text any more: as good as lost
        return None


def _decide(change: Change, base: str | None, *, replace_all: bool) -> _Decision | None:
    """What becomes of one file; None where it should be merged and git is missing."""
    mine, new = change.before, change.after
    if mine is None and base is not None and not replace_all:
        return _Decision(skip=Skip(change.path, "you have deleted it; --replace makes it anew"))
    if mine is None or replace_all:
        return _Decision(change, remember=True)
    new = _with_line_ends_of(mine, new)
    if mine == new:
        return _Decision(replace(change, after=mine), remember=True)
    if UNRESOLVED.search(mine):
        return _Decision(replace(change, after=mine, why="has unresolved conflicts", conflict=True))
    if base is None:
        return _Decision(skip=_foreign(replace(change, after=new)))
    return _three_way(change, mine, _with_line_ends_of(mine, base), new)


def _three_way(change: Change, mine: str, base: str, new: str) -> _Decision | None:
    if mine == base:
        return _Decision(replace(change, after=new), remember=True)
    if base == new:
        return _Decision(replace(change, after=mine, why="as you have edited it"), remember=True)
    merged = _merge_lines(mine, base, new)
    if merged is None:
        return None
    text, conflicts = merged
    if text == mine:
        why = "as you have edited it"
    elif conflicts:
        why = f"you and djdock have changed the same lines: choose between {YOURS} and {DJDOCK} there"
    else:
        why = f"{change.why}; merged with your edits" if change.why else "merged with your edits"
    return _Decision(replace(change, after=text, why=why, conflict=conflicts), remember=True)


def _foreign(change: Change) -> Skip:
    if is_marked(change.before or ""):
        why = "as it came with the project; --replace takes what djdock would write now"
    else:
        why = "it is yours; --replace takes djdock's instead"
    return Skip(change.path, why, change.diff())


def _with_line_ends_of(mine: str, text: str) -> str:
    """An editor or git may have given all lines of a file other ends; that alone is no edit."""
    windows = "\r\n" in mine and mine.count("\r\n") == mine.count("\n")
    plain = text.replace("\r\n", "\n")
    return plain.replace("\n", "\r\n") if windows else plain


def _merge_lines(mine: str, base: str, new: str) -> tuple[str, bool] | None:
    """The merged text and whether it has conflicts; None where git is missing or fails."""
    if not shutil.which("git"):
        return None
    # What a person or a hook has set for git, the style of conflicts for instance, is not for this.
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    env |= {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    with tempfile.TemporaryDirectory(prefix="djdock-merge-") as place:
        folder = Path(place)
        for name, text in ((YOURS, mine), (BEFORE, base), (DJDOCK, new)):
            (folder / name).write_bytes(text.encode())
        labels = [part for name in (YOURS, BEFORE, DJDOCK) for part in ("-L", name)]
        # Into the file, not to standard output: the line ends have to stay.
        done = run(["git", "merge-file", "--quiet", "--diff3", *labels, YOURS, BEFORE, DJDOCK], cwd=folder, env=env)
        merged = (folder / YOURS).read_bytes().decode()
    return None if done.code >= FAILED or done.code < 0 else (merged, done.code > 0)
