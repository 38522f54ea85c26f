"""pip and a requirements.txt of exact pins: https://pip.pypa.io/en/stable/reference/requirements-file-format/"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from djdock.project.files import Files

NAME = "pip"
INPUTS: tuple[str, ...] = ("requirements.txt",)
MANIFEST = ".requirements.in"


def detect(files: Files) -> str | None:
    return "requirements.txt" if files.read("requirements.txt") is not None else None


def python(files: Files) -> tuple[str, str] | None:  # noqa: ARG001 - a requirements file does not say
    return None


def manifest(name: str, python: str, requirements: Sequence[str]) -> Mapping[str, str]:  # noqa: ARG001
    return {MANIFEST: "".join(f"{requirement}\n" for requirement in requirements)}


def pin(python: str, requirements: Sequence[str]) -> Sequence[str]:  # noqa: ARG001 - they are in the manifest
    # Universal: a colleague on Windows needs tzdata, the container does not; markers in one file serve both.
    # Fewest: one version of each package, the one that is installed here, and not a newer one for a newer Python.
    return (
        *("pip", "compile", "--quiet", "--universal", "--fork-strategy", "fewest", "--no-header", "--no-annotate"),
        *("--python-version", python, "--output-file", "requirements.txt", MANIFEST),
    )


def sync() -> Sequence[str]:
    # Install and not sync: what the person has added by hand to an environment stays there.
    return ("pip", "install", "--quiet", "--compile-bytecode", "--requirements", "requirements.txt")


def dockerfile_steps(*, production: bool) -> str:
    if production:
        return ""
    return """\
RUN --mount=type=cache,target=/root/.cache/uv \\
    --mount=type=bind,source=requirements.txt,target=requirements.txt \\
    uv venv /opt/venv && uv pip sync requirements.txt"""
