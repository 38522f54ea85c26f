"""Writes the table of repairs in docs/how-to/move-from-sqlite.md from the faults themselves: `make docs`."""

from __future__ import annotations

import re
from pathlib import Path

from djdock.transfer import faults

PAGE = Path(__file__).parents[2] / "docs/how-to/move-from-sqlite.md"
PLACE = re.compile(r"(<!-- repairs: [^\n]* -->\n).*(<!-- end: repairs -->\n)", re.DOTALL)


def page(text: str) -> str:
    """The page with the table as it should be."""
    return PLACE.sub(lambda place: f"{place[1]}\n{table()}\n{place[2]}", text)


def table() -> str:
    """A row for each fault: its name in reports, what is wrong with the value, what `--on-error fix` does."""
    rows = "".join(f"| `{fault.name}` | {fault.reason} | {fault.repair} |\n" for fault in faults.ALL)
    return f"| in the report | the value | `--on-error fix` |\n|---|---|---|\n{rows}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
