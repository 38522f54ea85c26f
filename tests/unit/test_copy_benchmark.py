"""The benchmark of copies: the rows that it makes up, and what it makes of figures."""

from __future__ import annotations

import ipaddress
import uuid
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from benchmarks.copying import command, material, report, rows
from benchmarks.copying.case import Attempt, Contender
from benchmarks.copying.contenders import BY_NAME, djdock_db_copy, fixtures
from benchmarks.copying.meter import Cost
from benchmarks.copying.report import Figures
from benchmarks.copying.rows import Row
from benchmarks.copying.turns import Result

FEW = 2_000
COST = Cost(seconds=1, client=1, server=1, others=0, memory=0, own_memory=0, wal=0)


def made(total: int, seed: int) -> dict[str, list[Row]]:
    return {table.name: list(found) for table, found in rows.fill(total, seed)}


def test_the_same_seed_gives_the_same_rows() -> None:
    """Figures of two days can be compared, and another seed is another file."""
    first = made(FEW, 1)
    assert made(FEW, 1) == first
    other = made(FEW, 2)
    assert other != first
    assert {name: len(found) for name, found in other.items()} == {name: len(found) for name, found in first.items()}


@pytest.mark.parametrize("total", [FEW, FEW + 1, 20_000, 20_001])
def test_there_are_as_many_rows_as_asked_for(total: int) -> None:
    """A row more or less would be taken for one that a contender lost."""
    found = made(total, 1)
    assert sum(map(len, found.values())) == total
    assert all(found.values())
    for table in rows.TABLES:
        assert {len(row) for row in found[table.name]} == {len(table.columns.split())}, table.name


def test_too_few_rows_are_refused() -> None:
    """A file in which a table is empty would measure something else."""
    with pytest.raises(ValueError, match="too few"):
        list(rows.fill(100, 1))


def test_values_are_of_all_kinds() -> None:
    """What makes copying difficult is there: NULL, negative numbers, floats of 17 digits, letters outside Latin-1."""
    values = [value for found in made(20_000, 1).values() for row in found for value in row]
    texts = "".join(value for value in values if isinstance(value, str))
    for part in ("\n", "\r\n", "\t", "\\N", "\\.", "'", '"', "😀", "e\u0301", "\\\\", "\\ud83d\\ude00"):
        assert part in texts, part
    assert "\0" not in texts
    assert None in values
    assert min(value for value in values if isinstance(value, int)) == -(2**63)
    assert any(len(repr(abs(value)).replace(".", "")) >= 17 for value in values if isinstance(value, float))
    assert any(value.endswith(" ") for value in values if isinstance(value, str))
    assert any(isinstance(value, bytes) and b"\0" in value for value in values)


def test_values_have_the_form_that_django_stores() -> None:
    """Another form would have to be converted, which no project's file asks for."""
    chance = material.Random("a test")
    assert material.moment_at(86_400 + 3_723, 0) == "2012-01-02 01:02:03"
    assert material.moment_at(0, 7) == "2012-01-01 00:00:00.000007"
    for _turn in range(1_000):
        assert str(datetime.fromisoformat(found := material.moment(chance))) == found
        assert uuid.UUID(found := material.uuid(chance)).hex == found
        assert uuid.UUID(found).version == 4
        assert str(ipaddress.ip_address(found := material.ip(chance))) == found


def test_decimals() -> None:
    """They are written as Django binds them, below one and below zero too."""
    units = (0, 5, -5, 100, -1230, 123_456)
    assert [material.decimal(unit, 2) for unit in units] == ["0.00", "0.05", "-0.05", "1.00", "-12.30", "1234.56"]
    for unit in units:
        assert Decimal(material.decimal(unit, 6)) == Decimal(unit).scaleb(-6)


def test_objects_of_a_fixture_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each once, also where a part of the file ends inside of one, and none that only a text speaks of."""
    fixture = tmp_path / "rows.json"
    fixture.write_text('[{"model": "a.b", "fields": {"text": "{\\"model\\": "}}, {"model": "a.b", "fields": {}}]')
    for size in (1, 7, 11, 64, 2**20):
        monkeypatch.setattr(fixtures, "CHUNK", size)
        assert fixtures.count(fixture) == 2, size


def test_what_djdock_tells(tmp_path: Path) -> None:
    """The times of its steps are those of its report, and of a failure the cause is shown, not the last line."""
    (tmp_path / "report.json").write_text('{"seconds": {"preflight": 1, "copy": 2.5}, "rows": 3}')
    assert djdock_db_copy._parts(tmp_path / "report.json") == {"preflight": 1.0, "copy": 2.5}
    assert (
        djdock_db_copy._failure("reading …\nProblem: it is not empty.\n\nTry: another\n") == "Problem: it is not empty."
    )
    assert djdock_db_copy._failure("Usage: djdock\n\nError: No such command\n") == "Error: No such command"
    assert djdock_db_copy._failure(" \n") == "it said nothing"


def result(name: str, seconds: float, **more: object) -> Result:
    """What came of one turn."""
    contender: Contender = BY_NAME[name]
    return Result(contender, [replace(Attempt(replace(COST, seconds=seconds)), **more)])  # type: ignore[arg-type]


def figures(*results: Result, rows: int = 1_000_000, estimate: float | None = None) -> Figures:
    return Figures(rows, 600_000_000, {found.contender.NAME: found for found in results}, 40e6, estimate)


OURS = {"preflight": 1.0, "copy": 3.0, "proof": 1.0}


def test_goals_that_are_met() -> None:
    """Each goal goes by the part of the time that it speaks of."""
    found = report.table(
        figures(result("djdock", 6, parts=OURS), result("pgloader", 12), result("limit", 2), result("fixtures", 600))
    )
    assert "missed" not in found
    assert "at least 2 times as fast as pgloader, everything included; it is 2.00 times" in found
    assert "at least 2.5 times as fast as pgloader, without pre-flight and proof; it is 3.00 times" in found
    assert "it takes 1.50 times" in found
    assert "at least 100 times as fast as `dumpdata` and `loaddata`; it is 100.00 times" in found


def test_goals_that_are_missed() -> None:
    """A copy that is slower, larger or wrong is said to be."""
    ours = result("djdock", 6.1, parts={**OURS, "copy": 3.1})
    ours.attempts[0] = replace(ours.attempts[0], cost=replace(ours.attempts[0].cost, own_memory=101_000_000))
    ours.faults.append("auth_user: 1 of 2 rows")
    found = report.table(figures(ours, result("pgloader", 10), result("limit", 2), result("fixtures", 600)))
    assert found.count("**missed**") == 6
    assert "auth_user: 1 of 2 rows" in found


def test_nothing_is_compared_with_what_failed() -> None:
    """A contender that did not come to its end is no measure for others; its words are shown."""
    failed = result("pgloader", 1, failure="Heap exhausted")
    found = report.table(figures(result("djdock", 6, parts=OURS), failed, result("limit", 2)))
    assert "did not come to its end: Heap exhausted" in found
    assert "as fast as pgloader" not in found
    assert "Goals" not in report.table(figures(result("djdock", 1, failure="No such command"), result("pgloader", 2)))


def test_a_later_turn_that_fails() -> None:
    """One whole copy is not enough: the contender is shown as one that failed, with no steps."""
    found = result("djdock", 6, parts=OURS)
    found.attempts.append(replace(found.attempts[0], parts={}, failure="Problem: the disk is full."))
    told = report.table(figures(found, result("limit", 2)))
    assert "did not come to its end: Problem: the disk is full." in told
    assert "of this" not in told
    assert "Goals" not in told


def test_what_was_ended_is_estimated_and_said_to_be() -> None:
    """The estimate goes by objects, without what every start takes, and carries its name."""
    small = Attempt(COST, {"start": 1, "dumpdata": 3, "loaddata": 21}, objects=1_000)
    large = Attempt(COST, {"start": 1, "dumpdata": 90, "loaddata": 120}, "ended after 2 minutes", 100_000)
    assert fixtures.estimate(small, large) == 90 + 1 + 2_000
    ended = result("fixtures", 210, failure="ended after 2 minutes")
    found = report.table(figures(result("djdock", 6, parts=OURS), ended, estimate=2_091))
    assert "**an estimate**" in found
    assert "by the estimate; it is 348.50 times" in found
    assert "an estimate" not in report.table(figures(result("djdock", 6, parts=OURS), ended))


def copied(count: int, seconds: float) -> Figures:
    """What came of copying so many rows, with a processor that was busy all the time."""
    found = result("djdock", seconds)
    found.attempts[0] = replace(found.attempts[0], cost=replace(COST, seconds=seconds, client=seconds, server=0))
    return figures(found, rows=count)


def test_growth() -> None:
    """What a row costs is held against the cheapest, without what a copy of nothing costs."""
    nothing = copied(0, 1).results["djdock"]
    files = [copied(100_000, 2), copied(1_000_000, 11)]
    assert "**missed**" not in report.growth(files, nothing)
    assert "- met: time of a row the same within 15%; it differs by 0%" in report.growth(files, nothing)
    files.append(copied(10_000_000, 120))
    assert "- **missed**: time of a row the same within 15%; it differs by 19%" in report.growth(files, nothing)


def test_no_folder_of_this_machine_is_published() -> None:
    """The line above the results says how they were taken, and not where."""
    words = ["--rows", "20", "--files", "/home/me/files", "--write", "--place", "/mnt/fast", "--runs", "2"]
    assert command._shown(words) == ["--rows", "20", "--runs", "2"]
