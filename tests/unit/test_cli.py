"""cli.py, the edge: every way to end has its exit code, and colours go to terminals only."""

from __future__ import annotations

import os
import platform
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from djdock import __version__, cli
from tests.tools import DJDOCK, Done, clean_environment, djdock, run

# --- exit codes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["-h"], ["new", "--help"], ["completion", "bash"]])
def test_done_is_0(tmp_path: Path, arguments: list[str]) -> None:
    """What was asked for and given ends with 0, on standard output alone."""
    done = djdock(*arguments, cwd=tmp_path, timeout=30)
    assert (done.code, done.err) == (0, "")
    assert done.out


@pytest.mark.parametrize("command", [["up"], ["down"], ["status"], ["logs"], ["open"], ["psql"], ["manage", "check"]])
def test_a_problem_is_1(tmp_path: Path, command: list[str]) -> None:
    """Outside of a project every command says so: cause and next step on standard error, nothing on standard output."""
    done = djdock(*command, cwd=tmp_path, timeout=30)
    assert "not inside a Django project" in done.problem()
    assert done.out == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["fly"],
        ["--fly"],
        ["up", "--engine", "podman"],
        ["up", "--port", "0"],
        ["up", "--port", "http"],
        ["up", "now"],
        ["new"],
        ["new", "blog", "--package-manager", "conda"],
        ["run"],
        ["completion", "tcsh"],
    ],
    ids=" ".join,
)
def test_usage_is_2(tmp_path: Path, arguments: list[str]) -> None:
    """What cannot be understood ends with 2 and shows how it is used; nothing is made."""
    done = djdock(*arguments, cwd=tmp_path, timeout=30)
    assert (done.code, done.out) == (2, "")
    assert "Usage: djdock" in done.err
    assert list(tmp_path.iterdir()) == []


# The one seam in these tests: a command that behaves as no command should, in an otherwise real djdock.
BEHAVE = """
import sys, time
from djdock import cli
from djdock.commands import run

def psql(arguments):
    password = "pa55word"
    {behaviour}

run.psql = psql
sys.argv = ["djdock", "psql", "--command", "ALTER ROLE blog PASSWORD 'pa55word'"]
cli.main()
"""


def behaving(behaviour: str) -> list[str]:
    return [sys.executable, "-c", BEHAVE.format(behaviour=behaviour)]


def test_a_bug_is_3(tmp_path: Path) -> None:
    """A bug ends with 3 and a report to paste: versions, command, traceback, and no secret of the person's."""
    env = {"SECRET_KEY": "pa55word", "PGPASSWORD": "pa55word"}
    done = run(behaving("raise LookupError('nowhere to be found')"), tmp_path, env=env, timeout=30)
    assert (done.code, done.out) == (3, "")
    assert "This is a bug in djdock. Please report it" in done.err
    assert f"djdock {__version__}, Python {platform.python_version()}" in done.err
    assert "arguments: psql\n" in done.err
    assert "Traceback" in done.err
    assert "LookupError: nowhere to be found" in done.err
    assert "pa55word" not in done.err


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_is_130(tmp_path: Path, number: signal.Signals, code: int) -> None:
    """Ctrl-C ends with 130 and a polite kill with 143: without a traceback, and what is half made is cleaned up."""
    behaviour = "\n    ".join(
        [
            "try:",
            "    print('waiting', flush=True); [time.sleep(0.05) for _ in range(1200)]",
            "finally: print('cleaned up')",
        ]
    )
    with subprocess.Popen(
        behaving(behaviour), cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "waiting\n"
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (code, "cleaned up\n")
    assert "Traceback" not in err
    assert ("Interrupted" in err) == (number == signal.SIGINT)


def test_what_the_system_refuses_is_a_problem(tmp_path: Path) -> None:
    """A full disk is no bug of ours: cause, next step and exit code 1."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [DJDOCK, "--help"], cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True, timeout=30, check=False
        )
    assert "The system refused: No space left on device" in Done(done.returncode, "", done.stderr).problem()


def test_a_reader_that_goes_away_is_no_problem(tmp_path: Path) -> None:
    """`djdock … | head` ends quietly."""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [DJDOCK, "--help"], cwd=tmp_path, stdout=writing, stderr=subprocess.PIPE, text=True, timeout=30, check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


def test_python_m_is_the_same(tmp_path: Path) -> None:
    """`python -m djdock` is djdock, for those whose PATH has no scripts."""
    done = run([sys.executable, "-m", "djdock", "--version"], tmp_path, timeout=30).ok()
    assert done.out.endswith(f"djdock {__version__}\n")


# --- colours ----------------------------------------------------------------------------------------------------------

# What all commands show their results with.
SPEAK = """
from djdock import output
output.outcome("create", "a file", "why")
output.outcome("ready", "the site")
output.note("a note")
output.warn("a warning")
output.next_step("djdock up")
"""


def at_terminal(argv: Sequence[str | Path], cwd: Path, **variables: str) -> str:
    """What a program writes to a terminal of 80 columns."""
    ours, theirs = pty.openpty()
    env = clean_environment(TERM="xterm-256color", COLUMNS="80", **variables)
    with subprocess.Popen(argv, cwd=cwd, env=env, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        seen, end = b"", time.monotonic() + 30
        while time.monotonic() < end and (select.select([ours], [], [], 1)[0] or process.poll() is None):
            try:
                if not (part := os.read(ours, 65536)):
                    break
            except OSError:  # on Linux the end of a terminal is an error
                break
            seen += part
        process.wait(10)
    os.close(ours)
    return seen.decode()


programs = pytest.mark.parametrize(
    "argv", [[sys.executable, "-c", SPEAK], [str(DJDOCK), "up"]], ids=["results", "a problem"]
)


@programs
def test_a_terminal_gets_colours(tmp_path: Path, argv: list[str]) -> None:
    """At a terminal there are colours, so the tests below can fail."""
    assert "\x1b[" in at_terminal(argv, tmp_path)


@programs
def test_no_color_is_heard(tmp_path: Path, argv: list[str]) -> None:
    """NO_COLOR switches them off, in results and problems alike; set to nothing it does not."""
    assert "\x1b[" not in at_terminal(argv, tmp_path, NO_COLOR="1")
    assert "\x1b[" in at_terminal(argv, tmp_path, NO_COLOR="")


def test_the_option_is_heard(tmp_path: Path) -> None:
    """--no-color does the same."""
    said = at_terminal([DJDOCK, "--no-color", "up"], tmp_path)
    assert "\x1b[" not in said
    assert "Problem: " in said


@programs
def test_pipes_stay_clean(tmp_path: Path, argv: list[str]) -> None:
    """In a pipe or a log file there are no colours, and each line is whole."""
    done = run(argv, tmp_path, timeout=30)
    assert "\x1b" not in done.all


def test_results_and_remarks_are_kept_apart(tmp_path: Path) -> None:
    """Results are on standard output, remarks on standard error, so that results can be piped."""
    done = run([sys.executable, "-c", SPEAK], tmp_path, timeout=30).ok()
    assert done.out == "   create  a file  (why)\n    ready  the site\nNext: djdock up\n"
    assert done.err == "a note\n  warning  a warning\n"


def test_every_command_has_a_help_of_its_own() -> None:
    """Each command says in its first line what it does, as a sentence."""
    for name, command in cli.cli.commands.items():
        first = str(command.help).splitlines()[0]
        assert first.endswith((".", "'.")), name
        assert first[0].isupper(), name
