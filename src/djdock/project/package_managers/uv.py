"""uv with pyproject.toml and uv.lock: https://docs.astral.sh/uv/guides/integration/docker/"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from djdock.project.files import Files

NAME = "uv"
INPUTS: tuple[str, ...] = ("pyproject.toml", "uv.lock", ".python-version")

# The oldest that is allowed, not an upper limit that may stand before it: "<3.15,>=3.12" is 3.12.
REQUIRES_PYTHON = re.compile(r"^requires-python\s*=\s*[\"'][^\"']*?(?:>=|==|~=)\s*(3\.\d+)", re.MULTILINE)


def detect(files: Files) -> str | None:
    return "uv.lock" if files.read("uv.lock") is not None else None


def python(files: Files) -> tuple[str, str] | None:
    pinned = (files.read(".python-version") or "").strip()
    if match := re.match(r"(?:cpython-)?(3\.\d+)", pinned):
        return match[1], ".python-version"
    if match := REQUIRES_PYTHON.search(files.read("pyproject.toml") or ""):
        return match[1], "pyproject.toml"
    return None


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
    # Frozen: nothing is resolved anew behind the person's back. Inexact: what they added by hand stays there.
    return ("sync", "--quiet", "--frozen", "--inexact", "--compile-bytecode")


def dockerfile_steps(*, production: bool) -> str:
    return f"""\
RUN --mount=type=cache,target=/root/.cache/uv \\
    --mount=type=bind,source=pyproject.toml,target=pyproject.toml \\
    --mount=type=bind,source=uv.lock,target=uv.lock \\
    uv sync --frozen --no-install-project{" --no-dev" if production else ""}"""
