"""merge: a generated file gets djdock's new version, and no line that a person wrote is lost."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djdock import journal
from djdock.merge import merge
from djdock.plan.change import SIGNATURE, Change, Plan, generate
from djdock.project.files import Folder

BASE = f"{SIGNATURE}\nFROM python:3.12\n\nRUN one\n\nRUN two\n\nCMD run\n"
NEW = BASE.replace("3.12", "3.13")
PATH = "docker/Dockerfile"


def write(root: Path, text: str) -> None:
    (root / PATH).parent.mkdir(exist_ok=True)
    (root / PATH).write_bytes(text.encode())


def read(root: Path) -> str:
    return (root / PATH).read_bytes().decode()


def init(root: Path, text: str, *, replace_all: bool = False) -> Plan:
    """What `init` does with a file that djdock writes whole."""
    planned = Plan((generate(Folder(root), PATH, text, "the image"),))
    merged = merge(root, planned, replace_all=replace_all)
    journal.make(root, merged.plan, generated=merged.generated)
    return merged.plan


def outcomes(plan: Plan) -> list[str]:
    return [*(change.outcome for change in plan.changes), *("skip" for _skip in plan.skips)]


def test_a_file_that_nobody_edited_becomes_the_new_one(tmp_path: Path) -> None:
    """Made, then the same again, then brought up to date, then the same again."""
    assert outcomes(init(tmp_path, BASE)) == ["create"]
    assert outcomes(init(tmp_path, BASE)) == ["same"]
    assert outcomes(init(tmp_path, NEW)) == ["change"]
    assert read(tmp_path) == NEW
    assert outcomes(init(tmp_path, NEW)) == ["same"]


def test_an_edited_file_stays_when_djdock_has_nothing_new(tmp_path: Path) -> None:
    """A person's edits are no reason to plan anything."""
    init(tmp_path, BASE)
    write(tmp_path, BASE.replace("one", "mine"))
    plan = init(tmp_path, BASE)
    assert outcomes(plan) == ["same"]
    assert plan.effective == ()
    assert "RUN mine" in read(tmp_path)


def test_edits_in_different_places_are_put_together(tmp_path: Path) -> None:
    """Both the person's lines and djdock's new ones are there; a second run plans nothing; undo has the edit again."""
    init(tmp_path, BASE)
    mine = BASE.replace("RUN two", "RUN two\nRUN mine")
    write(tmp_path, mine)
    plan = init(tmp_path, NEW)
    assert outcomes(plan) == ["change"]
    assert plan.changes[0].why == "the image; merged with your edits"
    assert read(tmp_path) == NEW.replace("RUN two", "RUN two\nRUN mine")
    assert outcomes(init(tmp_path, NEW)) == ["same"]
    journal.undo(tmp_path)
    assert read(tmp_path) == mine
    assert outcomes(init(tmp_path, NEW)) == ["change"], "what djdock wrote last was undone too"


def test_the_same_edit_on_both_sides_is_no_conflict(tmp_path: Path) -> None:
    """A person who did by hand what djdock does now has it once."""
    init(tmp_path, BASE)
    write(tmp_path, NEW.replace("RUN two", "RUN mine"))
    assert outcomes(init(tmp_path, NEW)) == ["same"]
    assert read(tmp_path) == NEW.replace("RUN two", "RUN mine")


def test_a_conflict_shows_both_and_stays_until_it_is_resolved(tmp_path: Path) -> None:
    """Where both changed the same line it stands there twice, marked; once the person has chosen, that is it."""
    init(tmp_path, BASE)
    write(tmp_path, BASE.replace("python:3.12", "mine:1"))
    plan = init(tmp_path, NEW)
    assert outcomes(plan) == ["conflict"]
    assert plan.conflicts == plan.changes
    marked = read(tmp_path)
    assert "<<<<<<< yours\nFROM mine:1\n" in marked
    assert "=======\nFROM python:3.13\n>>>>>>> djdock\n" in marked
    plan = init(tmp_path, NEW)
    assert (outcomes(plan), plan.effective) == (["conflict"], ())
    assert read(tmp_path) == marked
    write(tmp_path, NEW.replace("python:3.13", "mine:1"))
    assert outcomes(init(tmp_path, NEW)) == ["same"]


def test_a_deleted_file_stays_deleted(tmp_path: Path) -> None:
    """What the person has deleted is made anew only when that is asked for."""
    init(tmp_path, BASE)
    (tmp_path / PATH).unlink()
    plan = init(tmp_path, NEW)
    assert outcomes(plan) == ["skip"]
    assert "you have deleted it" in plan.skips[0].why
    assert not (tmp_path / PATH).exists()
    assert outcomes(init(tmp_path, NEW, replace_all=True)) == ["create"]
    assert read(tmp_path) == NEW


def test_a_persons_own_file_is_never_overwritten(tmp_path: Path) -> None:
    """A Dockerfile that was there first stays, and the diff is shown; `replace_all` takes it, undo gives it back."""
    write(tmp_path, "FROM mine\n")
    plan = init(tmp_path, BASE)
    assert outcomes(plan) == ["skip"]
    assert "it is yours" in plan.skips[0].why
    assert "+FROM python:3.12\n" in plan.skips[0].difference
    assert read(tmp_path) == "FROM mine\n"
    assert outcomes(init(tmp_path, BASE, replace_all=True)) == ["change"]
    assert read(tmp_path) == BASE
    journal.undo(tmp_path)
    assert read(tmp_path) == "FROM mine\n"


def test_a_clone_knows_its_files_once_they_agree(tmp_path: Path) -> None:
    """Without the memory of the machine that ran `init` an equal file is known again, and another one is left alone."""
    write(tmp_path, BASE)
    plan = init(tmp_path, BASE)
    assert (outcomes(plan), plan.effective) == (["same"], ())
    assert outcomes(init(tmp_path, NEW)) == ["change"]
    journal_folder = tmp_path / ".djdock"
    subprocess.run(["rm", "-r", str(journal_folder)], check=True)
    write(tmp_path, NEW.replace("one", "mine"))
    plan = init(tmp_path, NEW)
    assert outcomes(plan) == ["skip"]
    assert "as it came with the project" in plan.skips[0].why


def test_line_ends_are_no_edit(tmp_path: Path) -> None:
    """A file whose lines an editor or git has given other ends is merged all the same, and keeps them."""
    init(tmp_path, BASE)
    windows = BASE.replace("\n", "\r\n")
    write(tmp_path, windows)
    assert outcomes(init(tmp_path, BASE)) == ["same"]
    assert read(tmp_path) == windows
    write(tmp_path, windows.replace("RUN two", "RUN mine"))
    assert outcomes(init(tmp_path, NEW)) == ["change"]
    assert read(tmp_path) == NEW.replace("RUN two", "RUN mine").replace("\n", "\r\n")


def test_other_changes_pass_untouched(tmp_path: Path) -> None:
    """Edits of the person's own files are computed from the file as it is; there is nothing to merge."""
    change = Change("settings.py", "A\n", "B\n", "why")
    merged = merge(tmp_path, Plan((change,)))
    assert merged.plan == Plan((change,))
    assert merged.generated == {}


def test_without_git_nothing_is_merged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The person's file stays, djdock's version lies beside, and where is said; a second run plans nothing more."""
    init(tmp_path, BASE)
    mine = BASE.replace("RUN two", "RUN mine")
    write(tmp_path, mine)
    monkeypatch.setenv("PATH", str(tmp_path))
    plan = init(tmp_path, NEW)
    assert read(tmp_path) == mine
    assert [skip.path for skip in plan.skips] == [PATH]
    beside = f".djdock/generated/{PATH}.new"
    assert beside in plan.skips[0].why
    assert (tmp_path / beside).read_text() == NEW
    assert init(tmp_path, NEW).effective == ()
    monkeypatch.undo()
    assert outcomes(init(tmp_path, NEW)) == ["change"]
    assert read(tmp_path) == NEW.replace("RUN two", "RUN mine")


def test_what_a_person_has_told_git_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a hook's variables nor a configuration change how lines are merged."""
    (tmp_path / "gitconfig").write_text("[merge]\n\tconflictStyle = nonsense\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    test_edits_in_different_places_are_put_together(tmp_path)


def test_a_generated_text_says_so() -> None:
    """A text that could later not be told from the person's own is not generated at all."""
    with pytest.raises(ValueError, match="does not say that djdock made it"):
        generate(Folder(Path()), "x", "FROM python\n", "")


LINES = st.lists(st.sampled_from(["a", "b", "c", "", "RUN x", "=======", "<<<<<<<"]), max_size=6)


def text(lines: list[str], mine: list[str]) -> str:
    return "\n".join([SIGNATURE, *lines, *mine, ""])


@given(LINES, LINES, LINES, st.lists(st.integers(0, 99), max_size=3), st.booleans())
def test_no_line_of_a_person_is_lost(
    base: list[str], new: list[str], edited: list[str], own: list[int], end: bool
) -> None:
    """Whatever djdock wrote, writes now, and the person made of it: what only the person wrote is still there."""
    lines = [f"mine {number}" for number in own]
    mine = [*lines, *edited] if end else [*edited, *lines]
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        init(root, text(base, []))
        write(root, text(mine, []).rstrip("\n") if end else text(mine, []))
        init(root, text(new, []))
        found = read(root).splitlines()
        assert [line for line in lines if found.count(line) < lines.count(line)] == []
        again = init(root, text(new, []))
        assert again.effective == ()
