"""Asks a site on this machine for a page, and knows how long to wait for one."""

from __future__ import annotations

import http.client
import os
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from djdock.errors import Problem

TIMEOUT = 90.0  # seconds for the first page: a big project on a slow disk takes a while to import
ANSWER_TIMEOUT = 30.0
VARIABLE = "DJDOCK_TIMEOUT"


def patience() -> float:
    """How many seconds a site is given to get ready: what DJDOCK_TIMEOUT says, else 90.

    Raises:
        Problem: it says no number.
    """
    text = os.environ.get(VARIABLE, "").strip()
    if not text:
        return TIMEOUT
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 0 < found < float("inf"):
        raise Problem(f"{VARIABLE} is {text!r}, which is no number of seconds.", hint=f"{VARIABLE}=300 djdock up")
    return found


def status(url: str, timeout: float = ANSWER_TIMEOUT) -> int | None:
    """The status of a page, or None where nobody answers. Redirects are answers."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)
    try:
        connection.request("GET", parts.path or "/")
        answer = connection.getresponse()
        answer.read()  # to the end: a server whose reader goes away early writes "Broken pipe" into its log
        return answer.status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def wait(url: str, *, while_: Callable[[], bool], timeout: float) -> int | None:
    """The status of a page as soon as there is one; None when `while_` no longer holds, or the time is up."""
    end = time.monotonic() + timeout
    look_again = time.monotonic() + 1
    while time.monotonic() < end:
        if (found := status(url, min(ANSWER_TIMEOUT, end - time.monotonic()))) is not None:
            return found
        if time.monotonic() > look_again:
            if not while_():
                return None
            look_again = time.monotonic() + 1
        time.sleep(0.02)
    return None
