"""Asks the project's own interpreter what its models are, and lets it migrate: one start of Django for both."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

from djdock.doctor.symptom import Symptom, from_report
from djdock.engines.engine import Engine
from djdock.errors import Problem, last_lines
from djdock.machine import http
from djdock.process import Silent, follow
from djdock.project.checkout import Checkout
from djdock.project.facts import Facts
from djdock.service import Progress
from djdock.transfer import models
from djdock.transfer.models import Models

MARK = "##djdock## "
# See transfer/describe.py.
QUESTION = "DJDOCK_QUESTION"


@dataclass(frozen=True)
class Project:
    """A project that can be asked: where it is, what it runs on, what is known of it."""

    checkout: Checkout
    engine: Engine
    facts: Facts


@dataclass(frozen=True)
class Question:
    """What is asked.

    Attributes:
        target: what of the alias's settings is to be other than they say (`NAME`, `HOST` …, `OPTIONS`), as the
            project's own processes see it; None: nothing.
        expected: what of the alias's settings has to be as here, or nothing is done.
        migrate: apply what is not applied yet.
        seen: the migrations that a SQLite file has seen. Where the project may have others, none is applied, and who
            asked can tell by the plan that is left.
    """

    alias: str = "default"
    target: Mapping[str, Any] | None = field(default=None, repr=False)
    expected: Mapping[str, str] | None = None
    migrate: bool = True
    seen: Sequence[str] | None = None


@dataclass(frozen=True)
class Address:
    """Where the settings say that a database is, as the project's own processes see it.

    Attributes:
        options: those of `OPTIONS` that are texts or numbers.
    """

    host: str
    port: str
    name: str
    user: str
    password: str = field(repr=False)
    options: Mapping[str, str] = field(default_factory=dict, repr=False)


class Unknown(Problem):
    """The database that the settings name is none, or not there."""


def ask(project: Project, question: Question, progress: Progress) -> Models:
    """What the project's models are, and which migrations are applied.

    Raises:
        Unknown: the settings have no such alias, it is no PostgreSQL, or another one than is expected.
        Problem: the project cannot be loaded, hangs while it is loaded, or a migration fails.
    """
    return models.read(_told(project, asdict(question), "models", progress))


def where(project: Project, alias: str, progress: Progress) -> Address:
    """Where the settings say that a database is.

    Raises:
        Unknown, Problem: as `ask`.
    """
    told = _told(project, {"alias": alias, "where": True}, "where", progress)
    options = {name: str(value) for name, value in told["options"].items()}
    return Address(told["HOST"], told["PORT"], told["NAME"], told["USER"], told["PASSWORD"], options)


def _told(project: Project, asked: Mapping[str, Any], wanted: str, progress: Progress) -> Mapping[str, Any]:
    told, text = _run(project, asked, progress)
    if wanted in told:
        return told[wanted]
    if (failed := told.get("failed")) is not None:
        raise _failure(from_report(failed, failed["step"], project.engine.inside(project.checkout), text))
    raise _unusable(told, asked["alias"]) or _failure(Symptom("check", text=text))


def _unusable(told: Mapping[str, Mapping[str, Any]], alias: str) -> Problem | None:
    """What is wrong with where the settings lead."""
    if (known := told.get("alias")) is not None:
        return Unknown(
            f"The settings have no database {alias}.",
            hint=f"Those that they have: {', '.join(known['known'])}. djdock db copy --database ALIAS",
        )
    to_url = "To copy to a database that the settings do not name: djdock db copy --to URL"
    if (vendor := told.get("vendor")) is not None:
        return Unknown(
            f"The settings' database {alias} is not PostgreSQL, but {vendor['vendor']} ({vendor['name']}).",
            hint=f"To bring the project to PostgreSQL: djdock init\n{to_url}",
        )
    if (elsewhere := told.get("elsewhere")) is not None:
        return Unknown(
            f"The settings' database {alias} is not the one of .env: {elsewhere['name']} is {elsewhere['value']!r} "
            f"there, and should be {elsewhere['wanted']!r}.",
            hint=f"To let the settings read the database's address from the environment: djdock init\n{to_url}",
        )
    return None


def _run(project: Project, asked: Mapping[str, Any], progress: Progress) -> tuple[Mapping[str, Mapping[str, Any]], str]:
    """What the script has said, by kind, and all the other lines."""
    program = "".join(
        (resources(package) / name).read_text(encoding="utf-8")
        for package, name in (("djdock.doctor", "report.py"), ("djdock.transfer", "describe.py"))
    )
    variables = {QUESTION: json.dumps(asked), "PYTHONUNBUFFERED": "1"}
    script = Path(project.facts.manage.value).name
    folder = project.checkout.root / project.facts.folder
    command = project.engine.command(project.checkout, ["python", "-c", program, script], folder, variables)
    patience = http.patience()
    try:
        done = follow(
            command.argv,
            cwd=command.cwd,
            env=command.env,
            on_line=lambda line: None if MARK in line else progress(line),
            first_line_within=patience,
        )
    except Silent as silent:
        raise Problem(
            f"The project's code has not been loaded within {patience:.0f} seconds.",
            details=last_lines(silent.text),
            hint="The lines above show what it was waiting for.\n"
            f"If it needs longer: {http.VARIABLE}=300 djdock db copy",
        ) from silent
    lines = done.stdout.splitlines()
    told = [json.loads(line.partition(MARK)[2]) for line in lines if MARK in line]
    return {one["kind"]: one for one in told}, "\n".join(line for line in lines if MARK not in line)


def _failure(symptom: Symptom) -> Problem:
    fault = symptom.faults[0] if symptom.faults else None
    what = f"{fault.type.rpartition('.')[2]}: {fault.text}" if fault else last_lines(symptom.text, 1)
    step = "The migrations fail on PostgreSQL" if symptom.step == "migrate" else "The project cannot be loaded"
    where = f" at {symptom.where}" if symptom.where else ""
    frames = "\n".join(f"{frame.where} in {frame.function}" for frame in symptom.own[-4:])
    return Problem(
        f"{step}{where}: {what.strip(': ')[:300]}",
        details=frames or last_lines(symptom.text),
        hint="Correct what the last line says, then the same command again.\n"
        "djdock up recognises many such causes, and repairs what can be repaired safely.",
    )
