"""The benchmark of servers: how it reads what programs say, and what it makes of figures."""

from __future__ import annotations

import json

import pytest

from benchmarks.serving import load, report, robustness, site, stage, variants
from benchmarks.serving.contest import STATIC, Results
from benchmarks.serving.load import Load, Turns
from benchmarks.serving.report import LIMIT, QUERY, Names
from benchmarks.serving.robustness import Count, Findings, Stopped
from benchmarks.serving.stage import Process

OURS, TUTORIAL = "ours", "the tutorial's"


def turns(*rates: float, failed: int = 0) -> Turns:
    return Turns(tuple(Load(rate, 0.004, 0.02, failed, server=0.0011, database=0.0002) for rate in rates))


def results(ours: tuple[float, float, float], tutorial: tuple[float, float, float], failed: int = 0) -> Results:
    """The rates of two contenders with a query, without a database, and for a static file."""
    found = {}
    for title, rates in ((TUTORIAL, tutorial), (OURS, ours)):
        for page, rate in zip((QUERY, LIMIT, STATIC), rates, strict=True):
            found[title, page] = turns(rate, failed=failed)
    return Results(found, {OURS: [Process(1, 0, "gunicorn", 20_000_000), Process(7, 1, "gunicorn", 40_000_000)]})


def test_the_report_of_the_load() -> None:
    """Times are seconds, the rate is that of the time it really took, and every kind of failure counts."""
    counted = {"requests": 3000, "duration": 1_500_000, "p50": 4_000, "p99": 21_000}
    errors = {"connect": 1, "read": 2, "write": 3, "timeout": 4, "status": 5}
    said = f"Running 1s test @ http://172.18.0.3:8000/\n  1 threads\n{json.dumps({**counted, **errors})}\n"
    assert load.parse(said) == Load(rate=2000, p50=0.004, p99=0.021, failed=15, requests=3000)


def test_a_load_that_did_not_end() -> None:
    """What wrk says instead of a report is shown, and never taken for one."""
    with pytest.raises(ValueError, match="unable to connect"):
        load.parse("unable to connect to 172.18.0.3:8000 Connection refused\n")


def test_turns_are_compared_in_pairs() -> None:
    """A turn in which the machine was busy hits both alike, and does not change the ratio."""
    busy = turns(100, 10, 100)
    assert turns(500, 50, 400).ratio(busy) == 5
    assert turns(500, 50, 400).rate == 400
    assert turns(1, 1, failed=3).failed == 6


def test_the_stylesheet_of_a_page() -> None:
    """The file that is asked for is the one that browsers are told to ask for."""
    page = '<head>\n  <link rel="stylesheet" href="/static/admin/css/base.2bd1.css">\n</head>'
    assert site.stylesheet(page) == "/static/admin/css/base.2bd1.css"
    with pytest.raises(ValueError, match="no stylesheet"):
        site.stylesheet("<h1>Not Found</h1>")


def test_processes_of_a_container() -> None:
    """Each with its parent and its memory; one that has just ended has none, and is left out."""
    assert stage.process("Name: gunicorn Pid: 7 PPid: 1 Pss: 40 kB") == Process(7, 1, "gunicorn", 40_960)
    assert stage.process("Name: gunicorn Pid: 7 PPid: 1") is None
    assert stage.process("") is None


def test_processor_times() -> None:
    """Both versions of control groups are understood, in their own units."""
    assert stage.used("usage_usec 1500000\nuser_usec 1000000\nsystem_usec 500000\n") == 1.5
    assert stage.used("1500000000\n") == 1.5


def test_those_that_answer() -> None:
    """Workers are counted, not the process that watches them nor a small helper beside them."""
    master, helper = Process(1, 0, "gunicorn", 50), Process(5, 1, "python", 10)
    workers = [Process(7, 1, "gunicorn", 40), Process(8, 1, "gunicorn", 42)]
    assert stage.servers([master, helper, *workers]) == workers
    assert stage.servers([master]) == [master]
    assert stage.servers([]) == []


def test_goals_that_are_met() -> None:
    """Exactly at the limit is enough."""
    found = "\n".join(map(str, report.goals(results((600, 1000, 5000), (120, 150, 1000)), Names(OURS, TUTORIAL))))
    assert "missed" not in found
    assert "a page with one query: at least 5 times the tutorial's; it is 5.00 times" in found
    assert "a static file: at least 5 times the tutorial's; it is 5.00 times" in found
    assert "at least 60% of the same page without a database; it is 60%" in found


def test_goals_that_are_missed() -> None:
    """A server that is slower than wanted, or fails to answer, is said to be."""
    slow = results((590, 1000, 4900), (120, 150, 1000), failed=1)
    assert sum(not goal.met for goal in report.goals(slow, Names(OURS, TUTORIAL))) == 4


def test_nothing_is_compared_with_who_was_not_there() -> None:
    """Without the tutorial's project there is no goal that speaks of it."""
    found = "\n".join(map(str, report.goals(results((600, 1000, 1), (1, 1, 1)), Names(OURS))))
    assert "tutorial" not in found
    assert "60%" in found


def test_tables() -> None:
    """One for each page, with the range where there is more than one turn, and the ratio to the first contender."""
    found = Results({("a", QUERY): turns(100, 120, 110), ("b", QUERY): turns(1000, 1200, 1320, failed=2)}, {})
    (text,) = report.tables(found, [QUERY], "a")
    lines = text.splitlines()
    assert lines[0] == "**A page with one query**"
    assert [cell.strip() for cell in lines[-1].strip("|").split("|")] == [
        "b", "1,200", "1,000 to 1,320", "10.00", "4.00 ms", "20 ms", "1.10 ms", "0.20 ms", "6",
    ]  # fmt: skip
    (text,) = report.tables(Results({("a", QUERY): turns(100)}, {}), [QUERY], "a")
    assert " to " not in text


def test_memory() -> None:
    """In all what every process has, and beside it what one more worker would cost."""
    line = report.memory(results((1, 1, 1), (1, 1, 1))).splitlines()[-1]
    assert [cell.strip() for cell in line.strip("|").split("|")] == [OURS, "60.0 MB", "1", "40.0 MB", "gunicorn"]


def test_disturbances() -> None:
    """A server that had to be killed, or never answered, is told apart from one that was slow."""
    good, bad = Stopped(0.4, killed=False), Stopped(45.2, killed=True)
    killed = (Count(lost=3, refused=2), 1.5)
    findings = Findings((good, Count(answered=100, late=7)), good, bad, None, 0.02, killed, deceived=True)
    line = robustness.table({"a server": findings}).splitlines()[-1]
    assert [cell.strip() for cell in line.strip("|").split("|")] == [
        "a server", "400 ms", "400 ms", "killed after 45 s", "0 of 100", "7", "never", "20 ms", "5", "1.50 s", "yes",
    ]  # fmt: skip


@pytest.mark.parametrize("name", variants.QUESTIONS)
def test_questions(name: str) -> None:
    """Nobody takes part twice under one name, and each is told apart by how it is started or connected."""
    question = variants.QUESTIONS[name]
    assert len({variant.title for variant in question.variants}) == len(question.variants)
    ways = {(variant.argv, variant.environment["BENCHMARK_DATABASE"]) for variant in question.variants}
    assert len(ways) == len(question.variants)
    assert set(question.pages) <= report.PAGES.keys()


def test_a_variant_serves_the_application_of_the_image() -> None:
    """The name is put in where the command has a place for it, and nowhere else."""
    assert variants.DEFAULTS.command("blog.wsgi")[-1] == "blog.wsgi"
    assert variants.ASYNCHRONOUS.variants[0].command("blog.wsgi")[-1] == variants.ASGI
    database = json.loads(variants.DEFAULTS.environment["BENCHMARK_DATABASE"])
    assert database == {"CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": False, "OPTIONS": {}}
