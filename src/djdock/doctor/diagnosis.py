"""Asks the rules: what is wrong with a project, and why has a step failed?"""

from __future__ import annotations

from djdock.doctor import rules
from djdock.doctor.case import Case, Finding


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
