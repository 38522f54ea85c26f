"""A template that is nowhere (https://docs.djangoproject.com/en/stable/topics/templates/#configuration)."""

from __future__ import annotations

import json

from djdock.doctor import sources
from djdock.doctor.case import Case, Finding

NAME = "missing-template"
TITLE = "A template cannot be found"
SEEN = "TemplateDoesNotExist: index.html"
CAUSE = "The template is not in the repository; mostly because a front end's build makes it."
FIX = "Build the front end; or put the template where TEMPLATES looks for it."
DOES = "Nothing: it says where a file of that name is, and how a front end that may make it is built."


def find(case: Case) -> tuple[Finding, ...]:
    symptom = case.symptom
    fault = (
        symptom.first("django.template.exceptions.TemplateDoesNotExist", "django.template.base.TemplateDoesNotExist")
        if symptom
        else None
    )
    if symptom is None or fault is None or not fault.args:
        return ()
    name = fault.args[0]
    same = [path for path in case.paths if f"/{path}".endswith(f"/{name}")]
    if same:
        fix = (
            f"{same[0]} has that name: add its folder to DIRS in TEMPLATES, or move it into an app's folder templates."
        )
    elif front_end := _front_end(case):
        fix = f"Where the front end in {front_end} makes it, build that first: npm ci && npm run build in that folder."
    else:
        fix = f"Ask the project's people for {name}; or correct the name in {symptom.where or 'the view'}."
    return (Finding(NAME, f"The template {name} is nowhere where Django looks for templates", symptom.where, fix),)


def _front_end(case: Case) -> str:
    for path in [path for path in case.paths if path.rpartition("/")[2] == "package.json"]:
        try:
            scripts = json.loads(sources.text(case.files, path)).get("scripts", {})
        except (ValueError, AttributeError, RecursionError):
            continue
        if "build" in scripts:
            return path.rpartition("/")[0] or "."
    return ""
