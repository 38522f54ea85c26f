"""An import that no dependency provides.

https://packaging.python.org/en/latest/discussions/distribution-package-vs-import-package/ says how it is meant to be.
"""

from __future__ import annotations

import re

from djdock.doctor import sources
from djdock.doctor.case import Case, Finding
from djdock.doctor.repair import AddRequirement, InstallRequirement, Repair
from djdock.project.distributions import distribution

NAME = "missing-package"
TITLE = "A package that is imported and not declared"
SEEN = "ModuleNotFoundError: No module named 'django_extensions'"
CAUSE = (
    "The code imports a package that the project's dependencies do not name; its author has it installed all the same."
)
FIX = "Add the package to the dependencies. Its name there may differ from that of the import."
DOES = (
    "Adds it, where the name is known for certain: from another requirements file of the project, or a "
    "table of known packages."
)

MANIFEST = re.compile(
    r"(?:^|/)(?:[\w.-]*requirements?[\w.-]*\.(?:txt|in)|requirements/[\w./-]+\.(?:txt|in)|constraints\.txt)$"
)
LINE = re.compile(r"^([A-Za-z0-9][\w.-]*)(?:\[[\w,.\s-]+\])?\s*(?:[=<>~!].*)?$")


def find(case: Case) -> tuple[Finding, ...]:
    symptom = case.symptom
    fault = symptom.first("ModuleNotFoundError") if symptom else None
    name = fault.attribute("name") if fault else ""
    top = name.partition(".")[0]
    if symptom is None or not top or top in sources.modules(case):
        return ()
    where = symptom.where or _named(case, top)
    known = distribution(name) or ""
    wanted = _normal((known or top).partition("[")[0])
    declared = case.declared(wanted)
    if declared is not None:
        if "." in name:
            return ()  # it is there, and another version of it
        requirement = f"{declared.name}{declared.specifier}"
        repair: Repair = InstallRequirement(requirement, f"{declared.source} names it, and it is not installed")
        return (
            Finding(
                NAME,
                f"{top} is imported, and {declared.name} is not installed",
                where,
                f"Install {requirement}.",
                repair,
            ),
        )
    line, source = _elsewhere(case, wanted)
    if not known and not line:
        return ()
    why = f"{where or 'the project'} imports {top}" + (f", {source} names it" if source else "")
    fix = f"Add {line or known} to the dependencies."
    what = f"{top} is imported, and nothing in the dependencies provides it"
    return (Finding(NAME, what, where, fix, AddRequirement(line or known, why)),)


def _named(case: Case, name: str) -> str:
    for path in sources.settings_files(case):
        if number := sources.line_of(sources.text(case.files, path), rf"[\"']{re.escape(name)}\b"):
            return f"{path}:{number}"
    return ""


def _elsewhere(case: Case, wanted: str) -> tuple[str, str]:
    """The line of one of the project's requirements files that names a distribution, and its place."""
    for path in filter(MANIFEST.search, case.paths):
        for number, text in enumerate(sources.text(case.files, path).splitlines(), start=1):
            line = text.partition(" #")[0].partition(";")[0].partition(" --hash")[0].rstrip(" \\").strip()
            if (match := LINE.match(line)) and _normal(match[1]) == wanted:
                return line, f"{path}:{number}"
    return "", ""


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
