"""The files that services write their logs to: they do not grow for ever."""

from __future__ import annotations

from pathlib import Path

# Kept of a log when its service starts anew; what is older goes to a second file, and at the next start away.
LARGEST = 5_000_000


def rotate(log: Path) -> None:
    """Puts a log that has become large aside, before a service starts that writes into it."""
    if log.exists() and log.stat().st_size > LARGEST:
        log.replace(log.with_suffix(".old.log"))
