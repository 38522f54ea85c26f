"""project/environment.py and plan/dotenv.py: .env means the same to us, to python-dotenv and to its writer."""

from __future__ import annotations

import io
import string

import pytest
from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st

from djdock.errors import Problem
from djdock.plan import dotenv
from djdock.project import environment
from djdock.project.environment import Database
from djdock.project.files import Texts

WRITTEN = dotenv.Machine(
    compose_project="blog-1a2b3c4d",
    uid=1000,
    gid=1001,
    web_port=8000,
    database=Database("127.0.0.1", 15432, "blog", "blog", "aB3" * 10),
    secret_key="xY7" * 20,
)


def created(machine: dotenv.Machine = WRITTEN) -> str:
    return dotenv.create(Texts({}), machine).after


def as_python_dotenv_reads(text: str) -> dict[str, str | None]:
    return dict(dotenv_values(stream=io.StringIO(text)))


# --- what we write ----------------------------------------------------------------------------------------------------


def test_env_holds_what_it_was_given() -> None:
    """Each fact of the checkout is in .env, under the name that settings.py and compose.yaml read."""
    assert environment.parse(created()) == {
        "SECRET_KEY": WRITTEN.secret_key,
        "DEBUG": "True",
        "ALLOWED_HOSTS": "localhost,127.0.0.1",
        "CSRF_TRUSTED_ORIGINS": "",
        "DATABASE_URL": WRITTEN.database.url,
        "COMPOSE_PROJECT_NAME": "blog-1a2b3c4d",
        "POSTGRES_PASSWORD": WRITTEN.database.password,
        "DB_PORT": "15432",
        "WEB_PORT": "8000",
        "HOST_UID": "1000",
        "HOST_GID": "1001",
    }


letters = st.text(string.ascii_letters + string.digits, min_size=1, max_size=64)


@given(letters, letters, st.integers(1, 65535))
def test_python_dotenv_reads_the_same_from_what_we_write(secret: str, password: str, port: int) -> None:
    """Whatever the secrets, python-dotenv (with its interpolation of $) reads the values that we wrote."""
    database = Database("127.0.0.1", port, "blog", "blog", password)
    text = created(dotenv.Machine("blog-1", 0, 0, port, database, secret))
    assert as_python_dotenv_reads(text) == environment.parse(text)
    assert environment.parse(text)["SECRET_KEY"] == secret
    assert environment.database(environment.parse(text)) == database


def test_env_example_has_the_same_lines() -> None:
    """.env.example names the variables of .env, in the same order, and none of its secrets."""
    text = dotenv.example(Texts({}), "blog", "blog").after
    assert list(environment.parse(text)) == list(environment.parse(created()))
    assert as_python_dotenv_reads(text) == environment.parse(text)
    assert environment.database(environment.parse(text)).name == "blog"
    assert WRITTEN.secret_key not in text


def test_secrets_are_not_shown() -> None:
    """Neither the repr of a value nor the diff of .env shows a secret."""
    change = dotenv.create(Texts({}), WRITTEN)
    assert change.private
    for shown in (repr(WRITTEN), repr(WRITTEN.database), change.diff()):
        assert WRITTEN.secret_key not in shown
        assert WRITTEN.database.password not in shown


# --- reading ----------------------------------------------------------------------------------------------------------

simple_lines = st.lists(
    st.one_of(
        st.just(""),
        st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=10).map(lambda text: f"#{text}"),
        st.builds(
            "{}={}".format,
            st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,9}", fullmatch=True),
            st.text(f"{string.ascii_letters}{string.digits}_./:@%,+~-", max_size=20),
        ),
    ),
    max_size=8,
)


@given(simple_lines, st.sampled_from(["\n", "\r\n"]))
def test_the_quick_way_reads_what_python_dotenv_reads(lines: list[str], newline: str) -> None:
    """Simple files are read without python-dotenv, which takes 30 ms to import, and to the same values."""
    text = newline.join(lines)
    assert environment.parse(text) == as_python_dotenv_reads(text)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("A='with space'\n", {"A": "with space"}),
        ('A="x # y"  # a comment\n', {"A": "x # y"}),
        ("export A=1\n", {"A": "1"}),
        ("  A = 1  \n", {"A": "1"}),
        ("A=1\nA=2\n", {"A": "2"}),
        ("A=\n", {"A": ""}),
        ("A=one\u2028B=two\n", {"A": "one\u2028B=two"}),
        ("A='two\nlines'\nB=1\n", {"A": "two\nlines", "B": "1"}),
        ("A='$HOME'\n", {"A": "$HOME"}),
        ("", {}),
    ],
)
def test_what_people_write_is_read_too(text: str, values: dict[str, str]) -> None:
    """Quotes, comments, export, spaces and repeated names are read as python-dotenv reads them."""
    assert environment.parse(text) == values


@pytest.mark.parametrize(("text", "line"), [("A=1\nB\n", 2), ("A=1\n\n\nB", 4), ("A='open\n", 1), ("\n\n= 3\n", 3)])
def test_a_broken_line_is_named_and_not_shown(text: str, line: int) -> None:
    """A line that cannot be read is refused by its number; what it holds may be a secret."""
    with pytest.raises(Problem, match=rf"^Line {line} of \.env cannot be read") as refused:
        environment.parse(text)
    assert "open" not in refused.value.cause + refused.value.hint + refused.value.details


def test_a_missing_file_is_not_an_empty_one() -> None:
    """No .env and an empty one are two different answers."""
    assert environment.read(Texts({})) is None
    assert environment.read(Texts({".env": ""})) == {}


# --- DATABASE_URL -----------------------------------------------------------------------------------------------------

texts = st.text(st.characters(codec="utf-8"), min_size=1)


@given(texts, texts, texts, st.integers(1, 65535))
def test_a_database_survives_its_url(name: str, user: str, password: str, port: int) -> None:
    """Any name, user and password come back from DATABASE_URL, which itself needs no quotes in .env."""
    database = Database("127.0.0.1", port, name, user, password)
    assert environment.database({"DATABASE_URL": database.url}) == database
    assert environment.SIMPLE_LINE.fullmatch(f"DATABASE_URL={database.url}")


@pytest.mark.parametrize(
    ("url", "cause"),
    [
        (None, "does not set DATABASE_URL"),
        ("", "does not set DATABASE_URL"),
        ("postgres://blog:tOpSeCrEt@127.0.0.1:port/blog", "cannot be read"),
        ("postgres://blog:tOpSeCrEt@127.0.0.1:99999/blog", "cannot be read"),
        ("postgres://blog:tOpSeCrEt/x@127.0.0.1:5432/blog", "cannot be read"),
        ("postgres://blog:[tOpSeCrEt@127.0.0.1:5432/blog", "cannot be read"),
        ("mysql://blog:tOpSeCrEt@127.0.0.1:5432/blog", "mysql://, not postgres://"),
        ("sqlite:///db.sqlite3", "sqlite://, not postgres://"),
        ("postgres://127.0.0.1:5432/blog", "lacks a user"),
        ("postgres://blog:tOpSeCrEt@127.0.0.1:5432", "lacks a user"),
        ("postgres://blog:tOpSeCrEt@db.example.com:5432/blog", "points at db.example.com"),
        ("postgres://blog:tOpSeCrEt@db:5432/blog", "points at db;"),
    ],
)
def test_an_unusable_url_is_refused(url: str | None, cause: str) -> None:
    """Each way in which DATABASE_URL can be wrong has a message of its own, which never shows the password."""
    with pytest.raises(Problem, match=cause) as refused:
        environment.database({} if url is None else {"DATABASE_URL": url})
    assert refused.value.hint
    assert "tOpSeCrEt" not in str(refused.value) + refused.value.hint + refused.value.details


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "pgsql"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_usual_urls_are_read(scheme: str, host: str) -> None:
    """All usual spellings of the scheme and of this machine are taken; the port may be left out."""
    found = environment.database({"DATABASE_URL": f"{scheme}://me:pw@{host}/blog"})
    assert found == Database(host, 5432, "blog", "me", "pw")


@pytest.mark.parametrize("name", ["POSTGRES_PASSWORD", "DB_PORT"])
def test_the_two_halves_of_env_must_agree(name: str) -> None:
    """compose.yaml and settings.py read different lines; where they say different things nobody gets in."""
    values = environment.parse(created())
    assert environment.database(values) == WRITTEN.database
    with pytest.raises(Problem, match=f"DATABASE_URL and {name} do not agree"):
        environment.database(values | {name: "1"})


@pytest.mark.parametrize("text", ["", "0", "65536", "-1", "80a", "\uff18\uff10", "8000.0"])
def test_what_is_no_port_is_refused(text: str) -> None:
    """WEB_PORT must be a port."""
    with pytest.raises(Problem, match="which is no port"):
        environment.web_port({"WEB_PORT": text})


def test_the_usual_port_is_the_default() -> None:
    """Without WEB_PORT the site is where compose.yaml puts it."""
    assert environment.web_port({}) == 8000
    assert environment.web_port({"WEB_PORT": "65535"}) == 65535


# --- updating ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, "DB_PORT=7\n"),
        ("", "DB_PORT=7\n"),
        ("DB_PORT=1\n", "DB_PORT=7\n"),
        ("A=1\nDB_PORT=1\n# end\n\n\n", "A=1\nDB_PORT=7\n# end\n\n\n"),
        ("A=1\n\n", "A=1\n\nDB_PORT=7\n"),
        ("A=1", "A=1\nDB_PORT=7\n"),
        ("DB_PORT=1", "DB_PORT=7"),
        ("export DB_PORT = 1\n", "export DB_PORT =7\n"),
        ("DB_PORT=1\r\nA=2\r\n", "DB_PORT=7\r\nA=2\r\n"),
        ("A=2\r\n", "A=2\r\nDB_PORT=7\r\n"),
        ("DB_PORT=1\nDB_PORT=2\n", "DB_PORT=7\nDB_PORT=7\n"),
        ("# DB_PORT=1\nMY_DB_PORT=2\nDB_PORT_2=3\n", "# DB_PORT=1\nMY_DB_PORT=2\nDB_PORT_2=3\nDB_PORT=7\n"),
        ("export\nDB_PORT=1\n", "export\nDB_PORT=7\n"),
    ],
)
def test_update_changes_one_line(before: str | None, after: str) -> None:
    """The variable gets its value, in its place or at the end; every other line keeps every byte."""
    change = dotenv.update(Texts({} if before is None else {".env": before}), {"DB_PORT": "7"}, "why")
    assert (change.before, change.after, change.private) == (before, after, True)


def test_update_keeps_backslashes() -> None:
    """A value is text, not a pattern."""
    change = dotenv.update(Texts({".env": "A=1\n"}), {"A": r"\1\g<0>"}, "")
    assert change.after == "A=\\1\\g<0>\n"


@given(letters, st.integers(1, 65535))
def test_update_of_what_we_wrote_is_read_back(password: str, port: int) -> None:
    """After an update the file says the new values, and the old ones of everything else."""
    database = Database("127.0.0.1", port, "blog", "blog", password)
    values = {"DATABASE_URL": database.url, "DB_PORT": str(port), "POSTGRES_PASSWORD": password}
    change = dotenv.update(Texts({".env": created()}), values, "")
    assert environment.parse(change.after) == environment.parse(created()) | values
    assert environment.database(environment.parse(change.after)) == database
