"""fingerprint.py: the same as long as nothing has changed that matters to `up`; cheap enough to ask every time."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from djdock import fingerprint


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for path in ("manage.py", "blog/settings.py", "blog/migrations/0001_initial.py", ".env", "requirements.txt"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("1")
    return tmp_path


def touch(path: Path) -> None:
    """Writes a file as an editor does a moment later, whatever the resolution of the disk's clock."""
    path.parent.mkdir(parents=True, exist_ok=True)
    later = path.stat().st_mtime_ns + 10_000_000 if path.exists() else time.time_ns()
    path.write_text("1")
    os.utime(path, ns=(later, later))


def test_nothing_changed(project: Path) -> None:
    """Looked at twice, a project has the same fingerprint; so has one in which files were only read."""
    before = fingerprint.of_project(project)
    (project / "manage.py").read_text()
    assert fingerprint.of_project(project) == before


@pytest.mark.parametrize(
    "path",
    [
        "manage.py",
        "blog/settings.py",
        "blog/new/deep/module.py",
        "blog/migrations/0002_next.py",
        ".env",
        "requirements.txt",
        "pyproject.toml",
        "uv.lock",
        "Dockerfile",
        ".dockerignore",
        "compose.yaml",
        "data/fixture.json",
        "sql/view.sql",
    ],
)
def test_what_matters(project: Path, path: str) -> None:
    """A file that is edited or new, and that decides what `up` does, changes the fingerprint."""
    before = fingerprint.of_project(project)
    touch(project / path)
    assert fingerprint.of_project(project) != before


def test_what_is_gone_matters(project: Path) -> None:
    """A file that was deleted or renamed changes the fingerprint."""
    before = fingerprint.of_project(project)
    (project / "blog/migrations/0001_initial.py").rename(project / "blog/migrations/0001_first.py")
    renamed = fingerprint.of_project(project)
    (project / "blog/migrations/0001_first.py").unlink()
    assert len({before, renamed, fingerprint.of_project(project)}) == 3


@pytest.mark.parametrize(
    "path",
    [
        ".git/index.txt",
        ".venv/lib/x.py",
        ".djdock/state.json",
        ".mypy_cache/x.json",
        "node_modules/a/b.json",
        "blog/__pycache__/settings.py",
        "blog/__pycache__/settings.cpython-313.pyc",
        "media/upload.txt",
        "staticfiles/a.json",
        "blog/static/site.json",
        "blog/templates/page.html",
        "db.sqlite3",
        "notes.md",
        "djdock.log",
    ],
)
def test_what_does_not_matter(project: Path, path: str) -> None:
    """Environments, caches, uploads, logs and what is read anew at each request leave it as it was."""
    before = fingerprint.of_project(project)
    touch(project / path)
    assert fingerprint.of_project(project) == before


def test_links_are_not_followed(project: Path) -> None:
    """A link to a folder above makes no circle."""
    (project / "blog/again").symlink_to(project)
    (project / "gone.py").symlink_to(project / "nowhere")
    assert fingerprint.of_project(project) == fingerprint.of_project(project)


def test_other_facts_are_part_of_it(project: Path) -> None:
    """The engine and the applied migrations can be told in, and their order counts."""
    prints = {fingerprint.of_project(project, *more) for more in ([], ["docker"], ["docker", "a"], ["a", "docker"])}
    assert len(prints) == 4


def test_contents_count_where_they_are_asked_for(project: Path) -> None:
    """Of pins the content counts, not the time: a `git checkout` there and back installs nothing."""
    before = fingerprint.of_files(project, ["requirements.txt", "missing"])
    touch(project / "requirements.txt")
    assert fingerprint.of_files(project, ["requirements.txt", "missing"]) == before
    (project / "requirements.txt").write_text("2")
    changed = fingerprint.of_files(project, ["requirements.txt", "missing"])
    (project / "missing").write_text("")
    assert len({before, changed, fingerprint.of_files(project, ["requirements.txt", "missing"])}) == 3


def test_two_thousand_files_take_no_time(tmp_path: Path) -> None:
    """A big project costs well under a tenth of a second; the best of five, since the machine may be busy."""
    for folder in range(40):
        (tmp_path / f"app{folder}").mkdir()
        for number in range(50):
            (tmp_path / f"app{folder}/m{number}.py").touch()
    times = []
    for _ in range(5):
        start = time.perf_counter()
        fingerprint.of_project(tmp_path)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.1
