"""What is said in the end of a copy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from djdock.commands import summary
from djdock.commands.summary import Report
from djdock.transfer.copying import Copied
from djdock.transfer.ledger import Ledger
from djdock.transfer.match import Match
from djdock.transfer.preflight import Preflight
from djdock.transfer.schema import Outlook


@pytest.fixture
def flight(tmp_path: Path) -> Iterator[Preflight]:
    """A pre-flight that has found nothing, in no table."""
    with closing(Ledger(tmp_path)) as ledger:
        yield Preflight(Match((), ()), (), ledger, 0, 0, (), Outlook((), (), (), ()), 0.0)


def test_a_report_that_cannot_be_written(tmp_path: Path, flight: Preflight, capsys: pytest.CaptureFixture[str]) -> None:
    """Rows that are in stay in: where the report does not fit on the disk, that is said, and nothing else is hidden."""
    copied = Copied({}, {}, {}, {"copy": 0.1})
    whole = Report(tmp_path, tmp_path, "db.sqlite3", "127.0.0.1:5432", flight, copied=copied)
    summary.show(whole, as_json=False)
    told = capsys.readouterr()
    assert "(report.json)" in told.out
    assert not told.err

    # A folder that is not there refuses a file as a full disk does.
    summary.show(Report(tmp_path, tmp_path / "gone", "", "", flight, copied=copied), as_json=False)
    told = capsys.readouterr()
    assert "every column of every table is the same on both sides" in told.out
    assert "report.json" not in told.out
    assert "The report could not be written" in told.err


def test_triggers_are_named(tmp_path: Path, flight: Preflight, capsys: pytest.CaptureFixture[str]) -> None:
    """Who relies on a trigger, for a search vector for one, is told that it does not fire; without one nobody is."""
    summary.show(Report(tmp_path, tmp_path, "db.sqlite3", "", flight), as_json=False)
    assert not capsys.readouterr().err
    fired = replace(flight, outlook=Outlook((), (), ("shop_order: to_words",), ()))
    summary.show(Report(tmp_path, tmp_path, "db.sqlite3", "", fired), as_json=False)
    assert "shop_order: to_words" in capsys.readouterr().err
