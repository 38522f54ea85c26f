"""Templates: texts with `{{ name }}` where a fact goes. Nothing is decided inside them."""

from __future__ import annotations

import re
from importlib.resources import files

FIELD = re.compile(r"\{\{ (\w+) \}\}")


def render(template: str, **facts: str | int) -> str:
    """The text of a template with its facts filled in. A fact that is missing or not used is a bug: KeyError."""
    text = (files("djdock.plan") / "templates" / template).read_text(encoding="utf-8")
    fields = set(FIELD.findall(text))
    if fields != facts.keys():
        raise KeyError(f"{template}: facts and fields differ: {sorted(fields ^ facts.keys())}")
    return FIELD.sub(lambda match: str(facts[match[1]]), text)
