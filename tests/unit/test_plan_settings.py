"""plan/settings.py, on the settings that Django's own startproject writes (settings/*.txt, one file a series)."""

from __future__ import annotations

import ast
import difflib
import re
from pathlib import Path

import pytest

from djdock.plan.python_source import NotFound
from djdock.plan.settings import from_environment
from djdock.project.evaluation import evaluate
from djdock.project.files import Texts

DJANGO = {path.stem: path.read_text(encoding="utf-8") for path in sorted(Path(__file__).parent.glob("settings/*.txt"))}
# What the edit gives another value, and what it adds. All else must stay.
ASSIGNED = {"SECRET_KEY", "DEBUG", "ALLOWED_HOSTS", "DATABASES"}
READ = ["SECRET_KEY", "DEBUG", "ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS", "DATABASE_URL"]
# Only where DEBUG is off, and with a default.
READ_IN_PRODUCTION = ["SECURE_SSL_REDIRECT", "SECURE_HSTS_SECONDS"]

series = pytest.mark.parametrize("source", DJANGO.values(), ids=DJANGO)
user_models = pytest.mark.parametrize("user_model", [True, False], ids=["user-model", "no-user-model"])


def names(statement: ast.stmt) -> set[str]:
    return {ast.unparse(target) for target in statement.targets} if isinstance(statement, ast.Assign) else set()


def reads(source: str) -> list[str]:
    """The environment variables that a settings module reads."""
    return [read.name for read in evaluate(Texts({"s.py": source}), "s", "s.py").reads]


def test_all_series_are_here() -> None:
    """The texts are those of the series that the package says it supports."""
    assert list(DJANGO) == ["4.2", "5.2", "6.0", "6.1"]
    for version, source in DJANGO.items():
        assert f"using Django {version}." in source


@series
@user_models
def test_what_is_not_named_keeps_every_byte(source: str, user_model: bool) -> None:
    """The only lines that go are those of the four settings that get another value."""
    after = from_environment(source, user_model=user_model)
    gone = [line for line in difflib.ndiff(source.splitlines(), after.splitlines()) if line.startswith("- ")]
    assert [re.sub(r"'django-insecure-.*'", "…", line[2:]) for line in gone] == [
        "SECRET_KEY = …",
        "DEBUG = True",
        "ALLOWED_HOSTS = []",
        "    'default': {",
        "        'ENGINE': 'django.db.backends.sqlite3',",
        "        'NAME': BASE_DIR / 'db.sqlite3',",
        "    }",
    ]


@series
@user_models
def test_the_syntax_trees_are_equal_elsewhere(source: str, user_model: bool) -> None:
    """Apart from the settings that are edited, each statement of Django's is there, in its order, as it was."""
    apart = ASSIGNED | ({"INSTALLED_APPS"} if user_model else set())
    before = [ast.dump(node) for node in ast.parse(source).body if not names(node) & apart]
    after = [ast.dump(node) for node in ast.parse(from_environment(source, user_model=user_model)).body]
    kept = [node for node in after if node in before]
    assert kept == before


@series
def test_it_reads_its_environment(source: str) -> None:
    """The result reads the five variables that .env holds, none is left as a literal, and no SQLite is left."""
    after = from_environment(source, user_model=True)
    mail = ["EMAIL_URL"] if "MAILERS" in source else []
    assert reads(after) == [*READ[:-1], *READ_IN_PRODUCTION, READ[-1], *mail]
    assert reads(source) == []
    assert "sqlite" not in after
    assert "django-insecure" not in after


@series
def test_production_alone_is_hardened(source: str) -> None:
    """With DEBUG on nothing of it is there: no redirect to HTTPS, no pool, no other logging."""
    names = ("SECURE_SSL_REDIRECT", "SECURE_HSTS_SECONDS", "SESSION_COOKIE_SECURE", "LOGGING")
    environment = {**dict.fromkeys(READ, "x"), "DATABASE_URL": "postgres://a:b@c/d"}
    for debug in ("True", "False"):
        after = Texts({"s.py": from_environment(source, user_model=True)})
        values = evaluate(after, "s", "s.py", {**environment, "DEBUG": debug}).values
        assert [name in values for name in names] == [debug == "False"] * len(names)
        assert ("CONN_HEALTH_CHECKS" in values["DATABASES"]["default"]) is (debug == "False")


@pytest.mark.parametrize("pool", [True, False])
def test_connections_are_kept_in_the_way_that_django_can(pool: bool) -> None:
    """A pool allows no connections that threads keep: the one or the other, never both."""
    after = from_environment(DJANGO["6.1"], user_model=True, pool=pool)
    assert ("'pool'" in after, "CONN_MAX_AGE" in after) == (pool, not pool)
    assert "CONN_HEALTH_CHECKS'] = True" in after


@series
def test_mail_leaves_a_production_site(source: str) -> None:
    """From 6.1 on startproject writes a back end that prints: production has one that sends, by a URL."""
    after = Texts({"s.py": from_environment(source, user_model=True)})
    environment = {**dict.fromkeys(READ, "x"), "DATABASE_URL": "postgres://a:b@c/d", "DEBUG": "False"}
    mailers = evaluate(after, "s", "s.py", environment).values.get("MAILERS")
    assert (mailers is not None) is ("MAILERS" in source)
    if mailers:
        assert "console" not in str(mailers["default"])


@series
def test_the_user_model_is_chosen(source: str) -> None:
    """With the app `accounts` it is installed, last, and named as the user model; without it neither is."""
    after = from_environment(source, user_model=True)
    [apps] = [
        node.value for node in ast.parse(after).body if isinstance(node, ast.Assign) and "INSTALLED_APPS" in names(node)
    ]
    assert ast.literal_eval(apps)[-1] == "accounts"
    assert "\nAUTH_USER_MODEL = 'accounts.User'\n" in after
    assert "accounts" not in from_environment(source, user_model=False)


@series
@user_models
def test_a_second_edit_changes_nothing(source: str, user_model: bool) -> None:
    """What is there already is not added again."""
    once = from_environment(source, user_model=user_model)
    assert from_environment(once, user_model=user_model) == once


@series
def test_windows_line_ends_stay(source: str) -> None:
    """On Windows Django writes CRLF; no line of the result has another end."""
    after = from_environment(source.replace("\n", "\r\n"), user_model=True)
    assert after == from_environment(source, user_model=True).replace("\n", "\r\n")


@series
def test_double_quotes_stay(source: str) -> None:
    """Settings that a formatter has been over get double quotes in what is added, too."""
    formatted = re.sub(r"'([^'\n]*)'", r'"\1"', source)
    after = from_environment(formatted, user_model=True)
    plain = from_environment(source, user_model=True)
    assert [ast.dump(node) for node in ast.parse(after).body[1:]] == [
        ast.dump(node)
        for node in ast.parse(plain).body[1:]  # all but the docstring, whose quotes are text
    ]
    assert '"accounts",\n]' in after
    assert 'AUTH_USER_MODEL = "accounts.User"' in after


@pytest.mark.parametrize("end", ["", "\n", "\n\n\n", "\n# the end", "\n    # the end\n\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_the_ends_of_the_file_stay(end: str, mark: str) -> None:
    """A byte order mark, a missing last line end, trailing blank lines and comments are as they were."""
    source = DJANGO["6.1"].rstrip("\n")
    plain = from_environment(source, user_model=True)
    assert from_environment(mark + source + end, user_model=True) == mark + plain + end


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("DEBUG: bool = True  # in development", "DEBUG: bool = env.bool('DEBUG')  # in development"),
        ("DEBUG=True", "DEBUG=env.bool('DEBUG')"),
        ("DEBUG = (\n\tTrue\n)", "DEBUG = env.bool('DEBUG')"),
    ],
)
def test_annotations_and_comments_stay(before: str, after: str) -> None:
    """Only the value of a setting is replaced: its annotation, its spaces and the comment behind it stay."""
    source = DJANGO["6.1"]
    plain = from_environment(source, user_model=True)
    edited = from_environment(source.replace("DEBUG = True", before), user_model=True)
    assert edited == plain.replace("DEBUG = env.bool('DEBUG')", after)


@pytest.mark.parametrize("name", ["BASE_DIR", "SECRET_KEY", "DEBUG", "ALLOWED_HOSTS", "DATABASES", "STATIC_URL"])
def test_a_missing_setting_is_named(name: str) -> None:
    """Settings that are not as Django writes them are refused, with the name that was looked for."""
    with pytest.raises(NotFound) as refused:
        from_environment(re.sub(rf"^{name} =", "OTHER =", DJANGO["6.1"], flags=re.MULTILINE), user_model=False)
    assert refused.value.args == (name,)


def test_a_missing_list_of_apps_is_named() -> None:
    """With a user model, INSTALLED_APPS must be there, as a list."""
    for broken in ("INSTALLED_APPS = BASE + [", "APPS = ["):
        with pytest.raises(NotFound, match="INSTALLED_APPS"):
            from_environment(DJANGO["6.1"].replace("INSTALLED_APPS = [", broken), user_model=True)
