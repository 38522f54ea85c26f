"""Who PostgreSQL runs as: it refuses to run as root, so root lends it another user of this machine."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from djdock.errors import Problem
from djdock.machine.directories import is_root
from djdock.process import Account


def for_server(project: Path) -> Account | None:
    """The user to run a server as: ourselves (None), or where we are root the project's owner, postgres or nobody.

    Raises:
        Problem: we are root and there is no other user.
    """
    if sys.platform == "win32" or not is_root():
        return None
    import pwd  # noqa: PLC0415 - POSIX only

    owner = project.stat().st_uid
    everyone = pwd.getpwall()
    owners = [entry for entry in everyone if entry.pw_uid == owner]
    others = [entry for name in ("postgres", "nobody") for entry in everyone if entry.pw_name == name]
    for entry in (*owners, *others):
        if entry.pw_uid != 0:
            return Account(entry.pw_uid, entry.pw_gid, entry.pw_name)
    raise Problem(
        "PostgreSQL refuses to run as root, and this machine has neither a user postgres nor a user nobody.",
        hint="useradd --system postgres   (or work as an ordinary user), then try again",
    )


def can_enter(folder: Path, account: Account | None) -> bool:
    """Whether a user can reach a folder: every folder above it must let them through."""
    if account is None:
        return True
    folder = folder.resolve()
    for place in (folder, *folder.parents):
        try:
            info = place.stat()
        except FileNotFoundError:
            continue
        if info.st_uid == account.uid:
            allowed = stat.S_IXUSR
        elif info.st_gid == account.gid:
            allowed = stat.S_IXGRP
        else:
            allowed = stat.S_IXOTH
        if not info.st_mode & allowed:
            return False
    return True


def give(path: Path, account: Account | None) -> None:
    """Makes a user the owner of a path."""
    if account is not None and sys.platform != "win32":
        os.chown(path, account.uid, account.gid, follow_symlinks=False)
