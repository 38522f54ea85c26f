"""Pipenv with Pipfile and Pipfile.lock: https://pipenv.pypa.io/en/latest/"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from djdock.errors import Problem
from djdock.project import lock_file, manifest_edit, pyproject, requirements, toml
from djdock.project.dependency import PYTHON, Addition, Dependency, Installation, normalise
from djdock.project.files import Files

NAME = "pipenv"
TOOL = "pipenv>=2023.2"
SECTIONS = (("default", "packages", False), ("develop", "dev-packages", True))


def detect(files: Files) -> str | None:
    return next((path for path in ("Pipfile.lock", "Pipfile") if files.read(path) is not None), None)


def inputs(files: Files) -> tuple[str, ...]:  # noqa: ARG001 - always the same
    return ("Pipfile", "Pipfile.lock")


def dependencies(files: Files) -> tuple[Dependency, ...]:
    text, found = files.read("Pipfile") or "", dict[str, Dependency]()
    for section, table, development in SECTIONS:
        locked = {package.name: package.version for package in _locked(files, section)}
        for name, value in toml.table(toml.read(files, "Pipfile"), table).items():
            entry = requirements.parse(_line(name, value))
            source = f"Pipfile:{toml.line(text, name)}"
            asked = Dependency(normalise(name), entry.specifier, locked.get(normalise(name)), source, development)
            found.setdefault(asked.name, asked)
        for name, version in locked.items():
            found.setdefault(name, Dependency(name, "", version, "Pipfile.lock", development))
    return tuple(found.values())


def python(files: Files) -> tuple[str, str] | None:
    wanted = toml.table(toml.read(files, "Pipfile"), "requires")
    match = re.match(r"3\.\d+", str(wanted.get("python_full_version") or wanted.get("python_version") or ""))
    return (match[0], "Pipfile") if match else None


def install(files: Files) -> Installation:
    document = toml.read(files, "Pipfile")
    lines = [_line(name, value) for _, table, _ in SECTIONS for name, value in toml.table(document, table).items()]
    asked = tuple(requirements.parse(line) for line in lines)
    if files.read("Pipfile.lock") is None:
        return Installation(requirements=requirements.text(asked))
    packages = {package.name: package for name, _, _ in SECTIONS[::-1] for package in _locked(files, name)}
    return lock_file.installation(tuple(packages.values()), asked, itself=False, every=True)


def add(files: Files, requirement: str) -> Addition:
    text = manifest_edit.pipfile(files.read("Pipfile") or "", requirement)
    if files.read("Pipfile.lock") is None:
        return Addition({"Pipfile": text})
    # `upgrade` and not `lock`: that would bring every other package up to date too.
    entry = requirements.parse(requirement)
    wanted = f"{entry.name}{entry.extras}{entry.specifier}"
    relock = ("tool", "run", "--from", TOOL, "pipenv", "--python", PYTHON, "upgrade", wanted)
    return Addition({"Pipfile": text}, relock, ("Pipfile.lock",))


def dockerfile_steps(files: Files, *, production: bool) -> str:
    paths = [path for path in inputs(files) if files.read(path) is not None]
    # In a folder of its own, where it may write a lock file if there is none.
    mounts = "".join(f"    --mount=type=bind,source={path},target=/tmp/pins/{path} \\\n" for path in paths)
    lock = "" if "Pipfile.lock" in paths else f"    && uv tool run --from '{TOOL}' pipenv lock \\\n"
    sections = "" if production else " --dev"
    # Not `pipenv sync`: that would make an environment elsewhere. pip, as Pipenv does: it takes old archives too.
    return f"""\
RUN --mount=type=cache,target=/root/.cache/uv \\
    --mount=type=cache,target=/root/.cache/pip \\
{mounts}    uv venv --allow-existing /opt/venv \\
    && cd /tmp/pins \\
{lock}    && uv tool run --from '{TOOL}' pipenv requirements{sections} > /tmp/requirements.txt \\
    && pip --python /opt/venv/bin/python install --no-deps --requirement /tmp/requirements.txt"""


def _locked(files: Files, section: str) -> Iterator[lock_file.Package]:
    text = files.read("Pipfile.lock")
    try:
        document = json.loads(text) if text else {}
    except (ValueError, RecursionError) as error:
        raise Problem(
            "Pipfile.lock is no JSON that can be read.", details=str(error), hint="Make it anew: pipenv lock"
        ) from error
    for name, value in toml.table(document, section).items():
        entry = toml.table(value)
        version = str(entry.get("version") or "").lstrip("=")
        url = pyproject.address(entry) if {"git", "path", "file"} & entry.keys() else ""
        extras = f"[{','.join(toml.texts(entry.get('extras')))}]" if entry.get("extras") else ""
        if version or url:
            marker, editable = str(entry.get("markers") or ""), bool(entry.get("editable"))
            yield lock_file.Package(normalise(name), version, extras=extras, url=url, marker=marker, editable=editable)


def _line(name: str, value: object) -> str:
    entry: Mapping[str, object] = value if isinstance(value, Mapping) else {"version": value}
    extras = f"[{','.join(toml.texts(entry.get('extras')))}]" if entry.get("extras") else ""
    marker = f" ; {entry['markers']}" if entry.get("markers") else ""
    if {"git", "path", "file"} & entry.keys():
        return f"{name}{extras} @ {pyproject.address(entry)}{marker}"
    version = str(entry.get("version") or "*")
    return f"{name}{extras}{pyproject.specifier(version)}{marker}"
