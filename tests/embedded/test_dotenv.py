"""The .env of a checkout: missing, broken, or changed while everything runs."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests import tools
from tests.embedded import machine

pytestmark = pytest.mark.embedded


@pytest.fixture
def spoilt(blog: tools.Project) -> Iterator[Path]:
    """The .env of the shared project, for changes that no command accepts; afterwards it is put back."""
    path = blog.root / ".env"
    before = path.read_text()
    yield path
    path.write_text(before)
    assert not machine.ended(machine.postmaster(blog))


@pytest.fixture
def dotenv(spoilt: Path, blog: tools.Project) -> Iterator[Path]:
    """The .env of the shared project, for changes that work; afterwards all runs on the old one again."""
    before = spoilt.read_text()
    yield spoilt
    spoilt.write_text(before)
    blog.up("embedded")
    assert tools.page(blog.url)[0] == 200


def set_value(path: Path, name: str, value: str | None) -> None:
    """Gives a variable another value; None takes its line away."""
    lines = [line for line in path.read_text().splitlines() if not line.startswith(f"{name}=")]
    path.write_text("\n".join([*lines, *([] if value is None else [f"{name}={value}"])]) + "\n")


SECRET = "kTZbHq0s"
ELSEWHERE = f"postgres://blog:{SECRET}@db.example.com:5432/blog"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("DATABASE_URL", None, "does not set DATABASE_URL"),
        ("DATABASE_URL", "", "does not set DATABASE_URL"),
        ("DATABASE_URL", f"mysql://blog:{SECRET}@127.0.0.1:3306/blog", "is of the kind mysql://, not postgres://"),
        ("DATABASE_URL", "sqlite:///db.sqlite3", "is of the kind sqlite://, not postgres://"),
        ("DATABASE_URL", ELSEWHERE, "points at db.example.com"),
        ("DATABASE_URL", f"postgres://blog:{SECRET}@127.0.0.1:many/blog", "the port must be a number"),
        ("DATABASE_URL", f"postgres://blog:{SECRET}@127.0.0.1:70000/blog", "the port must be a number"),
        ("DATABASE_URL", f"postgres://:{SECRET}@127.0.0.1/", "lacks a user, a password or a database name"),
        ("POSTGRES_PASSWORD", SECRET, "DATABASE_URL and POSTGRES_PASSWORD do not agree"),
        ("DB_PORT", "1", "DATABASE_URL and DB_PORT do not agree"),
        ("WEB_PORT", "eighty", "WEB_PORT in .env is 'eighty', which is no port"),
        ("WEB_PORT", "0", "WEB_PORT in .env is '0', which is no port"),
        ("EXTRA", f'"{SECRET}', "cannot be read: it is not of the form NAME=value"),
    ],
)
def test_broken(spoilt: Path, blog: tools.Project, name: str, value: str | None, said: str) -> None:
    """Each fault is named with its fix, no value of a secret is shown, and the file is left alone."""
    set_value(spoilt, name, value)
    before = spoilt.read_text()
    done = blog.djdock("up")
    done.problem()
    assert said in done.words
    assert SECRET not in done.all
    assert spoilt.read_text() == before


def test_broken_line_is_named_by_number(spoilt: Path, blog: tools.Project) -> None:
    """Every command says which line it is; what is in it stays secret."""
    text = spoilt.read_text()
    spoilt.write_text(f"{text}this is {SECRET} no assignment\n")
    for command in ("up", "down", "status", "logs", "open", "psql", "restart", "test"):
        shown = blog.djdock(command).problem()
        assert f"Line {text.count(chr(10)) + 1} of .env" in shown, command
        assert SECRET not in shown


def test_missing_in_a_clone(template: tools.Project, blog: tools.Project, workspace: Path) -> None:
    """Who clones a project has no .env, no environment and no state: one `up` makes all three, with secrets anew."""
    clone = tools.Project(workspace / "clone")
    shutil.copytree(template.root, clone.root, ignore=shutil.ignore_patterns(".env", ".djdock", ".venv", "__pycache__"))
    done = clone.up("embedded")
    assert re.search(r"create +\.env", done.out)
    assert (clone.root / ".env").stat().st_mode & 0o777 == 0o600
    mine, theirs = clone.env(), blog.env()
    for name in ("SECRET_KEY", "POSTGRES_PASSWORD", "DATABASE_URL", "DB_PORT", "WEB_PORT", "COMPOSE_PROJECT_NAME"):
        assert mine[name] != theirs[name], name
    assert tools.page(clone.url)[0] == 200


def test_missing_after_it_was_there(dotenv: Path, blog: tools.Project) -> None:
    """A deleted .env is written anew; the database follows its password, and the rows are there."""
    machine.query(blog, "create table kept_rows (id int); insert into kept_rows values (1)")
    old = blog.env()
    dotenv.unlink()
    for command in ("down", "status", "open"):
        assert "no .env" in blog.djdock(command).problem()
    blog.up("embedded")
    assert blog.env()["POSTGRES_PASSWORD"] != old["POSTGRES_PASSWORD"]
    assert blog.env()["COMPOSE_PROJECT_NAME"] == old["COMPOSE_PROJECT_NAME"]
    assert machine.query(blog, "select id from kept_rows") == "1"
    assert tools.page(blog.url)[0] == 200
    machine.query(blog, "drop table kept_rows")


@pytest.mark.parametrize("running", [True, False])
def test_password_changed(dotenv: Path, blog: tools.Project, *, running: bool) -> None:
    """The cluster takes the password that .env says, whether it runs or not; the old one is refused from then on."""
    old = blog.env()
    if not running:
        blog.djdock("down").ok()
    dotenv.write_text(dotenv.read_text().replace(old["POSTGRES_PASSWORD"], SECRET))
    blog.up("embedded")
    assert machine.query(blog, "select 1") == "1"
    assert tools.page(blog.url)[0] == 200
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(old["DATABASE_URL"])
    assert SECRET not in (blog.root / ".djdock/logs/db.log").read_text()


def test_user_and_database_changed(dotenv: Path, blog: tools.Project) -> None:
    """Another name in .env is another database, made while the server runs; the old one stays as it was."""
    machine.query(blog, "create table kept_rows (id int)")
    old = blog.env()["DATABASE_URL"]
    set_value(dotenv, "DATABASE_URL", old.removesuffix("blog").replace("//blog:", "//editor:") + "other")
    blog.up("embedded")
    assert machine.query(blog, "select current_user, current_database(), to_regclass('kept_rows')") == "editor|other|"
    assert tools.page(blog.url)[0] == 200
    set_value(dotenv, "DATABASE_URL", old)
    blog.djdock("up").ok()
    assert machine.query(blog, "select to_regclass('kept_rows')") == "kept_rows"
    machine.query(blog, "drop table kept_rows")


def test_setting_changed(dotenv: Path, blog: tools.Project) -> None:
    """A site that runs is started anew when .env says something else: Django's reloader does not look at it."""
    set_value(dotenv, "DEBUG", "False")
    set_value(dotenv, "SECURE_SSL_REDIRECT", "False")  # nothing speaks HTTPS here
    blog.djdock("up").ok()
    status, text = tools.page(f"{blog.url}no-such-page")
    assert status == 404
    assert "DEBUG = True" not in text


def test_database_port_changed_by_hand(dotenv: Path, blog: tools.Project) -> None:
    """The server moves to the port that .env names, with its data."""
    port = tools.free_port()
    old = blog.env()
    dotenv.write_text(dotenv.read_text().replace(old["DB_PORT"], str(port)))
    blog.djdock("up").ok()
    assert machine.listening(machine.postmaster(blog)) == {("127.0.0.1", port)}
    assert machine.query(blog, "select count(*) > 0 from django_migrations") == "t"
    assert tools.page(blog.url)[0] == 200


def test_quotes_and_comments(dotenv: Path, blog: tools.Project) -> None:
    """What a person writes into .env (quotes, `export`, spaces, a comment behind a value) is understood."""
    dotenv.write_text(dotenv.read_text() + 'export GREETING="hello  world"\n\nNAME = value # said so\n')
    shown = blog.djdock("run", "python", "-c", "import os; print(os.environ['GREETING'], os.environ['NAME'])").ok()
    assert shown.out == "hello  world value\n"
