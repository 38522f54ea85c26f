"""Asks a site on this machine for a page."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable
from urllib.parse import urlsplit

TIMEOUT = 90.0  # seconds for the first page: a big project on a slow disk takes a while to import
ANSWER_TIMEOUT = 30.0


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


def wait(url: str, *, while_: Callable[[], bool], timeout: float = TIMEOUT) -> int | None:
    """The status of a page as soon as there is one; None when `while_` no longer holds, or the time is up."""
    end = time.monotonic() + timeout
    look_again = time.monotonic() + 1
    while time.monotonic() < end:
        if (found := status(url)) is not None:
            return found
        if time.monotonic() > look_again:
            if not while_():
                return None
            look_again = time.monotonic() + 1
        time.sleep(0.02)
    return None
