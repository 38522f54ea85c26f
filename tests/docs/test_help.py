"""What `--help` says, as a person sees it: in 80 columns."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from djdock.cli import cli
from tests.tools import djdock

EIGHTY = {"COLUMNS": "80"}


def test_the_list_of_commands_is_whole(tmp_path: Path) -> None:
    """`djdock --help` shows every command with its whole first sentence, and fits 80 columns."""
    lines = djdock("--help", cwd=tmp_path, env=EIGHTY).ok().out.splitlines()
    first = lines.index("Commands:") + 1

    assert [line.split()[0] for line in lines[first : first + len(cli.commands)]] == list(cli.commands)
    assert not [line for line in lines if line.rstrip().endswith("...") and "Usage" not in line]
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("name", cli.commands)
def test_every_command_explains_itself(name: str) -> None:
    """Each command has a text, each option too, and nothing is wider than 80 columns."""
    command = cli.commands[name]
    options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    text = command.get_help(click.Context(command, info_name=f"djdock {name}", terminal_width=80))

    assert command.help
    assert [option.name for option in options if not option.help] == []
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("name", ["manage", "run", "shell", "psql", "test"])
def test_help_comes_first(name: str, tmp_path: Path) -> None:
    """`djdock psql --help` is about djdock, also outside a project; psql has a --help of its own behind that."""
    assert djdock(name, "--help", cwd=tmp_path).ok().out.startswith(f"Usage: djdock {name}")
    assert "is not inside a Django project" in djdock(name, "x", "--help", cwd=tmp_path).problem()


def test_a_command_that_is_misspelt_is_guessed(tmp_path: Path) -> None:
    """`djdock upp` is a usage error (exit code 2) that names `up`."""
    done = djdock("upp", cwd=tmp_path)

    assert done.code == 2
    assert "'up'" in done.err
