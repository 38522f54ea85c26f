"""uv with pyproject.toml and uv.lock: https://docs.astral.sh/uv/guides/integration/docker/"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatch

from djdock.project import lock_file, manifest_edit, pyproject, toml
from djdock.project.dependency import Addition, Dependency, Installation, normalise
from djdock.project.files import Files, below

NAME = "uv"
INPUTS: tuple[str, ...] = ("pyproject.toml", "uv.lock", ".python-version")
# Frozen: nothing is resolved anew behind the person's back. Inexact: what they added by hand stays there.
SYNC = ("sync", "--quiet", "--frozen", "--inexact", "--compile-bytecode")

# The oldest that is allowed, not an upper limit that may stand before it: "<3.15,>=3.12" is 3.12.
REQUIRES_PYTHON = re.compile(r"^requires-python\s*=\s*[\"'][^\"']*?(?:>=|==|~=)\s*(3\.\d+)", re.MULTILINE)


def detect(files: Files) -> str | None:
    return "uv.lock" if files.read("uv.lock") is not None else None


def inputs(files: Files) -> tuple[str, ...]:
    return (*INPUTS, *(f"{member}/pyproject.toml" for member in _members(files)))


def dependencies(files: Files) -> tuple[Dependency, ...]:
    direct = [*pyproject.dependencies(files)]
    for member in _members(files):
        direct += pyproject.dependencies(below(files, member))
    return lock_file.dependencies(_packages(files), direct, "uv.lock")


def python(files: Files) -> tuple[str, str] | None:
    pinned = (files.read(".python-version") or "").strip()
    if match := re.match(r"(?:cpython-)?(3\.\d+)", pinned):
        return match[1], ".python-version"
    if match := REQUIRES_PYTHON.search(files.read("pyproject.toml") or ""):
        return match[1], "pyproject.toml"
    return None


def install(files: Files) -> Installation:
    whole = ("--all-packages",) if _members(files) else ()
    quiet = ("--quiet", "--no-header", "--no-annotate", "--no-hashes")
    project = () if pyproject.is_package(files) else ("--no-emit-project",)
    return Installation(
        arguments=(*SYNC, *whole), export=("export", "--frozen", *quiet, *whole, *project), complete=True
    )


def add(files: Files, requirement: str) -> Addition:
    text = manifest_edit.standard(files.read("pyproject.toml") or "", requirement)
    return Addition({"pyproject.toml": text}, ("lock", "--quiet"), ("uv.lock",))


def manifest(name: str, python: str, requirements: Sequence[str]) -> Mapping[str, str]:  # noqa: ARG001 - see pin
    return {
        ".python-version": f"{python}\n",
        "pyproject.toml": f"""\
[project]
name = "{name.replace("_", "-").strip("-").lower()}"
version = "0.1.0"
requires-python = ">={python}"
dependencies = []

[tool.uv]
package = false  # a site that runs from its folder, not a library to install
fork-strategy = "fewest"  # one version of Django, not a newer one for a newer Python
""",
    }


def pin(python: str, requirements: Sequence[str]) -> Sequence[str]:
    # `add` and not `lock`: it writes the requirements as people who use uv know them, with a lower bound.
    return ("add", "--quiet", "--no-sync", "--python", python, *requirements)


def sync() -> Sequence[str]:
    return SYNC


def dockerfile_steps(files: Files, *, production: bool) -> str:
    members = _members(files)
    mounts = "".join(
        f"    --mount=type=bind,source={path},target={path} \\\n"
        for path in ("pyproject.toml", "uv.lock", *(f"{member}/pyproject.toml" for member in members))
    )
    whole = " --all-packages --no-install-workspace" if members else " --no-install-project"
    return f"""\
RUN --mount=type=cache,target=/root/.cache/uv \\
{mounts}    uv sync --frozen{whole}{" --no-dev" if production else ""}"""


def _members(files: Files) -> tuple[str, ...]:
    """The folders of a workspace's members, as far as their patterns end in one folder's names."""
    workspace = toml.table(toml.read(files, "pyproject.toml"), "tool", "uv", "workspace")
    excluded = toml.texts(workspace.get("exclude"))
    found: list[str] = []
    for pattern in toml.texts(workspace.get("members")):
        folder, _, last = pattern.strip("/").rpartition("/")
        for name in files.names(folder):
            path = f"{folder}/{name}".strip("/")
            if name.endswith("/") and fnmatch(name.strip("/"), last) and not any(fnmatch(path, no) for no in excluded):
                found.append(path)
    return tuple(path for path in dict.fromkeys(found) if "pyproject.toml" in files.names(path))


def _packages(files: Files) -> tuple[lock_file.Package, ...]:
    found = []
    for entry in toml.tables(toml.read(files, "uv.lock").get("package")):
        source = toml.table(entry.get("source"))
        if not ({"editable", "virtual"} & source.keys()):
            edges = tuple(
                lock_file.Edge(normalise(str(edge.get("name"))), str(edge.get("marker") or ""))
                for edge in toml.tables(entry.get("dependencies"))
            )
            name, version = normalise(str(entry.get("name"))), str(entry.get("version") or "")
            found.append(lock_file.Package(name, version, requires=edges))
    return tuple(found)
