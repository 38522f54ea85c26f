"""Which names a new project may have."""

from __future__ import annotations

import keyword
import re
import sys

from djdock.errors import Problem
from djdock.project.services.postgres import LONGEST_NAME

# What a new project imports or installs: a project of that name would hide it. `test` is missing in Python's own list.
IMPORTED = frozenset(
    {"django", "django_project", "accounts", "environ", "psycopg", "psycopg_binary", "gunicorn", "whitenoise",
     "asgiref", "sqlparse", "django_environ", "packaging", "typing_extensions", "tzdata", "test"}
)  # fmt: skip
# Names that PostgreSQL gives to roles and databases of its own.
RESERVED = frozenset({"none", "public", "template0", "template1"})
# What YAML reads as a truth value or as nothing, where compose.yaml names user and database.
YAML = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null"})


def check(name: str) -> None:
    """Refuses a name that Python, PostgreSQL or Docker would stumble over.

    Raises:
        Problem: with the reason and a name that works.
    """
    if cause := _objection(name):
        raise Problem(cause, hint=f"djdock new {_suggestion(name)}")


def _objection(name: str) -> str | None:
    lower = name.lower()
    objections = (
        (
            not (name.isidentifier() and name.isascii()),
            "cannot be the name of a project: only letters, digits and _ may be in it, and it begins with a letter.",
        ),
        (keyword.iskeyword(name), "is a word of the Python language."),
        (lower in YAML, "is a word of the YAML language, which compose.yaml is written in."),
        (
            lower in IMPORTED or lower in sys.stdlib_module_names,
            "is the name of a Python module that every project uses; a project of that name would hide it.",
        ),
        (
            lower.startswith("pg_") or lower in RESERVED,
            "cannot be the name of a database: PostgreSQL keeps it to itself.",
        ),
        (
            name.startswith("_") or name.endswith("_") or "__" in name,
            "cannot be the name of an image: Docker wants single _ between letters or digits.",
        ),
        (len(name) > LONGEST_NAME, f"is too long for the name of a database: more than {LONGEST_NAME} letters."),
    )
    return next((f"{name!r} {why}" for wrong, why in objections if wrong), None)


def _suggestion(name: str) -> str:
    letters = re.sub(r"[^a-z0-9]+", "_", name.lower().removeprefix("pg_")).strip("_")[: LONGEST_NAME - 5].rstrip("_")
    return next(word for word in (letters, f"{letters}_site", f"site_{letters}", "my_site") if not _objection(word))
