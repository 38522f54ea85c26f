"""Measuring: contenders take turns in one run, so that whatever else the machine does hits all of them alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

# A contender prepares what it needs, measures itself, and returns the figure.
Contender = Callable[[], float]


@dataclass(frozen=True)
class Sample:
    """The figures of one contender, in the order in which they were taken."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def above(self, other: Sample) -> float:
        """How much more than another one: the median of the differences between figures of the same turn."""
        return statistics.median(mine - theirs for mine, theirs in zip(self.values, other.values, strict=True))


def seconds(action: Callable[[], object]) -> float:
    """How long an action takes."""
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


def take_turns(contenders: Mapping[str, Contender], runs: int, *, warm_up: int = 0) -> dict[str, Sample]:
    """Runs A B A B …; the figures of the first `warm_up` turns, which fill caches, are thrown away."""
    figures: dict[str, list[float]] = {name: [] for name in contenders}
    for _turn in range(runs + warm_up):
        for name, contender in contenders.items():
            figures[name].append(contender())
    return {name: Sample(tuple(values[warm_up:])) for name, values in figures.items()}
