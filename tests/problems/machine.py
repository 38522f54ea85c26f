"""Machines as bad luck makes them: without Docker, without a network, with a full disk."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

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
def small_disk(place: Path, megabytes: int) -> Iterator[Callable[[int], None]]:
    """A file system of a few megabytes at a place; yields what gives it another size. Only root can make one."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    place.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", str(place)], check=False
    )
    if made.returncode:
        place.rmdir()
        pytest.skip("this root may not mount a file system (a container?)")

    def resize(size: int) -> None:
        subprocess.run(["mount", "-o", f"remount,size={size}m", str(place)], check=True)

    try:
        yield resize
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)
        place.rmdir()


@contextmanager
def read_only(place: Path) -> Iterator[None]:
    """A folder that nobody can write into, be it root. Only root can make one."""
    if os.geteuid() != 0 or subprocess.run(["mount", "--bind", str(place), str(place)], check=False).returncode:
        pytest.skip("only root can make a folder read-only for everybody")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(place)], check=True)
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)
