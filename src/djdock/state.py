"""What djdock remembers of a checkout, in its folder .djdock: which engine, which processes, what was in place.

All of it can be found out again: deleting the file costs time, never data (the cluster beside it is another matter).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from djdock.errors import Problem

FOLDER = ".djdock"
# In it: each generated file as djdock wrote it last, which a later version is merged on top of.
GENERATED = "generated"
# In it: what Python keeps of the project's modules when djdock runs them, so that the tree stays as it was.
CACHE = "pycache"


@dataclass(frozen=True)
class State:
    """What the last command left.

    Attributes:
        root: the folder of the checkout; another one than it is in shows that it was copied or moved.
        compose_project: the name in its .env, in case that is lost.
        engine: the engine that the project runs on.
        web_pid, web_born: the site's process and when it started (seconds since the epoch), embedded engine only.
        web_port, web_given: the port that it was started on, and a fingerprint of the .env that it was given.
        environment: a fingerprint of what was installed.
        manage: the path of manage.py, so that daily commands need not look for it.
        settled: a fingerprint of all that `up` looks at, from the last time that it had nothing left to do.
    """

    root: str = ""
    compose_project: str = ""
    engine: str = ""
    web_pid: int = 0
    web_born: float = 0.0
    web_port: int = 0
    web_given: str = ""
    environment: str = ""
    settled: str = ""
    manage: str = ""


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
    # Another version of djdock may have stored more, or other things.
    known = {field.name: field.default for field in fields(State) if field.name in stored}
    return State(**{name: stored[name] for name, like in known.items() if type(stored[name]) is type(like)})


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

    Raises:
        Problem: another command holds it; the message names it.
    """
    from filelock import FileLock, Timeout  # noqa: PLC0415 - commands that change nothing do not need it

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
