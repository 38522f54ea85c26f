"""Asks the rules: what is wrong with a project, and why has a step failed?"""

from __future__ import annotations

from djdock.doctor import rules
from djdock.doctor.case import Case, Finding
from djdock.doctor.symptom import Symptom
from djdock.errors import Problem, last_lines

STEPS = {
    "install": "The dependencies cannot be installed",
    "check": "The project does not start",
    "migrate": "The migrations cannot be applied",
    "request": "The site answers with an error",
}


def examine(case: Case) -> tuple[Finding, ...]:
    """All that the rules find in a project's files. Reads only."""
    return tuple(finding for rule in rules.REGISTRY for finding in rule.find(case))


def diagnose(case: Case) -> tuple[Finding, ...]:
    """Why a step has failed: what the first rule that knows the symptom says of it; empty where none does.

    Several findings of one rule belong together, and so do their repairs. A finding without a repair ends the way:
    its `problem()` says why.
    """
    for rule in rules.FAILURES:
        if found := rule.find(case):
            return found
    return ()


def unknown(symptom: Symptom) -> Problem:
    """What to say of a failure that no rule knows: the exception, the project's own line, the end of the output."""
    fault = symptom.faults[0] if symptom.faults else None
    said = next(iter(fault.text.splitlines()), "") if fault else ""
    named = f": {fault.type.rpartition('.')[2]}{f', {said}' if said else ''}" if fault else ""
    if fault is None and symptom.status is not None:
        named = f" (status {symptom.status})"
    where = symptom.where
    hint = f"Look at {where}, then try again." if where else "Look at the lines above, then try again."
    return Problem(f"{STEPS[symptom.step]}{named.rstrip('.')}.", details=last_lines(symptom.text), hint=hint)
