"""Where a checkout's cluster lies: in its .djdock, or, where PostgreSQL's user cannot enter that, outside."""

from __future__ import annotations

import hashlib
from pathlib import Path

from djdock import state
from djdock.machine import accounts, directories
from djdock.process import Account

# In .djdock: names the folder outside. In that folder: names the checkout that it belongs to.
POINTER = "postgres.location"
OWNER = "checkout"


def folder(root: Path) -> Path:
    """The folder of the cluster, whether it is there yet or not. Writes nothing."""
    try:
        outside = Path((root / state.FOLDER / POINTER).read_text(encoding="utf-8").strip())
    except OSError:
        return inside(root)
    return outside if _belongs(outside, root) else _outside(root)


def inside(root: Path) -> Path:
    """The folder of a cluster that lies in its checkout."""
    return root.resolve() / state.FOLDER / "postgres"


def data(root: Path) -> Path:
    """The data directory."""
    return folder(root) / "data"


def prepare(root: Path) -> tuple[Path, Account | None]:
    """Settles where the cluster lies and who its server runs as.

    Raises:
        Problem: we are root, and there is no other user to run it.
    """
    account = accounts.for_server(root)
    own = state.folder(root)
    pointer = own / POINTER
    if not pointer.exists() and accounts.can_enter(own, account):
        return inside(root), account
    outside = folder(root) if pointer.exists() else _outside(root)
    for place in (directories.shared_clusters(), outside):
        place.mkdir(parents=True, exist_ok=True)
        place.chmod(0o755)  # whatever the umask: PostgreSQL's user has to come through
    (outside / OWNER).write_text(f"{root.resolve()}\n", encoding="utf-8")
    pointer.write_text(f"{outside}\n", encoding="utf-8")
    return outside, account


def _outside(root: Path) -> Path:
    place = root.resolve()
    digest = hashlib.sha256(str(place).encode(errors="surrogateescape")).hexdigest()[:8]
    name = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in place.name)
    free = directories.shared_clusters() / f"{name}-{digest}"
    # Data of a project that was here before and was moved or deleted are not this one's.
    number = 1
    while free.exists():
        number += 1
        free = free.with_name(f"{name}-{digest}-{number}")
    return free


def _belongs(outside: Path, root: Path) -> bool:
    """Whether a folder outside is this checkout's: a copy of a checkout must not share the original's database."""
    try:
        owner = Path((outside / OWNER).read_text(encoding="utf-8").strip())
    except OSError:
        return True
    if owner == root.resolve():
        return True
    # A checkout that was moved keeps its cluster; the original of a copy is still there and has the same pointer.
    try:
        return Path((owner / state.FOLDER / POINTER).read_text(encoding="utf-8").strip()) != outside
    except OSError:
        return True
