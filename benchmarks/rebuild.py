"""Building the image again: after one line of source has changed, and after a dependency was added."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks import plain, tutorial
from benchmarks.build import Build, Image, forgotten, new_mark
from benchmarks.measure import Contender, Sample, take_turns
from benchmarks.place import our_project, workplace
from benchmarks.table import Goal, Line, Table, in_seconds

TITLE = "Building again"
NEEDS_DOCKER = True
TUTORIAL, DEVELOPMENT, PRODUCTION = "the tutorial's", "djdock's, development", "djdock's, production"
# Small, pure Python, without dependencies of its own, and in nobody's requirements yet.
NEW_DEPENDENCY = "humanize"
QUARTER = 4


def measure(runs: int) -> Sequence[Table]:
    name = new_mark()
    with (
        workplace() as folder,
        our_project(folder / "ours") as ours,
        plain.project(ours, folder / "plain") as by_pip,
        tutorial.project(folder / "tutorial") as theirs,
    ):
        images = {
            TUTORIAL: Image(theirs.root, f"{name}-tutorial"),
            plain.NAME: Image(by_pip.root, f"{name}-plain"),
            DEVELOPMENT: Image(ours.root, f"{name}-development", "development"),
            PRODUCTION: Image(ours.root, f"{name}-production", "production"),
        }
        try:
            return [_after_an_edit(images, runs), _after_a_dependency(images, runs)]
        finally:
            for image in images.values():
                image.remove()


def _after_an_edit(images: Mapping[str, Image], runs: int) -> Table:
    builds: dict[str, Build] = {}
    mark = new_mark()

    def contender(name: str, image: Image) -> Contender:
        with image.marked(mark):
            image.build()

        def build() -> float:
            _edit(image.folder)
            with image.marked(mark):
                builds[name] = image.build()
            return builds[name].seconds

        return build

    with forgotten(mark):
        samples = take_turns({name: contender(name, image) for name, image in images.items()}, runs, warm_up=1)
    again = [step for name in (DEVELOPMENT, PRODUCTION) for step in builds[name].ran if _installs(step)]
    production = samples[PRODUCTION].median
    goals = (
        Goal("no dependency step of djdock's Dockerfile runs again", not again),
        Goal("production in a quarter of the tutorial's time", production < samples[TUTORIAL].median / QUARTER),
        Goal(
            f"production in a quarter of the time with {plain.NAME}", production < samples[plain.NAME].median / QUARTER
        ),
    )
    return _table("After one line of source has changed", samples, builds, goals)


def _installs(step: str) -> bool:
    """Whether a step makes or copies the environment; one that runs in it, such as collectstatic, does not."""
    return step.startswith("RUN uv") or "/opt/venv" in step


def _after_a_dependency(images: Mapping[str, Image], runs: int) -> Table:
    builds: dict[str, Build] = {}
    # What was downloaded for the build before is still there, as it would be.
    cache = new_mark()

    def contender(name: str, image: Image) -> Contender:
        requirements = image.folder / "requirements.txt"
        before = requirements.read_text()

        def build() -> float:
            mark = new_mark()
            with forgotten(mark), image.marked(mark, cache):
                image.build()
                requirements.write_text(f"{before}{NEW_DEPENDENCY}\n")
                try:
                    builds[name] = image.build()
                finally:
                    requirements.write_text(before)
            return builds[name].seconds

        return build

    with forgotten(cache):
        samples = take_turns({name: contender(name, image) for name, image in images.items()}, runs, warm_up=1)
    return _table("After a dependency was added", samples, builds)


def _edit(root: Path) -> None:
    with (root / "django_project/urls.py").open("a") as file:
        file.write(f"# {secrets.token_hex(4)}\n")


def _table(title: str, samples: Mapping[str, Sample], builds: Mapping[str, Build], goals: Sequence[Goal] = ()) -> Table:
    steps = {name: "; ".join(f"`{step}`" for step in build.ran) or "none" for name, build in builds.items()}
    lines = [Line(name, sample, samples[TUTORIAL], steps[name]) for name, sample in samples.items()]
    return Table(title, in_seconds, lines, goals, note_title="steps that ran")
