"""The door to a project's files: the only module that opens them. In tests a dict of texts stands behind it."""

from __future__ import annotations

import codecs
import errno
import posixpath
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from djdock.errors import Problem

# A text file that a person writes is far below this; what is above is data, and is not read.
LARGEST = 2_000_000


class Files(Protocol):
    """The texts of a project, by path relative to its root, with forward slashes.

    A text has the line ends that its file has, and no byte order mark.
    """

    def read(self, path: str) -> str | None:
        """The text of a file, or None where there is no such file.

        Raises:
            Problem: the file cannot be read as text.
        """

    def names(self, folder: str = "") -> list[str]:
        """The names directly below a folder, sorted; a folder's name ends with a slash."""


def encoding(content: bytes) -> str:
    """What a file's bytes are written in: UTF-8, unless they begin with the mark of UTF-16, as PowerShell writes."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return "utf-8-sig"


def below(files: Files, folder: str) -> Files:
    """The files of a sub-folder, as if it were the root; the root's own where `folder` is empty."""
    return _Below(files, folder.strip("/")) if folder.strip("/") else files


@dataclass(frozen=True)
class _Below:
    files: Files
    folder: str

    def read(self, path: str) -> str | None:
        inside = posixpath.normpath(f"{self.folder}/{path}")  # "../base.txt" is the root's, and above it is nothing
        return None if inside.startswith("../") else self.files.read(inside)

    def names(self, folder: str = "") -> list[str]:
        inside = posixpath.normpath(f"{self.folder}/{folder}")
        return [] if inside.startswith("..") else self.files.names("" if inside == "." else inside)


def over(files: Files, texts: Mapping[str, str]) -> Files:
    """The files as they would be with other texts in some of them."""
    return _Over(files, texts)


@dataclass(frozen=True)
class _Over:
    files: Files
    texts: Mapping[str, str]

    def read(self, path: str) -> str | None:
        return self.texts[path] if path in self.texts else self.files.read(path)

    def names(self, folder: str = "") -> list[str]:
        return sorted({*self.files.names(folder), *Texts(self.texts).names(folder)})


@dataclass(frozen=True)
class Folder:
    """Files on disk."""

    root: Path

    def read(self, path: str) -> str | None:
        file = self.root / path
        try:
            found = file.stat()
            if not stat.S_ISREG(found.st_mode):
                return None  # a pipe or a device would be waited for
            if found.st_size > LARGEST:
                raise Problem(
                    f"{path} is too large to be what its name says ({found.st_size:,} bytes).",
                    hint=f"Look at {file}; djdock reads text files of up to {LARGEST:,} bytes.",
                )
            with file.open("rb") as opened:
                content = opened.read()
            return content.decode(encoding(content))
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return None
        except UnicodeDecodeError as error:
            raise Problem(
                f"{path} is not UTF-8 text (byte {error.start}).",
                hint=f"Save {file} as UTF-8 in your editor.",
            ) from error
        except OSError as error:
            if error.errno == errno.ELOOP:
                return None  # like any link that leads nowhere
            raise Problem(
                f"{path} cannot be read: {error.strerror}.", hint=f"Check the permissions of {file}."
            ) from error

    def names(self, folder: str = "") -> list[str]:
        try:
            return sorted(entry.name + ("/" if entry.is_dir() else "") for entry in (self.root / folder).iterdir())
        except OSError:  # not there, no folder, not for us, a link that leads to itself
            return []


@dataclass(frozen=True)
class Texts:
    """Files in memory: what a plan is checked against in tests."""

    texts: Mapping[str, str]

    def read(self, path: str) -> str | None:
        return self.texts.get(path)

    def names(self, folder: str = "") -> list[str]:
        prefix = f"{folder.strip('/')}/" if folder.strip("/") else ""
        below = {path[len(prefix) :] for path in self.texts if path.startswith(prefix)}
        return sorted({name.split("/")[0] + ("/" if "/" in name else "") for name in below})
