"""Start-up is a feature: what a command does not need is not imported. Measured times are in benchmarks/."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.tools import run

# What takes long to import: our dependencies (click aside), and the slow parts of the standard library.
HEAVY = {
    "asyncio",
    "concurrent.futures",
    "dotenv",
    "email",
    "filelock",
    "http.client",
    "importlib.metadata",
    "libcst",
    "multiprocessing",
    "platformdirs",
    "psutil",
    "psycopg",
    "rich",
    "ssl",
    "unittest",
    "urllib.request",
    "uv",
    "yaml",
}


def imported(folder: Path, *arguments: str) -> set[str]:
    """The names of all modules that a fresh interpreter imports."""
    done = run([sys.executable, "-X", "importtime", *arguments], folder, timeout=30).ok()
    return {line.rpartition("|")[2].strip() for line in done.err.splitlines() if line.startswith("import time:")}


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["up", "--help"]], ids=" ".join)
def test_help_imports_nothing_heavy(tmp_path: Path, arguments: list[str]) -> None:
    """`djdock --help` and its like import click and the edge, and nothing of what the commands need."""
    modules = imported(tmp_path, "-m", "djdock", *arguments)
    assert modules & HEAVY == set()
    own = {
        "djdock",
        "djdock.cli",
        "djdock.cli.build",
        "djdock.cli.db",
        "djdock.cli.deploy",
        "djdock.cli.edge",
        "djdock.errors",
    }
    assert {name for name in modules if name.startswith("djdock")} <= own
    assert "click" in modules


@pytest.mark.parametrize("command", ["run", "open", "logs"])
def test_daily_commands_import_little(tmp_path: Path, command: str) -> None:
    """What people type all day waits for none of the parsers, drivers and process tools that `up` needs."""
    assert imported(tmp_path, "-c", f"import djdock.commands.{command}") & HEAVY == set()


def test_the_measurement_sees_what_is_imported(tmp_path: Path) -> None:
    """A command that does need a heavy package is seen to import it, so the tests above can fail."""
    assert "libcst" in imported(tmp_path, "-c", "import djdock.commands.new")
