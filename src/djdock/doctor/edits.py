"""Edits of one line of a text file; every other byte stays as it is."""

from __future__ import annotations

from djdock.doctor import sources
from djdock.doctor.case import Case
from djdock.doctor.repair import EditFile
from djdock.plan.change import Change


def line(case: Case, where: str, old: str, new: str, why: str) -> EditFile | None:
    """Replaces a text in the line that `file:line` names; None where that line does not hold it exactly once."""
    path, number = sources.place(where)
    before = sources.text(case.files, path)
    lines = before.splitlines(keepends=True)
    if not 0 < number <= len(lines) or lines[number - 1].count(old) != 1:
        return None
    lines[number - 1] = lines[number - 1].replace(old, new)
    return EditFile(Change(path, before, "".join(lines), why))


def without_line(case: Case, where: str, why: str) -> EditFile | None:
    """Takes a line out, and the empty one that is left at the head of the file."""
    path, number = sources.place(where)
    before = sources.text(case.files, path)
    lines = before.splitlines(keepends=True)
    if not 0 < number <= len(lines):
        return None
    del lines[number - 1]
    if number == 1 and lines and not lines[0].strip():
        del lines[0]
    return EditFile(Change(path, before, "".join(lines), why))
