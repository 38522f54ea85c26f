"""Keeps what a person has said of a project: [tool.djdock] in pyproject.toml where there is one, else djdock.toml."""

from __future__ import annotations

import json

from djdock.plan.change import SIGNATURE, Change
from djdock.project.configuration import OWN, SHARED, Configuration
from djdock.project.files import Files

TABLE = "[tool.djdock]"
WHY = "what you have told djdock"


def keep(files: Files, chosen: Configuration) -> tuple[Change, ...]:
    """The change that stores what was said; none where nothing was, or where it is stored already."""
    said = chosen.stored()
    if not said:
        return ()
    lines = [f"{name} = {json.dumps(value)}" for name, value in said.items()]
    own, shared = files.read(OWN), files.read(SHARED)
    if own is not None:
        return (Change(OWN, own, _with_lines(own, "", said), WHY),)
    if shared is None:
        return (Change(OWN, None, "\n".join([SIGNATURE, *lines, ""]), WHY),)
    if TABLE in shared:
        return (Change(SHARED, shared, _with_lines(shared, TABLE, said), WHY),)
    end = "\r\n" if "\r\n" in shared else "\n"
    closed = shared if not shared or shared.endswith("\n") else shared + end
    return (Change(SHARED, shared, closed + end.join(["", TABLE, *lines, ""]), WHY),)


def _with_lines(text: str, table: str, said: dict[str, str | int]) -> str:
    """The text with the values of some keys of a table set; every other line stays."""
    lines = text.splitlines(keepends=True)
    end = "\r\n" if "\r\n" in text else "\n"
    start = next((number + 1 for number, line in enumerate(lines) if line.strip() == table), 0) if table else 0
    stop = next((number for number in range(start, len(lines)) if lines[number].lstrip().startswith("[")), len(lines))
    body = lines[start:stop]
    for name, value in said.items():
        written = f"{name} = {json.dumps(value)}{end}"
        place = next((number for number, line in enumerate(body) if line.partition("=")[0].strip() == name), None)
        if place is None:
            body.insert(len([line for line in body if line.strip()]) if body else 0, written)
        else:
            body[place] = written
    return "".join([*lines[:start], *body, *lines[stop:]])
