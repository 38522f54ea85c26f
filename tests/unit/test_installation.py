"""embedded/uv_failure.py and embedded/attempts.py: what uv says is understood, and what stands in for it is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from djdock.embedded import attempts, uv_failure
from djdock.embedded.attempts import Attempt, Place
from djdock.embedded.uv_failure import Failure

BUILD = "error: Failed to build `psycopg2==2.9.6`\n  cause: The build backend returned an error\n"
CLONE = """\
error: Failed to download and build `django-silk @ git+https://example.com/silk`
  cause: Git operation failed
"""
FETCH = """\
error: Git operation failed
  cause: process didn't exit successfully: `/usr/bin/git fetch --force 'https://example.com/silk.git' '+HEAD:x'`
"""
UNSOLVED = "error: No solution found when resolving dependencies\n  cause: "
NO_VERSION = f"{UNSOLVED}Because there is no version of django==9.9 and you require django==9.9, we can conclude …"
NO_FILE = f"{UNSOLVED}Because twisted==19.10.0 has a non-PEP\n      625-compliant source distribution filename and …"
UNKNOWN = f"{UNSOLVED}Because apt-clone was not found in the package\n  registry and you require apt-clone==0.2.1, …"
CONFLICT = f"{UNSOLVED}Because a==1 depends on b>=2 and you require a==1, we can conclude that you require b>=2. And …"


@pytest.mark.parametrize(
    ("text", "failure"),
    [
        (BUILD, Failure("build", "psycopg2", "2.9.6")),
        (
            f"{BUILD}ModuleNotFoundError: No module named 'pkg_resources'",
            Failure("build", "psycopg2", "2.9.6", old_tools=True),
        ),
        ("error: Failed to download and build `Jaraco.Text==1.0`\n", Failure("build", "jaraco-text", "1.0")),
        (CLONE, Failure("source", "django-silk", url="git+https://example.com/silk")),
        (FETCH, Failure("source", url="https://example.com/silk.git")),
        (NO_VERSION, Failure("version", "django", "9.9")),
        (NO_FILE, Failure("version", "twisted", "19.10.0")),
        (UNKNOWN, Failure("unknown", "apt-clone")),
        (CONFLICT, Failure("conflict")),
        ("error: Failed to fetch: `https://index.example/simple/django/`\n  cause: dns error", None),
        ("error: No space left on device", None),
    ],
)
def test_what_uv_says(text: str, failure: Failure | None) -> None:
    """The package that stopped it is found in uv's words; no network and a full disk are nobody's fault."""
    assert uv_failure.read(text) == failure


def prepared(tmp_path: Path, *lines: str) -> Attempt:
    place = Place(tmp_path, tmp_path / ".venv", frozenset())
    return attempts.prepared(Attempt(lines, "", complete=False), place)


@pytest.mark.parametrize(
    ("line", "becomes"),
    [
        ("git+git://example.com/x.git#egg=x", "git+https://example.com/x.git#egg=x"),
        ("attrs @ file:///tmp/build/attrs_164/work", "attrs"),
        ("django=4.2.1=py311", "django==4.2.1"),
        ("pkg-resources==0.0.0", ""),
        ("-e ./not/there", ""),
        ("<<<<<<< HEAD", ""),
    ],
)
def test_lines_that_cannot_work(tmp_path: Path, line: str, becomes: str) -> None:
    """What another machine has written is put right before it is tried, and told."""
    attempt = prepared(tmp_path, line, "django")
    assert attempt.entries == tuple(entry for entry in (becomes, "django") if entry)
    assert [(made.was, made.becomes) for made in attempt.made] == [(line, becomes)]
    assert attempt.made[0].why


def test_lines_that_can_stay(tmp_path: Path) -> None:
    """A list without obstacles is installed as it is."""
    (tmp_path / "lib").mkdir()
    lines = ("django==4.2", "--index-url https://example.com/simple", "-e ./lib", "silk @ git+https://example.com/silk")
    attempt = prepared(tmp_path, *lines)
    assert (attempt.entries, attempt.made) == (lines, ())


def test_psycopg2_without_its_tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where pg_config is missing the same version with its libraries inside is installed; else it is built."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert prepared(tmp_path, "psycopg2==2.9.6").entries == ("psycopg2-binary==2.9.6",)
    (tmp_path / "pg_config").touch(mode=0o755)
    assert prepared(tmp_path, "psycopg2==2.9.6").made == ()
