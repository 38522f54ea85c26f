"""Whether a message says why a project cannot run: compared with what a person found when they tried it by hand."""

from __future__ import annotations

import re
from dataclasses import dataclass

# Names as code and versions are written: `secret_key.py`, `BASE_DIR`, `{{project_name}}`, `1.10`, `--template`.
NAME = re.compile(
    r"\{\{\s*\w+\s*\}\}|\w*_\w*(?:\.\w+)?|\d+(?:\.\d+)+|--[a-z]\w*|\w+-\w+(?:-\w+)*|\w+\.\w+|startproject"
)
WORD = re.compile(r"[a-z]{4,}")
# Words of English, and of the list itself, that say nothing of a cause.
EMPTY = re.compile(
    r"with|from|that|this|they|them|must|cannot|could|would|should|have|been|into|only|than|then|when|where|which|while|"
    r"tools?|refuses?|clearly|needs?|wants?|just|also|guessed"
)
SHORTEST = 4  # letters


@dataclass(frozen=True)
class Comparison:
    """How much of what a person found a message says.

    Attributes:
        named: the names and versions that occur in it, as they were looked for.
        words, of: how many of how many telling words and names occur.
    """

    named: tuple[str, ...]
    words: int
    of: int
    has_names: bool

    @property
    def names_the_cause(self) -> bool:
        """One of the names occurs; where there are none to look for, a third of the words."""
        return bool(self.named) if self.has_names else bool(self.of) and self.words * 3 >= self.of

    def __str__(self) -> str:
        named = f": {', '.join(self.named)}" if self.named else ""
        return f"{self.words} of {self.of} telling words{named}"


def compare(message: str, found_by_hand: str) -> Comparison:
    """What of a person's finding occurs in a message."""
    said = " ".join(message.lower().split())
    names = tuple(dict.fromkeys(filter(None, map(_core, NAME.findall(found_by_hand)))))
    named = tuple(name for name in names if _occurs(name, " ".join(message.split())))
    words = {_stem(word) for word in WORD.findall(NAME.sub(" ", found_by_hand).lower()) if not EMPTY.fullmatch(word)}
    matched = [word for word in words if re.search(rf"\b{re.escape(word)}", said)]
    return Comparison(named, len(named) + len(matched), len(names) + len(words), bool(names))


def _core(name: str) -> str:
    """A name without what surrounds it: a module is the same with and without its `.py`."""
    core = name.strip("{} -_").removesuffix(".py")
    return core if len(core) >= SHORTEST or core[:1].isdigit() else ""


def _occurs(name: str, text: str) -> bool:
    return (
        re.search(rf"(?<![\w.]){re.escape(name)}(?![\w]|\.\d)" if name[0].isdigit() else re.escape(name), text)
        is not None
    )


def _stem(word: str) -> str:
    return word.removesuffix("s") if len(word) > SHORTEST else word
