"""`djdock doctor` as people type it: what it shows, its exit codes, and what --fix writes."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.tools import DJDOCK, Done, clean_environment, run

MANAGE = 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "site1.settings")\n'
SETTINGS = 'SECRET_KEY = "x"\nDATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}}\n'
COMPOSE = """\
version: "3"

services:
  db:
    image: postgres:17-trixie
    ports:
      - 5432:5432  # for my editor
    healthcheck:
      test: pg_isready -U x
"""
REPAIRED = """\
services:
  db:
    image: postgres:17-trixie
    ports:
      - "127.0.0.1:5432:5432"  # for my editor
    healthcheck:
      test: pg_isready -h 127.0.0.1 -U x
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A project of a few files."""
    for path, text in {
        "manage.py": MANAGE, "site1/__init__.py": "", "site1/settings.py": SETTINGS, "requirements.txt": "django\n",
    }.items():  # fmt: skip
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


def doctor(folder: Path, *arguments: str) -> Done:
    done = subprocess.run(
        [DJDOCK, "doctor", *arguments],
        cwd=folder,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def test_nothing_found(site: Path) -> None:
    """Exit code 0, one line, and not a file more than before."""
    before = sorted(site.rglob("*"))
    done = doctor(site)

    assert (done.code, done.out) == (0, "Nothing found.\n")
    assert sorted(site.rglob("*")) == before


def test_findings_are_grouped_and_nothing_is_written(site: Path) -> None:
    """Each with its place, cause and fix; exit code 1."""
    (site / "compose.yaml").write_text(COMPOSE)
    before = sorted(site.rglob("*"))
    done = doctor(site)

    assert done.code == 1
    for place in ("compose.yaml:1:", "compose.yaml:7:", "compose.yaml:9:", "(open-ports)"):
        assert place in done.out
    assert "3 findings. djdock can repair 3 of them." in done.out
    assert (site / "compose.yaml").read_text() == COMPOSE
    assert sorted(site.rglob("*")) == before


def test_findings_for_programs(site: Path) -> None:
    """The same as JSON, from any folder of the project."""
    (site / "compose.yaml").write_text(COMPOSE)
    found = json.loads(doctor(site / "site1", "--json").out)["findings"]

    assert {finding["rule"] for finding in found} == {"open-ports", "obsolete-version", "healthcheck-on-socket"}
    assert {key for finding in found for key in finding} == {"rule", "where", "cause", "fix", "repair"}


def test_fixing(site: Path) -> None:
    """The repairs are shown, made together, and leave every other byte; a second run finds nothing."""
    (site / "compose.yaml").write_text(COMPOSE)
    done = doctor(site, "--fix", "--yes")

    assert done.code == 0
    assert '+      - "127.0.0.1:5432:5432"  # for my editor' in done.out
    assert (site / "compose.yaml").read_text() == REPAIRED
    assert doctor(site).code == 0
    assert "change" not in doctor(site, "--fix", "--yes").out


def test_fixing_asks(site: Path) -> None:
    """Where nobody can say yes nothing is written."""
    (site / "compose.yaml").write_text(COMPOSE)

    assert "no terminal" in doctor(site, "--fix").problem()
    assert (site / "compose.yaml").read_text() == COMPOSE


def test_what_stays_is_exit_code_1(site: Path) -> None:
    """What has no repair is still found afterwards."""
    trust = COMPOSE.replace("    ports:", "    environment:\n      POSTGRES_HOST_AUTH_METHOD: trust\n    ports:")
    (site / "compose.yaml").write_text(trust)

    assert doctor(site, "--fix", "--yes").code == 1
    assert "trust" in (site / "compose.yaml").read_text()


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        ("<<<<<<< HEAD\nA = 1\n=======\nA = 2\n>>>>>>> other\n", "merge-conflict"),
        ('print "hello"\n', "python-two"),
    ],
)
def test_settings_that_cannot_be_read(site: Path, source: str, rule: str) -> None:
    """More than a syntax error is said of them where a rule knows more; `init` says it too."""
    (site / "site1/settings.py").write_text(source)
    [found] = json.loads(doctor(site, "--json").out)["findings"]

    assert (found["rule"], found["where"]) == (rule, "site1/settings.py:1")
    done = run([DJDOCK, "init", "--dry-run"], site)
    assert " ".join(found["cause"].split()) in done.words


def test_a_plain_syntax_error(site: Path) -> None:
    """What no rule knows stays what Python says."""
    (site / "site1/settings.py").write_text("A = = 1\n")
    assert "syntax error in line 1" in doctor(site).problem()


def test_outside_of_a_project(tmp_path: Path) -> None:
    """A Problem, as everywhere."""
    doctor(tmp_path).problem()
