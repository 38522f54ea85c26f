"""docs/rules/ says what the rules say."""

from __future__ import annotations

from tests.docs import rules


def test_each_rule_has_its_page() -> None:
    """The folder is what `make docs` writes, and holds nothing else."""
    written = {path.name: path.read_text(encoding="utf-8") for path in rules.FOLDER.iterdir()}

    assert written == rules.pages()


def test_each_page_leads_to_more() -> None:
    """Every rule names what it follows."""
    for name, text in rules.pages().items():
        assert "https://" in text or name == rules.INDEX, name
