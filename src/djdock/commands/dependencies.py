"""A requirement more: in the manifest, and in the lock file by the tool that wrote it, as changes to be made."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from djdock.embedded import virtual_environment
from djdock.errors import Problem, last_lines
from djdock.machine import python
from djdock.plan.change import Change
from djdock.plan.database import Edited
from djdock.project import python_version
from djdock.project.compatibility import text
from djdock.project.dependency import PYTHON, Addition
from djdock.project.files import Files, Folder, below
from djdock.project.package_managers import Found

if TYPE_CHECKING:
    from djdock.project.facts import Facts


def add(root: Path, facts: Facts, requirements: Sequence[str]) -> tuple[Change, ...]:
    """The changes that declare requirements; those that are declared already change nothing.

    Writes nothing into the project: a lock file is made anew in a copy of the manifests.

    Raises:
        Problem: the manifest has no place for one, or the lock file cannot be brought up to date.
    """
    files = Folder(root)
    found = virtual_environment.manager(facts)
    texts: dict[str, str] = {}
    for requirement in requirements:
        edited = below(Edited(files, texts), found.folder)
        addition = found.module.add(edited, requirement)
        texts |= {_in_root(found, path): content for path, content in addition.texts.items()}
        if addition.texts and addition.relock:
            texts |= _relocked(Edited(files, texts), found, addition, _interpreter(root, files, found))
    named = ", ".join(requirements)
    return tuple(Change(path, files.read(path), content, f"depends on {named}") for path, content in texts.items())


def _relocked(files: Files, found: Found, addition: Addition, interpreter: str) -> dict[str, str]:
    """The lock files as their tool writes them for the edited manifests, by path from the root."""
    with tempfile.TemporaryDirectory(prefix="djdock-") as temporary:
        folder = Path(temporary)
        for path in (*found.inputs(files), *(_in_root(found, name) for name in _MENTIONED)):
            if (content := files.read(path)) is not None:
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_text(content, encoding="utf-8", newline="")
        here = folder / found.folder
        before = {name: (here / name).read_bytes() for name in addition.lock if (here / name).is_file()}
        done = python.try_uv(_with_python(addition.relock, interpreter), cwd=here, env=_environment(here))
        if not done.ok and addition.again:
            done = python.try_uv(_with_python(addition.again, interpreter), cwd=here, env=_environment(here))
        after = {name: (here / name).read_bytes() for name in addition.lock if (here / name).is_file()}
        if not done.ok or after == before:
            raise Problem(
                f"{', '.join(addition.lock)} could not be brought up to date.",
                details=last_lines(done.text),
                hint="Add the requirement with your own tool, then try again: "
                f"{found.manager} {'install' if found.manager == 'pipenv' else 'add'} …",
            )
        return {_in_root(found, name): content.decode() for name, content in after.items()}


# What a manifest may refer to, and a tool then insists on.
_MENTIONED = ("README.md", "README.rst", "README.txt", "README", "LICENSE", "LICENSE.md", ".python-version")


def _with_python(arguments: Sequence[str], interpreter: str) -> list[str]:
    """The tool runs on the project's own Python, for which it then finds packages."""
    arguments = tuple(interpreter if argument == PYTHON else argument for argument in arguments)
    if arguments[:2] == ("tool", "run"):
        return [*arguments[:2], "--quiet", "--python", interpreter, *arguments[2:]]
    return [*arguments, "--python", interpreter]


def _environment(folder: Path) -> dict[str, str]:
    """The person's variables without the environment that they have switched on: none is to be filled here."""
    kept = {name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT"}}
    return {
        # The index by the interface that its mirrors have too.
        "POETRY_PYPI_MIRROR_URL": python.index_url(folder),
        **kept,
        "POETRY_VIRTUALENVS_CREATE": "false",
        "PIPENV_VENV_IN_PROJECT": "1",
        "PIPENV_IGNORE_VIRTUALENVS": "1",
        "PIPENV_PIPFILE": str(folder / "Pipfile"),
        "PDM_CHECK_UPDATE": "false",
    }


def _interpreter(root: Path, files: Files, found: Found) -> str:
    """The Python of the project's environment (what is installed there would disturb), else the one to make it with."""
    known = virtual_environment.version(root)
    if known and (interpreter := python.find(known)):
        return str(interpreter)
    choice = python_version.choose(files, found.folder, found.dependencies(files))
    here = python.newest(choice.candidates)
    return str(here[1]) if here else text(choice.candidates[0])


def _in_root(found: Found, path: str) -> str:
    return f"{found.folder}/{path}" if found.folder else path
