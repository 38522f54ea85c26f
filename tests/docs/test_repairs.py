"""docs/how-to/move-from-sqlite.md says what the repairs are."""

from __future__ import annotations

from djdock.transfer import faults
from tests.docs import repairs


def test_the_table_of_repairs_is_the_code_s() -> None:
    """The table in the page is what `make docs` writes, with a row for each fault and no other one."""
    text = repairs.PAGE.read_text(encoding="utf-8")

    assert text == repairs.page(text)
    assert len(repairs.PLACE.findall(text)) == 1
    assert [line.split("`")[1] for line in repairs.table().splitlines()[2:]] == [fault.name for fault in faults.ALL]


def test_a_table_that_says_something_else_is_noticed() -> None:
    """A row that somebody changed by hand, or a fault that is new, makes another page."""
    text = repairs.PAGE.read_text(encoding="utf-8")
    other = text.replace(f"| {faults.TOO_LONG.repair} |", "| left as it is |")

    assert other != text
    assert repairs.page(other) == text
