"""Edits of djdock's Dockerfile: what a project turns out to need beside what its files say."""

from __future__ import annotations

from djdock.plan import dockerfile_edit

PLAIN = """\
FROM python:3.11-slim-trixie AS base
WORKDIR /app

FROM base AS dependencies
COPY --from=uv /uv /usr/local/bin/uv
RUN uv pip install -r requirements.txt

# Adds what only developers need.
FROM dependencies AS development-dependencies
RUN uv sync

FROM base AS development
CMD ["python"]
"""


def test_a_requirement() -> None:
    """Each stage that installs gets it at its end, since the next one may take away what is not declared."""
    text = dockerfile_edit.with_requirement(PLAIN, "setuptools<81", "Something still needs pkg_resources") or ""
    stages = text.split("\nFROM ")
    assert [("setuptools" in stage) for stage in stages] == [False, True, True, False]
    added = (
        "# Something still needs pkg_resources.\nRUN --mount=type=cache,target=/root/.cache/uv \\\n"
        "    uv pip install 'setuptools<81'\n"
    )
    assert f"requirements.txt\n{added}\n# Adds what only developers need.\nFROM" in text
    assert text.replace(added, "") == PLAIN


def test_system_packages() -> None:
    """All stages get them, by the one that they have in common; all else stays."""
    text = dockerfile_edit.with_packages(PLAIN, ["libmagic1t64", "ffmpeg"]) or ""
    assert text.startswith("FROM python:3.11-slim-trixie AS base\n# Called or linked by Python packages.\n")
    assert "    ffmpeg \\\n    libmagic1t64 \\\n" in text
    assert text.endswith(PLAIN.split("AS base\n")[1])


def test_again() -> None:
    """What is there already is not added once more."""
    once = dockerfile_edit.with_packages(PLAIN, ["ffmpeg"]) or ""
    both = dockerfile_edit.with_requirement(once, "six", "It is missing") or ""
    assert dockerfile_edit.with_requirement(both, "six", "It is missing") == both


def test_another_dockerfile() -> None:
    """A Dockerfile without these stages is somebody's own work: nothing is guessed."""
    own = "FROM python:3.13\nRUN pip install -r requirements.txt\n"
    assert dockerfile_edit.with_requirement(own, "six", "It is missing") is None
    assert dockerfile_edit.with_packages(own, ["ffmpeg"]) is None
