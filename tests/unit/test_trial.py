"""commands/trial.py: what the project's own interpreter tells, read from between all else that it writes."""

from __future__ import annotations

import json

import pytest

from djdock.commands import trial
from djdock.commands.trial import MARK, Trial

DATABASE = "shop_djdock_trial"
FACTS = {"kind": "facts", "django": "5.2.8", "vendor": "postgresql", "database": {"NAME": DATABASE, "ENGINE": "x"}}
FAILED = {
    "kind": "failed",
    "step": "check",
    "faults": [
        {
            "type": "ModuleNotFoundError",
            "text": "No module named 'slugify'",
            "bases": ["ImportError", "Exception"],
            "attributes": {"name": "slugify"},
            "frames": [["/srv/shop/shop/settings.py", 7, "<module>"], ["/srv/shop/.venv/lib/x.py", 1, "load"]],
        }
    ],
}


def page(status: int, path: str = "/", location: str = "") -> dict[str, object]:
    return {"kind": "page", "path": path, "status": status, "location": location}


def read(*told: object) -> Trial:
    """What is made of a run that tells these things, or writes these lines."""
    lines = [item if isinstance(item, str) else MARK + json.dumps(item) for item in told]
    return trial._read("\n".join(lines), "/srv/shop", DATABASE)


def test_all_is_well() -> None:
    """Facts, pages and models without migrations are kept, whatever is printed between them, also in one line."""
    facts = "settings.py prints without an end of line" + MARK + json.dumps(FACTS)
    found = read(
        facts, {"kind": "migrated", "unmade": ["shop"]}, "noise", page(200), page(302, "/admin/"), {"kind": "done"}
    )
    assert found.symptom is None
    assert found.facts["django"] == "5.2.8"
    assert found.pages == {"/": 200, "/admin/": 302}
    assert found.unmade == ("shop",)


def test_what_failed_is_described() -> None:
    """The exception comes with its attributes and the line of the project's own code; what was printed is its text."""
    symptom = read("Traceback …", FAILED).symptom
    assert symptom is not None
    assert (symptom.step, symptom.where) == ("check", "shop/settings.py:7")
    fault = symptom.first("ImportError")
    assert fault is not None
    assert fault.attribute("name") == "slugify"
    assert symptom.text == "Traceback …"
    assert MARK not in symptom.text


def test_a_run_that_ends_by_itself() -> None:
    """Settings that end the interpreter, or a crash of it, are no success: its words are the symptom."""
    symptom = read("Segmentation fault").symptom
    assert symptom is not None
    assert (symptom.step, symptom.faults, symptom.text) == ("check", (), "Segmentation fault")
    assert read(FACTS, page(200)).symptom is not None, "it has not come to its end"


@pytest.mark.parametrize(
    "other",
    [
        {"vendor": "sqlite", "database": {"NAME": "db.sqlite3"}},
        {"vendor": "postgresql", "database": {"NAME": "shop"}},
        {"vendor": "postgresql", "database": {}},
    ],
)
def test_another_database_is_no_success(other: dict[str, object]) -> None:
    """A project that works, but not on the database that it was given, has not come to PostgreSQL."""
    symptom = read({**FACTS, **other}, page(200), {"kind": "done"}).symptom
    assert symptom is not None
    assert "the settings use" in symptom.text


@pytest.mark.parametrize(
    ("status", "location", "fails"),
    [
        (200, "", False),
        (302, "/login/", False),
        (401, "", False),
        (403, "", False),
        (404, "", False),
        (302, "https://www.example.org/", False),
        (301, "https://127.0.0.1:8000/", True),
        (400, "", True),
        (500, "", True),
        (503, "", True),
    ],
)
def test_pages(status: int, location: str, fails: bool) -> None:
    """Errors of the server, refused hosts and the way to HTTPS fail; a page that is not there is the project's own."""
    symptom = read(FACTS, page(200, "/admin/"), page(status, "/", location), {"kind": "done"}).symptom
    assert (symptom is not None) is fails
    if symptom is not None:
        assert (symptom.step, symptom.status, symptom.location) == ("request", status, location)
