"""Whatever the documentation tells people to type can be typed."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import click
import pytest

from djdock.cli import cli
from tests.docs import markdown, reference
from tests.tools import DJDOCK, clean_environment

COMMANDS = [
    pytest.param(words, id=f"{page.name}: djdock {' '.join(words)}")
    for page in markdown.pages()
    for words in page.commands()
    if not words[0].isupper()  # `djdock COMMAND --help` speaks of all commands
]


def parse(words: list[str]) -> None:
    """Lets click read a command line, and runs nothing."""
    place = next((index for index, word in enumerate(words) if not word.startswith("-")), len(words))
    try:
        cli.make_context("djdock", [*words[:place], "status"])
        if place < len(words):
            name = words[place]
            assert name in cli.commands, f"there is no command {name}"
            command, rest = cli.commands[name], words[place + 1 :]
            while isinstance(command, click.Group) and rest:
                assert rest[0] in command.commands, f"there is no command {name} {rest[0]}"
                command, rest = command.commands[rest[0]], rest[1:]
            command.make_context(name, rest)
    except click.exceptions.Exit:
        pass  # --help and --version have done their work
    except click.MissingParameter:
        if len(words) > 1:  # `djdock new` in a sentence only names the command
            raise


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_line_parses(words: list[str]) -> None:
    """A renamed command or option is renamed in the documentation too."""
    parse(words)


@pytest.mark.parametrize("words", [["upp"], ["up", "--prot", "1"], ["up", "--port", "x"], ["--nocolor", "up"]])
def test_a_wrong_command_line_is_noticed(words: list[str]) -> None:
    """The test above can fail."""
    with pytest.raises((click.UsageError, AssertionError)):
        parse(words)


def test_the_documentation_has_command_lines() -> None:
    """The command lines are found at all: every command is shown somewhere."""
    shown = {word for page in markdown.pages() for words in page.commands() for word in words[:1]}

    assert set(cli.commands) <= shown


def test_a_session_that_is_shown_is_what_happens(tmp_path: Path) -> None:
    """What stands below a line with `$` is what that command writes."""
    sessions = [
        block for page in markdown.pages() for _language, block in page.blocks() if block.startswith("$ djdock")
    ]

    assert sessions
    for session in sessions:
        command, _, shown = session.partition("\n")
        done = subprocess.run(
            [DJDOCK, *markdown.words(command.removeprefix("$ "))],
            cwd=tmp_path,
            env=clean_environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.stdout + done.stderr == shown


def test_the_reference_is_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    """docs/reference/commands.md says what the commands say: `make docs` writes it anew."""
    assert reference.PAGE.read_text(encoding="utf-8") == reference.page()
    assert capsys.readouterr().out == ""


def test_links_lead_somewhere() -> None:
    """No link between the pages, to a heading or to a picture is broken."""
    broken = []
    for page in markdown.pages():
        for link in page.links():
            if link.startswith(("http://", "https://")):
                continue
            path, _, anchor = link.partition("#")
            target = (page.path.parent / path).resolve() if path else page.path
            known = markdown.Page(target).anchors() if anchor and target.is_file() else {anchor}
            if not target.exists() or anchor not in known:
                broken.append(f"{page.name}: {link}")

    assert not broken


def test_every_page_can_be_reached() -> None:
    """docs/README.md names every page of docs/, docs/rules/README.md every rule, and README.md leads there."""
    indexes = [markdown.page("docs/README.md"), markdown.page("docs/rules/README.md")]
    linked = {
        (index.path.parent / link.partition("#")[0]).resolve()
        for index in indexes
        for link in index.links()
        if "://" not in link
    }

    assert {path.resolve() for path in (markdown.ROOT / "docs").rglob("*.md")} - {indexes[0].path} <= linked
    assert "docs/README.md" in markdown.page("README.md").links()


def test_pictures_are_small() -> None:
    """Nobody waits for a picture, and none asks another server for its font."""
    for picture in (markdown.ROOT / "docs/images").iterdir():
        assert picture.stat().st_size < 150_000, picture.name
        if picture.suffix == ".svg":
            assert not re.search(r"url\(\"?https?:", picture.read_text(encoding="utf-8"))
