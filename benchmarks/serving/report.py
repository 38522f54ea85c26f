"""What is printed: a table for each page, the memory, and the goals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.serving.contest import STATIC, Results
from benchmarks.serving.stage import servers
from benchmarks.table import Goal, aligned, in_megabytes

HEADS = ("", "requests/s", "range", "ratio", "p50", "p99", "CPU", "of PostgreSQL", "failed")
FIGURES = frozenset(range(1, 9))
MEMORY_HEADS = ("", "in all", "workers", "each", "processes")
MEMORY_FIGURES = frozenset(range(1, 4))
QUERY, LIMIT = "/", "/without-database/"
PAGES = {
    QUERY: "A page with one query",
    LIMIT: "The same page without a database: the limit",
    STATIC: "A static file",
    "/async/": "An asynchronous page with one query",
}
SHORT = 0.01  # seconds; below, two more digits
# Goals of the image's own server.
AGAINST_TUTORIAL, OF_LIMIT = 5.0, 0.6


@dataclass(frozen=True)
class Names:
    """Who the goals speak of. `tutorial` is empty where it did not take part."""

    ours: str
    tutorial: str = ""


def tables(results: Results, pages: Sequence[str], first: str) -> Iterator[str]:
    """A table for each page; ratios are those to the contender `first`."""
    for page in pages:
        rows = [list(HEADS)]
        base = results.turns[first, page]
        for (title, asked), turns in results.turns.items():
            if asked != page:
                continue
            rates = [load.rate for load in turns.loads]
            spread = f"{min(rates):,.0f} to {max(rates):,.0f}" if len(rates) > 1 else ""
            rows.append([
                title, f"{turns.rate:,.0f}", spread, f"{turns.ratio(base):.2f}", _ms(turns.p50), _ms(turns.p99),
                _ms(turns.server), _ms(turns.database), f"{turns.failed:,}",
            ])  # fmt: skip
        yield "\n".join((f"**{PAGES[page]}**", "", *aligned(rows, figures=FIGURES)))


def memory(results: Results) -> str:
    """What each contender's processes have resident; what several of them share counts once."""
    rows = [list(MEMORY_HEADS)]
    for title, processes in results.memory.items():
        workers = servers(processes)
        each = sum(process.memory for process in workers) / len(workers)
        names = ", ".join(dict.fromkeys(process.name for process in processes))
        total = sum(process.memory for process in processes)
        rows.append([title, in_megabytes(total), str(len(workers)), in_megabytes(each), names])
    return "\n".join(("**Memory after the load**", "", *aligned(rows, figures=MEMORY_FIGURES)))


def alone(query: float, limit: float) -> str:
    """What Django's own work on the two pages costs, in seconds of CPU: no server gets below."""
    return (
        "Without any server, in one process that does nothing else, Django's own work takes "
        f"{_ms(query)} of CPU for the page with one query (beside what PostgreSQL uses), "
        f"{_ms(limit)} for the same page without a database."
    )


def goals(results: Results, names: Names) -> Iterator[Goal]:
    """What the image's own server has to reach."""
    query, limit = results.turns[names.ours, QUERY], results.turns[names.ours, LIMIT]
    if names.tutorial:
        for page in (QUERY, STATIC):
            ratio = results.turns[names.ours, page].ratio(results.turns[names.tutorial, page])
            text = f"{PAGES[page].lower()}: at least {AGAINST_TUTORIAL:g} times the tutorial's; it is {ratio:.2f} times"
            yield Goal(text, ratio >= AGAINST_TUTORIAL)
    share = query.ratio(limit)
    text = f"a page with one query: at least {OF_LIMIT:.0%} of the same page without a database; it is {share:.0%}"
    yield Goal(text, share >= OF_LIMIT)
    failed = sum(turns.failed for (title, _page), turns in results.turns.items() if title == names.ours)
    yield Goal(f"no request fails; {failed:,} failed", not failed)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms" if seconds < SHORT else f"{seconds * 1000:.0f} ms"
