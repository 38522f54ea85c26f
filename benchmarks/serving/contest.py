"""Contenders take turns: one runs and is asked for each page, all others stand still."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from benchmarks.serving import site
from benchmarks.serving.load import Generator, Load, Turns
from benchmarks.serving.stage import Container, Process

# Before a turn is counted: imports at the first request, connections that are opened, caches.
WARM_UP = 1.0
STATIC = "{static}"
TITLE = "Latest posts"


@dataclass(frozen=True)
class Contender:
    """Somebody who serves the pages."""

    title: str
    container: Container


@dataclass(frozen=True)
class Results:
    """What came of it.

    Attributes:
        turns: by contender and page.
        memory: the processes of each contender after its last turn.
    """

    turns: Mapping[tuple[str, str], Turns]
    memory: Mapping[str, Sequence[Process]]


def take(
    generator: Generator, contenders: Sequence[Contender], pages: Sequence[str], runs: int, seconds: float
) -> Results:
    """A B A B …: each page for so many seconds in each turn.

    Raises:
        RuntimeError: a page is not what it should be.
    """
    paths = {contender.title: _paths(generator, contender, pages) for contender in contenders}
    for contender in contenders:
        contender.container.still()
    taken: dict[tuple[str, str], list[Load]] = {
        (contender.title, page): [] for contender in contenders for page in pages
    }
    memory: dict[str, list[Process]] = {}
    for _turn in range(runs):
        for contender in contenders:
            with contender.container.awake():
                for page, path in paths[contender.title].items():
                    url = f"{contender.container.url}{path}"
                    generator.ask(url, WARM_UP)
                    load = _asked(generator, contender.container, url, seconds)
                    taken[contender.title, page].append(load)
                    said = f"{load.rate:.0f}/s, {load.server * 1000:.2f} and {load.database * 1000:.2f} ms of CPU"
                    print(f"  {contender.title}, {page}: {said}", file=sys.stderr, flush=True)
                memory[contender.title] = contender.container.processes()
    return Results({key: Turns(tuple(loads)) for key, loads in taken.items()}, memory)


def _asked(generator: Generator, container: Container, url: str, seconds: float) -> Load:
    before = container.processor_times()
    load = generator.ask(url, seconds)
    server, database = (
        (now - then) / max(load.requests, 1) for now, then in zip(container.processor_times(), before, strict=True)
    )
    return replace(load, server=server, database=database)


def _paths(generator: Generator, contender: Contender, pages: Sequence[str]) -> dict[str, str]:
    """Where a contender has each page; it has been looked at, so that no error page is counted."""
    url = contender.container.url
    found = {}
    for page in pages:
        path = site.stylesheet(generator.page(f"{url}/")) if page == STATIC else page
        text = generator.page(f"{url}{path}")
        if page != STATIC and (TITLE not in text or text.count("<article>") != site.SHOWN):
            raise RuntimeError(f"{contender.title}: {path} is not the page with the posts")
        found[page] = path
    return found
