"""project/files.py: the one door to a project's files, and the dict of texts that stands behind it in tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from djdock.errors import Problem
from djdock.project.files import LARGEST, Folder, Texts, over

TREE = {
    "manage.py": "# manage\n",
    "blog/settings.py": "A = 'ü'\n",
    "blog/apps/x.py": "",
    ".env": "A=1\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for path, text in TREE.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("path", [*TREE, "missing.py", "blog", "manage.py/below", "none/at/all"])
def test_texts_stand_in_for_a_folder(root: Path, path: str) -> None:
    """A dict of texts gives the same answers as the same files on disk, so tests of plans may use it."""
    assert Texts(TREE).read(path) == Folder(root).read(path)


@pytest.mark.parametrize("folder", ["", "blog", "blog/", "blog/apps", "none", "manage.py"])
def test_texts_have_the_names_of_a_folder(root: Path, folder: str) -> None:
    """The names below a folder are the same, sorted, folders with a slash."""
    assert Texts(TREE).names(folder) == Folder(root).names(folder)


def test_texts_lie_over_files() -> None:
    """Files are seen as they would be with some texts changed and others new; all others are as they are."""
    seen = over(Texts(TREE), {"manage.py": "# new\n", "secrets/KEY": ""})
    assert [seen.read(path) for path in ("manage.py", "secrets/KEY", ".env")] == ["# new\n", "", "A=1\n"]
    assert seen.names() == [".env", "blog/", "manage.py", "secrets/"]


@pytest.mark.parametrize("text", ["a\nb\n", "a\r\nb\r\n", "a\rb", "a\r\nb\nc", "\x0c\n"])
def test_line_ends_are_read_as_they_are(tmp_path: Path, text: str) -> None:
    """A text can be compared and written back without changing a byte of what nobody edited."""
    (tmp_path / "x").write_bytes(text.encode())
    assert Folder(tmp_path).read("x") == text


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    """Notepad's mark in front of a file is not taken for a part of its first line."""
    (tmp_path / "x").write_bytes(b"\xef\xbb\xbfA=1\n")
    assert Folder(tmp_path).read("x") == "A=1\n"


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    """Files in another encoding, and files that are data, are named instead of read."""
    (tmp_path / "latin").write_bytes("ü".encode("latin-1"))
    with pytest.raises(Problem, match=r"latin is not UTF-8 text \(byte 0\)"):
        Folder(tmp_path).read("latin")
    (tmp_path / "big").write_bytes(b"x" * (LARGEST + 1))
    with pytest.raises(Problem, match="big is too large"):
        Folder(tmp_path).read("big")


@pytest.fixture
def unreadable(tmp_path: Path) -> Iterator[Path]:
    """A folder with a file that may not be read, looked at by somebody who is not root."""
    tmp_path.chmod(0o755)
    (tmp_path / "secret").write_text("x")
    (tmp_path / "secret").chmod(0)
    (tmp_path / "closed").mkdir(mode=0o000)
    (tmp_path / "closed").chmod(0)
    here = Path.cwd()
    os.chdir(tmp_path)  # entered as root: the folders above are root's own
    if os.geteuid() == 0:
        os.seteuid(65534)
        yield Path()
        os.seteuid(0)
    else:
        yield Path()
    os.chdir(here)


def test_what_may_not_be_read_is_a_problem(unreadable: Path) -> None:
    """Missing permissions are said, not mistaken for a missing file."""
    with pytest.raises(Problem, match="secret cannot be read: Permission denied"):
        Folder(unreadable).read("secret")
    assert Folder(unreadable).names("closed") == []


def test_what_would_never_end_is_no_file(tmp_path: Path) -> None:
    """A pipe is not waited for, and links that lead to each other are like any link that leads nowhere."""
    os.mkfifo(tmp_path / "Procfile")
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    folder = Folder(tmp_path)
    assert [folder.read(name) for name in ("Procfile", "a", "a/b", "/dev/zero")] == [None] * 4
    assert folder.names("a") == []
    assert folder.names() == ["Procfile", "a", "b"]
