"""The one gate to the terminal: results on standard output, progress and problems on standard error."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

import click

from djdock.errors import Problem

# What can happen to a file, a port, a database …: one word in one column, in one colour, for all commands.
Outcome = Literal["create", "change", "same", "skip", "engine", "start", "stop", "migrate", "ready"]
COLOURS: dict[Outcome, str] = {
    "create": "green",
    "change": "yellow",
    "same": "bright_black",
    "skip": "bright_black",
    "engine": "cyan",
    "start": "green",
    "stop": "yellow",
    "migrate": "green",
    "ready": "cyan",
}
WIDTH = 9


def outcome(kind: Outcome, what: str, why: str = "") -> None:
    """One line: what happened, to what, and in grey why."""
    line = click.style(kind.rjust(WIDTH), fg=COLOURS[kind], bold=kind == "ready") + "  " + what
    click.echo(line + (click.style(f"  ({why})", fg="bright_black") if why else ""))


def say(text: str = "") -> None:
    """A plain line of result."""
    click.echo(text)


def note(text: str) -> None:
    """A line for the person that is no result: goes to standard error, so pipes stay clean."""
    click.echo(click.style(text, fg="bright_black"), err=True)


def warn(text: str) -> None:
    """Something that did not stop the command but that the person should know."""
    click.echo(click.style("  warning  ", fg="yellow") + text, err=True)


def problem(error: Problem) -> None:
    """Cause, evidence, and what to do next."""
    click.echo(click.style("Problem: ", fg="red", bold=True) + error.cause, err=True)
    if error.details:
        click.echo(err=True)
        for line in error.details.splitlines():
            click.echo(click.style("  | ", fg="bright_black") + line, err=True)
        click.echo(err=True)
    for index, line in enumerate(error.hint.splitlines()):
        click.echo((click.style("Try: ", fg="cyan", bold=True) if index == 0 else "     ") + line, err=True)


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

    context = click.get_current_context(silent=True)
    console = Console(stderr=True, no_color=True if context and context.color is False else None)
    room = max(20, console.width - 4)

    def update(detail: str) -> None:
        shown = f"{text}  {detail}" if detail else text
        status.update(escape(shown[:room]))

    with console.status(escape(text)) as status:
        yield update
