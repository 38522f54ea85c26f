"""plan/dotenv.py: the env file of a project that djdock did not make keeps every line that is in it."""

from __future__ import annotations

from djdock.plan import dotenv, ignored
from djdock.plan.dotenv import Line, Machine
from djdock.project.environment import Database, parse
from djdock.project.files import Texts

DATABASE = Database("127.0.0.1", 54321, "shop", "shop", "pass")
MACHINE = Machine("shop-1", 1000, 1000, 8000, DATABASE, "key")
LINES = (Line("SECRET_KEY", "abc", "signs"), Line("HOSTS", '["a", "b"]', ""))
OWN = {
    "DATABASE_URL": DATABASE.url, "COMPOSE_PROJECT_NAME": "shop-1", "POSTGRES_PASSWORD": "pass", "DB_PORT": "54321",
    "WEB_PORT": "8000", "HOST_UID": "1000", "HOST_GID": "1000",
}  # fmt: skip


def test_a_new_file() -> None:
    """It says what the settings read and what djdock reads, is private, and can be read back."""
    change = dotenv.adopt(Texts({}), ".env", LINES, MACHINE)
    assert change.private
    assert parse(change.after) == {"SECRET_KEY": "abc", "HOSTS": '["a", "b"]', **OWN}


def test_a_file_that_is_there() -> None:
    """Every line stays; one that has to say something else stays as a comment; what is missing comes last."""
    before = "# mine\r\nexport SECRET_KEY='old'  # why\r\nOTHER=1\r\n"
    change = dotenv.adopt(Texts({".env": before}), ".env", LINES, MACHINE)
    assert change.after.startswith(
        before[:8] + "# before djdock: export SECRET_KEY='old'  # why\r\nexport SECRET_KEY=abc\r\n"
    )
    assert parse(change.after) == {"SECRET_KEY": "abc", "OTHER": "1", "HOSTS": '["a", "b"]', **OWN}


def test_twice_is_once() -> None:
    """A file that says all of it is left as it is."""
    after = dotenv.adopt(Texts({}), ".env", LINES, MACHINE).after
    assert dotenv.adopt(Texts({".env": after}), ".env", LINES, MACHINE).after == after
    kept = dotenv.adopt(Texts({".env": "A=1"}), ".env", LINES, MACHINE).after
    assert dotenv.adopt(Texts({".env": kept}), ".env", LINES, MACHINE).after == kept


def test_a_name_of_both_is_written_once() -> None:
    """What the settings read under one of djdock's own names has one line."""
    change = dotenv.adopt(Texts({}), ".env", (Line("DATABASE_URL", DATABASE.url, "the database"),), MACHINE)
    assert change.after.count("DATABASE_URL=") == 1


def test_gitignore_keeps_its_lines() -> None:
    """One line is added, with the line end that the file has."""
    assert ignored.add(Texts({}), ".env").after == ".env\n"
    assert ignored.add(Texts({".gitignore": "*.pyc\r\nx"}), ".env").after == "*.pyc\r\nx\r\n.env\r\n"
