"""A list of packages that an image can be built with, where what the project asks for cannot be had as it is."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from djdock.embedded import installation, virtual_environment
from djdock.embedded.attempts import Place, Substitution
from djdock.errors import Problem
from djdock.machine import python
from djdock.plan.change import Change
from djdock.plan.docker_files import PACKAGES
from djdock.project import compatibility, imports
from djdock.project.docker_files import FIRST_LINE
from djdock.project.facts import Facts
from djdock.project.files import Folder

# The project itself, or a folder of it: in a container it is where the source is.
IMAGE = re.compile(r"^FROM python:(\d+\.\d+)", re.MULTILINE)
LOCAL = re.compile(r"^-e |@ file:", re.MULTILINE)


def listed(root: Path, facts: Facts, dockerfile: str) -> tuple[Change, tuple[Substitution, ...]]:
    """The file with all packages at their versions, as they were got for the image's Python on this machine.

    Raises:
        Problem: that Python is not on this machine, or something cannot be had at all.
    """
    files, found = Folder(root), virtual_environment.manager(facts)
    named = IMAGE.search((files.read(dockerfile) or "") if dockerfile else "")
    wanted = compatibility.parse(named[1], dockerfile) if named else facts.pythons.candidates[0]
    with tempfile.TemporaryDirectory(prefix="djdock-") as temporary:
        environment = Path(temporary) / "environment"
        _version, interpreter = python.provide([wanted], exact=True)
        python.make_environment(environment, interpreter, cwd=root)
        place = Place(root / found.folder, environment, imports.names(files))
        made = installation.fill(place, found.module.install(found.files(files)))
        frozen = python.try_uv(["pip", "freeze"], cwd=environment, env=place.variables)
    lines = [line for line in frozen.stdout.splitlines() if line and not LOCAL.search(line)]
    if not frozen.ok or not lines:
        raise Problem("What was installed could not be listed.", hint="djdock up", details=frozen.text)
    why = "what the image installs, since not all can be had as the project asks for it"
    return Change(PACKAGES, files.read(PACKAGES), _text(lines, made), why), made


def _text(lines: list[str], made: tuple[Substitution, ...]) -> str:
    notes = [f"# {one.was} -> {one.becomes or 'left out'}: {one.why}." for one in made]
    head = ["# What the image installs: all that the project asks for, as far as it can be had.", *notes]
    again = "# To go back to what the project asks for: delete this file, then `djdock init`."
    return "\n".join([FIRST_LINE, *head, again, *lines]) + "\n"
