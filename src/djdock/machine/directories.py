"""Where djdock keeps what belongs to no project: a cache that may be deleted at any time."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def is_root() -> bool:
    """Whether we are root; never on Windows."""
    return sys.platform != "win32" and os.geteuid() == 0


def cache() -> Path:
    """The cache folder. Root's is /var/cache/djdock: PostgreSQL runs from it as a user who cannot enter /root."""
    if chosen := os.environ.get("DJDOCK_CACHE_DIR"):
        return Path(chosen)
    if is_root():
        return Path("/var/cache/djdock")
    from platformdirs import user_cache_path  # noqa: PLC0415 - only a first start needs it

    return user_cache_path("djdock", appauthor=False)


def shared_clusters() -> Path:
    """Where the clusters of projects lie whose own folder PostgreSQL's user cannot enter (root's home)."""
    return Path("/var/lib/djdock")
