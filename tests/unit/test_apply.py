"""apply.py: all of a plan is written, or none of it; what was there keeps what is not the plan's business."""

from __future__ import annotations

import os
import resource
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from djdock.apply import apply
from djdock.errors import Problem
from djdock.plan.change import Change, Plan


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def tree(root: Path) -> dict[str, tuple[int, bytes]]:
    """Everything below a folder: modes, and the contents of files."""
    return {
        str(path.relative_to(root)): (mode(path), b"" if path.is_dir() else path.read_bytes())
        for path in root.rglob("*")
    }


@contextmanager
def disk_with_room_for(size: int) -> Iterator[None]:
    """A full disk, as far as this process can tell: no file may grow beyond `size` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def as_ordinary_user() -> Iterator[None]:
    """Root may write anywhere, so root becomes somebody else for a moment."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def test_all_of_it_is_written(tmp_path: Path) -> None:
    """New files, new folders and changed files are all there afterwards, and nothing else is."""
    (tmp_path / "a").write_text("1\n")
    apply(
        tmp_path, Plan((Change("a", "1\n", "2\n"), Change("deep/er/b", None, "ü\r\n"), Change(".env", None, "S=1\n")))
    )
    assert {path: content for path, (_mode, content) in tree(tmp_path).items() if content} == {
        "a": b"2\n",
        "deep/er/b": "ü\r\n".encode(),
        ".env": b"S=1\n",
    }
    assert len(tree(tmp_path)) == 5


def test_what_is_equal_is_not_written(tmp_path: Path) -> None:
    """A file that is as it should be is not touched: editors and autoreloaders see nothing."""
    (tmp_path / "a").write_text("1\n")
    before = (tmp_path / "a").stat()
    apply(tmp_path, Plan((Change("a", "1\n", "1\n"),)))
    after = (tmp_path / "a").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_modes(tmp_path: Path, umask: int) -> None:
    """.env is its owner's alone; an existing file keeps its mode; a new one gets what the person's umask gives."""
    (tmp_path / "manage.py").write_text("1")
    (tmp_path / "manage.py").chmod(0o775)
    (tmp_path / ".env").write_text("1")
    (tmp_path / ".env").chmod(0o644)
    os.umask(umask)
    apply(
        tmp_path,
        Plan(
            (
                Change("manage.py", "1", "2"),
                Change(".env", "1", "2", private=True),
                Change("other.env", None, "2", private=True),
                Change("new", None, "2"),
            )
        ),
    )
    assert {path: oct(found) for path, (found, _content) in tree(tmp_path).items()} == {
        "manage.py": oct(0o775),
        ".env": oct(0o600),
        "other.env": oct(0o600),
        "new": oct(0o666 & ~umask),
    }


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_root_leaves_files_to_their_owner(tmp_path: Path) -> None:
    """Where root edits a person's file, it is still the person's: else they could not read their own .env."""
    (tmp_path / ".env").write_text("1")
    os.chown(tmp_path / ".env", 1234, 2345)
    apply(tmp_path, Plan((Change(".env", "1", "2", private=True),)))
    info = (tmp_path / ".env").stat()
    assert (info.st_uid, info.st_gid, mode(tmp_path / ".env")) == (1234, 2345, 0o600)


def test_a_symbolic_link_stays_one(tmp_path: Path) -> None:
    """Where .env is a link to a shared file, the file is edited and the link stays."""
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared/env").write_text("A=1\n")
    (tmp_path / "blog").mkdir()
    (tmp_path / "blog/.env").symlink_to("../shared/env")
    apply(tmp_path / "blog", Plan((Change(".env", "A=1\n", "A=2\n", private=True),)))
    assert (tmp_path / "blog/.env").is_symlink()
    assert (tmp_path / "shared/env").read_text() == "A=2\n"


def test_a_byte_order_mark_stays(tmp_path: Path) -> None:
    """A file that begins with a byte order mark still does, exactly once."""
    (tmp_path / "a").write_bytes(b"\xef\xbb\xbfA = 1\r\n")
    apply(tmp_path, Plan((Change("a", "A = 1\r\n", "A = 2\r\n"),)))
    assert (tmp_path / "a").read_bytes() == b"\xef\xbb\xbfA = 2\r\n"


@pytest.mark.parametrize("now", [None, "edited meanwhile\n"])
def test_a_change_in_between_stops_it(tmp_path: Path, now: str | None) -> None:
    """A file that is not as it was when the plan was made is the person's newer work: nothing is written."""
    (tmp_path / "a").write_text("1\n")
    if now is not None:
        (tmp_path / "b").write_text(now)
    before = tree(tmp_path)
    with pytest.raises(Problem, match="b has changed while djdock was working"):
        apply(tmp_path, Plan((Change("a", "1\n", "2\n"), Change("b", "1\n", "2\n"))))
    assert tree(tmp_path) == before


def test_a_file_that_has_appeared_stops_it(tmp_path: Path) -> None:
    """A file that was to be made and is there now is not overwritten."""
    (tmp_path / "a").write_text("mine\n")
    with pytest.raises(Problem, match="a has changed"):
        apply(tmp_path, Plan((Change("a", None, "2\n"),)))
    assert (tmp_path / "a").read_text() == "mine\n"


def failing_plan() -> Plan:
    return Plan(
        (
            Change("kept.py", "1\n", "2\n"),
            Change("new/er/file", None, "2\n"),
            Change(".env", "A=1\n", "A=2\n", private=True),
            Change("last", None, "x" * 5000),
        )
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "kept.py").write_text("1\n")
    (tmp_path / "kept.py").chmod(0o755)
    (tmp_path / ".env").write_text("A=1\n")
    (tmp_path / ".env").chmod(0o640)
    return tmp_path


def test_a_full_disk_changes_nothing(project: Path) -> None:
    """When the disk fills up in the middle, every file, folder and mode is as it was, and nothing is left over."""
    before = tree(project)
    with disk_with_room_for(4096), pytest.raises(Problem, match=r"could not be written: .*Nothing was changed"):
        apply(project, failing_plan())
    assert tree(project) == before


def test_a_file_that_cannot_be_replaced_changes_nothing(project: Path) -> None:
    """When the last file cannot take its place, those that have taken theirs are put back, with their modes."""
    (project / "last").mkdir()
    before = tree(project)
    with pytest.raises(Problem, match="Nothing was changed"):
        apply(project, failing_plan())
    assert tree(project) == before


def test_a_file_in_the_way_of_a_folder_changes_nothing(project: Path) -> None:
    """Where a folder is needed and a file is there, the plan stops before it has changed anything."""
    (project / "new").write_text("in the way")
    before = tree(project)
    with pytest.raises(Problem, match="Nothing was changed"):
        apply(project, failing_plan())
    assert tree(project) == before


def test_an_unwritable_folder_changes_nothing(project: Path) -> None:
    """Where one may not write, the message names the file and the reason, and all is as it was."""
    for path in (project / "kept.py", project / ".env"):
        path.chmod(0o644)
    project.chmod(0o555)
    before = tree(project)
    here = Path.cwd()
    os.chdir(project)
    try:
        with as_ordinary_user(), pytest.raises(Problem, match="could not be written: Permission denied"):
            apply(Path(), Plan((Change("kept.py", "1\n", "2\n"), Change(".env", "A=1\n", "A=2\n"))))
    finally:
        os.chdir(here)
        project.chmod(0o755)
    assert tree(project) == before


APPLY_MANY = """
from pathlib import Path
from djdock.apply import apply
from djdock.plan.change import Change, Plan
apply(Path(), Plan(tuple(Change(f"f{number:03}", "1", "2") for number in range(200))))
"""


@pytest.mark.parametrize(
    ("moment", "outcomes"),
    [
        ("while the new files are written", {"1"}),
        ("while they take their places", {"1", "2"}),  # it may have come to its end before the signal came
    ],
)
def test_an_interrupt_leaves_all_or_nothing(tmp_path: Path, moment: str, outcomes: set[str]) -> None:
    """Ctrl-C in the middle leaves all files as they were, or all of them changed, and nothing beside them."""
    files = [tmp_path / f"f{number:03}" for number in range(200)]
    for file in files:
        file.write_text("1")
    with subprocess.Popen([sys.executable, "-c", APPLY_MANY], cwd=tmp_path, stderr=subprocess.DEVNULL) as process:

        def reached() -> bool:
            if process.poll() is not None:
                return True
            return bool(list(tmp_path.glob(".*"))) if outcomes == {"1"} else files[0].read_text() == "2"

        end = time.monotonic() + 20
        while not reached():  # without a pause: the moment is short
            assert time.monotonic() < end, moment
        process.send_signal(signal.SIGINT)
        process.wait(20)
    assert {file.read_text() for file in files} in [{outcome} for outcome in outcomes]
    assert sorted(tmp_path.iterdir()) == files
