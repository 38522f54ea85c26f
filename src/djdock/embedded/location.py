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
        return root.resolve() / state.FOLDER / "postgres"
    return outside if _belongs(outside, root) else _outside(root)


def data(root: Path) -> Path:
    """The data directory."""
    return folder(root) / "data"


def prepare(root: Path) -> tuple[Path, Account | None]:
    """Settles where the cluster lies and who its server runs as.

    Raises:
        Problem: we are root, and there is no other user to run it.
    """
    account = accounts.for_server(root)
    inside = state.folder(root)
    pointer = inside / POINTER
    if not pointer.exists() and accounts.can_enter(inside, account):
        return folder(root), account
    outside = folder(root) if pointer.exists() else _outside(root)
    outside.mkdir(parents=True, exist_ok=True, mode=0o755)
    (outside / OWNER).write_text(f"{root.resolve()}\n", encoding="utf-8")
    pointer.write_text(f"{outside}\n", encoding="utf-8")
    return outside, account


def _outside(root: Path) -> Path:
    place = root.resolve()
    digest = hashlib.sha256(str(place).encode(errors="surrogateescape")).hexdigest()[:8]
    name = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in place.name)
    return directories.shared_clusters() / f"{name}-{digest}"


def _belongs(outside: Path, root: Path) -> bool:
    """Whether a folder outside is this checkout's: a copy of a checkout must not share the original's database."""
    try:
        owner = Path((outside / OWNER).read_text(encoding="utf-8").strip())
    except OSError:
        return True
    # A checkout that was moved keeps its cluster; the original of a copy is still there and has the same pointer.
    return owner == root.resolve() or not (owner / state.FOLDER / POINTER).exists()
