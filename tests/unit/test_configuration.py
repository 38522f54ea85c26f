"""What a person has said: read from djdock.toml or pyproject.toml, and kept there, without touching another line."""

from __future__ import annotations

import pytest

from djdock.errors import Problem
from djdock.plan import configuration as plan
from djdock.project import configuration
from djdock.project.configuration import Configuration
from djdock.project.files import Texts

SAID = Configuration(
    manage="backend/manage.py", settings="shop.local", python="3.12", postgres=17, package_manager="uv"
)
TABLE = """\
manage = "backend/manage.py"
settings = "shop.local"
python = "3.12"
postgres = 17
package-manager = "uv"
"""


def kept(texts: dict[str, str], said: Configuration) -> dict[str, str]:
    """The files after something was said."""
    return {**texts, **{change.path: change.after for change in plan.keep(Texts(texts), said)}}


@pytest.mark.parametrize(
    "texts",
    [
        {"djdock.toml": TABLE},
        {"pyproject.toml": f'[project]\nname = "shop"\n\n[tool.djdock]\n{TABLE}'},
        {"pyproject.toml": f"[tool.djdock]\n{TABLE}\n[tool.ruff]\nline-length = 100\n"},
        {"djdock.toml": TABLE, "pyproject.toml": "[tool.djdock]\npostgres = 16\n"},
    ],
)
def test_what_was_said_is_read(texts: dict[str, str]) -> None:
    """From either file; djdock's own one wins."""
    assert configuration.read(Texts(texts)) == SAID


@pytest.mark.parametrize(
    "texts",
    [{}, {"pyproject.toml": '[project]\nname = "x"\n'}, {"pyproject.toml": 'name = "djdock"\n'}, {"djdock.toml": ""}],
)
def test_nothing_was_said(texts: dict[str, str]) -> None:
    """Where nothing is stored nothing is made up."""
    assert configuration.read(Texts(texts)) == Configuration()


@pytest.mark.parametrize(
    ("line", "named"),
    [("postgres = '17'", "postgres = '17'"), ("python = 3.12", "python = 3.12"), ("colour = 'red'", "colour = 'red'")],
)
def test_what_is_not_understood_is_named(line: str, named: str) -> None:
    """A wrong type or name is told with what may stand there."""
    for path, text in {"djdock.toml": line, "pyproject.toml": f"[tool.djdock]\n{line}"}.items():
        with pytest.raises(Problem, match=named) as refused:
            configuration.read(Texts({path: text}))
        assert "package-manager" in (refused.value.hint or "")
        assert path in refused.value.cause


def test_a_newer_answer_wins() -> None:
    """What is said now counts, and what was said before where nothing is."""
    assert Configuration(python="3.13").over(SAID) == Configuration("backend/manage.py", "shop.local", "3.13", 17, "uv")
    assert Configuration().over(SAID) == SAID


@pytest.mark.parametrize(
    "texts",
    [
        {},
        {"djdock.toml": "# mine\n"},
        {"djdock.toml": 'python = "3.11"  # the server has no other\n'},
        {"pyproject.toml": '[project]\nname = "shop"\n'},
        {"pyproject.toml": '[project]\nname = "shop"'},
        {"pyproject.toml": '[project]\r\nname = "shop"\r\n'},
        {"pyproject.toml": '[tool.djdock]\npython = "3.10"\n\n[tool.ruff]\nline-length = 100\n'},
        {"pyproject.toml": "[tool.djdock]\n[tool.ruff]\nline-length = 100\n"},
        {"pyproject.toml": "# [tool.djdock] is where djdock keeps things\n[tool.ruff]\nline-length = 100\n"},
        {"pyproject.toml": '[tool.djdock]  # ours\npython = "3.10"'},
        {"pyproject.toml": '[project]\ndescription = "one\u2028two\x85"\n\n[tool.djdock]\npython = "3.10"\n'},
        {"pyproject.toml": ""},
    ],
)
def test_what_is_kept_can_be_read(texts: dict[str, str]) -> None:
    """In every file as people have them: all is read back, a second time changes nothing, other lines stay."""
    after = kept(texts, SAID)
    assert configuration.read(Texts(after)) == SAID
    assert kept(after, SAID) == after
    for path, text in texts.items():
        there = after[path].splitlines()
        assert all(line in there for line in text.splitlines() if not line.startswith("python"))
        if "\r\n" in text:
            assert after[path].count("\n") == after[path].count("\r\n")


def test_nothing_said_changes_nothing() -> None:
    """Only what was said is stored: defaults may change with djdock."""
    assert plan.keep(Texts({}), Configuration()) == ()
    assert plan.keep(Texts({"pyproject.toml": "[tool.djdock]\n"}), Configuration()) == ()
