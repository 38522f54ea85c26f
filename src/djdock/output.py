"""The one gate to the terminal: results on standard output, progress and problems on standard error."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Literal

import click

from djdock.errors import Problem

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

# What can happen to a file, a port, a database …: one word in one column, in one colour, for all commands.
# Grey means that nothing has happened. It is made with `dim`: "bright black" is invisible in some colour schemes.
Outcome = Literal[
    "found", "create", "change", "remove", "conflict", "same", "skip", "repair", "works", "start", "stop", "migrate",
    "engine", "ready", "copy",
]  # fmt: skip
COLOURS: dict[Outcome, str] = {
    "found": "cyan",
    "create": "green",
    "change": "yellow",
    "remove": "yellow",
    "conflict": "bold red",
    "same": "grey",
    "skip": "grey",
    "start": "green",
    "stop": "yellow",
    "migrate": "green",
    "repair": "yellow",
    "works": "green",
    "engine": "cyan",
    "ready": "bold cyan",
    "copy": "green",
}
WIDTH = 9


def outcome(kind: Outcome, what: str, why: str = "") -> None:
    """What happened, to what, and in grey why: one line, or more where a terminal is too narrow for one."""
    line = styled(kind.rjust(WIDTH), COLOURS[kind]) + "  " + what
    if why:
        room = _columns(sys.stdout)
        indent = WIDTH + 2
        fits = room is None or indent + len(f"{what}  ({why})") <= room
        below = "\n" + " " * indent
        parts = [styled(part, "grey") for part in _folded(f"({why})", indent, room)]
        line += ("  " if fits else below) + below.join(parts)
    _echo(line)


def detail(text: str, *, whole: bool = False) -> None:
    """A line below what happened, cut at the edge of a terminal; a `whole` one goes on in the next line."""
    indent, room = " " * (WIDTH + 4), _columns(sys.stdout)
    for part in _folded(text, len(indent), room) if whole else [text]:
        line = indent + part
        _echo(line if room is None or len(line) <= room else f"{line[: room - 1]}…")


def say(text: str = "") -> None:
    """A plain line of result."""
    _echo(text)


def note(text: str) -> None:
    """A line for the person that is no result: goes to standard error, so pipes stay clean."""
    _echo(styled(text, "grey"), err=True)


def confirm(question: str, *, default: bool = True) -> bool:
    """Asks the person, at a terminal; yes is what Enter means, unless said otherwise."""
    return click.confirm(question, default=default, err=True)


def is_asked() -> bool:
    """Whether there is a person to ask."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def diff(text: str) -> None:
    """A unified diff, indented below the line of its file."""
    colours = {"+": "green", "-": "red", "@": "cyan"}
    for line in text.splitlines()[2:]:
        colour = colours.get(line[:1])
        _echo(" " * (WIDTH + 2) + (styled(line, colour) if colour else line))


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], *, right: Collection[int] = ()) -> None:
    """Rows in columns, indented as what happened is; the columns in `right` end at the same place. What is too wide
    for a terminal is cut in its last column.
    """
    widths = [max(len(row[number]) for row in (headers, *rows)) for number in range(len(headers))]
    room = _columns(sys.stdout)
    for index, row in enumerate((headers, *rows)):
        cells = [cell.rjust(width) if number in right else cell.ljust(width)
                 for number, (cell, width) in enumerate(zip(row, widths, strict=True))]  # fmt: skip
        line = (" " * (WIDTH + 2) + "  ".join(cells)).rstrip()
        if room is not None and len(line) > room:
            line = line[: room - 1] + "…"
        _echo(styled(line, "grey") if index == 0 else line)


def next_step(command: str) -> None:
    """What the person will most likely type now."""
    _echo(styled("Next: ", "bold cyan") + command)


def warn(text: str) -> None:
    """Something that did not stop the command but that the person should know."""
    _echo(styled("  warning  ", "yellow") + _wrapped(text, WIDTH + 2), err=True)


def problem(error: Problem) -> None:
    """Cause, evidence, and what to do next."""
    _echo(styled("Problem: ", "bold red") + _wrapped(error.cause, len("Problem: ")), err=True)
    if error.details:
        _echo(err=True)
        for line in error.details.splitlines():
            _echo(styled("  | ", "grey") + line, err=True)
        _echo(err=True)
    for index, line in enumerate(error.hint.splitlines()):
        label = styled("Try: ", "bold cyan") if index == 0 else "     "
        _echo(label + _wrapped(line, len("Try: ")), err=True)


def _echo(text: str = "", *, err: bool = False) -> None:
    # click leaves colours out where no terminal is; it would not know of NO_COLOR once its own context has ended.
    click.echo(text, err=err, color=False if os.environ.get("NO_COLOR") else None)


def styled(text: str, style: str) -> str:
    """A text in a colour, in `bold` and a colour, or in `grey`."""
    if style == "grey":
        return click.style(text, dim=True)
    bold, _, colour = style.rpartition(" ")
    return click.style(text, fg=colour, bold=True if bold else None)


def _wrapped(text: str, indent: int) -> str:
    """A sentence for standard error, broken between words where a terminal would break it inside one."""
    return ("\n" + " " * indent).join(_folded(text, indent, _columns(sys.stderr)))


def _folded(text: str, indent: int, room: int | None) -> list[str]:
    """The lines of a sentence that begins at a column."""
    if room is None or indent + len(text) <= room:
        return [text]
    return textwrap.wrap(text, max(20, room - indent), break_long_words=False, break_on_hyphens=False)


def _columns(stream: IO[str]) -> int | None:
    """The width of the terminal that a stream goes to; None where it goes elsewhere, and lines stay whole."""
    return shutil.get_terminal_size().columns if stream.isatty() else None


@contextmanager
def working(text: str) -> Iterator[Callable[[str], None]]:
    """Shows that something takes a while; yields a function that says what it is at just now.

    Nothing is shown where standard error is no terminal: logs need no animation.
    """
    if not sys.stderr.isatty():
        yield lambda _detail: None
        return
    from rich.console import Console  # noqa: PLC0415 - 50 ms that only a person waiting at a terminal needs
    from rich.markup import escape  # noqa: PLC0415

    console = Console(stderr=True)
    room = max(20, console.width - 4)

    def update(detail: str) -> None:
        shown = f"{text}  {detail.strip()}" if detail else text
        status.update(escape(shown[:room]))

    with console.status(escape(text)) as status:
        yield update


class Bar:
    """How far something is that counts its steps, in phases; shown where standard error is a terminal.

    Several threads may tell it how far they are.
    """

    def __init__(self, shown: Progress | None) -> None:
        self._shown = shown
        self._task: TaskID | None = None
        self._bytes = 0
        self._began = 0.0
        self._lock = threading.RLock()

    def phase(self, name: str, total: int) -> None:
        """A phase begins, of so many steps; of 0 where it is not known."""
        with self._lock:
            if self._shown is not None:
                self.pause()
                self._bytes, self._began = 0, time.monotonic()
                self._shown.start()
                self._task = self._shown.add_task(name, total=total or None, note="")

    def reach(self, done: int, total: int) -> None:
        """So many steps of so many are done."""
        with self._lock:
            if self._shown is not None and self._task is not None:
                self._shown.update(self._task, completed=done, total=total)

    def advance(self, steps: int, size: int = 0) -> None:
        """So many steps more are done, with so many bytes."""
        with self._lock:
            if self._shown is None or self._task is None:
                return
            self._bytes += size
            seconds = time.monotonic() - self._began
            note = f"{self._bytes / 1e6 / seconds:.0f} MB/s" if self._bytes and seconds else ""
            self._shown.update(self._task, advance=steps, note=note)

    def tell(self, detail: str) -> None:
        """What it is at just now."""
        with self._lock:
            if self._shown is not None and self._task is not None:
                self._shown.update(self._task, note=detail.strip()[:60])

    def pause(self) -> None:
        """Takes the bar away, so that something else can be said."""
        with self._lock:
            if self._shown is not None and self._task is not None:
                self._shown.remove_task(self._task)
                self._task = None
                self._shown.stop()


@contextmanager
def counting() -> Iterator[Bar]:
    """A bar that is gone at the end."""
    if not sys.stderr.isatty():
        yield Bar(None)
        return
    from rich.console import Console  # noqa: PLC0415 - see above
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn  # noqa: PLC0415
    from rich.progress import Progress as Shown  # noqa: PLC0415

    columns = (
        TextColumn("{task.description}", markup=False), BarColumn(bar_width=24), MofNCompleteColumn(),
        TextColumn("{task.fields[note]}", markup=False), TimeRemainingColumn(),
    )  # fmt: skip
    bar = Bar(Shown(*columns, console=Console(stderr=True), transient=True))
    try:
        yield bar
    finally:
        bar.pause()
