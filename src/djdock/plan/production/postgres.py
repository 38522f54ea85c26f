"""What the image of PostgreSQL is told of the release's own database, in Compose's file and in Swarm's alike."""

from __future__ import annotations

import json

from djdock.plan.production.release import DATABASE_PASSWORD, FILE_SUFFIX, SECRETS_INSIDE, Postgres
from djdock.project.services.postgres import init_arguments


def environment(database: Postgres) -> str:
    """The entries below `environment`."""
    return f"""\
      POSTGRES_USER: {_word(database.user)}
      POSTGRES_DB: {_word(database.name)}
      {DATABASE_PASSWORD}{FILE_SUFFIX}: {SECRETS_INSIDE}/{DATABASE_PASSWORD}
      # Text sorts by PostgreSQL's own rules, which no update of the image can change.
      POSTGRES_INITDB_ARGS: {init_arguments(database.major)}
"""


def check(database: Postgres) -> str:
    """What the health check asks, below `healthcheck`."""
    words = f'"-U", {_word(database.user)}, "-d", {_word(database.name)}'
    return f"""\
      # Over TCP: while a new volume is being set up, a first server answers on the socket, and goes away again.
      test: ["CMD", "pg_isready", "-h", "127.0.0.1", {words}]
"""


def _word(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)
