"""What is printed of the copies: a table for each file with the goals below it, and how it grows with the rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.copying.contenders import djdock_db_copy, fixtures, limit, pgloader
from benchmarks.copying.meter import Cost
from benchmarks.copying.turns import Result
from benchmarks.table import Goal, aligned, in_megabytes, in_seconds

HEADS = (
    "", "time", "range", "÷ djdock", "÷ limit", "CPU of the client", "CPU of the server", "CPU of others", "memory",
    "WAL", "what it got wrong",
)  # fmt: skip
GROWTH_HEADS = (
    "rows",
    "file",
    "time",
    "a row",
    "÷ first",
    "CPU",
    "a row",
    "÷ first",
    "memory",
    "beyond imports",
    "wrong",
)
FIGURES = frozenset(range(1, 10))
GROWTH_FIGURES = frozenset(range(10))
PROCESSOR_TIMES: tuple[Callable[[Cost], float], ...] = (
    lambda cost: cost.client,
    lambda cost: cost.server,
    lambda cost: cost.others,
)
SIZES: tuple[Callable[[Cost], float], ...] = (lambda cost: cost.memory, lambda cost: cost.wal)
CHECKS = ("preflight", "proof")
COPYING = "copy"

# Goals: djdock against each of the others, as a ratio of times.
AGAINST_PGLOADER, AGAINST_PGLOADER_UNCHECKED = 2.0, 2.5
AGAINST_LIMIT = 1.5
FEW_ROWS, MANY_ROWS = 20_000, 1_000_000
AGAINST_FIXTURES = {FEW_ROWS: 25.0, MANY_ROWS: 100.0}
MOST_MEMORY = 60e6  # bytes beyond the interpreter's imports
MOST_GROWTH = 0.15


@dataclass(frozen=True)
class Figures:
    """The results on one file.

    Attributes:
        bytes: the file's.
        imports: bytes that djdock's processes have resident when there is nothing to copy; None: it cannot tell.
        estimate: seconds that `dumpdata` and `loaddata` would have taken, where they were ended; None: they were not.
    """

    rows: int
    bytes: int
    results: Mapping[str, Result]
    imports: float | None
    estimate: float | None = None

    def whole(self, name: str) -> Result | None:
        """The result of a contender that came to its end."""
        result = self.results.get(name)
        return result if result and not result.failure else None

    def seconds(self, name: str) -> float | None:
        """The median time of a contender; of one that was ended the estimate."""
        if found := self.whole(name):
            return found.median(lambda cost: cost.seconds)
        return self.estimate if name == fixtures.NAME else None


def table(figures: Figures) -> str:
    """The contenders on one file, as Markdown."""
    rows = [list(HEADS)]
    for result in figures.results.values():
        rows += _lines(figures, result)
    title = f"**{figures.rows:,} rows, {in_megabytes(figures.bytes)} of SQLite**"
    goals = list(map(str, _goals(figures)))
    return "\n".join((title, "", *aligned(rows, figures=FIGURES), *(["", "Goals:", "", *goals] if goals else [])))


def _lines(figures: Figures, result: Result) -> Iterator[list[str]]:
    contender, times, took = result.contender, result.seconds, result.median(lambda cost: cost.seconds)
    wrong = f"did not come to its end: {result.failure}" if result.failure else "; ".join(result.faults) or "nothing"
    yield [
        contender.TITLE, in_seconds(took),
        f"{in_seconds(min(times))} to {in_seconds(max(times))}" if len(times) > 1 else "",
        *_ratios(figures, 0 if result.failure else took),
        *(in_seconds(result.median(figure)) for figure in PROCESSOR_TIMES),
        *(in_megabytes(result.median(figure)) for figure in SIZES),
        _cell(wrong),
    ]  # fmt: skip
    for name, seconds in result.parts.items():
        yield _part(figures, f"of this, {name}", seconds)
    if contender.NAME == fixtures.NAME and figures.estimate is not None:
        yield _part(figures, "to its end, **an estimate**", figures.estimate)


def _part(figures: Figures, what: str, seconds: float) -> list[str]:
    begin = [f"… {what}", in_seconds(seconds), "", *_ratios(figures, seconds)]
    return begin + [""] * (len(HEADS) - len(begin))


def _ratios(figures: Figures, seconds: float) -> list[str]:
    others = [figures.seconds(name) for name in (djdock_db_copy.NAME, limit.NAME)]
    return [f"{seconds / other:.2f}" if seconds and other else "" for other in others]


def _goals(figures: Figures) -> Iterator[Goal]:
    ours = figures.whole(djdock_db_copy.NAME)
    if ours is None:
        return
    took = ours.median(lambda cost: cost.seconds)
    unchecked = took - sum(ours.parts.get(name, 0) for name in CHECKS)
    yield Goal("after `djdock db copy` nothing is wrong", not ours.faults)
    if theirs := figures.seconds(pgloader.NAME):
        yield _faster("pgloader, everything included", theirs / took, AGAINST_PGLOADER)
        yield _faster("pgloader, without pre-flight and proof", theirs / unchecked, AGAINST_PGLOADER_UNCHECKED)
    if (bound := figures.seconds(limit.NAME)) and COPYING in ours.parts:
        ratio = ours.parts[COPYING] / bound
        text = f"the copy alone takes at most {AGAINST_LIMIT} times as long as the limit; it takes {ratio:.2f} times"
        yield Goal(text, ratio <= AGAINST_LIMIT)
    wanted = AGAINST_FIXTURES.get(figures.rows)
    if wanted and (theirs := figures.seconds(fixtures.NAME)):
        whose = "`dumpdata` and `loaddata`" + (", by the estimate" if figures.estimate is not None else "")
        yield _faster(whose, theirs / took, wanted)
    if figures.imports is not None:
        yield _memory(ours.median(lambda cost: cost.own_memory) - figures.imports, figures.rows)


def _faster(whose: str, ratio: float, wanted: float) -> Goal:
    return Goal(f"at least {wanted:g} times as fast as {whose}; it is {ratio:.2f} times", ratio >= wanted)


def _memory(beyond: float, rows: int) -> Goal:
    text = f"at most {in_megabytes(MOST_MEMORY)} of memory beyond the imports at {rows:,} rows"
    return Goal(f"{text}; it is {in_megabytes(beyond)}", beyond <= MOST_MEMORY)


def growth(taken: Sequence[Figures], nothing: Result) -> str:
    """How djdock's costs grow with the rows, as Markdown; `nothing` is a copy of no rows at all."""
    start, start_cpu = nothing.median(lambda cost: cost.seconds), nothing.median(lambda cost: cost.client + cost.server)
    rows, times, cpus, goals = [list(GROWTH_HEADS)], [], [], []
    for figures in taken:
        result = figures.results[djdock_db_copy.NAME]
        seconds, cpu = result.median(lambda cost: cost.seconds), result.median(lambda cost: cost.client + cost.server)
        memory = result.median(lambda cost: cost.own_memory)
        beyond = memory - (figures.imports or 0)
        times.append((seconds - start) / figures.rows)
        cpus.append((cpu - start_cpu) / figures.rows)
        wrong = result.failure or "; ".join(result.faults) or "nothing"
        rows.append([
            f"{figures.rows:,}", in_megabytes(figures.bytes), in_seconds(seconds), _micro(times[-1]),
            f"{times[-1] / times[0]:.2f}", in_seconds(cpu), _micro(cpus[-1]), f"{cpus[-1] / cpus[0]:.2f}",
            in_megabytes(memory), in_megabytes(beyond), _cell(wrong),
        ])  # fmt: skip
        goals.append(_memory(beyond, figures.rows))
    for what, costs in (("time", times), ("processor time", cpus)):
        spread = max(costs) / min(costs) - 1
        goals.append(
            Goal(
                f"{what} of a row the same within {MOST_GROWTH:.0%}; it differs by {spread:.0%}", spread <= MOST_GROWTH
            )
        )
    title = f"**`djdock db copy` of ever more rows; a row costs what is above the {in_seconds(start)} for no rows**"
    return "\n".join((title, "", *aligned(rows, figures=GROWTH_FIGURES), "", "Goals:", "", *map(str, goals)))


def _micro(seconds: float) -> str:
    return f"{seconds * 1e6:.1f} µs"


def _cell(text: str) -> str:
    """A text for a cell: no bar that would end it."""
    return text.replace("|", "\\|")
