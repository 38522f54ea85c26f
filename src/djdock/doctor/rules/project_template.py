"""A tree for `startproject --template` (https://docs.djangoproject.com/en/stable/ref/django-admin/#startproject)."""

from __future__ import annotations

import re

from djdock.doctor import sources
from djdock.doctor.case import Case, Finding

NAME = "project-template"
TITLE = "A project template instead of a project"
SEEN = "SyntaxError in manage.py or the settings, at a line with {{ project_name }}"
CAUSE = (
    "The folder is what `django-admin startproject --template` (or cookiecutter) makes projects from: names in it are "
    "still placeholders."
)
FIX = "Make a project from it, as its README says, then run `djdock up` in that project."
DOES = "Nothing: the name of your project is yours to choose."

DJANGO = re.compile(
    r"\{\{\s*(?:project_name|docs_version|secret_key|project_directory|django_version)\s*(?:\|[^}]*)?\}\}"
)
COOKIECUTTER = re.compile(r"\{\{\s*(?:cookiecutter|copier)[.\w]*\s*(?:\|[^}]*)?\}\}")


def find(case: Case) -> tuple[Finding, ...]:
    manage = f"{case.manage_folder}/manage.py".lstrip("/")
    looked_at = [manage, case.settings_file]
    for fault in case.symptom.faults if case.symptom else ():
        looked_at += [
            fault.attribute("filename") if fault.is_a("SyntaxError") else "",
            *(frame.file for frame in fault.own),
        ]
    for path in dict.fromkeys(filter(None, looked_at)):
        source = sources.text(case.files, path)
        # In a string it may be meant so; where Python can read the file, nothing is left to be filled in.
        if sources.tree(source) is not None and not _names_the_settings(source):
            continue
        for pattern, command in ((DJANGO, _startproject(case)), (COOKIECUTTER, "cookiecutter PATH")):
            if number := sources.line_of(source, pattern.pattern):
                what = "This is a project template, not a project: names in it are still placeholders"
                fix = f"Make a project from it, then run djdock there: {command}\nIts README says more."
                return (Finding(NAME, what, f"{path}:{number}", fix),)
    return ()


def _names_the_settings(source: str) -> bool:
    return re.search(r"DJANGO_SETTINGS_MODULE[^\n]*\{\{", source) is not None


def _startproject(case: Case) -> str:
    folder = case.manage_folder
    of_which = f"   (PATH: the folder that holds {folder})" if folder else ""
    return f"django-admin startproject NAME --template PATH{of_which}"
