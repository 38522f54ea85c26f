"""`djdock new` with names, folders and versions that cannot work: refused with a reason, and nothing is left."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests import tools
from tests.problems import machine


def refused(folder: Path, *arguments: str, **options: object) -> str:
    """What a `new` that must fail says, in one line; it has left the folder as it was."""
    before = sorted(folder.rglob("*"))
    done = tools.djdock("new", *arguments, cwd=folder, **options)
    done.problem()
    assert sorted(folder.rglob("*")) == before
    return done.words


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("1blog", "only letters, digits and _ may be in it"),
        ("my-blog", "Try: djdock new my_blog"),
        ("naïve", "only letters, digits and _ may be in it"),
        ("", "only letters, digits and _ may be in it"),
        ("class", "is a word of the Python language"),
        ("test", "is the name of a Python module"),
        ("django", "is the name of a Python module"),
        ("accounts", "is the name of a Python module"),
        ("_x", "cannot be the name of an image"),
        ("pg_x", "PostgreSQL keeps it to itself"),
        ("template1", "PostgreSQL keeps it to itself"),
        ("off", "is a word of the YAML language"),
        ("b" * 64, "is too long for the name of a database"),
    ],
)
def test_name(tmp_path: Path, name: str, said: str) -> None:
    """What Python, PostgreSQL or Docker would stumble over later is refused now, with a name that works."""
    shown = refused(tmp_path, name)
    assert said in shown
    assert "Try: djdock new " in shown


def test_name_that_is_an_option(tmp_path: Path) -> None:
    """A usage error is click's, with exit code 2."""
    assert tools.djdock("new", "--nonsense", cwd=tmp_path).code == 2
    assert tools.djdock("new", cwd=tmp_path).code == 2
    assert tools.djdock("new", "blog", "--package-manager", "conda", cwd=tmp_path).code == 2
    assert tools.djdock("new", "blog", "--postgres", "new", cwd=tmp_path).code == 2
    assert list(tmp_path.iterdir()) == []


def test_folder_not_empty(tmp_path: Path) -> None:
    """Nothing is ever written among files that are there already."""
    (tmp_path / "blog").mkdir()
    (tmp_path / "blog/notes.txt").write_text("mine")
    assert "is not empty: notes.txt" in refused(tmp_path, "blog")
    assert "is not empty: notes.txt" in refused(tmp_path / "blog", "site_one", ".")
    assert (tmp_path / "blog/notes.txt").read_text() == "mine"


def test_folder_is_a_file(tmp_path: Path) -> None:
    """A file is in the way, at the place itself or above it."""
    (tmp_path / "blog").write_text("mine")
    assert "is a file" in refused(tmp_path, "blog")
    assert "is a file" in refused(tmp_path, "blog", "blog/deeper/blog")


def test_folder_is_a_broken_link(tmp_path: Path) -> None:
    """A link to nowhere is something, too."""
    (tmp_path / "blog").symlink_to("/nowhere/at/all")
    assert "is a link to nowhere" in refused(tmp_path, "blog")
    assert (tmp_path / "blog").is_symlink()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_folder_without_permission(tmp_path: Path) -> None:
    """Who may not write is told where."""
    tmp_path.chmod(0o555)
    assert f"You may not write in {tmp_path}" in refused(tmp_path, "blog")
    tmp_path.chmod(0o755)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--python", "3.9"], "Python 3.9 is not among the versions"),
        (["--python", "2.7"], "Python 2.7 is not among the versions"),
        (["--python", "nonsense"], "'nonsense' is no version that --python can take"),
        (["--python", "3"], "'3' is no version that --python can take"),
        (["--django", "latest"], "'latest' is no version that --django can take"),
        (["--django", "3.2"], "makes no new project with Django 3.2"),
        (["--postgres", "13"], "PostgreSQL 13 is not among the versions"),
        (["--postgres", "-1"], "PostgreSQL -1 is not among the versions"),
        (["--django", "6.1", "--postgres", "14"], "Django 6.1 needs PostgreSQL 15 or newer"),
        (["--django", "6.1", "--python", "3.11"], "Django 6.1 runs on Python 3.12 to 3.14, not on 3.11"),
    ],
)
def test_versions(tmp_path: Path, options: list[str], said: str) -> None:
    """Versions that cannot work together are refused before anything is installed, with ones that can."""
    assert said in refused(tmp_path, "blog", *options)


def test_django_that_does_not_exist(tmp_path: Path) -> None:
    """A Django that the index does not have is named."""
    shown = refused(tmp_path, "blog", "--django", "9.9")
    assert "django~=9.9.0" in shown
    assert "could not be installed" in shown


def test_postgres_that_nothing_here_can_run(tmp_path: Path) -> None:
    """Without Docker only one major version can be fetched; another one is refused now and not at the first up."""
    env = machine.without(tmp_path / "programs", "docker", "docker-compose", "postgres", "pg_ctl")
    wanted = next(major for major in (17, 16, 14) if not Path(f"/usr/lib/postgresql/{major}").exists())
    shown = refused(tmp_path, "blog", "--postgres", str(wanted), env=env)
    assert f"Nothing on this machine can run PostgreSQL {wanted}" in shown
    assert "Docker is not installed" in shown
    assert "--postgres 18" in shown


def test_no_network(tmp_path: Path) -> None:
    """Without a network and without a cache it is said, after seconds, which packages are missing."""
    began = time.monotonic()
    place, cache = tmp_path / "place", tmp_path / "cache"
    place.mkdir()
    shown = refused(place, "blog", env=machine.offline(cache))
    took = time.monotonic() - began
    print(f"without a network: {took:.1f} s")
    assert "django, psycopg[binary,pool], django-environ, gunicorn" in shown
    assert "could not be installed" in shown
    assert "If there is no network" in shown
    assert took < 60


def test_no_network_but_a_cache(tmp_path: Path) -> None:
    """What was installed once comes from the cache: a second project needs no network."""
    tools.djdock("new", "first", cwd=tmp_path).ok()
    tools.djdock("new", "second", cwd=tmp_path, env={**machine.offline(), "UV_HTTP_RETRIES": "0"}).ok()
    pins = {(tmp_path / name / "requirements.txt").read_text() for name in ("first", "second")}
    assert len(pins) == 1


def test_stray_variables(tmp_path: Path) -> None:
    """Variables of the person's shell that are meant for another project do not reach the one that is made."""
    stray = tmp_path / "stray"
    stray.mkdir()
    (stray / "django.py").write_text("raise SystemExit('the stray one')\n")
    variables = {"DJANGO_SETTINGS_MODULE": "stray.settings", "DATABASE_URL": "sqlite://", "SECRET_KEY": "stray"}
    done = tools.djdock("new", "blog", cwd=tmp_path, env={"PYTHONPATH": str(stray), **variables}).ok()
    assert "stray" not in done.all
    assert (tmp_path / "blog/accounts/migrations/0001_initial.py").exists()
