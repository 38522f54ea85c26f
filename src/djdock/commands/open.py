"""`djdock open`: the site in the browser."""

from __future__ import annotations

from pathlib import Path

from djdock import output
from djdock.commands import root as root_of
from djdock.errors import Problem
from djdock.machine import ports
from djdock.project import checkout as checkouts


def open_site() -> None:
    """Opens the site of the project in the current folder.

    Raises:
        Problem: it is not running.
    """
    checkout = checkouts.require(root_of.find(Path.cwd()))
    if not ports.answers(checkout.web_port):
        raise Problem(f"Nothing answers at {checkout.url}", hint="djdock up --open")
    browser(checkout.url)


def browser(url: str) -> None:
    """Shows a page in the person's browser, or says its address where there is none."""
    import webbrowser  # noqa: PLC0415 - 20 ms

    if not webbrowser.open(url):
        output.note("There is no browser here that djdock could open.")
    output.say(url)
