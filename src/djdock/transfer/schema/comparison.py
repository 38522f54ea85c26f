"""What differs between a schema as it was and as it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from djdock.transfer.schema import catalogue

if TYPE_CHECKING:
    import psycopg

    from djdock.transfer.schema.suspension import Suspended

    Connection = psycopg.Connection[Any]


def changed(connection: Connection, suspended: Suspended) -> Sequence[str]:
    """What is not as it was before `suspend`, a sentence each; empty when all is.

    Compared is what the catalogue says: definitions, validity, marks, comments, the state of triggers, and columns.
    """
    before, after = suspended.before, catalogue.definitions(connection, suspended.tables)
    return [
        *(f"The {name} is missing." for name in sorted(before.keys() - after.keys())),
        *(f"The {name} was not there before." for name in sorted(after.keys() - before.keys())),
        *(
            f"The {name} was {before[name]}, and is {after[name]}."
            for name in sorted(before.keys() & after.keys())
            if before[name] != after[name]
        ),
    ]
