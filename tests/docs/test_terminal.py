"""What a person sees in a terminal, and what a pipe gets."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs import terminal
from tests.tools import DJDOCK, djdock

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def test_problems_are_coloured_and_broken_between_words(tmp_path: Path) -> None:
    """In a terminal of 80 columns no line of a problem is longer, and no word of it is cut."""
    shown = terminal.run([DJDOCK, "new", "my-site"], tmp_path).out
    plain = COLOUR.sub("", shown)

    assert shown != plain
    assert max(map(len, plain.splitlines())) <= 80
    assert " ".join(plain.split()) == " ".join(djdock("new", "my-site", cwd=tmp_path).err.split())


@pytest.mark.parametrize(("arguments", "env"), [(["--no-color"], {}), ([], {"NO_COLOR": "1"})])
def test_no_colours_when_they_are_not_wanted(arguments: list[str], env: dict[str, str], tmp_path: Path) -> None:
    """NO_COLOR and --no-color hold for problems too, which are shown after the command has ended."""
    shown = terminal.run([DJDOCK, *arguments, "status"], tmp_path, env=env).out

    assert "Problem: " in shown
    assert not COLOUR.search(shown)


def test_pipes_get_whole_lines_without_colours(tmp_path: Path) -> None:
    """Where nobody watches, a sentence is one line, so that programs can search it."""
    lines = djdock("new", "my-site", cwd=tmp_path).problem().splitlines()

    assert [line.split(":")[0] for line in lines] == ["Problem", "Try"]
    assert not COLOUR.search(lines[0])
