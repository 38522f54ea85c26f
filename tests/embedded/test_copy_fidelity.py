"""A Django project reads the same objects from PostgreSQL as from SQLite, value by value, and goes on from there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from djdock.machine import postgres
from djdock.machine.python import find
from djdock.project.environment import Database
from djdock.transfer import models
from djdock.transfer.job import Wish
from tests import projects, tools, transfers
from tests.embedded import databases
from tests.embedded.databases import make
from tests.embedded.fidelity_project import TEXTS
from tests.embedded.test_describe import told
from tests.tools import DJDOCK

pytestmark = pytest.mark.embedded


@pytest.mark.parametrize("server", [postgres.WHEEL_MAJOR], indirect=True)
@pytest.mark.parametrize(
    ("django", "python", "driver", "use_tz"),
    [
        pytest.param("3.2.25", (3, 9), "psycopg2-binary", "0", id="Django 3.2, local times"),
        pytest.param("6.0", (3, 12), "psycopg[binary]", "1", id="Django 6.0, times in UTC"),
    ],
)
def test_all_objects(  # noqa: PLR0913, PLR0917 - a matrix of versions
    server: databases.Server,
    database: Database,
    tmp_path: Path,
    django: str,
    python: tuple[int, int],
    driver: str,
    use_tz: str,
) -> None:
    """Every object of every model has the same values on both sides, and new ones find their place."""
    projects.write(tmp_path, TEXTS, git=False)
    interpreter = find(python) or "{}.{}".format(*python)
    program: list[str | Path] = [DJDOCK.with_name("uv"), "run", "--quiet", "--no-project", "--python", interpreter]
    program += ["--with", f"Django=={django}", "--with", driver, "--with", "tzdata", "python"]
    sqlite = {"USE_TZ": use_tz}
    target = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": database.name,
        "USER": database.user,
        "PASSWORD": database.password,
        "HOST": database.host,
        "PORT": str(database.port),
    }
    postgres = {**sqlite, "DB": json.dumps(target)}
    tools.run([*program, "manage.py", "makemigrations", "kinds"], tmp_path, env=sqlite).ok()
    tools.run([*program, "manage.py", "migrate"], tmp_path, env=sqlite).ok()
    tools.run([*program, "rows.py", "make"], tmp_path, env=sqlite).ok()
    before = tools.run([*program, "rows.py", "read"], tmp_path, env=sqlite).ok().out

    asked = {"alias": "default", "migrate": True}
    found = models.read(told(tmp_path, program, asked, postgres))
    with server.connect(database) as connection:
        make(connection, 'CREATE TABLE "Legacy Table" (id bigint PRIMARY KEY, name varchar(9))')
    transfer = transfers.prepare(tmp_path / "db.sqlite3", lambda: server.connect(database), found, Wish(unmanaged=True))
    assert transfer.faults == []
    assert transfer.flight.rewritten == ()
    transfer.copy()
    after = tools.run([*program, "rows.py", "read"], tmp_path, env=postgres).ok().out
    assert before.count("\n") > 450
    assert after.splitlines() == before.splitlines()
    tools.run([*program, "rows.py", "add"], tmp_path, env=postgres).ok()
