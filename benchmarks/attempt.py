"""One project of the corpus: from an untouched checkout to a running site, and back to the same bytes."""

from __future__ import annotations

import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from benchmarks import refusal, tree
from tests import tools
from tests.tools import DJDOCK, Done

MARK = "djdock-corpus:"
# Runs inside the project, and says what its database really is and where its admin lets one in.
PROBE = f"""\
import json
from django.db import connection
from django.urls import NoReverseMatch, reverse
with connection.cursor() as cursor:
    cursor.execute("select version()")
    version = cursor.fetchone()[0]
try:
    admin = reverse("admin:login")
except NoReverseMatch:
    admin = ""
print("\\n{MARK}" + json.dumps(dict(vendor=connection.vendor, version=version, admin=admin)))
"""
REPAIR = re.compile(r"^ *repair  (.*)$", re.MULTILINE)
PROBLEM = re.compile(r"^Problem: (.*)$", re.MULTILINE)
PLANNED = re.compile(r"^ *(create|change|remove|conflict)  (\S+)", re.MULTILINE)
NO_MIGRATIONS = "No planned migration operations."
REDIRECTS = 5
PAGE_SECONDS = 60.0
# Runs djdock in the project's folder, and gives what it wrote; never raises for an exit code.
Run = Callable[..., Done]


@dataclass(frozen=True)
class Entry:
    """A project of the list.

    Attributes:
        runs: whether it must come up; else it must be told why not.
        why_not: what a person found who tried it.
        admin_path: where its admin lets one in; empty where it has none, or it is not known.
    """

    repo: str
    commit: str
    runs: bool
    why_not: str = ""
    admin_path: str = ""

    @property
    def name(self) -> str:
        return self.repo.rpartition("/")[2]


@dataclass(frozen=True)
class Outcome:
    """How it went.

    Attributes:
        reason: why it does not count, or for a project that cannot run what it was told; empty where all is well.
        pages: status by path.
        repairs: what `up` repaired.
        seconds: how long `up` took.
        restored: whether the tree was the same afterwards; None where it did not come to that.
        left: what was not: `+ path`, `- path` or `~ path`.
        details: the end of what was written, for whom it may concern.
    """

    repo: str
    runs: bool
    counts: bool = False
    reason: str = ""
    pages: Mapping[str, int] = field(default_factory=dict)
    repairs: tuple[str, ...] = ()
    seconds: float = 0.0
    postgres: str = ""
    restored: bool | None = None
    left: tuple[str, ...] = ()
    details: str = ""


class NotPassed(Exception):
    """A step did not pass: which, and the end of what it wrote."""

    def __init__(self, reason: str, details: str = "") -> None:
        super().__init__(reason)
        self.reason, self.details = reason, details


def attempt(entry: Entry, root: Path, engine: str, run: Run, timeout: float) -> Outcome:
    """Takes an untouched checkout through its whole way; what runs afterwards is the caller's to end."""
    before = tree.of(root)
    began = time.monotonic()
    done = run([DJDOCK, "up", "--yes", "--engine", engine, "--port", str(tools.free_port())], root, timeout=timeout)
    outcome = Outcome(
        repo=entry.repo,
        runs=entry.runs,
        seconds=time.monotonic() - began,
        repairs=tuple(REPAIR.findall(done.out)),
        details=_end(done.all),
    )
    if not entry.runs:
        if tree.differences(before, tree.of(root)):  # it got as far as to try
            run([DJDOCK, "undo"], root, timeout=timeout)
        return _refused(entry, outcome, done, tree.differences(before, tree.of(root)))
    outcome = _run_through(entry, outcome, done, lambda *words: run([DJDOCK, *words], root, timeout=timeout))
    undone = run([DJDOCK, "undo"], root, timeout=timeout)
    changed = tree.differences(before, tree.of(root))
    outcome = replace(outcome, restored=not changed, left=tuple(changed))
    if outcome.counts and (undone.code or changed):
        why = f"undo leaves {', '.join(changed[:5])}" if changed else f"undo: {_first_line(undone)}"
        outcome = replace(outcome, counts=False, reason=why, details=_end(undone.all))
    return outcome


def _run_through(entry: Entry, outcome: Outcome, up: Done, djdock: Callable[..., Done]) -> Outcome:
    """All that a project must be able to do between `up` and `undo`."""
    if up.code:
        return replace(outcome, reason=_first_line(up))
    pages: dict[str, int] = {}
    postgres = ""
    try:
        _passes("manage check", djdock("manage", "check"))
        _has_migrated(djdock)
        told = _probed(djdock("manage", "shell", "-c", PROBE))
        postgres = str(told["version"]).split(",")[0]
        if told["vendor"] != "postgresql" or not postgres.startswith("PostgreSQL"):
            raise NotPassed(f"the site's database is {postgres or told['vendor']}")
        url = json.loads(_passes("status", djdock("status", "--json")).out)["url"] or ""
        for path in dict.fromkeys(("/", str(told["admin"]) or entry.admin_path)):
            if path:
                pages[path] = _answer(url, path)
        _plans_nothing(djdock("init", "--dry-run", "--check"))
    except NotPassed as failed:
        return replace(outcome, reason=failed.reason, details=failed.details, pages=pages, postgres=postgres)
    return replace(outcome, counts=True, pages=pages, postgres=postgres)


def _refused(entry: Entry, outcome: Outcome, done: Done, changed: list[str]) -> Outcome:
    """Counts when it ended with a Problem that names the cause which a person found."""
    message = done.err[done.err.find("Problem: ") :] if "Problem: " in done.err else ""
    told = refusal.compare(message, entry.why_not)
    is_problem = done.code == 1 and bool(message) and "Traceback (most recent call last)" not in done.all
    why = "" if is_problem else f"exit code {done.code} and no Problem. "
    return replace(
        outcome,
        counts=is_problem and told.names_the_cause,
        reason=f"{why}{_first_line(done)} [{told}]",
        restored=not changed,
        left=tuple(changed),
    )


def _passes(what: str, done: Done) -> Done:
    if done.code:
        raise NotPassed(f"{what}: {_first_line(done)}", _end(done.all))
    return done


def _has_migrated(djdock: Callable[..., Done]) -> None:
    done = djdock("manage", "migrate", "--check")
    if "unrecognized arguments: --check" in done.err:  # Django before 3.1
        done = djdock("manage", "migrate", "--plan")
        if NO_MIGRATIONS not in done.out:
            raise NotPassed("there are migrations to apply", _end(done.all))
    _passes("manage migrate --check", done)


def _plans_nothing(done: Done) -> None:
    if planned := [" ".join(found) for found in PLANNED.findall(done.out)]:
        raise NotPassed(f"a second init would {', '.join(planned)}", _end(done.all))
    _passes("a second init", done)


def _probed(done: Done) -> Mapping[str, Any]:
    line = next((line for line in _passes("manage shell", done).out.splitlines() if line.startswith(MARK)), "")
    if not line:
        raise NotPassed("manage shell says nothing", _end(done.all))
    told: dict[str, Any] = json.loads(line.removeprefix(MARK))
    return told


class _Stay(urllib.request.HTTPRedirectHandler):
    """Redirects are looked at, not followed unseen."""

    def redirect_request(self, *_: object) -> None:
        return None


def _answer(url: str, path: str) -> int:
    """The status of a page's first answer.

    Raises:
        NotPassed: it, or the page that it leads to on this site, fails, is refused for the host's name, or is at
            https://, where nothing answers.
    """
    address, first = urljoin(url, path), 0
    for _redirect in range(REDIRECTS):
        status, location = _get(address)
        first = first or status
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.BAD_REQUEST:
            raise NotPassed(f"{urlsplit(address).path} answers {status}")
        target = urljoin(address, location)
        if not location or urlsplit(target).hostname != urlsplit(url).hostname:
            break
        if urlsplit(target).scheme != "http":
            raise NotPassed(f"{path} leads to {urlsplit(target).scheme}://, where nothing answers")
        address = target
    return first


def _get(address: str) -> tuple[int, str]:
    try:
        with urllib.request.build_opener(_Stay).open(address, timeout=PAGE_SECONDS) as answer:
            return int(answer.status), ""
    except urllib.error.HTTPError as error:
        return error.code, error.headers.get("Location", "") if error.code < HTTPStatus.BAD_REQUEST else ""
    except OSError as error:
        raise NotPassed(f"{urlsplit(address).path} does not answer: {error}") from error


def _first_line(done: Done) -> str:
    """What a command failed with: the Problem's cause, else the last line that it wrote."""
    if found := PROBLEM.search(done.err):
        return found[1]
    lines = [line.strip() for line in done.all.splitlines() if line.strip()]
    return lines[-1] if lines else f"exit code {done.code}"


def _end(text: str, lines: int = 60) -> str:
    return "\n".join(text.strip().splitlines()[-lines:])
