"""plan/change.py: a plan can be looked at before it is made; its diffs are real ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from djdock.plan.change import Change, Plan, write
from djdock.project.files import Texts
from tests.tools import run


def test_outcomes() -> None:
    """A change says by itself whether it creates, changes, or leaves alone."""
    files = Texts({"a": "1\n", "b": "1\n"})
    changes = (write(files, "a", "1\n", ""), write(files, "b", "2\n", ""), write(files, "c", "", ""))
    assert [change.outcome for change in changes] == ["same", "change", "create"]
    assert Plan(changes).effective == changes[1:]
    assert (Plan(changes[:1]) + Plan(changes[1:])).changes == changes


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, "new\n"),
        (None, "no end"),
        ("a\nb\nc\n", "a\nB\nc\n"),
        ("a\nb", "a\nb\n"),
        ("a\nb\n", "a\nb"),
        ("a\n" * 40, "a\n" * 20 + "x\n" + "a\n" * 20),
        ("a\r\nb\r\n", "a\r\nc\r\n"),
        ("a\x0cb\u2028c\n", "a\x0cB\u2028c\n"),
    ],
)
def test_git_can_apply_a_diff(tmp_path: Path, before: str | None, after: str) -> None:
    """What is shown as a diff is one: git makes the new file of the old one with it."""
    file = tmp_path / "blog/x.py"
    file.parent.mkdir()
    if before is not None:
        file.write_bytes(before.encode())
    (tmp_path / "patch").write_bytes(Change("blog/x.py", before, after).diff().encode())
    run(["git", "apply", "--whitespace=nowarn", "patch"], tmp_path, timeout=20).ok()
    assert file.read_bytes() == after.encode()


def test_no_change_has_no_diff() -> None:
    """What stays as it is shows nothing."""
    assert Change("a", "1\n", "1\n").diff() == ""


def test_a_private_diff_shows_names_and_no_values() -> None:
    """The diff of .env shows which lines change, and no value of theirs: not quoted, commented out or on two lines."""
    before = "# a comment\nA=s3cret\n#OLD=s3cret\nexport B='s3cret\ns3cretline=='\nC=same-s3cret\n"
    shown = Change(".env", before, before.replace("A=s3cret", "A=new-s3cret"), private=True).diff()
    assert "s3cret" not in shown
    assert shown.splitlines()[3:] == [
        " # a comment",
        "-A=…",
        "+A=…",
        " #OLD=…",
        " export B=…",
        " …",
    ]
