"""The secrets of production: a file each, in a folder that only its owner may enter."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from djdock.errors import Problem
from djdock.plan.production.release import ENV_FILE, SECRETS_FOLDER

# Containers see the single file and not the folder: their user, whom this system does not know, has to read it.
FILE_MODE, FOLDER_MODE = 0o444, 0o700
# The value that a secret had before. No container is given it: a name with a dot is none of a variable.
BEFORE = ".before"


def names(root: Path) -> tuple[str, ...]:
    """The secrets that are there."""
    folder = root / SECRETS_FOLDER
    if not folder.is_dir():
        return ()
    return tuple(sorted(path.name for path in folder.iterdir() if path.is_file() and path.name.isidentifier()))


def read(root: Path, name: str) -> str:
    """A secret, without the line end that an editor adds; empty where there is none.

    Raises:
        Problem: it is there and cannot be read.
    """
    try:
        return (root / SECRETS_FOLDER / name).read_text(encoding="utf-8").rstrip("\r\n")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise Problem(
            f"The secret {SECRETS_FOLDER}/{name} cannot be read: {reason}.",
            hint=f"Make it a text file that you may read: ls -l {SECRETS_FOLDER}",
        ) from error


def lost(what: str, another: str) -> Problem:
    """The Problem of a database that is there, while its password is not; `another` says how to have one more."""
    return Problem(
        f"{what} holds a database already, and its password is not here. A new one would not open it: none was made.",
        hint=f"Deployed from another folder? Bring {SECRETS_FOLDER}/ and {ENV_FILE} from there, then the same command "
        f"again.\n{another}",
    )


def replaced(root: Path, values: Mapping[str, str]) -> tuple[str, ...]:
    """Those of the secrets that are there already, with another value."""
    there = {name: read(root, name) for name in names(root) if name in values}
    return tuple(name for name, value in there.items() if value not in {"", values[name].rstrip("\r\n")})


def write(root: Path, values: Mapping[str, str]) -> None:
    """Writes secrets; each file is whole at any moment, and never readable by others on the way.

    One that is replaced stays beside the new one, as NAME.before: what it opens may not know the new one.

    Raises:
        Problem: one cannot be written.
    """
    folder = root / SECRETS_FOLDER
    try:
        folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
        folder.chmod(FOLDER_MODE)
        for name in replaced(root, values):
            _write(folder / f"{name}{BEFORE}", (folder / name).read_text(encoding="utf-8"))
        for name, value in values.items():
            _write(folder / name, value)
    except OSError as error:
        raise Problem(
            f"The secrets cannot be written to {folder}: {error.strerror}.",
            hint=f"Make room on that disk (df -h {root}), or see who owns the folder (ls -ld {SECRETS_FOLDER}); then "
            "the same command again.",
        ) from error


def _write(place: Path, value: str) -> None:
    unfinished = place.with_name(f".{place.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    try:
        with open(unfinished, "w", encoding="utf-8", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(value)
            file.flush()
            os.fsync(file.fileno())
        unfinished.chmod(FILE_MODE)
        unfinished.replace(place)
    finally:
        unfinished.unlink(missing_ok=True)
