"""Which versions run together: https://docs.djangoproject.com/en/stable/faq/install/"""

from __future__ import annotations

import re

from djdock.doctor import docker_files
from djdock.doctor.case import Case, Finding
from djdock.project.compatibility import DJANGO, Version, text

NAME = "versions-that-do-not-fit"
TITLE = "Django, Python and PostgreSQL do not fit together"
SEEN = "NotSupportedError: PostgreSQL 14 or later is required (found 13.22); an image that cannot be built"
CAUSE = "Each Django series supports some versions of Python, and PostgreSQL from one version on."
FIX = "Change the older one of them; docs/how-to/versions.md has the table."
DOES = (
    "Nothing by itself: another major version of PostgreSQL needs the data moved. `djdock new` and "
    "`init` choose what fits."
)

NUMBERS = re.compile(r"(\d+)\.(\d+)")


def find(case: Case) -> tuple[Finding, ...]:
    django = case.declared("django")
    match = NUMBERS.search(django.locked or _pinned(django.specifier)) if django else None
    if django is None or match is None:
        return ()
    series: Version = (int(match[1]), int(match[2]))
    support = DJANGO.get(series)
    if support is None:
        return ()
    found = []
    for service in docker_files.services(case):
        if service.postgres_major is not None and service.postgres_major < support.postgres:
            what = (
                f"Django {text(series)} refuses PostgreSQL {service.postgres_major}; it needs {support.postgres} or "
                "newer"
            )
            fix = f"postgres:{max(support.postgres, 17)}-trixie. The data have to be dumped before, and loaded after."
            found.append(Finding(NAME, what, service.where("image"), fix))
    for dockerfile in docker_files.dockerfiles(case):
        for instruction in dockerfile.all("FROM"):
            image = re.search(r"(?:^|/|\s)python:(\d+)\.(\d+)", instruction.value)
            python = (int(image[1]), int(image[2])) if image else None
            if python and not support.oldest_python <= python <= support.newest_python:
                span = f"{text(support.oldest_python)} to {text(support.newest_python)}"
                what = f"Django {text(series)} runs on Python {span}, and the image has {text(python)}"
                where = f"{dockerfile.path}:{instruction.line}"
                found.append(Finding(NAME, what, where, f"python:{text(support.newest_python)}-slim-trixie"))
    return tuple(found)


def _pinned(specifier: str) -> str:
    """The version that a specifier names, where it names one: ==5.2.3, ~=5.2, >=5.2,<5.3."""
    match = re.search(r"(?:==|~=)\s*([\d.]+)", specifier)
    return match[1] if match else ""
