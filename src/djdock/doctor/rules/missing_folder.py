"""A folder or file that the project expects (https://docs.djangoproject.com/en/stable/topics/logging/#examples)."""

from __future__ import annotations

from djdock.doctor import sources, variables
from djdock.doctor.case import Case, Finding
from djdock.doctor.repair import EditFile, MakeFolder, Repair, SetVariable
from djdock.doctor.symptom import Fault, Symptom
from djdock.plan.change import Change

NAME = "missing-folder"
TITLE = "A folder or a file is missing"
SEEN = "FileNotFoundError: [Errno 2] No such file or directory: '/…/logs/django.log'"
CAUSE = "The settings write a log or read a file in a folder that is not in the repository: Git keeps no empty folders."
FIX = "Make the folder; a .gitkeep in it makes Git keep it."
DOES = (
    "Makes the folder where it is one of the project; copies an example of a file that lies beside. "
    "Outside the project it makes nothing."
)

ENDINGS = ("example", "sample", "dist", "template", "default")


def find(case: Case) -> tuple[Finding, ...]:
    symptom = case.symptom
    fault = symptom.first("FileNotFoundError", "PermissionError", "NotADirectoryError") if symptom else None
    path = fault.attribute("filename").rstrip("/") if fault else ""
    if symptom is None or fault is None or not path or symptom.step == "install":
        return ()
    where = symptom.where
    if path.startswith(("/", "\\", "..")) or path[1:2] == ":":
        return (_outside(case, symptom, fault, path),) if where or fault.passes("logging/__init__.py") else ()
    if fault.is_a("PermissionError"):
        what = f"{path} cannot be written"
        return (Finding(NAME, what, where, f"Give it to yourself: sudo chown -R $USER {path}"),)
    if not path.startswith(case.manage_folder) and not where and not case.files.names(path.partition("/")[0]):
        path = f"{case.manage_folder}/{path}"  # relative to where manage.py runs
    folder = path.rpartition("/")[0]
    as_folder = fault.frames and fault.frames[-1].function in {"listdir", "scandir", "iterdir", "walk", "chdir"}
    if as_folder or _opened_as_folder(case, fault, path):
        return (Finding(NAME, f"The folder {path} does not exist", where, f"mkdir -p {path}", MakeFolder(path)),)
    if folder and not case.files.names(folder):
        return (Finding(NAME, f"The folder {folder} does not exist", where, f"mkdir -p {folder}", MakeFolder(folder)),)
    return (_file(case, path, where),)


def _opened_as_folder(case: Case, fault: Fault, path: str) -> bool:
    """Whether the project's own line names a folder and not a file: os.listdir, os.chdir, mkdir without parents …"""
    line = ""
    if fault.own and fault.own[-1] == fault.frames[-1]:
        lines = sources.text(case.files, fault.own[-1].file).splitlines()
        line = lines[fault.own[-1].line - 1] if 0 < fault.own[-1].line <= len(lines) else ""
    asks = any(call in line for call in ("listdir(", "scandir(", "chdir(", "mkdir(", "iterdir("))
    return asks and "." not in path.rpartition("/")[2]


def _file(case: Case, path: str, where: str) -> Finding:
    """A file in a folder that exists: it is not in the repository, and perhaps an example of it is."""
    stem, dot, ending = path.rpartition(".")
    examples = [f"{path}.{word}" for word in ENDINGS] + [f"{path}-{word}" for word in ENDINGS]
    if dot and stem:
        examples += [f"{stem}.{word}.{ending}" for word in ENDINGS] + [f"{stem}_{word}.{ending}" for word in ENDINGS]
        examples += [f"{stem}-{word}.{ending}" for word in ENDINGS]
    for example in examples:
        if content := sources.text(case.files, example):
            change = Change(path, None, content, f"as {example} says", private=True)
            return Finding(
                NAME, f"{path} does not exist; {example} does", where, f"cp {example} {path}", EditFile(change)
            )
    what = f"{path} is not in the repository, and the project reads it"
    return Finding(NAME, what, where, f"Ask the project's people for {path}; {where or 'the settings'} reads it.")


def _outside(case: Case, symptom: Symptom, fault: Fault, path: str) -> Finding:
    """A path outside the project: only a variable can lead it elsewhere."""
    frame = next((frame for frame in reversed(symptom.own) if frame.file in sources.settings_files(case)), None)
    names = sources.variables_at(case, frame.file, frame.line) if frame else ()
    repair: Repair | None = None
    if len(names) == 1 and not variables.known(case, names[0]):
        repair = SetVariable(names[0], f"{path.rstrip('/').rpartition('/')[2]}", "path")
    may = "does not exist" if fault.is_a("FileNotFoundError") else "cannot be written"
    named = symptom.where or _line(case, path)
    fix = f"Name a place inside the project in {named or 'the settings'}, or make {path} yourself."
    return Finding(NAME, f"{path}, outside of the project, {may}", named, fix, repair)


def _line(case: Case, path: str) -> str:
    for file in sources.settings_files(case):
        text = sources.text(case.files, file)
        if path in text:
            return f"{file}:{text[: text.index(path)].count(chr(10)) + 1}"
    return ""
