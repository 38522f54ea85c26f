"""Syntax that a Python does not know yet (https://docs.python.org/3/whatsnew/index.html)."""

from __future__ import annotations

import ast
import warnings

from djdock.doctor import sources
from djdock.doctor.case import Case, Finding
from djdock.doctor.repair import UsePython

NAME = "newer-python-needed"
TITLE = "Syntax or modules of a newer Python"
SEEN = "SyntaxError: invalid syntax, in code that is right; or No module named 'tomllib'"
CAUSE = (
    "The code uses something that came with a newer Python than the one it runs on: `match` (3.10), `tomllib` (3.11) …"
)
FIX = "Say the version in .python-version or requires-python, and use it."
DOES = "Uses the oldest Python that knows all of it, where the machine has one or can fetch one."

OLDEST, NEWEST = 8, 14
MODULES = {"tomllib": 11, "zoneinfo": 9, "graphlib": 9, "annotationlib": 14, "compression": 14}
NAMES = {
    ("typing", "Self"): 11,
    ("typing", "Never"): 11,
    ("typing", "assert_never"): 11,
    ("typing", "NotRequired"): 11,
    ("typing", "LiteralString"): 11,
    ("typing", "override"): 12,
    ("typing", "TypeAlias"): 10,
    ("typing", "ParamSpec"): 10,
    ("typing", "Annotated"): 9,
    ("typing", "TypedDict"): 8,
    ("typing", "Literal"): 8,
    ("typing", "Protocol"): 8,
    ("enum", "StrEnum"): 11,
    ("datetime", "UTC"): 11,
    ("itertools", "batched"): 12,
    ("itertools", "pairwise"): 10,
    ("functools", "cache"): 9,
    ("functools", "cached_property"): 8,
    ("warnings", "deprecated"): 13,
}


def find(case: Case) -> tuple[Finding, ...]:
    symptom = case.symptom
    if symptom is None:
        return ()
    if fault := symptom.first("SyntaxError"):
        path = fault.attribute("filename")
        minor = _oldest_that_reads(sources.text(case.files, path))
        where = f"{path}:{fault.attribute('lineno')}"
        return _finding(case, minor, f"{path} has syntax", where) if minor else ()
    if fault := symptom.first("ImportError"):
        minor = MODULES.get(fault.attribute("name")) if fault.is_a("ModuleNotFoundError") else None
        for (module, name), since in NAMES.items():
            if fault.attribute("name") == module and f"'{name}'" in fault.text:
                minor = since
        return _finding(case, minor, "The code imports something", symptom.where) if minor else ()
    return ()


def _finding(case: Case, minor: int, what: str, where: str) -> tuple[Finding, ...]:
    if case.python and int(case.python.partition(".")[2] or 0) >= minor:
        return ()
    version = f"3.{minor}"
    now = f", and runs on {case.python}" if case.python else ""
    fix = f"Use Python {version} or newer: put {version} into .python-version, or requires-python into pyproject.toml."
    return (Finding(NAME, f"{what} that Python knows from {version} on{now}", where, fix, UsePython(version)),)


def _oldest_that_reads(source: str) -> int | None:
    """The oldest minor version of Python 3 that can parse a source; None where even the newest cannot."""
    for minor in range(OLDEST, NEWEST + 1) if source else ():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                ast.parse(source, feature_version=(3, minor))
        except (SyntaxError, ValueError, RecursionError):
            continue
        return minor
    return None
