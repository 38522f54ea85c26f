"""Keeps what a person has said of a project: [tool.djdock] in pyproject.toml where there is one, else djdock.toml."""

from __future__ import annotations

import json
import re

from djdock.plan.change import SIGNATURE, Change
from djdock.project.configuration import OWN, SHARED, Configuration
from djdock.project.files import Files

TABLE = "[tool.djdock]"
HEADER = re.compile(r"\s*\[\s*tool\s*\.\s*djdock\s*\]\s*(?:#.*)?")
WHY = "what you have told djdock"


def keep(files: Files, chosen: Configuration) -> tuple[Change, ...]:
    """The change that stores what was said; none where nothing was, or where it is stored already."""
    said = chosen.stored()
    if not said:
        return ()
    written = [f"{name} = {json.dumps(value)}" for name, value in said.items()]
    own, shared = files.read(OWN), files.read(SHARED)
    if own is not None:
        return (Change(OWN, own, _with_lines(own, 0, said), WHY),)
    if shared is None:
        return (Change(OWN, None, "\n".join([SIGNATURE, *written, ""]), WHY),)
    lines = enumerate(_lines(shared), start=1)
    start = next((number for number, line in lines if HEADER.fullmatch(line.rstrip())), None)
    if start is not None:
        return (Change(SHARED, shared, _with_lines(shared, start, said), WHY),)
    end = "\r\n" if "\r\n" in shared else "\n"
    closed = shared if not shared or shared.endswith("\n") else shared + end
    return (Change(SHARED, shared, closed + end.join(["", TABLE, *written, ""]), WHY),)


def _with_lines(text: str, start: int, said: dict[str, str | int]) -> str:
    """The text with the values of some keys set, of the table whose lines begin at `start`; every other line stays."""
    end = "\r\n" if "\r\n" in text else "\n"
    lines = [line if line.endswith("\n") else line + end for line in _lines(text)]
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


def _lines(text: str) -> list[str]:
    # Not splitlines: that knows more line ends (a form feed, say) than TOML does.
    return re.findall(r"[^\n]*\n|[^\n]+", text)
