"""Building the image from nothing and again without a change, and how large it is above the base of all contenders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks import plain, tutorial
from benchmarks.build import Image, forgotten, new_mark, size_of
from benchmarks.measure import Contender, Sample, take_turns
from benchmarks.place import our_project, workplace
from benchmarks.table import Goal, Line, Table, in_megabytes, in_seconds

TITLE = "Image"
NEEDS_DOCKER = True
TUTORIAL, DEVELOPMENT, PRODUCTION = "the tutorial's", "djdock's, development", "djdock's, production"


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
            return [_from_nothing(images, runs), _unchanged(images, runs), _sizes(tutorial.base(), images)]
        finally:
            for image in images.values():
                image.remove()


def _from_nothing(images: Mapping[str, Image], runs: int) -> Table:
    """Base images are here; nothing else is, no downloaded package either."""

    def contender(image: Image) -> Contender:
        def build() -> float:
            mark = new_mark()
            with forgotten(mark), image.marked(mark):
                return image.build().seconds

        return build

    samples = take_turns({name: contender(image) for name, image in images.items()}, runs)
    return _table("Built from nothing", samples)


def _unchanged(images: Mapping[str, Image], runs: int) -> Table:
    def contender(image: Image) -> Contender:
        return lambda: image.build().seconds

    samples = take_turns({name: contender(image) for name, image in images.items()}, runs, warm_up=1)
    return _table("Built again, nothing changed", samples)


def _sizes(base: str, images: Mapping[str, Image]) -> Table:
    under = size_of(base)
    sizes = {name: Sample((float(image.size() - under),)) for name, image in images.items()}
    lines = [Line(name, size, sizes[TUTORIAL]) for name, size in sizes.items()]
    smaller = all(sizes[name].median < sizes[TUTORIAL].median for name in (DEVELOPMENT, PRODUCTION))
    goals = (Goal("smaller than the tutorial's", smaller),)
    return Table(f"Size above its base, {base} ({in_megabytes(under)})", in_megabytes, lines, goals)


def _table(title: str, samples: Mapping[str, Sample]) -> Table:
    return Table(title, in_seconds, [Line(name, sample, samples[TUTORIAL]) for name, sample in samples.items()])
