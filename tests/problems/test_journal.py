"""journal: what was made can be taken back, byte for byte, also when a command ends in the middle of its work."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import signal
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from djdock import journal
from djdock.errors import Problem
from djdock.plan.change import Change, Plan
from djdock.project.files import Folder
from tests.tools import tree

LATIN = "# coding: latin-1\nNAME = 'é'\n".encode("latin-1")
# What the system is asked for that can change something; Python tells an audit hook of each before it happens.
EVENTS = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.chmod", "os.chown", "os.link", "os.utime"}


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A tree as people have them: modes, links, line ends, marks and encodings of every kind."""
    root = tmp_path / "my project ü"
    (root / "site").mkdir(parents=True)
    (root / "manage.py").write_bytes(b"#!/usr/bin/env python\n")
    (root / "manage.py").chmod(0o755)
    (root / "site/settings.py").write_bytes(b"\xef\xbb\xbfDEBUG = True\r\n")
    (root / "requirements.txt").write_bytes("Django\r\n".encode("utf-16"))
    (root / "requirements.txt").chmod(0o640)
    (root / "old.py").write_bytes(LATIN)
    (root / "locked.txt").write_bytes(b"1\n")
    (root / "locked.txt").chmod(0o444)
    (root / "shared").mkdir()
    (root / "shared/base env").write_bytes(b"A=1\n")
    (root / ".env").symlink_to("shared/base env")
    (root / "dangling").symlink_to("shared/not there")
    return root


def usual_plan() -> Plan:
    return Plan(
        (
            Change("site/settings.py", "DEBUG = True\r\n", "DEBUG = True\r\nDATABASES = {}\r\n"),
            Change("locked.txt", "1\n", "2\n"),
            Change(".env", "A=1\n", "A=1\nB=2\n", private=True),
            Change("manage.py", "#!/usr/bin/env python\n", "#!/usr/bin/env python\n"),
            Change("Dockerfile", None, "# Made by djdock, yours to edit\nFROM x\n", generated=True),
            Change("docker/deep er/ü.sh", None, "echo\n"),
            Change("dangling", None, "now\n"),
        )
    )


GENERATED = {"Dockerfile": "# Made by djdock, yours to edit\nFROM x\n"}


def make(root: Path) -> None:
    journal.make(root, usual_plan(), generated=GENERATED)


def test_undo_brings_back_every_byte(project: Path) -> None:
    """Contents, modes, links, marks and line ends are as before; new files and folders are gone."""
    before = tree(project)
    make(project)
    assert (project / "site/settings.py").read_bytes() == b"\xef\xbb\xbfDEBUG = True\r\nDATABASES = {}\r\n"
    assert (project / "shared/base env").read_bytes() == b"A=1\nB=2\n"
    assert (project / ".env").is_symlink()
    assert (project / "shared/not there").read_bytes() == b"now\n"
    assert (project / ".djdock/generated/Dockerfile").read_text() == GENERATED["Dockerfile"]
    undone = journal.undo(project)
    assert tree(project) == before
    assert undone.restored == ("site/settings.py", "locked.txt", ".env")
    assert undone.removed == ("Dockerfile", "docker/deep er/ü.sh", "dangling")
    assert (undone.kept, undone.copies, undone.last) == ((), (), True)
    assert sorted(path.name for path in (project / ".djdock").iterdir()) == [".gitignore"]


def test_a_second_undo_has_nothing_to_do(project: Path) -> None:
    """What is undone is undone; the next `undo` says so and touches nothing."""
    make(project)
    journal.undo(project)
    before = tree(project, with_djdock=True)
    with pytest.raises(Problem, match="There is nothing to undo"):
        journal.undo(project)
    assert tree(project, with_djdock=True) == before
    assert journal.find(project / "site") is None


def test_undo_goes_back_one_step_at_a_time(project: Path) -> None:
    """Each `init` is taken back for itself, with what was changed after it on its account."""
    first = tree(project)
    make(project)
    second = tree(project)
    journal.make(
        project, Plan((Change("Dockerfile", GENERATED["Dockerfile"], "new\n"),)), generated={"Dockerfile": "n"}
    )
    journal.amend(project, Plan((Change(".env", "A=1\nB=2\n", "A=1\nB=3\n"), Change("more", None, "x"))))
    journal.amend(project, Plan((Change(".env", "A=1\nB=3\n", "A=1\nB=4\n"),)))
    assert journal.undo(project).last is False
    assert tree(project) == second
    assert (project / ".djdock/generated/Dockerfile").read_text() == GENERATED["Dockerfile"]
    assert journal.undo(project).last is True
    assert tree(project) == first


def test_what_changes_nothing_leaves_no_step(project: Path) -> None:
    """A second `init` with nothing to do is none that could be undone: the first one still is."""
    before = tree(project)
    make(project)
    steps = list((project / ".djdock/undo").iterdir())
    journal.make(project, Plan((Change("locked.txt", "2\n", "2\n"),)), generated=GENERATED)
    journal.amend(project, Plan(()))
    assert list((project / ".djdock/undo").iterdir()) == steps
    journal.undo(project)
    assert tree(project) == before


def test_amending_nothing_only_writes(project: Path) -> None:
    """Where no `init` was recorded (a project that djdock made) there is nothing to undo afterwards."""
    journal.amend(project, Plan((Change("new", None, "x"),)))
    journal.note(project, ".venv")
    assert (project / "new").read_text() == "x"
    assert not (project / ".djdock").exists()


def test_edited_files_are_kept_and_named(project: Path) -> None:
    """What the person has edited since stays, the rest goes back; with force it goes too, and the edit lies aside."""
    before = tree(project)
    make(project)
    (project / "site/settings.py").write_bytes(b"mine\n")
    (project / "Dockerfile").write_text("mine too\n")
    undone = journal.undo(project)
    assert [kept.path for kept in undone.kept] == ["site/settings.py", "Dockerfile"]
    assert undone.kept[0].original is not None
    assert undone.kept[0].original.read_bytes() == b"\xef\xbb\xbfDEBUG = True\r\n"
    assert undone.last is True
    assert (project / "site/settings.py").read_bytes() == b"mine\n"
    assert (project / "Dockerfile").read_text() == "mine too\n"
    assert (project / ".djdock/generated/Dockerfile").exists(), "what was generated is known for the next merge"
    assert not (project / "docker").exists()
    assert [kept.path for kept in journal.undo(project).kept] == ["site/settings.py", "Dockerfile"]
    forced = journal.undo(project, force=True)
    assert tree(project) == before
    assert {path: copy.read_bytes() for path, copy in forced.copies} == {
        "site/settings.py": b"mine\n",
        "Dockerfile": b"mine too\n",
    }
    assert all(stat.S_IMODE(copy.stat().st_mode) == 0o600 for _path, copy in forced.copies)
    assert forced.last is True
    with pytest.raises(Problem, match="nothing to undo"):
        journal.undo(project)


def test_an_edit_between_two_steps_is_an_edit(project: Path) -> None:
    """Lines that the person wrote between an `init` and a change of djdock's own are not lost."""
    make(project)
    (project / "shared/base env").write_text("A=1\nB=2\nMINE=1\n")
    journal.amend(project, Plan((Change(".env", "A=1\nB=2\nMINE=1\n", "A=1\nB=3\nMINE=1\n"),)))
    assert [kept.path for kept in journal.undo(project).kept] == [".env"]
    assert (project / ".env").read_text() == "A=1\nB=3\nMINE=1\n"
    assert [kept.path for kept in journal.undo(project).kept] == [".env"]


def test_what_the_person_took_back_by_hand_is_no_edit(project: Path) -> None:
    """`git checkout .` before `undo` leaves nothing to name."""
    before = tree(project)
    make(project)
    (project / "site/settings.py").write_bytes(b"\xef\xbb\xbfDEBUG = True\r\n")
    (project / "Dockerfile").unlink()
    assert journal.undo(project).kept == ()
    assert tree(project) == before


def test_a_deleted_file_and_another_link_are_edits(project: Path) -> None:
    """What the person has deleted does not come back unasked, and a link that leads elsewhere now is left alone."""
    make(project)
    (project / "locked.txt").unlink()
    (project / ".env").unlink()
    (project / ".env").write_text("A=1\nB=2\n")
    assert [kept.path for kept in journal.undo(project).kept] == ["locked.txt", ".env"]
    assert not (project / "locked.txt").exists()
    journal.undo(project, force=True)
    assert (project / "locked.txt").read_text() == "1\n"


def test_folders_with_something_of_the_persons_stay(project: Path) -> None:
    """A folder that `init` made goes only when it is empty."""
    make(project)
    (project / "docker/mine").write_text("x")
    journal.undo(project)
    assert [path.name for path in (project / "docker").iterdir()] == ["mine"]


def test_what_was_noted_goes(project: Path) -> None:
    """A folder that djdock is about to make goes with all that is in it; one that was there is the person's."""
    make(project)
    (project / "media").mkdir()
    for path in (".venv", "media", ".venv"):
        journal.note(project, path)
    (project / ".venv/lib").mkdir(parents=True)
    (project / ".venv/lib/x").write_text("x")
    (project / ".venv/link").symlink_to(project / "media")
    (project / "media/upload").write_text("mine")
    assert journal.undo(project).removed[-1] == ".venv"
    assert not (project / ".venv").exists()
    assert (project / "media/upload").read_text() == "mine"


def test_a_folder_that_was_needed_goes_when_it_is_empty(project: Path) -> None:
    """A folder that a project needs is made with those above it; what has come into it since is the person's."""
    before = tree(project)
    make(project)
    journal.make_folder(project, "var/log/app")
    journal.make_folder(project, "var/media")
    journal.make_folder(project, "site")
    (project / "var/media/upload").write_text("mine")
    assert "var/log" in journal.undo(project).removed
    assert sorted(path.relative_to(project).as_posix() for path in (project / "var").rglob("*")) == [
        "var/media",
        "var/media/upload",
    ]
    shutil.rmtree(project / "var")
    assert tree(project) == before


def test_what_came_while_djdock_tried_the_project(project: Path) -> None:
    """It goes, and nothing of it is lost: only what programs make again is not put aside."""
    before = tree(project)
    make(project)
    with journal.watch(project):
        (project / "static/css").mkdir(parents=True)
        (project / "static/css/a.css").write_text("a")
        (project / "blog.egg-info").mkdir()
        (project / "blog.egg-info/PKG-INFO").write_text("x")
        (project / "debug.log").write_text("1")
        journal.amend(project, Plan((Change("repaired/x.py", None, "x"),)))
    (project / "debug.log").write_text("1 and more")
    (project / "later").write_text("mine")
    undone = journal.undo(project)
    assert set(undone.removed) >= {"static", "blog.egg-info", "debug.log", "repaired/x.py"}
    assert undone.left == ()
    assert undone.aside == project / ".djdock/undo/kept"
    assert {path.relative_to(undone.aside).as_posix() for path in undone.aside.rglob("*") if path.is_file()} == {
        "static/css/a.css",
        "debug.log",
    }
    assert (undone.aside / "debug.log").read_text() == "1 and more"
    (project / "later").unlink()
    assert tree(project) == before


def test_nothing_is_noted_where_nothing_was_made(project: Path) -> None:
    """In a project that djdock made, what comes into the tree is nobody's to take away."""
    with journal.watch(project):
        (project / "static").mkdir()
    journal.make_folder(project, "media")
    assert journal.find(project) is None
    assert not (project / ".djdock").exists()


@pytest.mark.parametrize("path", ["../x", "a/../../x", "/etc/x", "", "."])
def test_paths_outside_are_refused(project: Path, path: str) -> None:
    """A plan that would write outside of the project writes nothing."""
    before = tree(project)
    with pytest.raises(Problem, match="is not a path inside the project"):
        journal.make(project, Plan((Change("new", None, "x"), Change(path, None, "x"))))
    with pytest.raises(Problem, match="is not a path inside the project"):
        journal.note(project, path)
    assert tree(project) == before


def test_a_circle_of_links_is_refused(project: Path) -> None:
    """Links that lead in a circle end with their name, not with a crash."""
    (project / "a").symlink_to("b")
    (project / "b").symlink_to("a")
    before = tree(project)
    with pytest.raises(Problem):
        journal.make(project, Plan((Change("new", None, "x"), Change("a", None, "x"))))
    assert tree(project) == before


def test_one_file_under_two_names_is_refused(project: Path) -> None:
    """Two changes of the same file cannot both be made."""
    before = tree(project)
    both = Plan((Change(".env", "A=1\n", "A=2\n"), Change("shared/base env", "A=1\n", "A=3\n")))
    with pytest.raises(Problem, match="are one and the same file"):
        journal.make(project, both)
    assert tree(project) == before
    assert not (project / ".djdock/undo").exists()


def test_saved_bytes_that_were_changed_are_not_restored(project: Path) -> None:
    """Where somebody has edited what `undo` needs, it says so and changes nothing."""
    make(project)
    (saved,) = (project / ".djdock/undo").glob("*/files/locked.txt")
    saved.write_text("something else")
    after = tree(project)
    with pytest.raises(Problem, match=r"locked.txt as it was, has been changed"):
        journal.undo(project)
    assert tree(project) == after


def test_a_damaged_journal_is_a_problem(project: Path) -> None:
    """A manifest that cannot be read names itself, and where the saved files are."""
    make(project)
    (manifest,) = (project / ".djdock/undo").glob("*/done.json")
    manifest.write_text("{}")
    with pytest.raises(Problem, match=r"done.json cannot be read") as refused:
        journal.undo(project)
    assert "files" in refused.value.hint


def test_secrets_stay_with_their_owner(project: Path) -> None:
    """Copies of files from before and of what was generated are for nobody else to read."""
    make(project)
    places = [project / ".djdock/undo", *(project / ".djdock/undo").iterdir()]
    assert {stat.S_IMODE(place.stat().st_mode) for place in places} == {0o700}
    files = [path for path in (project / ".djdock").rglob("*") if path.is_file() and path.name != ".gitignore"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_restored_files_belong_to_their_owner(project: Path) -> None:
    """Where root undoes what root has made, the person's files are the person's again."""
    os.chown(project / "locked.txt", 1234, 2345)
    make(project)
    journal.undo(project)
    info = (project / "locked.txt").stat()
    assert (info.st_uid, info.st_gid) == (1234, 2345)


How = Callable[[str], None]
HAS_COME = 7  # the exit code of a child that has come to its end although something happened to it


def killed(_event: str) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def interrupted(_event: str) -> None:
    raise KeyboardInterrupt


def refused(_event: str) -> None:
    raise OSError(errno.EIO, os.strerror(errno.EIO), "a file")


def disk_full(event: str) -> None:
    if event in {"open", "os.mkdir"}:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "a file")


def at_moment(moment: int, root: Path, how: How) -> Callable[[], bool]:
    """Lets `how` happen just before the system is asked for the change number `moment` below a folder (from 0).

    A disk that is full stays full. Gives what tells whether the moment has come.
    """
    count = 0
    inside = str(root)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal count
        if event not in EVENTS or not str(arguments[0]).startswith(inside):
            return
        if event == "open" and not (isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)):
            return
        count += 1
        if count == moment + 1 or (how is disk_full and count > moment):
            how(event)

    sys.addaudithook(hook)
    return lambda: count > moment


def in_child(work: Callable[[], object], moment: int, root: Path, how: How) -> int:
    """Does something in a process of its own that is met by `how` at a moment; gives the status that it ended with."""
    child = os.fork()
    if child == 0:
        code = 0
        try:
            has_come = at_moment(moment, root, how)
            work()
            code = HAS_COME if has_come() else 0
        except Problem:
            code = 1
        except BaseException:
            code = 2
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def each_moment(root: Path, work: Callable[[], object], how: How) -> Iterator[tuple[int, Path]]:
    """A fresh copy of a tree for each moment of some work; yields the child's status, until one has come through.

    A kill is the hardest of all and is tried at every moment, what we hear of ourselves at every third.
    """
    for moment in range(0, 1000, 1 if how is killed else 3):
        with tempfile.TemporaryDirectory() as place:
            copy = Path(place) / "copy"
            shutil.copytree(root, copy, symlinks=True)
            here = Path.cwd()
            os.chdir(copy)
            try:
                ended = in_child(work, moment, copy, how)
                yield ended, copy
            finally:
                os.chdir(here)
        if ended == 0:
            assert moment > 20, "the hook saw what happened"
            return
    raise AssertionError("it never came to its end")


@pytest.mark.parametrize("how", [killed, interrupted, refused, disk_full], ids=lambda how: str(how.__name__))
def test_an_end_in_the_middle_of_init(project: Path, how: How) -> None:
    """Whenever it ends, the tree is as before or as after once the next command has begun; nothing is left over."""
    before = tree(project)
    reference = project.with_name("reference")
    shutil.copytree(project, reference, symlinks=True)
    make(reference)
    after = tree(reference)
    seen = set()
    for ended, copy in each_moment(project, lambda: make(Path.cwd()), how):
        if how in {refused, disk_full}:
            assert ended in {0, 1, HAS_COME}, "a Problem, or done"
        recovered = journal.recover(copy) if how is killed else None
        now = tree(copy)
        assert now in [before, after]
        seen.add(now == after)
        assert recovered is None or not recovered.init or now == before
        if now == before:
            assert not (copy / ".djdock/undo").exists()
            assert not (copy / ".djdock/generated").exists()
            make(copy)
            assert tree(copy) == after
        journal.undo(copy)
        assert tree(copy) == before
    assert seen == {True, False}


@pytest.mark.parametrize("how", [killed, interrupted, refused, disk_full], ids=lambda how: str(how.__name__))
def test_an_end_in_the_middle_of_undo(project: Path, how: How) -> None:
    """Whenever `undo` ends, the tree is as before it or as after it; another `undo` completes it.

    Only an empty folder that the system refuses to take away is left, and a file that cannot be put aside: neither may
    stand in the way for ever.
    """

    def seen(root: Path) -> dict[str, tuple[object, ...]]:
        left = {"debug.log"} if how in {refused, disk_full} else set()
        found = {name: entry for name, entry in tree(root).items() if name not in left}
        return {name: entry for name, entry in found.items() if how is not refused or entry[0] != "folder"}

    before = seen(project)
    make(project)
    journal.amend(project, Plan((Change(".env", "A=1\nB=2\n", "A=1\nB=3\n"), Change("more/x", None, "x"))))
    journal.note(project, ".venv")
    with journal.watch(project):
        (project / "debug.log").write_text("1")
    (project / ".venv/lib").mkdir(parents=True)
    (project / ".venv/lib/x").write_text("x")
    after = seen(project)
    for ended, copy in each_moment(project, lambda: journal.undo(Path.cwd()), how):
        if how is disk_full:
            assert ended in {0, 1, HAS_COME}, "a Problem, or done"
        journal.recover(copy)
        now = seen(copy)
        assert now in [before, after]
        if now == after:
            journal.undo(copy)
        assert seen(copy) == before
        assert journal.find(copy) is None


def half_made(project: Path) -> Path:
    """A copy of a project whose command was killed when some files had taken their places, and some had not."""
    for moment in range(1000):
        copy = project.with_name(f"half {moment}")
        shutil.copytree(project, copy, symlinks=True)
        assert in_child(lambda root=copy: make(root), moment, copy, killed) == -signal.SIGKILL  # type: ignore[misc]
        if (copy / "locked.txt").read_bytes() == b"2\n" and not (copy / "Dockerfile").exists():
            return copy
    raise AssertionError("there is no such moment")


def test_an_end_in_the_middle_of_recovering(project: Path) -> None:
    """What puts things back after a kill may be killed itself, at any moment: the next command goes on with it."""
    before = tree(project)
    half = half_made(project)
    assert tree(half) != before
    for _ended, copy in each_moment(half, lambda: journal.recover(Path.cwd()), killed):
        journal.recover(copy)
        assert tree(copy) == before
        assert not (copy / ".djdock/undo").exists()


def test_what_the_person_saved_after_a_crash_stays(project: Path) -> None:
    """Between a crash and the next command somebody may have edited a file: that is not written over."""
    half = half_made(project)
    (half / "site/settings.py").write_text("mine\n")
    recovered = journal.recover(half)
    assert recovered == journal.Recovered(("locked.txt",), init=True, last=True)
    assert (half / "site/settings.py").read_text() == "mine\n"
    assert (half / "locked.txt").read_text() == "1\n"


def test_recovering_where_all_is_well_does_nothing(project: Path) -> None:
    """Every command that writes begins with it, so it leaves whole steps and strangers' files alone."""
    assert journal.recover(project) == journal.Recovered((), init=False, last=False)
    make(project)
    before = tree(project, with_djdock=True)
    assert journal.recover(project) == journal.Recovered((), init=False, last=False)
    assert tree(project, with_djdock=True) == before


NAMES = st.text(st.sampled_from("ab. é"), min_size=1, max_size=3).filter(
    lambda name: name.strip(".") and name != ".djdock"
)
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)


@st.composite
def trees_and_plans(draw: st.DrawFn) -> tuple[dict[str, bytes], list[list[tuple[str, str]]]]:
    """Files with any bytes, and rounds of new texts for some of them and for others."""
    texts = st.dictionaries(PATHS, st.text(max_size=20).filter(lambda text: "\ud800" not in text), max_size=4)
    files = {path: text.encode() for path, text in draw(texts).items()}
    return files, [list(draw(texts).items()) for _ in range(draw(st.integers(1, 3)))]


@settings(max_examples=50)
@given(trees_and_plans())
def test_make_and_undo_is_nothing(case: tuple[dict[str, bytes], list[list[tuple[str, str]]]]) -> None:
    """For any tree and any plans that can be made there, undoing all of them gives the same tree."""
    files, rounds = case
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        for path, content in files.items():
            try:
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_bytes(content)
            except OSError:
                continue  # a file where a folder would have to be
        states = [tree(root)]
        for texts in rounds:
            found = Folder(root)
            plan = Plan(tuple(Change(path, found.read(path), text) for path, text in texts))
            try:
                journal.make(root, plan)
            except Problem:
                assert tree(root) == states[-1]
            else:
                if plan.effective:
                    states.append(tree(root))
        for state in reversed(states[:-1]):
            journal.undo(root)
            assert tree(root) == state


@settings(max_examples=50)
@given(trees_and_plans(), st.data())
def test_no_edit_is_lost(case: tuple[dict[str, bytes], list[list[tuple[str, str]]]], data: st.DataObject) -> None:
    """Whatever the person edits after an `init`: `undo` keeps it in its place, and with force it lies aside."""
    files, rounds = case
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        for path, content in files.items():
            with contextlib.suppress(OSError):
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_bytes(content)
        before = tree(root)
        found = Folder(root)
        plan = Plan(tuple(Change(path, found.read(path), text) for path, text in rounds[0]))
        with contextlib.suppress(Problem):
            journal.make(root, plan)
        assume(journal.find(root) == root and plan.effective)
        edits = data.draw(st.lists(st.sampled_from([change.path for change in plan.effective]), unique=True))
        for number, path in enumerate(edits):
            (root / path).write_text(f"edit {number}")
        kept = journal.undo(root).kept
        assert {item.path for item in kept} == set(edits)
        assert [(root / path).read_text() for path in edits] == [f"edit {number}" for number in range(len(edits))]
        if edits:
            copies = dict(journal.undo(root, force=True).copies)
            assert [copies[path].read_text() for path in edits] == [f"edit {number}" for number in range(len(edits))]
        assert tree(root) == before
