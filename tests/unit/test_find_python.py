"""machine/python.py: interpreters are found where they are, and places that may not be entered are passed over."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from djdock.machine import python


def interpreter(path: Path, version: str) -> Path:
    """A program that answers as a Python of some version does: no machine has all of them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho {version}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with nothing in it, and nothing on the PATH."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    for name in ("PYENV_ROOT", "UV_PYTHON_INSTALL_DIR", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_this_interpreter_is_found() -> None:
    """The Python that runs djdock can make projects, too."""
    found = python.find(sys.version_info[:2])
    assert found is not None
    assert found.exists()


@pytest.mark.parametrize(
    "place",
    [
        "bin/python3.99",
        ".pyenv/versions/3.99.1/bin/python3.99",
        ".local/share/uv/python/cpython-3.99.1-linux/bin/python3.99",
    ],
)
def test_usual_places_are_looked_at(home: Path, place: str) -> None:
    """The PATH, pyenv's versions and uv's are searched; one that answers as another version does not count."""
    assert python.find((3, 99)) is None
    found = interpreter(home / place, "3 99")
    assert python.find((3, 99)) == found
    interpreter(home / place, "3 98")
    assert python.find((3, 99)) is None


def test_the_newest_patch_release_wins(home: Path) -> None:
    """3.99.10 is newer than 3.99.9."""
    for patch in ("9", "10", "2"):
        interpreter(home / f".pyenv/versions/3.99.{patch}/bin/python3.99", "3 99")
    assert python.find((3, 99)) == home / ".pyenv/versions/3.99.10/bin/python3.99"


def test_shims_do_not_count(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pyenv's shim of a version that is not switched on is no interpreter."""
    monkeypatch.setenv("PATH", str(home / "shims"))
    interpreter(home / "shims/python3.99", "3 99")
    assert python.find((3, 99)) is None


def test_closed_places_are_passed_over(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another user's PATH and PYENV_ROOT, as `su` without `-` leaves them, are no failure."""
    interpreter(home / "closed/python3.99", "3 99")
    interpreter(home / "closed/versions/3.99.1/bin/python3.99", "3 99")
    monkeypatch.setenv("PATH", str(home / "closed"))
    monkeypatch.setenv("PYENV_ROOT", str(home / "closed"))
    (home / "closed").chmod(0)
    if root := os.geteuid() == 0:
        os.seteuid(65534)  # root may enter everywhere
    try:
        assert python.find((3, 99)) is None
    finally:
        if root:
            os.seteuid(0)
        (home / "closed").chmod(0o755)
