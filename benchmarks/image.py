"""How large the images are, above the base that both are built on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks import tutorial
from benchmarks.build import Image, new_mark, size_of
from benchmarks.measure import Sample
from benchmarks.place import our_project, workplace
from benchmarks.table import Goal, Line, Table, in_megabytes

TITLE = "Image"
NEEDS_DOCKER = True
TUTORIAL = "the tutorial's"


def measure(runs: int) -> Sequence[Table]:  # noqa: ARG001 - a size is the same each time
    name = new_mark()
    with (
        workplace() as folder,
        our_project(folder / "ours") as ours,
        tutorial.project(folder / "tutorial") as theirs,
    ):
        images = {
            TUTORIAL: Image(theirs.root, f"{name}-tutorial"),
            "djdock's, development": Image(ours.root, f"{name}-development", "development"),
            "djdock's, production": Image(ours.root, f"{name}-production", "production"),
        }
        return [_sizes(tutorial.base(), images)]


def _sizes(base: str, images: Mapping[str, Image]) -> Table:
    under = size_of(base)
    sizes: dict[str, Sample] = {}
    for name, image in images.items():
        try:
            image.build()
            sizes[name] = Sample((float(image.size() - under),))
        finally:
            image.remove()
    lines = [Line(name, size, sizes[TUTORIAL]) for name, size in sizes.items()]
    smaller = all(size.median < sizes[TUTORIAL].median for name, size in sizes.items() if name != TUTORIAL)
    goals = (Goal("smaller than the tutorial's", smaller),)
    return Table(f"Size above its base, {base} ({in_megabytes(under)})", in_megabytes, lines, goals)
