"""project/compatibility.py: what cannot work together is refused before anything is installed."""

from __future__ import annotations

import itertools
import re

import pytest

from djdock.errors import Problem
from djdock.project import compatibility
from djdock.project.compatibility import DJANGO, POSTGRES, PYTHONS, Version, check, parse, pythons_for, text

EVERY = list(itertools.product(DJANGO, [(3, 8), (3, 9), *PYTHONS, (3, 15)], [11, 12, 13, *POSTGRES, 19]))


def works(django: Version, python: Version, postgres: int) -> bool:
    support = DJANGO[django]
    return (
        python in PYTHONS
        and postgres in POSTGRES
        and support.oldest_python <= python <= support.newest_python
        and postgres >= support.postgres
    )


def test_what_works_is_taken() -> None:
    """Every combination that the table allows passes."""
    combinations = [combination for combination in EVERY if works(*combination)]
    assert len(combinations) > 50
    for combination in combinations:
        check(*combination)


def test_what_cannot_work_is_refused() -> None:
    """Every other combination is refused, and a Python that the hint names is one that works."""
    for django, python, postgres in EVERY:
        if works(django, python, postgres):
            continue
        with pytest.raises(Problem) as refused:
            check(django, python, postgres)
        if match := re.match(r"--python ([\d.]+)", refused.value.hint):
            assert parse(match[1], "--python") in pythons_for(django)
        else:
            assert "Leave --" in refused.value.hint or "--postgres 18" in refused.value.hint


@pytest.mark.parametrize(
    ("django", "python", "postgres", "cause"),
    [
        ((5, 2), None, 13, "PostgreSQL 13 is not among the versions"),
        ((6, 1), None, 14, r"Django 6\.1 needs PostgreSQL 15 or newer; it refuses to connect to 14"),
        ((6, 0), (3, 11), 18, r"Django 6\.0 runs on Python 3\.12 to 3\.14, not on 3\.11"),
        ((4, 2), (3, 13), 18, r"Django 4\.2 runs on Python 3\.10 to 3\.12, not on 3\.13"),
        (None, (3, 9), 18, r"Python 3\.9 is not among the versions"),
        ((3, 2), None, 18, r"no new project with Django 3\.2"),
        ((1, 11), (3, 12), 18, r"no new project with Django 1\.11"),
    ],
)
def test_the_reason_is_said(django: Version | None, python: Version | None, postgres: int, cause: str) -> None:
    """The message says which two do not fit, and what would."""
    with pytest.raises(Problem, match=cause):
        check(django, python, postgres)


def test_a_newer_django_than_the_table_is_tried() -> None:
    """A release that came after this table is not refused for that: it is taken to need what the newest row needs."""
    check((7, 0), (3, 14), 18)
    assert compatibility.check_django((7, 0)) == DJANGO[max(DJANGO)]
    with pytest.raises(Problem):
        check((7, 0), (3, 10), 18)


def test_every_row_can_be_made() -> None:
    """Each series of the table has a Python that has an image, and a PostgreSQL that still gets fixes."""
    for django, support in DJANGO.items():
        assert pythons_for(django), django
        assert any(postgres >= support.postgres for postgres in POSTGRES), django
    assert max(POSTGRES) == compatibility.DEFAULT_POSTGRES
    assert pythons_for(None) == PYTHONS == tuple(sorted(PYTHONS, reverse=True))


@pytest.mark.parametrize(
    ("python", "newest"), [((3, 10), (5, 2)), ((3, 11), (5, 2)), ((3, 12), (6, 1)), ((3, 14), (6, 1))]
)
def test_the_newest_series_for_a_python(python: Version, newest: Version) -> None:
    """Python 3.10 gets the long-term release, newer ones the newest."""
    assert compatibility.series_for(python) == newest


@pytest.mark.parametrize(("written", "version"), [("3.13", (3, 13)), ("5.2.1", (5, 2)), ("10.0", (10, 0))])
def test_versions_are_read(written: str, version: Version) -> None:
    """X.Y and X.Y.Z are versions."""
    assert parse(written, "--django") == version
    assert text(version) == ".".join(written.split(".")[:2])


@pytest.mark.parametrize(
    "written", ["", "5", "5.", ".2", "five.two", "5,2", "5.2rc1", "-5.2", "5.2.", "5 . 2", "\u0665.2"]
)
def test_what_is_no_version_is_refused(written: str) -> None:
    """The message names the option and shows how a version is written."""
    with pytest.raises(Problem, match="no version that --django can take") as refused:
        parse(written, "--django")
    assert "--django 5.2" in refused.value.hint
    with pytest.raises(Problem) as refused:
        parse(written, "--python")
    assert "--python 3.13" in refused.value.hint
