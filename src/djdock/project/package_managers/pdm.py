"""PDM with pyproject.toml and pdm.lock: https://pdm-project.org/en/latest/usage/lockfile/"""

from __future__ import annotations

from collections.abc import Mapping

from djdock.project import lock_file, manifest_edit, pyproject, requirements, toml
from djdock.project.dependency import Addition, Dependency, Installation, normalise
from djdock.project.files import Files

NAME = "pdm"
MAIN = "default"
# "locked" are the dependencies that it was released with: newer ones have broken it before.
TOOL = "pdm[locked]>=2.20,<3"


def detect(files: Files) -> str | None:
    return "pdm.lock" if files.read("pdm.lock") is not None else None


def inputs(files: Files) -> tuple[str, ...]:  # noqa: ARG001 - always the same
    return ("pyproject.toml", "pdm.lock")


def dependencies(files: Files) -> tuple[Dependency, ...]:
    packages = tuple(_package(entry) for entry in _entries(files))
    return lock_file.dependencies(packages, pyproject.dependencies(files), "pdm.lock")


def python(files: Files) -> tuple[str, str] | None:  # noqa: ARG001 - a range, which python_version reads
    return None


def install(files: Files) -> Installation:
    wanted = {MAIN, *pyproject.groups(files)}
    entries = [entry for entry in _entries(files) if _is_in(entry, wanted)]
    packages = [_package(entry) for entry in entries]
    # Newer lock files write groups and conditions to each package; before that the ways to it tell.
    grouped = any(entry.get("groups") or entry.get("marker") for entry in entries)
    asked = (*pyproject.main(files), *pyproject.development(files))
    return lock_file.installation(packages, asked, itself=pyproject.is_package(files), every=grouped)


def add(files: Files, requirement: str) -> Addition:
    text = manifest_edit.standard(files.read("pyproject.toml") or "", requirement)
    relock = ("tool", "run", "--from", TOOL, "pdm", "lock", "--update-reuse")
    return Addition({"pyproject.toml": text}, relock, ("pdm.lock",))


def dockerfile_steps(files: Files, *, production: bool) -> str:  # noqa: ARG001 - the same for all of them
    main = " --prod" if production else ""
    return f"""\
RUN --mount=type=cache,target=/root/.cache/uv \\
    --mount=type=cache,target=/root/.cache/pdm \\
    --mount=type=bind,source=pyproject.toml,target=pyproject.toml \\
    --mount=type=bind,source=pdm.lock,target=pdm.lock \\
    uv venv --allow-existing /opt/venv \\
    && uv tool run --from '{TOOL}' pdm sync{main} --no-self"""


def _entries(files: Files) -> tuple[Mapping[str, object], ...]:
    return toml.tables(toml.read(files, "pdm.lock").get("package"))


def _is_in(entry: Mapping[str, object], wanted: set[str]) -> bool:
    groups = toml.texts(entry.get("groups"))
    return not groups or any(group in wanted or normalise(group) in wanted for group in groups)


def _package(entry: Mapping[str, object]) -> lock_file.Package:
    name, version = normalise(str(entry.get("name"))), str(entry.get("version"))
    asked = [requirements.parse(item) for item in toml.texts(entry.get("dependencies"))]
    edges = tuple(lock_file.Edge(found.name, found.marker, found.specifier) for found in asked if found.name)
    marker, url = str(entry.get("marker") or ""), ""
    if entry.get("git"):
        url = f"git+{entry['git']}@{entry.get('revision') or entry.get('ref') or 'HEAD'}"
    elif entry.get("url") or entry.get("path"):
        url = str(entry.get("url") or entry.get("path"))
    # With extras there is a second entry, which names the same version again; one of the two is enough.
    return lock_file.Package(
        name, version, url=url, marker=marker, editable=bool(entry.get("editable")), requires=edges
    )
