"""Takes `djdock up` through a list of public projects: which come up unaided, and which are told why they cannot.

    python -m benchmarks corpus LIST FOLDER [--engine docker] [--only NAME …] [--jobs N] [--json FILE] [--write]

LIST is a JSON file with the keys `runs` and `refuse`: projects with `repo` (OWNER/NAME) and `commit`; those to refuse
with `why_not`, what a person found who tried. FOLDER holds their checkouts: OWNER+NAME, OWNER/NAME or NAME.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmarks import machine, results
from benchmarks.attempt import Entry, Outcome, attempt
from benchmarks.place import workplace
from benchmarks.table import aligned, in_seconds
from djdock import state
from tests import tools
from tests.tools import Done

ENGINES = {"embedded": "Any project, without Docker", "docker": "Any project, with Docker"}
INTERRUPTED, TIMED_OUT = 130, 124
LONGEST_TEXT = 200  # letters shown
MOST_PATHS = 3  # shown
PLACES = ("", "*/", "*/*/")
LAST_WORDS = 30.0  # seconds


def main(words: Sequence[str]) -> int:
    """Runs the list; the exit code is 1 where something does not count."""
    arguments = _arguments(words)
    entries = read_list(json.loads(arguments.list.read_text(encoding="utf-8")), arguments.only)
    where = machine.describe()
    for number in (signal.SIGINT, signal.SIGTERM):  # also where a shell has started us in the background
        signal.signal(number, signal.default_int_handler)
    corpus = Corpus(arguments.folder, arguments.engine, arguments.timeout)
    try:
        outcomes = corpus.run(entries, arguments.jobs)
    except KeyboardInterrupt:
        print("Interrupted; all that ran was taken away.", file=sys.stderr)
        return INTERRUPTED
    if arguments.json:
        told = [asdict(outcome) for outcome in outcomes]
        arguments.json.write_text(json.dumps(told, indent=1), encoding="utf-8")
    how = f"corpus LIST FOLDER --engine {arguments.engine} --jobs {arguments.jobs}"
    text = results.section(ENGINES[arguments.engine], how, where, report(outcomes))
    print(text)
    if arguments.write:
        results.write(f"corpus {arguments.engine}", text)
    return int(not all(outcome.counts for outcome in outcomes))


def _arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks corpus", description="Takes up through many projects.")
    parser.add_argument("list", metavar="LIST", type=Path, help="JSON: the projects, and what is expected of them")
    parser.add_argument("folder", metavar="FOLDER", type=Path, help="their checkouts: OWNER+NAME, OWNER/NAME or NAME")
    parser.add_argument("--engine", choices=[*ENGINES], default="embedded", help="where to run (default: embedded)")
    parser.add_argument("--only", nargs="+", default=(), metavar="NAME", help="only these: OWNER/NAME, or a part of it")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="how many at a time (default: 1)")
    parser.add_argument(
        "--timeout", type=float, default=900, metavar="SECONDS", help="for any one command (default: 900)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="all that was found, for programs")
    parser.add_argument("--write", action="store_true", help=f"put the results into {results.FILE.name}")
    return parser.parse_args(words)


def read_list(listed: Mapping[str, Sequence[Mapping[str, object]]], only: Sequence[str] = ()) -> list[Entry]:
    """The projects of a list; with `only` those whose name holds one of these texts."""
    entries = [
        Entry(
            repo=str(entry["repo"]),
            commit=str(entry.get("commit") or ""),
            runs=kind == "runs",
            why_not=str(entry.get("why_not") or ""),
            admin_path=str(entry.get("admin_path") or ""),
        )
        for kind in ("runs", "refuse")
        for entry in listed.get(kind, ())
    ]
    return [entry for entry in entries if not only or any(name.lower() in entry.repo.lower() for name in only)]


class Stopped(Exception):
    """Nothing more is to be started."""


@dataclass
class Corpus:
    """Where the checkouts are, and how they are run."""

    folder: Path
    engine: str
    timeout: float
    _stopped: threading.Event = field(default_factory=threading.Event)

    def run(self, entries: Sequence[Entry], jobs: int) -> list[Outcome]:
        """Takes all through, some at a time, and says on standard error how each went; in the list's order.

        Raises:
            KeyboardInterrupt: after all that ran was taken away.
        """
        outcomes: dict[str, Outcome] = {}
        with workplace() as place, ThreadPoolExecutor(jobs) as pool:
            pending = [pool.submit(self._one, entry, place) for entry in entries]
            try:
                for done in as_completed(pending):
                    outcome = done.result()
                    outcomes[outcome.repo] = outcome
                    mark = "counts" if outcome.counts else "MISSED"
                    print(f"{mark}  {outcome.repo}  {in_seconds(outcome.seconds)}  {outcome.reason}", file=sys.stderr)
            except BaseException:
                self._stopped.set()  # each job ends its program, and takes away what it has started
                pool.shutdown(cancel_futures=True)
                raise
        return [outcomes[entry.repo] for entry in entries]

    def _one(self, entry: Entry, place: Path) -> Outcome:
        source = find(self.folder, entry)
        if source is None:
            return Outcome(entry.repo, entry.runs, reason=f"there is no checkout of it in {self.folder.name}")
        with _copy(source, entry, place) as root:
            self._tell_of_commit(entry, root)
            return attempt(entry, root, self.engine, self._call, self.timeout)

    def _tell_of_commit(self, entry: Entry, root: Path) -> None:
        """Says where a checkout is another one than the list means; one made from an archive is so, too."""
        if entry.commit and (root / ".git").exists():
            here = self._call(["git", "rev-parse", "HEAD"], root, timeout=60).out.strip()
            if here != entry.commit:
                print(f"{entry.repo}: at {here[:12]}, not at {entry.commit[:12]}", file=sys.stderr)

    def _call(self, argv: Sequence[str | Path], cwd: Path, *, timeout: float) -> Done:
        """Runs a program as tools.run does, but ends it where we are interrupted, or it takes too long.

        Raises:
            Stopped: we are interrupted.
        """
        with subprocess.Popen(
            [str(word) for word in argv],
            cwd=cwd,
            env=tools.clean_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        ) as process:
            waited = 0.0
            while not self._stopped.is_set() and waited < timeout:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    out, err = process.communicate(timeout=1)
                    return Done(process.returncode, out, err)
                waited += 1
            out, err = _end(process)
            if self._stopped.is_set():
                raise Stopped
            return Done(TIMED_OUT, out, f"{err}\nstill at it after {waited:.0f} seconds")


def _end(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Ends a program with all that it has started, and gives what it wrote."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=LAST_WORDS)
    return "", ""


def find(folder: Path, entry: Entry) -> Path | None:
    """The checkout of a project."""
    owner, _, name = entry.repo.rpartition("/")
    places = (folder / f"{owner}+{name}", folder / owner / name, folder / name)
    return next((place for place in places if place.is_dir()), None)


@contextmanager
def _copy(source: Path, entry: Entry, place: Path) -> Iterator[Path]:
    """A fresh copy of a checkout, under the name that a clone would have; gone afterwards, with all that ran in it."""
    root = place / entry.repo.replace("/", "+") / entry.name
    shutil.copytree(source, root, symlinks=True)
    names: set[str] = set()
    watch = threading.Event()

    # `undo` forgets the name of the containers and volumes, and `up` may be interrupted at any moment.
    def note() -> None:
        while not watch.wait(0.5):
            names.update(_compose_projects(root))

    watcher = threading.Thread(target=note, daemon=True)
    watcher.start()
    try:
        yield root
    finally:
        watch.set()
        watcher.join()
        for name in names:
            _remove_containers(name)
        tools.erase(root)
        shutil.rmtree(root.parent, ignore_errors=True)


def _compose_projects(root: Path) -> set[str]:
    """The names under which Compose knows what runs there; the project may be in a folder of the checkout."""
    found = {
        state.load(place.parent).compose_project for depth in PLACES for place in root.glob(f"{depth}{state.FOLDER}")
    }
    return found - {""}


def _remove_containers(name: str) -> None:
    """Takes away what Compose has made under a name: containers, volumes, networks and images."""
    if not shutil.which("docker"):
        return
    label = f"label=com.docker.compose.project={name}"

    def docker(*words: str) -> list[str]:
        # A session of its own: the Ctrl-C that ends us must not end the cleaning up.
        argv = ["docker", *words]
        return subprocess.run(argv, capture_output=True, text=True, check=False, start_new_session=True).stdout.split()

    removals = (
        (("rm", "--force", "--volumes"), docker("ps", "--all", "--quiet", "--filter", label)),
        (("volume", "rm", "--force"), docker("volume", "ls", "--quiet", "--filter", label)),
        (("network", "rm"), docker("network", "ls", "--quiet", "--filter", label)),
        (("image", "rm", "--force"), docker("image", "ls", "--quiet", "--filter", f"reference={name}-*")),
    )
    for command, found in removals:
        if found:
            docker(*command, *found)


def report(outcomes: Sequence[Outcome]) -> str:
    """Tables and totals as Markdown."""
    parts = []
    for title, chosen in (
        ("Must come up unaided", [outcome for outcome in outcomes if outcome.runs]),
        ("Cannot run, and must be told why", [outcome for outcome in outcomes if not outcome.runs]),
    ):
        if chosen:
            counted = sum(outcome.counts for outcome in chosen)
            rows = [_heads(runs=chosen[0].runs), *map(_row, chosen)]
            parts.append("\n".join((f"**{title}: {counted} of {len(chosen)}**", "", *aligned(rows, figures={2}))))
    return "\n\n".join(parts)


def _heads(*, runs: bool) -> list[str]:
    more = ["pages", "repairs", "tree after `undo`", "why not"] if runs else ["tree after `undo`", "told"]
    return ["", "counts", "`up`", *more]


def _row(outcome: Outcome) -> list[str]:
    tree = {True: "the same", False: f"**differs**: {', '.join(outcome.left[:MOST_PATHS])}", None: ""}[outcome.restored]
    pages = ", ".join(f"`{path}` {status}" for path, status in outcome.pages.items())
    repairs = "; ".join(repair.partition("  (")[0] for repair in outcome.repairs)
    middle = [pages, _shown(repairs)] if outcome.runs else []
    counts = "yes" if outcome.counts else "**no**"
    return [outcome.repo, counts, in_seconds(outcome.seconds), *middle, tree, _shown(outcome.reason)]


def _shown(text: str) -> str:
    """A text for a cell: no bar that would end it, and not too wide."""
    return (text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…").replace("|", "\\|")
