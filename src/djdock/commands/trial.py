"""Tries a project: loads it, checks it, migrates a scratch database, asks for its first pages; says how it went."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

from djdock import process
from djdock.database import server
from djdock.doctor.symptom import Symptom, from_report
from djdock.engines.engine import Engine
from djdock.errors import Problem, last_lines
from djdock.machine import http
from djdock.plan import database as database_plan
from djdock.process import Silent, follow
from djdock.project.checkout import Checkout
from djdock.project.environment import Database
from djdock.project.facts import Facts

MARK = "##djdock## "
SCRATCH = "_djdock_trial"
HOST = "127.0.0.1"


@dataclass(frozen=True)
class Trial:
    """How it went.

    Attributes:
        symptom: what failed; None where nothing did.
        facts: what the project's own interpreter says: see doctor/look.py.
        pages: status by path.
        unmade: apps whose models have changed since their last migration.
    """

    symptom: Symptom | None
    facts: Mapping[str, Any] = field(default_factory=dict)
    pages: Mapping[str, int] = field(default_factory=dict)
    unmade: tuple[str, ...] = ()


@dataclass(frozen=True)
class Preparation:
    """What a trial needs.

    Attributes:
        variables: templates of the variables that say where the database is.
        commands: management commands to run first, without `manage.py`.
    """

    variables: Mapping[str, str]
    commands: Sequence[Sequence[str]] = ()


def run(
    checkout: Checkout, engine: Engine, facts: Facts, preparation: Preparation, progress: Callable[[str], None]
) -> Trial:
    """Tries a project on a scratch database, which becomes its own where that is still empty.

    Raises:
        Problem: a command fails, the project's code hangs while it is loaded, or the database does not let us in.
    """
    scratch = scratch_of(checkout)
    server.remake(scratch)
    try:
        seen = engine.database_inside(scratch)
        values = {**database_plan.filled(preparation.variables, seen), "DATABASE_URL": seen.url}
        for arguments in preparation.commands:
            _manage(checkout, engine, facts, arguments, values)
        trial = _look(checkout, engine, facts, values, progress)
        if trial.symptom is None:
            if server.has_tables(checkout.database):
                for arguments in preparation.commands:
                    _manage(checkout, engine, facts, arguments, {})
            else:
                server.take_place(scratch, checkout.database)
        return trial
    finally:
        server.drop(scratch)


def _manage(
    checkout: Checkout, engine: Engine, facts: Facts, arguments: Sequence[str], values: Mapping[str, str]
) -> None:
    typed = " ".join(arguments)
    script = Path(facts.manage.value).name
    command = engine.command(checkout, ["python", script, *arguments], checkout.root / facts.folder, values)
    done = process.run(command.argv, cwd=command.cwd, env=command.env)
    if not done.ok:
        raise Problem(
            f"`manage.py {typed}` failed.",
            details=last_lines(done.text),
            hint=f"Correct what the last line says, then: djdock up\nThe whole output: djdock manage {typed}",
        )


def scratch_of(checkout: Checkout) -> Database:
    """The database that a trial works on."""
    return replace(checkout.database, name=f"{checkout.database.name[:40]}{SCRATCH}")


def _look(
    checkout: Checkout, engine: Engine, facts: Facts, values: Mapping[str, str], progress: Callable[[str], None]
) -> Trial:
    program = "".join(
        (resources("djdock.doctor") / name).read_text(encoding="utf-8") for name in ("report.py", "look.py")
    )
    script = Path(facts.manage.value).name
    folder = checkout.root / facts.folder
    argv = ["python", "-c", program, script, f"{HOST}:{checkout.web_port}", "check,migrate,request"]
    command = engine.command(checkout, argv, folder, {**values, "PYTHONUNBUFFERED": "1"})
    patience = http.patience()
    try:
        done = follow(
            command.argv, cwd=command.cwd, env=command.env, on_line=_teller(progress), first_line_within=patience
        )
    except Silent as silent:
        raise Problem(
            f"The project's code has not been loaded within {patience:.0f} seconds.",
            details=last_lines(silent.text),
            hint=f"The lines above show what it was waiting for.\nIf it needs longer: {http.VARIABLE}=300 djdock up",
        ) from silent
    return _read(done.stdout, engine.inside(checkout), scratch_of(checkout).name)


def _teller(progress: Callable[[str], None]) -> Callable[[str], None]:
    def tell(line: str) -> None:
        if MARK not in line:
            progress(line)

    return tell


def _read(output: str, root: str, database: str) -> Trial:
    told = [json.loads(line.partition(MARK)[2]) for line in output.splitlines() if MARK in line]
    plain = "\n".join(line for line in output.splitlines() if MARK not in line)
    facts: dict[str, Any] = next((item for item in told if item["kind"] == "facts"), {})
    pages = {item["path"]: item for item in told if item["kind"] == "page"}
    migrated: dict[str, Any] = next((item for item in told if item["kind"] == "migrated"), {})
    return Trial(
        symptom=_symptom(told, plain, root, facts, database),
        facts=facts,
        pages={path: int(item["status"]) for path, item in pages.items()},
        unmade=tuple(migrated.get("unmade", ())),
    )


def _symptom(
    told: list[dict[str, Any]], plain: str, root: str, facts: Mapping[str, Any], database: str
) -> Symptom | None:
    failed = next((item for item in told if item["kind"] == "failed"), None)
    if failed is not None:
        return from_report(failed, failed["step"], root, plain)
    if not any(item["kind"] == "done" for item in told):
        return Symptom("check", text=plain)
    found = facts.get("database", {})
    if facts.get("vendor") != "postgresql" or found.get("NAME") != database:
        return Symptom("check", text=f"the settings use {facts.get('vendor')} {found.get('NAME')}")
    for item in told:
        if item["kind"] == "page" and (item["status"] >= 500 or item["status"] == 400 or _to_https(item)):  # noqa: PLR2004
            return Symptom("request", text=plain, status=item["status"], location=item["location"])
    return None


def _to_https(page: Mapping[str, Any]) -> bool:
    return str(page["location"]).startswith("https://127.0.0.1")
