"""The pages of the documentation, and what they tell people to type."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
COMMAND = re.compile(r"^(?:\$ )?(?:cd \S+ && )?(djdock .*)$")
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Page:
    """One Markdown file."""

    path: Path

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    def blocks(self) -> list[tuple[str, str]]:
        """Language and text of each code block."""
        return [(match[1], match[2]) for match in FENCE.finditer(self.text)]

    def commands(self) -> Iterator[list[str]]:
        """What stands behind `djdock` in each command line, in blocks and in sentences."""
        for language, block in self.blocks():
            for line in block.splitlines() if not language else ():
                if match := COMMAND.match(line):
                    yield words(match[1])
        for match in INLINE.finditer(FENCE.sub("", self.text)):
            if match[1].startswith("djdock "):
                yield words(match[1])

    def anchors(self) -> set[str]:
        """What `#…` in a link may name: GitHub's form of each heading."""
        headings = (match[1] for match in HEADING.finditer(FENCE.sub("", self.text)))
        return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}

    def links(self) -> list[str]:
        return LINK.findall(FENCE.sub("", self.text))


def words(command: str) -> list[str]:
    """The words behind `djdock`, without comments and redirections."""
    return shlex.split(command.split(" > ", maxsplit=1)[0], comments=True)[1:]


def pages() -> list[Page]:
    """README.md, CONTRIBUTING.md, CHANGELOG.md and all of docs/."""
    return [Page(path) for path in (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")))]


def page(name: str) -> Page:
    return Page(ROOT / name)
