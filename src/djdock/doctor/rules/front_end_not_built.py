"""A front end that Node has to build first (https://docs.npmjs.com/cli/commands/npm-run)."""

from __future__ import annotations

import json
import re

from djdock.doctor import sources
from djdock.doctor.case import Case, Finding

NAME = "front-end-not-built"
TITLE = "The front end was not built"
SEEN = "OSError: Error reading webpack-stats.json; DjangoViteManifestError; WebpackLoaderBadStatsError"
CAUSE = "Templates ask a bundler (webpack, Vite) for the names of the files that it has built, and it has not run."
FIX = "Install the front end's packages and run its build script, with Node."
DOES = (
    "Names the commands for the lock file that is there. A Dockerfile of djdock's own builds it in a stage of its own."
)

PACKAGES = (
    "webpack_loader",
    "django_vite",
    "manifest_loader",
    "webpack_boilerplate",
    "render_bundle",
    "django_webpack_loader",
)
INSTALL = (
    ("pnpm-lock.yaml", "pnpm install", "pnpm"),
    ("yarn.lock", "yarn install", "yarn"),
    ("bun.lock", "bun install", "bun"),
    ("bun.lockb", "bun install", "bun"),
    ("package-lock.json", "npm ci", "npm"),
)
SCRIPTS = ("build", "build:prod", "build-prod", "production", "prod", "build:production", "dist", "dev")
PACKAGE_JSON = re.compile(r"(?:^|/)package\.json$")


def find(case: Case) -> tuple[Finding, ...]:
    symptom = case.symptom
    if symptom is None:
        return ()
    fault = next((fault for fault in symptom.faults if any(fault.inside(package) for package in PACKAGES)), None)
    if fault is None or fault.is_a("ImportError"):
        return ()
    path, commands = build(case)
    fix = f"{commands}   (Node is needed)" if commands else "Build the front end as the project's README says."
    return (Finding(NAME, "The front end has to be built first: its list of files is not there", path, fix),)


def build(case: Case) -> tuple[str, str]:
    """The package.json with a build script, and what to type for it; two empty texts where there is none."""
    for path in filter(PACKAGE_JSON.search, case.paths):
        try:
            scripts = json.loads(sources.text(case.files, path)).get("scripts", {})
        except (ValueError, AttributeError, RecursionError):
            continue
        script = next((name for name in SCRIPTS if isinstance(scripts, dict) and name in scripts), None)
        if script:
            folder = path.rpartition("/")[0]
            names = set(case.files.names(folder)) | set(case.files.names(""))
            install, tool = next(
                ((install, tool) for lock, install, tool in INSTALL if lock in names), ("npm install", "npm")
            )
            enter = f"cd {folder} && " if folder else ""
            return path, f"{enter}{install} && {tool} run {script}"
    return "", ""
