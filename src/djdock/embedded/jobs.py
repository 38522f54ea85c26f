"""What is to run in the background of a checkout: the site, and the workers that its facts name."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from djdock import fingerprint, state
from djdock.embedded import virtual_environment
from djdock.machine import ports
from djdock.machine.python import environment_python
from djdock.process import WINDOWS
from djdock.project.checkout import Checkout
from djdock.service import SITE

if TYPE_CHECKING:
    from djdock.embedded.background import Job
    from djdock.project.facts import Facts
    from djdock.project.processes import Process

# ruff: noqa: PLC0415 - see engines/embedded.py: what starts things imports psutil
SETTINGS = "DJANGO_SETTINGS_MODULE"


def site(checkout: Checkout, facts: Facts, variables: Mapping[str, str]) -> Job:
    """Django's development server, which reloads itself when the source changes, but not when .env does."""
    from djdock.embedded.background import Job

    script = checkout.root / facts.manage.value
    python = environment_python(checkout.root / virtual_environment.NAME)
    return Job(
        SITE,
        [python, script.name, "runserver", f"{ports.HOST}:{checkout.web_port}"],
        script.parent,
        {**variables, **settings_module(checkout, facts)},
        checkout.web_port,
        _digest(checkout.values, facts.settings.value),
    )


def workers(checkout: Checkout, facts: Facts, variables: Mapping[str, str]) -> Sequence[Job]:
    """The processes beside the site; nothing reloads these, so each is started anew for new code and new packages."""
    from djdock.embedded.background import Job

    if not facts.processes:
        return ()
    root = checkout.root
    code = fingerprint.of_project(root, state.load(root).environment)
    given = _digest(checkout.values, facts.settings.value, code)
    # A celery.py may name other settings than manage.py does; the site and its workers must have the same.
    settings = {**settings_module(checkout, facts), SETTINGS: checkout.values.get(SETTINGS, facts.settings.value)}
    folder = (root / facts.manage.value).parent
    return [
        Job(process.name, _argv(root, process), folder, {**variables, **settings}, given=given)
        for process in facts.processes
    ]


def settings_module(checkout: Checkout, facts: Facts) -> dict[str, str]:
    """The variable that names the settings, where they are others than manage.py names."""
    named_there = facts.settings.value == facts.named_settings
    return {} if named_there or SETTINGS in checkout.values else {SETTINGS: facts.settings.value}


def _argv(root: Path, process: Process) -> list[str | Path]:
    program, *arguments = process.argv
    python = environment_python(root / virtual_environment.NAME)
    # As a module, so that the folder of manage.py is on Python's path whatever the program is.
    module = () if program == "python" else ("-m", program)
    schedule = ("--schedule", str(state.folder(root).resolve() / "celerybeat-schedule")) if process.schedule else ()
    pool = ("--pool", "solo") if WINDOWS and program == "celery" and "worker" in arguments else ()
    return [python, *module, *arguments, *schedule, *pool]


def _digest(values: Mapping[str, str], *more: str) -> str:
    pairs = [f"{name}={value}" for name, value in sorted(values.items())]
    return hashlib.sha256("\n".join((*pairs, *more)).encode(errors="surrogateescape")).hexdigest()
