"""`djdock doctor`: what the rules find in a project's files; with --fix it offers the repairs that are safe."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from djdock import journal, output, state
from djdock.commands import root as root_of
from djdock.database import server
from djdock.doctor import diagnosis, rules
from djdock.doctor.case import Case, Finding
from djdock.doctor.repair import EditFile, words
from djdock.errors import Problem
from djdock.machine import ports
from djdock.plan.change import Change, Plan
from djdock.plan.database import Edited
from djdock.process import run
from djdock.project import checkout as checkouts
from djdock.project import facts as project_facts
from djdock.project.files import Folder

NOTHING, FOUND = 0, 1
# No rule repairs more places than this in one project.
MOST_REPAIRS = 200


@dataclass(frozen=True)
class Options:
    """What the person asked for."""

    fix: bool = False
    yes: bool = False
    as_json: bool = False


def doctor(options: Options) -> int:
    """Examines the project in the current folder; gives 1 where something is found and stays.

    Raises:
        Problem: we are in no project, or a repair cannot be written.
    """
    root = root_of.find(Path.cwd())
    case, obstacle = _case(root)
    findings = diagnosis.examine(case)
    if obstacle is not None:
        known = {finding.where for finding in findings}
        findings += tuple(found for found in diagnosis.of_reading(case.files, obstacle) if found.where not in known)
    if obstacle is not None and not findings:
        raise obstacle
    if options.as_json:
        output.say(json.dumps(_as_json(findings), indent=2))
    else:
        _show(findings, fixing=options.fix)
        if obstacle is not None:
            output.warn(obstacle.cause)
    if options.fix and _fix(root, case, options):
        findings = diagnosis.examine(_case(root)[0])
    return FOUND if findings else NOTHING


def _case(root: Path) -> tuple[Case, Problem | None]:
    """The project as the rules look at it; where it cannot be read as a whole, its files and the reason."""
    files = Folder(root)
    tracked = _tracked(root)
    try:
        facts = project_facts.read(files, root.name)
    except Problem as problem:
        return Case(files, tracked=tracked), problem
    checkout = _checkout(root)
    found = Case(
        files=files,
        settings_file=facts.settings_file,
        manage_folder=facts.folder,
        reads=facts.variables,
        variables=checkout.values if checkout else {},
        dependencies=facts.dependencies,
        python=facts.python.value if facts.python else "",
        tracked=tracked,
        volume_password_refused=checkout is not None and _refuses(checkout),
    )
    return found, None


def _checkout(root: Path) -> checkouts.Checkout | None:
    try:
        return checkouts.read(root)
    except Problem:
        return None  # `up` says what is wrong with the file; the rules look at the others


def _refuses(checkout: checkouts.Checkout) -> bool:
    """Whether the database runs and does not take the password of the env file."""
    try:
        return ports.answers(checkout.database.port) and not server.lets_in(checkout.database)
    except Problem:
        return False


def _tracked(root: Path) -> frozenset[str] | None:
    """The paths that Git knows of; None outside of a repository, and where there is no Git."""
    if not any((folder / ".git").exists() for folder in (root, *root.parents)):
        return None
    listed = run(["git", "-C", root, "ls-files", "-z"])
    return frozenset(filter(None, listed.stdout.split("\0"))) if listed.ok else None


def _show(findings: Sequence[Finding], *, fixing: bool) -> None:
    if not findings:
        output.say("Nothing found.")
        return
    for name, of_rule in groupby(findings, key=lambda finding: finding.rule):
        output.say(output.styled(f"{rules.BY_NAME[name].TITLE}  ", "bold yellow") + output.styled(f"({name})", "grey"))
        for finding in of_rule:
            output.say(f"  {finding.where or 'the project'}: {finding.what}.")
            for line in finding.fix.splitlines():
                output.say(f"      {line}")
        output.say()
    count = len(findings)
    mine = sum(isinstance(finding.repair, EditFile) for finding in findings)
    output.say(f"{count} finding{'s' if count > 1 else ''}." + (f" djdock can repair {mine} of them." if mine else ""))
    if mine and not fixing:
        output.next_step("djdock doctor --fix")


def _as_json(findings: Sequence[Finding]) -> dict[str, object]:
    return {
        "findings": [
            {
                "rule": finding.rule,
                "where": finding.where,
                "cause": finding.what,
                "fix": finding.fix,
                "repair": words(finding.repair) if finding.repair else None,
            }
            for finding in findings
        ]
    }


def _fix(root: Path, case: Case, options: Options) -> bool:
    """Shows the repairs of files as a diff, asks, and makes them; gives whether anything was written.

    Raises:
        Problem: nobody is there to say yes, or a file cannot be written.
    """
    plan = repaired(case)
    if not plan.effective:
        return False
    if not options.as_json:
        for change in plan.effective:
            output.outcome(change.outcome, change.path, change.why)
            output.diff(change.diff())
    if not options.yes:
        if not output.is_asked():
            raise Problem(
                "There is no terminal to ask at. Nothing was written.", hint="To agree: djdock doctor --fix --yes"
            )
        if not output.confirm("Write these files?"):
            return False
    with state.lock(root, "doctor"):
        journal.recover(root)
        journal.amend(root, plan)
    return True


def repaired(case: Case) -> Plan:
    """All repairs of files together: each is made on what the ones before it have left."""
    texts: dict[str, str] = {}
    why: dict[str, list[str]] = {}
    for rule in rules.FILES:
        for _count in range(MOST_REPAIRS):
            found = rule.find(replace(case, files=Edited(case.files, dict(texts))))
            change = next((finding.repair.change for finding in found if isinstance(finding.repair, EditFile)), None)
            if change is None or change.before == change.after:
                break
            texts[change.path] = change.after
            why.setdefault(change.path, []).append(change.why)
    return Plan(
        tuple(
            Change(path, case.files.read(path), after, "; ".join(dict.fromkeys(why[path])))
            for path, after in texts.items()
        )
    )
