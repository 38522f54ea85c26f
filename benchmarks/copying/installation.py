"""The Django project whose rows are copied, in a folder and with an environment of its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.place import project_python, run
from djdock.machine import python
from tests.tools import DJDOCK

PROJECT = Path(__file__).with_name("project")
ENVIRONMENT = ".venv"


@dataclass(frozen=True)
class Installation:
    """A checkout with its environment."""

    root: Path

    @property
    def python(self) -> Path:
        return self.root / ENVIRONMENT / "bin/python"

    def manage(self, *words: str, url: str) -> str:
        """What a management command writes that must not fail, on the database that `url` names."""
        return run([self.python, "manage.py", *words], self.root, {"DATABASE_URL": url})


def install(root: Path) -> Installation:
    """Makes the checkout, where it is not there yet.

    Raises:
        Problem: its packages cannot be had.
    """
    made = Installation(root)
    shutil.copytree(PROJECT, root, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    done = root / ENVIRONMENT / "complete"
    if not done.exists():
        for words in (
            ["venv", "--quiet", "--clear", "--python", str(project_python()[1]), ENVIRONMENT],
            ["pip", "install", "--quiet", "--compile-bytecode", "--python", ENVIRONMENT, "-r", "requirements.txt"],
        ):
            python.run_uv(words, cwd=root, env=os.environ, wanted="the benchmark's project")
        done.touch()
    return made


@contextmanager
def known_to_djdock(project: Installation) -> Iterator[None]:
    """Brings the checkout to PostgreSQL as a person does, once; its own database runs until the end."""
    try:
        run([DJDOCK, "init", "--yes", "--engine", "embedded"], project.root)
        yield
    finally:
        run([DJDOCK, "down"], project.root)


def sqlite_url(file: Path) -> str:
    """The form that DATABASE_URL has for a file."""
    return f"sqlite:///{file.resolve()}"
