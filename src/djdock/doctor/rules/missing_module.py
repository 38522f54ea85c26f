"""A module of the project that was never committed (https://git-scm.com/docs/gitignore)."""

from __future__ import annotations

import ast
import re
import sys
from dataclasses import dataclass

from djdock.doctor import sources
from djdock.doctor.case import Case, Finding
from djdock.doctor.repair import EditFile
from djdock.plan.change import Change
from djdock.project.distributions import distribution
from djdock.project.examples import is_placeholder

NAME = "missing-module"
TITLE = "A module that is not in the repository"
SEEN = "ModuleNotFoundError: No module named 'secret_key'"
CAUSE = "The settings import a module that its author keeps back, mostly because it holds secrets; or it was forgotten."
FIX = "Ask the project's people for it, or write it: the line that imports it says which names it needs."
DOES = (
    "Copies an example of it that lies beside, such as local_settings.py.example, unless that leaves values to be "
    "filled in. Else nothing: its content cannot be guessed."
)

ENDINGS = ("example", "sample", "dist", "template", "default", "tmpl", "tpl", "bak")


def find(case: Case) -> tuple[Finding, ...]:
    symptom = case.symptom
    fault = symptom.first("ModuleNotFoundError") if symptom else None
    name = fault.attribute("name") if fault else ""
    if symptom is None or fault is None or not name:
        return ()
    where = symptom.where or _named(case, name)
    top, _, rest = name.partition(".")
    if case.declared((distribution(top) or top.replace("_", "-")).partition("[")[0]) and top not in sources.modules(
        case
    ):
        what = f"The installed version of {top} has no module {name}"
        fix = f"Name the version of {top} that the project was written for, or change the import."
        return (Finding(NAME, what, where, fix),) if rest else ()
    path = _path(case, name)
    for example in _examples(path):
        if content := sources.text(case.files, example):
            return (_by_example(case, Example(name, path, example, content), where),)
    ignored = _ignored(case, path)
    kept_back = f"; {ignored} keeps it out" if ignored else ""
    needs = _needed(case, where)
    fix = (
        f"Ask the project's people for {path}, or write it{needs}.\nIf {top} is a package from the index, add "
        "it to the dependencies."
    )
    if ignored or top in sources.modules(case):
        fix = fix.splitlines()[0]
    return (Finding(NAME, f"The module {name} is not in the repository{kept_back}", where, fix),)


@dataclass(frozen=True)
class Example:
    """A module that is not there, and the example of it that is."""

    name: str
    path: str
    example: str
    content: str


def _by_example(case: Case, found: Example, where: str) -> Finding:
    """Copies the example, unless it leaves values for a person to fill in: then nothing can be guessed."""
    what = f"The module {found.name} is not in the repository; {found.example} is"
    empty = _left_empty(found.content)
    if not empty:
        change = Change(found.path, None, found.content, f"as {found.example} says", private=True)
        return Finding(
            NAME, what, where, f"Copy {found.example} to {found.path} and look through it.", EditFile(change)
        )
    others = [name for name in _imported_beside(case, where) if name != found.name]
    also = f" The same for {', '.join(others)}." if others else ""
    fix = f"Copy {found.example} to {found.path} and fill in {', '.join(empty)}.{also}"
    return Finding(NAME, f"{what}, and leaves {', '.join(empty)} to be filled in", where, fix)


def _left_empty(content: str) -> list[str]:
    """The names of an example that hold nothing, or only say that something is to be written there."""
    parsed = sources.tree(content)
    return [
        target.id
        for node in (parsed.body if parsed else ())
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name) and target.id.isupper() and _is_empty(node.value.value)
    ]


def _is_empty(value: object) -> bool:
    return value is None or (isinstance(value, str) and is_placeholder(value))


def _imported_beside(case: Case, where: str) -> list[str]:
    """Modules that the same file imports, that are not there either, and of which there is an example or a trace."""
    parsed = sources.tree(sources.text(case.files, sources.place(where)[0]))
    names = [
        alias.name
        for node in ast.walk(parsed or ast.Module([], []))
        if isinstance(node, ast.Import)
        for alias in node.names
    ]
    there = sources.modules(case)
    missing = [name for name in names if name.partition(".")[0] not in there and name not in sys.stdlib_module_names]
    return [name for name in missing if any(sources.text(case.files, path) for path in _examples(_path(case, name)))]


def _named(case: Case, name: str) -> str:
    """The line of the settings that names a module as a text, as INSTALLED_APPS does."""
    for path in sources.settings_files(case):
        if number := sources.line_of(sources.text(case.files, path), rf"[\"']{re.escape(name.partition('.')[0])}\b"):
            return f"{path}:{number}"
    return ""


def _path(case: Case, name: str) -> str:
    stem = name.replace(".", "/")
    folder = stem.rpartition("/")[0]
    for base in dict.fromkeys((case.manage_folder, "")):
        place = f"{base}/{folder}".strip("/")
        if folder and case.files.names(place):
            return f"{base}/{stem}.py".lstrip("/")
    return f"{case.manage_folder}/{stem}.py".lstrip("/")


def _examples(path: str) -> list[str]:
    stem, (folder, _, name) = path.removesuffix(".py"), path.removesuffix(".py").rpartition("/")
    beside = f"{folder}/" if folder else ""
    found = []
    for ending in ENDINGS:
        found += [
            f"{path}.{ending}",
            f"{path}-{ending}",
            f"{stem}.{ending}.py",
            f"{stem}_{ending}.py",
            f"{stem}-{ending}.py",
        ]
        found += [f"{stem}.{ending}", f"{beside}{ending}_{name}.py", f"{beside}{ending}.{name}.py"]
    return found


def _ignored(case: Case, path: str) -> str:
    """The line of a .gitignore that keeps a file out."""
    name = path.rpartition("/")[2]
    for ignore in [file for file in case.paths if file.rpartition("/")[2] == ".gitignore"]:
        for number, line in enumerate(sources.text(case.files, ignore).splitlines(), start=1):
            if line.strip().rpartition("/")[2] == name:
                return f"{ignore}:{number}"
    return ""


def _needed(case: Case, where: str) -> str:
    path, line = sources.place(where)
    node = sources.statement(case.files, path, line)
    names = [alias.name for alias in getattr(node, "names", ()) if hasattr(alias, "name")]
    if not names or "*" in names or not hasattr(node, "module"):
        return ""
    return f" with the names that {where} imports: {', '.join(names)}"
