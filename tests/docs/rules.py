"""Writes docs/rules/, a page for each rule and their index, from the rules themselves: `make docs`."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

from djdock.doctor import rules
from djdock.doctor.rules import Rule

FOLDER = Path(__file__).parents[2] / "docs/rules"
INDEX = "README.md"
HEAD = """\
# Rules

`djdock doctor` looks for the faults below in a project's files, and changes nothing; `djdock doctor --fix` shows the
repairs that are safe, asks, and makes them. `djdock init` and `djdock up` ask the rules when a step fails: what has a
safe repair is repaired and shown, everything else ends with the cause and what you can do.
"""
ADDRESS = re.compile(r"https://[^\s)]+")


def pages() -> dict[str, str]:
    """The pages as they should be, by name."""
    return {INDEX: index(), **{f"{rule.NAME}.md": page(rule) for rule in rules.REGISTRY}}


def index() -> str:
    parts = (("When a step fails", rules.FAILURES), ("In the files, at any time", rules.FILES))
    tables = []
    for title, listed in parts:
        rows = "".join(f"| [{rule.NAME}]({rule.NAME}.md) | {rule.TITLE} |\n" for rule in listed)
        tables.append(f"## {title}\n\n| rule | finds |\n|---|---|\n{rows}")
    return "\n".join((HEAD, *tables))


def page(rule: Rule) -> str:
    seen = "\n".join(part.strip() for part in rule.SEEN.split("; "))
    return "\n".join(
        (
            f"# {rule.TITLE}\n\n`{rule.NAME}`\n",
            f"## What you see\n\n```text\n{seen}\n```\n",
            f"## Why\n\n{_wrapped(rule.CAUSE)}\n",
            f"## What to do\n\n{_wrapped(rule.FIX)}\n",
            f"## What djdock does\n\n{_wrapped(rule.DOES)}\n",
            *(f"More: <{address.rstrip('.')}>\n" for address in addresses(rule)),
        )
    )


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 120, break_long_words=False, break_on_hyphens=False)


def addresses(rule: Rule) -> Iterator[str]:
    """What the head of a rule's module refers to."""
    yield from ADDRESS.findall(inspect.getdoc(rule) or "")


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("*.md"):
        old.unlink()
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
