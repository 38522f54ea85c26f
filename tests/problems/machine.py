"""Machines as bad luck makes them: without Docker, without a network, with a full disk."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# A proxy that is not there: every connection to the outside is refused at once.
NOWHERE = "http://127.0.0.1:9"


def without(folder: Path, *programs: str) -> dict[str, str]:
    """The variables for a machine on which some programs are not installed: a PATH of links to all others."""
    folder.mkdir()
    for place in os.environ["PATH"].split(os.pathsep):
        for program in Path(place).iterdir() if Path(place).is_dir() else ():
            link = folder / program.name
            if program.name not in programs and not link.is_symlink():
                link.symlink_to(program)
    return {"PATH": str(folder)}


def offline(cache: Path | None = None) -> dict[str, str]:
    """The variables for a machine without a network; with a cache of uv's that is not the person's own."""
    names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
    proxies = {**dict.fromkeys(names, NOWHERE), "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    return proxies if cache is None else {**proxies, "UV_CACHE_DIR": str(cache)}


@contextmanager
def small_disk(place: Path, megabytes: int) -> Iterator[Path]:
    """A file system of a few megabytes (root only)."""
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)
        shutil.rmtree(place)
