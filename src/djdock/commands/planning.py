"""What a project needs to run on PostgreSQL: read, decide, and show it, before anything is written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from djdock import output
from djdock.commands import attainable, dependencies, git, sqlite_files
from djdock.commands import checkout as checkouts
from djdock.errors import Problem
from djdock.machine import python
from djdock.plan import configuration, docker_files, dotenv, ignored, variables
from djdock.plan import database as database_plan
from djdock.plan.change import Change, Plan, Skip
from djdock.plan.database import Edited, Switch
from djdock.plan.docker_differences import differences
from djdock.project import docker_files as existing
from djdock.project import driver, environment, examples, python_version
from djdock.project.configuration import Configuration
from djdock.project.environment import Database
from djdock.project.evaluation import Evaluation
from djdock.project.facts import Facts, evaluation_of, read
from djdock.project.files import Files, Folder


@dataclass(frozen=True)
class Proposal:
    """What is to be done to a project, and what was found.

    Attributes:
        notes: what the person should know; nothing is done about it.
        sqlite: the SQLite file that the settings name so far, where it holds rows.
    """

    root: Path
    facts: Facts
    plan: Plan
    notes: tuple[str, ...] = ()
    sqlite: Path | None = None


def propose(root: Path, chosen: Configuration, engine: str | None = None, *, take_over: bool = False) -> Proposal:
    """Reads a project and decides what it needs. Writes nothing into it.

    Raises:
        Problem: it is no Django project, or cannot be brought to PostgreSQL.
    """
    files = Folder(root)
    facts = attainable.settle(root, _read(files, root.name, chosen), engine)
    file, given = _env_file(root, files)
    switch = _switch(files, facts)
    edited = Edited(files, {change.path: change.after for change in switch.changes})
    declared, obstacle = _driver(root, facts)
    wanted = _wanted(root, edited, facts, switch)
    machine = _machine(root, facts, given)
    private = dotenv.adopt(files, file, _lines(wanted, machine, facts, given), machine)
    whole = Edited(edited, {change.path: change.after for change in declared})
    after = _again(whole, facts, chosen)
    setup = replace(_setup(after, wanted, file), node=attainable.node(root, after, engine), replace=take_over)
    docker = docker_files.docker_files(whole, after, setup)
    changes = (
        *switch.changes,
        *declared,
        *configuration.keep(files, chosen),
        *docker,
        *_ignore(root, files, file),
        private,
    )
    notes = (*_notes(facts), *([obstacle] if obstacle else []))
    plan = Plan(tuple(changes), _theirs(files, facts))
    return Proposal(root, facts, plan, notes, sqlite_files.with_rows(root, facts))


def variables_of(root: Path, files: Files, facts: Facts) -> tuple[variables.Variable, ...]:
    """The variables that a project's settings read of their environment; addresses and secrets as templates.

    Raises:
        Problem: the settings come to no database of ours.
    """
    return _wanted(root, files, facts, _switch(files, facts))


def service_addresses(facts: Facts) -> dict[str, str]:
    """The variables that say where other services are, as containers see them."""
    return {name: value for need in facts.services if need.starts for name, value in need.values("redis", 6379).items()}


def _wanted(root: Path, files: Files, facts: Facts, switch: Switch) -> tuple[variables.Variable, ...]:
    return variables.decide(
        variables.Question(
            evaluate=lambda values: evaluation_of(files, facts, values),
            database=switch.variables,
            examples=_examples(root, files, facts),
        )
    )


def _read(files: Files, name: str, chosen: Configuration) -> Facts:
    try:
        return read(files, name, chosen)
    except Problem as problem:
        from djdock.doctor import diagnosis  # noqa: PLC0415 - only source that cannot be read needs the rules

        raise diagnosis.explained(files, problem) from problem


def _again(edited: Files, facts: Facts, chosen: Configuration) -> Facts:
    """The facts as they are once the edits are made: a second run must come to the same Docker files."""
    after = read(edited, facts.name, chosen)
    return replace(after, python=facts.python, pythons=facts.pythons, postgres=facts.postgres)


def _theirs(files: Files, facts: Facts) -> tuple[Skip, ...]:
    """The project's own Docker files, which stay as they are, and what djdock's do otherwise."""
    there = existing.read(files, (facts.folder,))
    otherwise: dict[str, list[str]] = {}
    for found in differences(files, facts):
        otherwise.setdefault(re.split(r"[, :]", found.where)[0], []).append(found.ours)
    paths = [*(file.path for file in there.compose), *(image.path for image in there.dockerfiles)]
    return tuple(
        Skip(path, "the project's own; djdock's: " + "; ".join(dict.fromkeys(otherwise[path])))
        for path in dict.fromkeys(paths)
        if path in otherwise and path not in there.own
    )


def _driver(root: Path, facts: Facts) -> tuple[tuple[Change, ...], str]:
    """Declares a driver for PostgreSQL where the project has none; where that cannot be done, says why."""
    series = python_version.django_series(facts.dependencies)
    wanted = driver.requirement(facts.dependencies, series, facts.pythons.candidates[0])
    if wanted is None:
        return (), ""
    try:
        return dependencies.add(root, facts, [wanted]), ""
    except Problem as problem:
        return (), f"{wanted} could not be added to the dependencies: {problem.cause} {problem.hint}"


def _setup(facts: Facts, wanted: tuple[variables.Variable, ...], file: str) -> docker_files.Setup:
    return docker_files.Setup(
        uv=python.uv_series(),
        variables={found.name: found.value for found in wanted},
        services=service_addresses(facts),
        env_files=(file,),
        settings=facts.settings.value if facts.settings.value != facts.named_settings else "",
    )


def _env_file(root: Path, files: Files) -> tuple[str, dict[str, str]]:
    """The env file and what it says: .env, or the private one where the project keeps its own .env in git."""
    file = environment.path(files)
    if file == environment.FILE and git.is_tracked(root, environment.FILE):
        return environment.PRIVATE, {}
    return file, environment.read(files) or {}


def _switch(files: Files, facts: Facts) -> Switch:
    """How the settings come to a database of ours.

    Raises:
        Problem: neither variables nor an edit does it.
    """

    def evaluate(view: Files, values: Mapping[str, str]) -> Evaluation:
        return evaluation_of(view, facts, values)

    found = database_plan.find_variables(lambda values: evaluate(files, values), {})
    if found is not None:
        return Switch(found, why="variables that the settings read already")
    edited = database_plan.edit(files, facts.evaluation, evaluate)
    if edited is None:
        raise Problem(
            f"DATABASES in {facts.settings_file} is made in a way that djdock can neither follow nor change.",
            hint='Write it plainly: DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": '
            'os.environ["POSTGRES_DB"], …}}, then: djdock up',
        )
    return edited


def _known(given: Mapping[str, str]) -> Database | None:
    """The database of an env file that djdock has filled in."""
    try:
        return environment.database(given) if given.get("COMPOSE_PROJECT_NAME") else None
    except Problem:
        return None


def _machine(root: Path, facts: Facts, given: Mapping[str, str]) -> dotenv.Machine:
    """Ports, secrets and ids: those that the env file has, else new ones."""
    fresh = checkouts.fresh_machine(root, facts)
    known = _known(given)
    if known is None:
        return replace(fresh, web_port=_own_port(given, fresh.web_port))
    return replace(
        fresh,
        compose_project=given.get("COMPOSE_PROJECT_NAME", fresh.compose_project),
        database=known,
        web_port=_own_port(given, fresh.web_port),
        uid=int(given.get("HOST_UID", fresh.uid)),
        gid=int(given.get("HOST_GID", fresh.gid)),
    )


def _own_port(given: Mapping[str, str], default: int) -> int:
    text = given.get("WEB_PORT", "")
    return int(text) if text.isdigit() and 0 < int(text) < 65536 else default  # noqa: PLR2004 - the highest port


def _lines(
    wanted: tuple[variables.Variable, ...], machine: dotenv.Machine, facts: Facts, given: Mapping[str, str]
) -> list[dotenv.Line]:
    """The project's variables as lines of the env file: secrets made, the database's address filled in."""
    values = {found.name: (found.value, found.why) for found in wanted}
    if facts.settings.value != facts.named_settings:
        values["DJANGO_SETTINGS_MODULE"] = (facts.settings.value, f"the settings that {facts.settings.source} names")
    lines = []
    for name, (template, why) in values.items():
        value = database_plan.filled({name: template}, machine.database)[name]
        if value == template and name in given:
            value = given[name]  # what the person has set stays; only the database's address is ours
        lines.append(dotenv.Line(name, value.replace(variables.SECRET, checkouts.new_secret()), why))
    return lines


def _examples(root: Path, files: Files, facts: Facts) -> tuple[examples.Example, ...]:
    """The project's example files. A .env is one only where it is in git: else its values are a person's own."""
    found = examples.read(files, (facts.folder, str(PurePosixPath(facts.settings_file).parent)), dotenv=True)
    return tuple(one for one in found if PurePosixPath(one.path).name != ".env" or git.is_tracked(root, one.path))


def _ignore(root: Path, files: Files, file: str) -> tuple[Change, ...]:
    """Keeps the env file out of git, where nothing does so yet."""
    if file != environment.FILE or not git.is_repository(root) or git.is_ignored(root, file):
        return ()
    return (ignored.add(files, file),)


def _notes(facts: Facts) -> tuple[str, ...]:
    return tuple(f"{place} imports {name}, which is not in this project." for name, place in facts.evaluation.missing)


def is_ready(proposal: Proposal) -> bool:
    """Whether somebody has brought the project to djdock before: only this checkout's own env file is missing."""
    own = existing.is_own(Folder(proposal.root), existing.compose_path(Folder(proposal.root)) or "")
    return own and all(change.private for change in proposal.plan.effective)


def show(proposal: Proposal, *, diffs: bool, brief: bool = False) -> None:
    """Says what was found and what is to be done; in brief only what is done."""
    if brief:
        for change in proposal.plan.effective:
            output.outcome(change.outcome, change.path, change.why)
        return
    facts = proposal.facts
    output.outcome("found", facts.manage.value, facts.manage.source)
    output.outcome("found", f"settings {facts.settings.value}", facts.settings.source)
    output.outcome("found", f"dependencies: {facts.package_manager.value}", facts.package_manager.source)
    output.outcome("found", f"Python {facts.python.value}", facts.python.source)
    if facts.postgres:
        output.outcome("found", f"PostgreSQL {facts.postgres.value}", facts.postgres.source)
    for change in proposal.plan.changes:
        output.outcome(change.outcome, change.path, change.why)
        if diffs and change.outcome == "change":
            output.diff(change.diff())
    for skip in proposal.plan.skips:
        output.outcome("skip", skip.path, skip.why)
    for note in proposal.notes:
        output.warn(note)


def touched(proposal: Proposal) -> list[str]:
    """The files under version control that the plan changes."""
    return [
        change.path
        for change in proposal.plan.effective
        if change.before is not None and git.is_tracked(proposal.root, change.path)
    ]


def as_json(proposal: Proposal) -> dict[str, object]:
    """What was found and what is to be done, for programs."""
    facts = proposal.facts
    found = {
        "manage": facts.manage, "settings": facts.settings, "python": facts.python, "postgres": facts.postgres,
        "package_manager": facts.package_manager,
    }  # fmt: skip
    return {
        "root": str(proposal.root),
        "found": {name: {"value": it.value, "source": it.source} if it else None for name, it in found.items()},
        "changes": [
            {"path": change.path, "outcome": change.outcome, "why": change.why, "diff": change.diff()}
            for change in proposal.plan.changes
        ],
        "skipped": [{"path": skip.path, "why": skip.why} for skip in proposal.plan.skips],
        "notes": list(proposal.notes),
    }
