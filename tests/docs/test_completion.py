"""The scripts of `djdock completion`, in the shells that they are for."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.tools import DJDOCK, djdock, run

BASH = """
eval "$(djdock completion bash)"
complete -p djdock > /dev/null || exit 1
COMP_WORDS=({words} "{begun}"); COMP_CWORD={count}
_djdock_completion djdock "{begun}" {last}
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def in_shell(shell: str, script: str, folder: Path) -> list[str]:
    """The lines that a script writes in a shell that finds djdock."""
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    path = f"{DJDOCK.parent}{os.pathsep}{os.environ['PATH']}"
    return run([shell, "-c", script], folder, env={"PATH": path}, timeout=60).ok().out.splitlines()


@pytest.mark.parametrize(
    ("words", "begun", "expected"),
    [
        (["djdock"], "u", ["up", "undo"]),
        (["djdock"], "st", ["status"]),
        (["djdock", "up"], "--en", ["--engine"]),
        (["djdock", "up", "--engine"], "", ["docker", "embedded"]),
        (["djdock", "completion"], "z", ["zsh"]),
        (["djdock"], "nothing-like-it", []),
    ],
)
def test_bash_completes(words: list[str], begun: str, expected: list[str], tmp_path: Path) -> None:
    """The tab key completes commands, options and their values in bash."""
    script = BASH.format(words=" ".join(words), begun=begun, count=len(words), last=words[-1])

    assert [line for line in in_shell("bash", script, tmp_path) if line] == expected


def test_fish_completes(tmp_path: Path) -> None:
    """The tab key completes commands in fish."""
    found = in_shell("fish", 'djdock completion fish | source; complete --do-complete "djdock up"', tmp_path)

    assert [line.split("\t")[0] for line in found] == ["up"]


def test_zsh_can_read_its_script(tmp_path: Path) -> None:
    """The script for zsh is zsh, and tells its completion system about djdock."""
    script = 'autoload -U compinit; compinit -u -D; eval "$(djdock completion zsh)"; print ${_comps[djdock]}'

    assert in_shell("zsh", script, tmp_path) == ["_djdock_completion"]


def test_a_shell_without_a_script_is_refused(tmp_path: Path) -> None:
    """`djdock completion csh` is a usage error that names the shells there are."""
    done = djdock("completion", "csh", cwd=tmp_path)

    assert done.code == 2
    assert "bash" in done.err
