"""Which names a new project may have."""

from __future__ import annotations

import keyword
import re
import sys

from djdock.errors import Problem

# What a new project imports: a project of that name would hide it.
IMPORTED = frozenset(
    {
        "django",
        "django_project",
        "accounts",
        "environ",
        "psycopg",
        "psycopg_binary",
        "gunicorn",
        "whitenoise",
        "asgiref",
        "sqlparse",
    }
)


def check(name: str) -> None:
    """Refuses a name that Python, PostgreSQL or Docker would stumble over.

    Raises:
        Problem: with the reason and a name that works.
    """
    if not (name.isidentifier() and name.isascii()):
        raise Problem(
            f"{name!r} cannot be the name of a project: "
            "only letters, digits and _ may be in it, and it begins with a letter.",
            hint=f"djdock new {_suggestion(name)}",
        )
    if keyword.iskeyword(name):
        raise Problem(f"{name!r} is a word of the Python language.", hint=f"djdock new {name}_site")
    if name in IMPORTED or name.lower() in sys.stdlib_module_names:
        raise Problem(
            f"{name!r} is the name of a Python module that every project uses; a project of that name would hide it.",
            hint=f"djdock new {name}_site",
        )
    if name.startswith(("_", "pg_")):
        raise Problem(
            f"{name!r} cannot be the name of a database and its containers: PostgreSQL keeps names with pg_ to itself, "
            "Docker those that begin with _.",
            hint=f"djdock new {_suggestion(name)}",
        )


def _suggestion(name: str) -> str:
    letters = re.sub(r"[^a-z0-9]+", "_", name.lower().removeprefix("pg_")).strip("_")
    return letters if letters and not letters[0].isdigit() else f"site_{letters}".rstrip("_")
