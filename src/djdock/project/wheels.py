"""The first versions of compiled distributions that have wheels for Linux, by Python: an older pin has to be compiled.

What the package index lists under "Download files"; a version that is not in the table is taken to have one.
"""

from __future__ import annotations

import re

# Any number of parts: `(2, 8, 4)`.
Numbers = tuple[int, ...]

# By name and Python; newer Pythons take the last entry before them.
FIRST: dict[str, dict[Numbers, Numbers]] = {
    "aiohttp": {(3, 9): (3, 7), (3, 10): (3, 8), (3, 11): (3, 8, 3), (3, 12): (3, 9), (3, 13): (3, 10, 11)},
    "cffi": {
        (3, 8): (1, 13),
        (3, 9): (1, 14, 3),
        (3, 10): (1, 15, 0),
        (3, 11): (1, 15, 1),
        (3, 12): (1, 16, 0),
        (3, 13): (1, 17, 1),
        (3, 14): (2, 0, 0),
    },
    "cryptography": {(3, 6): (2, 0)},
    "gevent": {
        (3, 9): (20, 9),
        (3, 10): (21, 8, 0),
        (3, 11): (22, 10, 1),
        (3, 12): (23, 9, 0),
        (3, 13): (24, 10, 1),
        (3, 14): (25, 9, 1),
    },
    "greenlet": {
        (3, 9): (0, 4, 17),
        (3, 10): (1, 1, 1),
        (3, 11): (2, 0, 0),
        (3, 12): (3, 0, 0),
        (3, 13): (3, 1, 0),
        (3, 14): (3, 2, 4),
    },
    "hiredis": {(3, 9): (1, 1), (3, 10): (2, 0), (3, 11): (2, 1), (3, 12): (2, 3), (3, 13): (3, 0)},
    "lxml": {
        (3, 6): (4, 2),
        (3, 7): (4, 3),
        (3, 8): (4, 4, 2),
        (3, 9): (4, 6, 1),
        (3, 10): (4, 6, 4),
        (3, 11): (4, 9, 1),
        (3, 12): (4, 9, 3),
        (3, 13): (5, 3, 0),
        (3, 14): (6, 0, 1),
    },
    "msgpack": {(3, 8): (0, 6, 2), (3, 9): (1, 0, 1), (3, 10): (1, 0, 3), (3, 11): (1, 0, 5), (3, 12): (1, 0, 7)},
    "multidict": {(3, 9): (5, 0), (3, 10): (5, 2), (3, 11): (6, 0, 3), (3, 12): (6, 0, 5), (3, 13): (6, 1)},
    "numpy": {
        (3, 9): (1, 19, 3),
        (3, 10): (1, 21, 2),
        (3, 11): (1, 23, 2),
        (3, 12): (1, 26, 0),
        (3, 13): (2, 1, 0),
        (3, 14): (2, 3, 2),
    },
    "pandas": {
        (3, 9): (1, 1, 3),
        (3, 10): (1, 3, 3),
        (3, 11): (1, 5, 0),
        (3, 12): (2, 1, 1),
        (3, 13): (2, 2, 3),
        (3, 14): (2, 3, 3),
    },
    "pillow": {
        (3, 6): (5, 0),
        (3, 7): (5, 3),
        (3, 8): (6, 2),
        (3, 9): (8, 0),
        (3, 10): (8, 4, 0),
        (3, 11): (9, 2, 0),
        (3, 12): (10, 1, 0),
        (3, 13): (11, 0, 0),
        (3, 14): (12, 0, 0),
    },
    "psutil": {(3, 9): (5, 7, 3), (3, 10): (5, 8), (3, 11): (5, 9, 2)},
    "psycopg2-binary": {
        (3, 6): (2, 7),
        (3, 7): (2, 7, 5),
        (3, 8): (2, 8, 4),
        (3, 9): (2, 8, 6),
        (3, 10): (2, 9, 1),
        (3, 11): (2, 9, 5),
        (3, 12): (2, 9, 9),
        (3, 13): (2, 9, 10),
        (3, 14): (2, 9, 11),
    },
    "pycurl": {(3, 8): (7, 45, 3), (3, 13): (7, 45, 4)},
    "pylibmc": {(3, 10): (1, 6, 2), (3, 12): (1, 6, 3)},
    "pyodbc": {(3, 12): (5, 0), (3, 13): (5, 2)},
    "pyyaml": {
        (3, 8): (5, 3),
        (3, 9): (5, 3, 1),
        (3, 10): (6, 0),
        (3, 12): (6, 0, 1),
        (3, 13): (6, 0, 2),
        (3, 14): (6, 0, 3),
    },
    "regex": {(3, 9): (2020, 10), (3, 10): (2021, 8), (3, 11): (2022, 10), (3, 12): (2023, 8), (3, 13): (2024, 9)},
    "twisted": {(3, 6): (21, 2)},
    "ujson": {(3, 9): (4, 0), (3, 10): (4, 2), (3, 11): (5, 5), (3, 12): (5, 8), (3, 13): (5, 10)},
    "uvloop": {(3, 9): (0, 15), (3, 10): (0, 16), (3, 11): (0, 17), (3, 12): (0, 18), (3, 13): (0, 21)},
    "yarl": {(3, 9): (1, 6), (3, 10): (1, 7), (3, 11): (1, 8), (3, 12): (1, 9, 2), (3, 13): (1, 12)},
    "zope-interface": {(3, 9): (5, 1, 1), (3, 10): (5, 5, 0), (3, 12): (6, 1), (3, 13): (7, 1, 0), (3, 14): (8, 0)},
}


def has(name: str, version: str | None, python: Numbers) -> bool:
    """Whether a version of a distribution has a wheel for a Python; one that nobody pins is new enough."""
    fitting = [first for since, first in sorted(FIRST.get(name, {}).items()) if since <= python]
    return version is None or not fitting or numbers(version) >= fitting[-1]


def numbers(version: str) -> Numbers:
    """The first three numbers of a version, for comparing."""
    return tuple(int(part) for part in re.findall(r"\d+", version.split("+", maxsplit=1)[0].partition("rc")[0])[:3])
