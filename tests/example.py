"""Writes example/ anew: what `djdock new blog` makes, without what belongs to one machine. Run by `make example`."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from tests import tools

FOLDER = Path(__file__).parents[1] / "example"
NAME = "blog"
# Secrets, and what is made again from the rest: git has none of it in a person's project either.
LEFT_OUT = {".env", ".venv", ".djdock", "__pycache__"}


def shared(project: Path) -> list[Path]:
    """The files of a project that people share."""
    return sorted(
        path
        for path in project.rglob("*")
        if path.is_file() and not LEFT_OUT.intersection(path.relative_to(project).parts)
    )


def write() -> None:
    """Replaces example/ by a project of the newest versions that this machine and the index have."""
    with tempfile.TemporaryDirectory() as folder:
        made = tools.new_project(Path(folder), name=NAME).root
        shutil.rmtree(FOLDER, ignore_errors=True)
        for path in shared(made):
            target = FOLDER / path.relative_to(made)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
            print(target.relative_to(FOLDER.parent))


if __name__ == "__main__":
    write()
