"""The env file of production: what differs from place to place, without secrets."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from djdock.plan.change import Change
from djdock.plan.dotenv import Line, quoted, section, set_value
from djdock.plan.production.release import ENV_FILE, SECRETS_FOLDER
from djdock.plan.production.settings import HOST_NAMES
from djdock.project.environment import parse
from djdock.project.files import Files

HEADER = (
    f"# What differs where the site runs. Secrets are not here but in {SECRETS_FOLDER}/, a file each.\n"
    "# Made by djdock, yours to edit; what changes here takes effect with the next `djdock deploy …`."
)
WHY = "what differs where the site runs"


def change(files: Files, lines: Sequence[Line], values: Mapping[str, str]) -> Change:
    """The env file with lines for all variables, and with some of their values changed; every other line stays.

    Args:
        lines: the variables that have to be there, with what they say as long as nobody has said anything.
        values: what some are to say now, whatever they said before.
    """

    before = files.read(ENV_FILE)
    known = parse(before) if before is not None else {}
    missing = [
        Line(line.name, values.get(line.name, line.value), line.comment) for line in lines if line.name not in known
    ]
    text = before if before is not None else HEADER + "\n"
    if missing:
        title = "read by the settings" if before is None else "added by djdock"
        closed = text if text.endswith("\n") else text + "\n"
        text = closed + "\n".join([*section(title, missing), ""])
    named = {line.name for line in missing}
    for name, value in values.items():
        if name not in named and known.get(name) != value:
            text = set_value(text, name, quoted(value))
    return Change(ENV_FILE, before, text, WHY, private=True)


def without(change: Change, names: Collection[str]) -> Change:
    """The env file without the values of some variables, which are secrets and go to files of their own."""
    text = change.after
    for name in names:
        line = re.compile(rf"^[ \t]*(?:export[ \t]+)?{re.escape(name)}[ \t]*=.*$", re.MULTILINE)
        text = line.sub(f"# {name} is a secret, and lies in {SECRETS_FOLDER}/{name} now.", text)
    return replace(change, after=text)


def hosts(values: Mapping[str, str]) -> tuple[str, ...]:
    """The names under which the site answers with TLS, as the env file says."""
    return tuple(name for name in values.get(HOST_NAMES, "").replace(",", " ").split() if name)
