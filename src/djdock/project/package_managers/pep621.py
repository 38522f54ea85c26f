"""A pyproject.toml without a lock file: https://packaging.python.org/en/latest/specifications/pyproject-toml/"""

from __future__ import annotations

from djdock.project import manifest_edit, pyproject, requirements, toml
from djdock.project.dependency import Addition, Dependency, Installation
from djdock.project.files import Files

NAME = "pep621"


def detect(files: Files) -> str | None:
    return pyproject.FILE if files.read(pyproject.FILE) and pyproject.declares(files) else None


def inputs(files: Files) -> tuple[str, ...]:
    return (pyproject.FILE, *_dynamic(files))


def dependencies(files: Files) -> tuple[Dependency, ...]:
    included = [entry.dependency() for path in _dynamic(files) for entry in requirements.read(files, path).requirements]
    return (*pyproject.dependencies(files), *(found for found in included if found))


def python(files: Files) -> tuple[str, str] | None:  # noqa: ARG001 - a range, which python_version reads
    return None


def install(files: Files) -> Installation:
    included = [entry for path in _dynamic(files) for entry in requirements.read(files, path).requirements]
    text = requirements.text((*pyproject.main(files), *included, *pyproject.development(files)))
    return Installation(requirements=f"{text}-e .\n" if pyproject.is_package(files) else text)


def add(files: Files, requirement: str) -> Addition:
    text = files.read(pyproject.FILE) or ""
    return Addition({pyproject.FILE: manifest_edit.poetry(text, requirement)})


def dockerfile_steps(files: Files, *, production: bool) -> str:
    paths = (pyproject.FILE, *_dynamic(files))
    mounts = "".join(f"    --mount=type=bind,source={path},target={path} \\\n" for path in paths)
    if "project" in toml.read(files, pyproject.FILE):
        groups = "" if production else "".join(f" --group {name}" for name in _declared_groups(files))
        extras = "" if production else "".join(f" --extra {name}" for name in _extras(files))
        install = f"uv pip install -r {pyproject.FILE}{extras}{groups}"
    else:  # Poetry's old table, which only Poetry reads
        chosen = " --only main" if production else ""
        install = f"uv tool run --from 'poetry>=2,<3' poetry install{chosen} --no-root --no-interaction"
        mounts = mounts.replace(f"target={pyproject.FILE}", f"target=/tmp/project/{pyproject.FILE}")
        install = f"cd /tmp/project && {install}"
    return f"""\
RUN --mount=type=cache,target=/root/.cache/uv \\
{mounts}    uv venv --allow-existing /opt/venv && {install}"""


def _dynamic(files: Files) -> tuple[str, ...]:
    """The requirements files that setuptools takes the dependencies from, where the table only refers to them."""
    document = toml.read(files, pyproject.FILE)
    if "dependencies" not in toml.texts(toml.table(document, "project").get("dynamic")):
        return ()
    value = toml.table(document, "tool", "setuptools", "dynamic", "dependencies").get("file")
    return (value,) if isinstance(value, str) else toml.texts(value)


def _declared_groups(files: Files) -> tuple[str, ...]:
    declared = toml.table(toml.read(files, pyproject.FILE), "dependency-groups")
    return tuple(name for name in declared if name in pyproject.groups(files))


def _extras(files: Files) -> tuple[str, ...]:
    declared = toml.table(toml.read(files, pyproject.FILE), "project", "optional-dependencies")
    return tuple(name for name in declared if name in pyproject.groups(files))
