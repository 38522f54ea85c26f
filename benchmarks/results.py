"""Puts results into README.md, between the marks of their part."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from pathlib import Path

FILE = Path(__file__).with_name("README.md")


def section(title: str, how: str, where: str, text: str) -> str:
    """A part's results below their title, with when, how and where (see machine.describe) they were taken."""
    day = datetime.now(timezone.utc).date().isoformat()
    return f"### {title}\n\n{day}, `{how}`. {where}\n\n{text}"


def write(name: str, text: str) -> None:
    """Replaces one part's results; the others stay as they are."""
    before = FILE.read_text(encoding="utf-8")
    begin, end = f"<!-- results: {name} -->", f"<!-- end: {name} -->"
    place = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    after = place.sub(lambda _match: f"{begin}\n{text}\n{end}", before)
    FILE.write_text(after, encoding="utf-8")
