"""Asks the rules: what is wrong with a project, and why has a step failed?"""

from __future__ import annotations

from djdock.doctor import rules
from djdock.doctor.case import Case, Finding
from djdock.doctor.sources import place
from djdock.doctor.symptom import Fault, Symptom
from djdock.errors import Problem
from djdock.project.files import Files


def examine(case: Case) -> tuple[Finding, ...]:
    """All that the rules find in a project's files. Reads only."""
    return tuple(finding for rule in rules.REGISTRY for finding in rule.find(case))


def of(case: Case) -> tuple[Finding, ...]:
    """Why a step has failed: what the first rule that knows the symptom says of it; empty where none does.

    Several findings of one rule belong together, and so do their repairs. A finding without a repair ends the way:
    its `problem()` says why.
    """
    for rule in rules.FAILURES:
        if found := rule.find(case):
            return found
    return ()


def of_reading(files: Files, problem: Problem) -> tuple[Finding, ...]:
    """Why a project's source cannot be read: a merge conflict, Python 2, a template … Empty where no rule knows."""
    if not isinstance(problem.__cause__, SyntaxError):
        return ()
    path, line = place(problem.details.partition("\n")[0])
    fault = Fault("SyntaxError", str(problem.__cause__), attributes={"filename": path, "lineno": line})
    return of(Case(files, settings_file=path, symptom=Symptom("check", (fault,))))


def explained(files: Files, problem: Problem) -> Problem:
    """What to say where a project's source cannot be read: what a rule knows of it, else what was said already."""
    found = of_reading(files, problem)
    return found[0].problem() if found else problem
