"""The benchmark over public projects: what counts, what does not, and what it says of each."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks import attempt, corpus, refusal, tree
from benchmarks.attempt import MARK, Entry, Outcome
from tests.tools import DJDOCK, Done

ENTRY = Entry("someone/shop", "", runs=True, admin_path="/admin/login/")
REFUSE = Entry("someone/old", "", runs=False, why_not="Django 1.10 needs Python <= 3.6")


class Pages(http.server.BaseHTTPRequestHandler):
    """A site whose pages say what their path asks for."""

    def do_GET(self) -> None:
        words = self.path.strip("/").split("/")
        status = int(words[0]) if words[0].isdigit() else 200
        self.send_response(status)
        if 300 <= status < 400:
            host = self.headers["Host"]
            self.send_header("Location", f"https://{host}/" if "https" in words else f"/{'/'.join(words[1:])}")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def site() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
        thread.join()


class Script:
    """Stands in for djdock, which takes minutes a project: answers by the first word of each command."""

    def __init__(self, url: str, admin: str = "/admin/login/") -> None:
        told = {"vendor": "postgresql", "version": "PostgreSQL 18.1 on x86_64, compiled", "admin": admin}
        self.answers = {
            "up": Done(0, "   repair  set DEBUG  (it is missing)\n    ready  http://127.0.0.1:1/\n", ""),
            "check": Done(0, "", ""),
            "migrate": Done(0, "", ""),
            "shell": Done(0, f"7 objects imported automatically.\n{MARK}{json.dumps(told)}\n", ""),
            "status": Done(0, json.dumps({"url": url}), ""),
            "init": Done(0, "Nothing to do.\n", ""),
            "undo": Done(0, "", ""),
        }
        self.leaves: str | None = None

    def __call__(self, argv: list[object], cwd: Path, *, timeout: float) -> Done:
        assert argv[0] == DJDOCK
        assert timeout == 60
        command = str(argv[2] if argv[1] == "manage" else argv[1])
        if command == "up" and self.leaves:
            (cwd / self.leaves).write_text("")
        return self.answers[command]


def taken(script: Script, folder: Path, entry: Entry = ENTRY) -> Outcome:
    (folder / "manage.py").write_text("")
    return attempt.attempt(entry, folder, "embedded", script, 60)


def problem(text: str, code: int = 1) -> Done:
    return Done(code, "", f"Problem: {text}\nTry: something else\n")


def test_all_steps_pass(tmp_path: Path) -> None:
    """A project that does all that is asked counts, and its pages and repairs are told."""
    with site() as url:
        outcome = taken(Script(url), tmp_path)
    assert (outcome.counts, outcome.reason, outcome.restored) == (True, "", True)
    assert outcome.pages == {"/": 200, "/admin/login/": 200}
    assert outcome.repairs == ("set DEBUG  (it is missing)",)
    assert outcome.postgres == "PostgreSQL 18.1 on x86_64"


@pytest.mark.parametrize(
    ("command", "answer", "reason"),
    [
        ("up", problem("There is no database."), "There is no database."),
        ("check", Done(1, "", "SystemCheckError\nERRORS:\nshop.E001\n"), "manage check: shop.E001"),
        ("migrate", Done(1, "[ ] 0002_more\n", ""), "manage migrate --check: [ ] 0002_more"),
        ("shell", Done(0, f'{MARK}{{"vendor": "sqlite", "version": "3.40", "admin": ""}}\n', ""), "database is 3.40"),
        ("shell", Done(0, "\n", ""), "manage shell says nothing"),
        ("init", Done(1, "   change  .env  (a port)\n", ""), "a second init would change .env"),
        ("undo", problem("Not this time."), "undo: Not this time."),
    ],
)
def test_a_step_fails(tmp_path: Path, command: str, answer: Done, reason: str) -> None:
    """Each step is needed, and the reason names it."""
    with site() as url:
        script = Script(url)
        script.answers[command] = answer
        outcome = taken(script, tmp_path)
    assert not outcome.counts
    assert reason in outcome.reason


@pytest.mark.parametrize(
    ("admin", "counts"),
    [
        ("/404/", True),
        ("/302/200/", True),
        ("/302/302/403/", True),
        ("", True),
        ("/500/", False),
        ("/302/503/", False),
        ("/400/", False),
        ("/301/https/", False),
    ],
)
def test_answers(tmp_path: Path, admin: str, counts: bool) -> None:
    """Pages below 500 count, the ones they lead to as well; a refused host and a way to https do not."""
    with site() as url:
        outcome = taken(Script(url, admin=admin), tmp_path)
    assert outcome.counts is counts, outcome


def test_what_undo_leaves(tmp_path: Path) -> None:
    """A single file that is left behind is named, and the project does not count."""
    with site() as url:
        script = Script(url)
        script.leaves = "celerybeat-schedule"
        outcome = taken(script, tmp_path)
    assert (outcome.counts, outcome.restored, outcome.reason) == (False, False, "undo leaves + celerybeat-schedule")


@pytest.mark.parametrize(
    ("up", "counts"),
    [
        (problem("Django 1.10.5 runs on Python 3.6 at most."), True),
        (problem("The dependencies cannot be installed."), False),
        (problem("Django 1.10.5 runs on Python 3.6 at most.", code=3), False),
        (Done(0, "    ready  http://127.0.0.1:1/", ""), False),
        (Done(1, "", "Traceback (most recent call last):\nProblem: Python 3.6"), False),
    ],
)
def test_refusals(tmp_path: Path, up: Done, counts: bool) -> None:
    """Only a Problem that names the cause counts: neither another message, nor a bug, nor a site that comes up."""
    script = Script("")
    script.answers["up"] = up
    assert taken(script, tmp_path, REFUSE).counts is counts


@pytest.mark.parametrize(
    ("message", "found_by_hand", "named"),
    [
        ("settings.py:3 imports secret_key, which is not there", "imports an untracked module (secret_key.py)", True),
        ("something is not there", "imports an untracked module (secret_key.py)", False),
        ("This is a template for django-admin startproject", "a startproject tree with {{name}} placeholders", True),
        ("needs Python 3.10", "Django needs Python 3.1", False),
        ("needs Python 13.1", "Django needs Python 3.1", False),
        ("Merge conflicts in settings.py", "there are conflicts from a merge", True),
        ("It does not work", "there are conflicts from a merge", False),
        ("anything", "", False),
    ],
)
def test_telling_words(message: str, found_by_hand: str, named: bool) -> None:
    """Names and versions decide; where a person found none, a good part of the words."""
    assert refusal.compare(message, found_by_hand).names_the_cause is named


def test_trees_differ(tmp_path: Path) -> None:
    """Bytes, modes, links and empty folders are all compared; djdock's notes and git's files are not."""
    for name in ("a", "b", "gone/deep", ".git/index", ".djdock/state.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("1")
    (tmp_path / "link").symlink_to("a")
    before = tree.of(tmp_path)
    assert tree.differences(before, tree.of(tmp_path)) == []
    (tmp_path / ".git/index").write_text("2")
    (tmp_path / ".djdock/state.json").write_text("2")
    assert tree.differences(before, tree.of(tmp_path)) == []
    (tmp_path / "a").write_text("2")
    (tmp_path / "b").chmod(0o600)
    (tmp_path / "gone/deep").unlink()
    (tmp_path / "gone").rmdir()
    (tmp_path / "link").unlink()
    (tmp_path / "link").symlink_to("b")
    (tmp_path / "new/empty").mkdir(parents=True)
    assert tree.differences(before, tree.of(tmp_path)) == ["+ new", "- gone", "~ a", "~ b", "~ link"]


def test_the_list(tmp_path: Path) -> None:
    """Projects are found under each of the three names that their checkouts have, and chosen by a part of theirs."""
    listed: dict[str, list[dict[str, object]]] = {
        "runs": [{"repo": f"owner/{name}", "commit": "c", "admin_path": None} for name in ("one", "two", "three")],
        "refuse": [{"repo": "owner/four", "commit": "c", "why_not": "it is old"}],
    }
    entries = corpus.read_list(listed)
    assert [(entry.name, entry.runs, entry.why_not) for entry in entries][-2:] == [
        ("three", True, ""),
        ("four", False, "it is old"),
    ]
    assert [entry.name for entry in corpus.read_list(listed, ["TWO", "r/f"])] == ["two", "four"]
    for place in ("owner+one", "owner/two", "three"):
        (tmp_path / place).mkdir(parents=True)
    places = [corpus.find(tmp_path, entry) for entry in entries]
    assert places == [tmp_path / "owner+one", tmp_path / "owner/two", tmp_path / "three", None]


def test_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project works in a copy, and neither the checkout changes nor does anything stay, whatever happens."""
    checkout = tmp_path / "corpus/someone+shop"
    checkout.mkdir(parents=True)
    (checkout / "manage.py").write_text("")
    before, seen = tree.of(checkout), []

    def fails(_entry: Entry, root: Path, *_: object) -> Outcome:
        seen.append(root)
        (root / "manage.py").unlink()
        raise RuntimeError("a bug")

    monkeypatch.setattr(corpus, "attempt", fails)
    with pytest.raises(RuntimeError, match="a bug"):
        corpus.Corpus(tmp_path / "corpus", "embedded", 60).run([ENTRY], 1)
    assert tree.of(checkout) == before
    assert seen[0].name == "shop"
    assert not seen[0].parent.parent.exists()


def test_a_missing_checkout_is_told(tmp_path: Path) -> None:
    """A project that is not there does not count, and does not end the run."""
    outcomes = corpus.Corpus(tmp_path, "embedded", 60).run([ENTRY, REFUSE], 2)
    assert [outcome.repo for outcome in outcomes] == [ENTRY.repo, REFUSE.repo]
    assert not any(outcome.counts for outcome in outcomes)
    assert outcomes[0].reason.startswith("there is no checkout")


def test_the_report() -> None:
    """Totals of both kinds, each project's line, and no pipe or long text that would break the table."""
    text = corpus.report([
        Outcome("a/one", runs=True, counts=True, pages={"/": 302}, repairs=("x | y",), seconds=61, restored=True),
        Outcome("a/two", runs=True, reason="word " * 100, seconds=1, restored=False),
        Outcome("a/old", runs=False, counts=True, reason="Django 1.10 runs on Python 3.6", restored=True),
    ])  # fmt: skip
    assert "Must come up unaided: 1 of 2" in text
    assert "must be told why: 1 of 1" in text
    assert "`/` 302 | x \\| y" in text
    assert "**differs**" in text
    assert max(map(len, text.splitlines())) < 400
