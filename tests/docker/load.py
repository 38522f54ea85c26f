"""Visitors: threads that read and write without a pause longer than a blink, and remember what went wrong."""

from __future__ import annotations

import http.client
import threading
import time
import urllib.parse
import uuid
from collections import Counter
from dataclasses import dataclass, field
from types import TracebackType

# So long a visitor waits for an answer before giving up.
PATIENCE = 60.0


@dataclass
class Visitors:
    """Threads that ask for a page, then send a form, over and over, each request over a connection of its own.

    Attributes:
        versions: how many answers came from which version of the site: the first word of each.
        written: the rows whose writing was confirmed.
        failures: what went wrong, in the order in which it did.
    """

    port: int
    path: str = "/rows/"
    threads: int = 3
    pause: float = 0.03
    versions: Counter[str] = field(default_factory=Counter)
    written: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _running: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Visitors:
        self._running = [threading.Thread(target=self._visit, daemon=True) for _ in range(self.threads)]
        for thread in self._running:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        for thread in self._running:
            thread.join(PATIENCE)

    @property
    def answers(self) -> int:
        return sum(self.versions.values())

    def _visit(self) -> None:
        while not self._stop.is_set():
            self._ask("GET", None)
            name = uuid.uuid4().hex
            if self._ask("POST", name):
                self.written.append(name)
            self._stop.wait(self.pause)

    def _ask(self, method: str, name: str | None) -> bool:
        began = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        # As from the proxy with TLS that such a site has before it.
        headers = {"Host": "localhost", "X-Forwarded-Proto": "https"}
        if name is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            body = urllib.parse.urlencode({"name": name}) if name is not None else None
            connection.request(method, self.path, body, headers)
            answer = connection.getresponse()
            text = answer.read().decode(errors="replace")
            if answer.status != 200:
                self._fail(began, f"{method} {answer.status} {text[:80]}")
                return False
            self.versions[text.split()[0]] += 1
            return True
        except OSError as error:
            self._fail(began, f"{method} {type(error).__name__}: {error}")
        except http.client.HTTPException as error:
            self._fail(began, f"{method} {type(error).__name__}: {error}")
        finally:
            connection.close()
        return False

    def _fail(self, began: float, what: str) -> None:
        self.failures.append(f"{time.strftime('%H:%M:%S')} after {time.monotonic() - began:.2f} s: {what}")
