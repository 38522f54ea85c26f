"""What djdock remembers of a checkout, in its folder .djdock: which engine, which processes, what was in place.

All of it can be found out again: deleting the file costs time, never data (the cluster beside it is another matter).
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from djdock.errors import Problem
from djdock.service import SITE

FOLDER = ".djdock"
# In it: each generated file as djdock wrote it last, which a later version is merged on top of.
GENERATED = "generated"
# What stays in it for the sake of what stays.
OWN = frozenset({"lock", "lock.owner", ".gitignore"})


@dataclass(frozen=True)
class Started:
    """A process that was started in the background; all empty: it was stopped since.

    Attributes:
        pid, born: its number and when it started (seconds since the epoch).
        folder: its working directory, relative to the root.
        port: the port that it was started on; 0 where it listens on none.
        given: a fingerprint of what it was started with: arguments, variables, packages, source.
    """

    pid: int = 0
    born: float = 0.0
    folder: str = ""
    port: int = 0
    given: str = ""


@dataclass(frozen=True)
class State:
    """What the last command left.

    Attributes:
        root: the folder of the checkout; another one than it is in shows that it was copied or moved.
        compose_project: the name in its .env, in case that is lost.
        engine: the engine that the project runs on.
        processes: by the name of its service, what was started in the background; embedded engine only.
        environment: a fingerprint of what was installed.
        image: a fingerprint of what the site's image was built from.
        manage: the path of manage.py, so that daily commands need not look for it.
        proven: the project came up once, or was made by djdock: it need not be tried before it is started.
        needed: the services that have to run, with blanks between their names.
        target: where the project was deployed to last.
        settled: a fingerprint of all that `up` looks at, from the last time that it had nothing left to do.
    """

    root: str = ""
    compose_project: str = ""
    engine: str = ""
    environment: str = ""
    image: str = ""
    settled: str = ""
    target: str = ""
    manage: str = ""
    proven: bool = False
    needed: str = ""
    processes: Mapping[str, Started] = field(default_factory=dict)


def folder(root: Path) -> Path:
    """The project's .djdock, made where it is missing; git and Docker are told to leave it alone."""
    place = root / FOLDER
    if not (place / ".gitignore").exists():
        # Others may enter: as root, PostgreSQL runs as another user and its cluster lies in here.
        place.mkdir(mode=0o755, exist_ok=True)
        (place / ".gitignore").write_text("*\n", encoding="utf-8")
    return place


def logs(root: Path) -> Path:
    """The folder of the log files."""
    place = folder(root) / "logs"
    place.mkdir(exist_ok=True)
    return place


def load(root: Path) -> State:
    """The state of a checkout; whatever of it is not there or cannot be read is empty."""
    try:
        stored = json.loads((root / FOLDER / "state.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return State()
    if not isinstance(stored, dict):
        return State()
    return replace(State(**_known(stored, State)), processes=_processes(stored))


def _known(stored: Mapping[str, object], kind: type[State] | type[Started]) -> dict[str, Any]:
    """What can be used of what was stored: another version of djdock may have stored more, or other things."""
    plain = {field.name: field.default for field in fields(kind) if field.name in stored}
    return {name: stored[name] for name, like in plain.items() if type(stored[name]) is type(like)}


def _processes(stored: Mapping[str, object]) -> dict[str, Started]:
    found = stored.get("processes")
    if isinstance(found, dict):
        return {name: Started(**_known(entry, Started)) for name, entry in found.items() if isinstance(entry, dict)}
    # Before there were workers only the site ran in the background, and its process stood by itself.
    prefix = "web_"
    site = {name.removeprefix(prefix): value for name, value in stored.items() if name.startswith(prefix)}
    old = Started(**_known(site, Started))
    return {SITE: old} if old.pid else {}


def remember(root: Path, name: str, started: Started) -> None:
    """Notes what was started for a service."""
    known = load(root)
    save(root, replace(known, processes={**known.processes, name: started}))


def forget(root: Path, names: Iterable[str]) -> None:
    """Strikes out services that the project has no more."""
    known = load(root)
    gone = set(names)
    if gone & known.processes.keys():
        save(root, replace(known, processes={k: v for k, v in known.processes.items() if k not in gone}))


def save(root: Path, state: State) -> None:
    """Stores the state; the file is always whole, the old or the new one."""
    place = folder(root) / "state.json"
    unfinished = place.with_name(f".state-{os.getpid()}")
    try:
        unfinished.write_text(json.dumps(asdict(state), indent=1) + "\n", encoding="utf-8")
        unfinished.replace(place)
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def lock(root: Path, command: str) -> Iterator[None]:
    """Holds the project for one command; the system lets go of it when the command ends, however it ends.

    A command that is refused in a project that djdock does not know leaves no folder behind.

    Raises:
        Problem: another command holds it; the message names it.
    """
    from filelock import FileLock, Timeout  # noqa: PLC0415 - commands that change nothing do not need it

    fresh = not (root / FOLDER).exists()
    place = folder(root)
    owner = place / "lock.owner"
    held = FileLock(place / "lock", timeout=0, mode=0o600)
    try:
        held.acquire()
    except Timeout as error:
        try:
            who = owner.read_text(encoding="utf-8").strip()
        except OSError:
            who = "another command"
        raise Problem(
            f"Another djdock command is at work on this project: {who}.", hint="Wait until it is done, then try again."
        ) from error
    try:
        owner.write_text(f"djdock {command}, process {os.getpid()}\n", encoding="utf-8")
        yield
    finally:
        owner.unlink(missing_ok=True)
        held.release()
        if fresh:
            leave(root)


def leave(root: Path) -> None:
    """Takes .djdock away where nothing is remembered in it; what came with a lock that was let go is nothing."""
    place = root / FOLDER
    if not place.is_dir() or {entry.name for entry in place.iterdir()} - OWN:
        return
    for name in OWN:
        (place / name).unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # another command has come meanwhile
        place.rmdir()
