"""What is printed: a table of figures and ratios, and below it the goals."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass

from benchmarks.measure import Sample

# The columns of median, spread and ratio.
FIGURES = frozenset({1, 2, 3})
# How a figure is written, with its unit.
Unit = Callable[[float], str]


def in_seconds(figure: float) -> str:
    return f"{figure * 1000:.0f} ms" if abs(figure) < 1 else f"{figure:.2f} s"


def in_megabytes(figure: float) -> str:
    """Bytes, as megabytes of a million."""
    return f"{figure / 1e6:.1f} MB"


@dataclass(frozen=True)
class Line:
    """A contender; `against` is the one that its ratio is taken to: itself, where it is what others are held to."""

    what: str
    sample: Sample
    against: Sample
    note: str = ""


@dataclass(frozen=True)
class Goal:
    """What should be so, and whether it is."""

    text: str
    met: bool

    def __str__(self) -> str:
        return f"- {'met' if self.met else '**missed**'}: {self.text}"


@dataclass(frozen=True)
class Table:
    """Contenders that were measured in turns."""

    title: str
    unit: Unit
    lines: Sequence[Line]
    goals: Sequence[Goal] = ()
    note_title: str = ""

    def __str__(self) -> str:
        """As Markdown that reads well as plain text too."""
        return "\n".join((f"**{self.title}**", "", *aligned(self._rows(), figures=FIGURES), *_below(self.goals)))

    def _rows(self) -> list[list[str]]:
        rows = [["", "median", "range", "ratio"]]
        for line in self.lines:
            figures = line.sample.values
            ratio = line.sample.median / line.against.median
            spread = f"{self.unit(min(figures))} to {self.unit(max(figures))}" if len(figures) > 1 else ""
            rows.append([line.what, self.unit(line.sample.median), spread, f"{ratio:.2f}"])
        if self.note_title:
            for row, note in zip(rows, (self.note_title, *(line.note for line in self.lines)), strict=True):
                row.append(note)
        return rows


def aligned(rows: Sequence[Sequence[str]], *, figures: Set[int]) -> list[str]:
    """The lines of a Markdown table; the first row is its head, and columns of `figures` go to the right."""
    widths = [max(3, *(len(row[column]) for row in rows)) for column in range(len(rows[0]))]
    numeric = [column in figures for column in range(len(widths))]

    def text(row: Sequence[str]) -> str:
        cells = [
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        ]
        return f"| {' | '.join(cells)} |"

    rule = ["-" * (width - 1) + ":" if right else "-" * width for width, right in zip(widths, numeric, strict=True)]
    return [text(rows[0]), text(rule), *(text(row) for row in rows[1:])]


def _below(goals: Sequence[Goal]) -> list[str]:
    return ["", "Goals:", "", *map(str, goals)] if goals else []
