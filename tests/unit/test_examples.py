"""project/examples.py: example files of the environment are found under all their names, the best first."""

from __future__ import annotations

import pytest

from djdock.project import examples
from djdock.project.files import Texts


@pytest.mark.parametrize(
    "path",
    [".env.example", ".env.sample", ".env.dist", ".env.template", "env.example", "env_sample", "example.env",
     ".env-local", "dotenv.example", ".envs/.local/.django", "config/.env.example", "docker/env.dev"],
)  # fmt: skip
def test_names_of_examples(path: str) -> None:
    """The usual names and places are known."""
    found = examples.read(Texts({path: "A=1\n"}))
    assert [(example.path, dict(example.values)) for example in found] == (
        [(path, {"A": "1"})] if "django" not in path else []
    )


@pytest.mark.parametrize(
    "path",
    [".env.production", ".env.prod.example", "env.py", ".envrc", "environment.yml", ".env.md", "deep/er/.env.example"],
)
def test_what_is_no_example(path: str) -> None:
    """Files for production, code and files elsewhere are left alone."""
    assert examples.read(Texts({path: "A=1\n"})) == ()


def test_the_best_comes_first() -> None:
    """An example for everybody comes before one for Docker or tests; files that say nothing are left out."""
    texts = {
        ".env.test": "A=3\n",
        ".env.docker": "A=2\n",
        ".env.example": "A=1\n",
        "config/.env.example": "A=4\n",
        ".env.sample": "# none\n",
    }
    assert [example.path for example in examples.read(Texts(texts))] == [
        ".env.example", ".env.docker", ".env.test", "config/.env.example",
    ]  # fmt: skip


def test_broken_examples_are_left_out() -> None:
    """A file that is no env file is no failure."""
    assert examples.read(Texts({".env.example": "what is this\n"})) == ()


@pytest.mark.parametrize(
    "value",
    [
        "",
        "<your key>",
        "change-me",
        "changeme",
        "your-key",
        "xxx",
        "***",
        "replace-this",
        "TODO",
        "...",
        "${X}",
        "{{ x }}",
        "[key]",
    ],
)
def test_placeholders(value: str) -> None:
    """A value that only says that something is to be written there is none."""
    assert examples.is_placeholder(value)


@pytest.mark.parametrize("value", ["1", "True", "localhost", "redis://redis:6379/0", "a b", "me@example.org"])
def test_values(value: str) -> None:
    """Values that can be used as they are stay."""
    assert not examples.is_placeholder(value)
