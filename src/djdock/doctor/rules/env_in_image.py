"""What COPY takes along (https://docs.docker.com/build/concepts/context/#dockerignore-files)."""

from __future__ import annotations

import posixpath
import re

from djdock.doctor import docker_files, sources
from djdock.doctor.case import Case, Finding
from djdock.doctor.repair import EditFile
from djdock.plan.change import Change

NAME = "env-in-image"
TITLE = "Secrets and history are copied into the image"
SEEN = "`docker run IMAGE cat .env` prints your passwords; images of hundreds of megabytes"
CAUSE = "`COPY . .` copies all of the folder, and no .dockerignore keeps .env, .git and the virtual environment out."
FIX = "A .dockerignore with .env, .git, .venv, node_modules, *.sqlite3"
DOES = "Writes a .dockerignore where there is none, or adds the lines that are missing."

WHOLE = re.compile(r"^(?:--\S+\s+)*(?:\.|\./|\[\s*\"\.\"?)")
NEEDED = (".env", ".git", ".venv")


def find(case: Case) -> tuple[Finding, ...]:
    found: dict[str, Finding] = {}
    contexts = {service.dockerfile: _context(service) for service in docker_files.services(case) if service.dockerfile}
    for dockerfile in docker_files.dockerfiles(case):
        copy = next(
            (i for i in dockerfile.all("COPY", "ADD") if WHOLE.match(i.value) and "--from" not in i.value), None
        )
        if copy is None:
            continue
        context = contexts.get(dockerfile.path, _folder(case, dockerfile.path))
        ignore = f"{dockerfile.path}.dockerignore"
        if case.files.read(ignore) is None:
            ignore = posixpath.join(context, ".dockerignore")
        text = sources.text(case.files, ignore)
        there = {name.rstrip("/") for name in case.files.names(context)}
        missing = [name for name in NEEDED if not _ignored(text, name) and (name == ".env" or name in there)]
        if not missing or ignore in found:
            continue
        what = f"{', '.join(missing)} would be copied into the image"
        after = text + ("" if not text or text.endswith("\n") else "\n") + "".join(f"{name}\n" for name in missing)
        before = case.files.read(ignore)
        repair = EditFile(Change(ignore, before, after, "keeps secrets and history out of the image"))
        found[ignore] = Finding(NAME, what, f"{dockerfile.path}:{copy.line}", f"{ignore}: {' '.join(missing)}", repair)
    return tuple(found.values())


def _folder(case: Case, path: str) -> str:
    """What a Dockerfile is most likely built from: its own folder where that holds a program, else the root."""
    folder = posixpath.dirname(path)
    programs = {"manage.py", "package.json", "requirements.txt", "pyproject.toml"}
    return folder if programs & set(case.files.names(folder)) else ""


def _context(service: docker_files.Service) -> str:
    build = service.get("build")
    context = build.get("context") if build else None
    folder = (build.text if build else "") or (context.text if context else ".")
    return posixpath.normpath(posixpath.join(posixpath.dirname(service.path), folder)).removeprefix(".")


def _ignored(text: str, name: str) -> bool:
    lines = {line.strip().lstrip("/").rstrip("/").removeprefix("**/") for line in text.splitlines()}
    return bool(lines & {name, f"{name}*", f"{name}.*", "*", ".*", f"{name}/**"}) and f"!{name}" not in lines
