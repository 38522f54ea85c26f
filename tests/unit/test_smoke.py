"""The command that the wheel installs is there."""

from pathlib import Path

from tests.tools import djdock


def test_version(tmp_path: Path) -> None:
    """`djdock --version` answers with name and number."""
    assert djdock("--version", cwd=tmp_path).ok().out.startswith("djdock ")
