"""project/requirements.py: requirements files as people write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from djdock.apply import apply
from djdock.plan.change import Change, Plan
from djdock.project import requirements
from djdock.project.files import Folder, Texts, below
from djdock.project.requirements import Requirement


def names(listing: requirements.Listing) -> list[str | None]:
    return [entry.name for entry in listing.requirements]


@pytest.mark.parametrize(
    ("line", "name", "specifier"),
    [
        ("Django==4.2.1", "django", "==4.2.1"),
        ("django >= 4.2, < 5  # the newest", "django", ">= 4.2, < 5"),
        ("Django_Extensions", "django-extensions", ""),
        ("celery[redis]~=5.3", "celery", "~=5.3"),
        ("requests (>=2.0)", "requests", ">=2.0"),
        ("tzdata==2026.1 ; sys_platform == 'win32'", "tzdata", "==2026.1"),
        ("attrs==1 --hash=sha256:aa --hash=sha256:bb", "attrs", "==1"),
        ("attrs==1 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb", "attrs", "==1"),
        ("numpy==1.2.*", "numpy", "==1.2.*"),
        ("silk @ git+https://example.com/silk.git@v5", "silk", ""),
        ("git+https://example.com/silk.git@v5#egg=Django_Silk", "django-silk", ""),
        ("./wheels/thing-1.2-py3-none-any.whl", "thing", ""),
        ("git+ssh://git@example.com/x.git", None, ""),
    ],
)
def test_a_line(line: str, name: str | None, specifier: str) -> None:
    """Name and versions are told from extras, markers, hashes, comments and addresses."""
    (found,) = requirements.read(Texts({"r.txt": line}), "r.txt").requirements
    assert (found.name, found.specifier) == (name, specifier)
    assert "--hash" not in found.text
    assert "#" not in found.text or "#egg" in found.text


def test_only_a_whole_version_is_a_pin() -> None:
    """`==1.2` is one version, `==1.2.*` and `>=1.2` are many."""
    pins = [requirements.parse(line).pin for line in ("a==1.2", "a===1.2", "a==1.2.*", "a>=1.2", "a==1,<2", "a")]
    assert pins == ["1.2", "1.2", None, None, None, None]


def test_chains_are_followed() -> None:
    """-r and -c lead on from the file that they stand in; sources name the file and the line."""
    listing = requirements.read(
        Texts(
            {
                "requirements/local.txt": "-r base.txt\n--requirement=../more.txt\n-rlast.txt\ndebug\n",
                "requirements/base.txt": "-c pins.txt\n\n# the framework\ndjango\n",
                "requirements/pins.txt": "django==4.2\n",
                "requirements/last.txt": "z\n",
                "more.txt": "-i https://example.com/simple\nmore\n",
            }
        ),
        "requirements/local.txt",
    )
    assert names(listing) == ["django", "more", "z", "debug"]
    assert listing.requirements[0].source == "requirements/base.txt:4"
    assert [entry.pin for entry in listing.constraints] == ["4.2"]
    assert listing.options == ("--index-url https://example.com/simple",)
    assert listing.paths[0] == "requirements/local.txt"
    assert set(listing.paths) == {
        *("requirements/local.txt", "requirements/base.txt", "requirements/pins.txt", "requirements/last.txt"),
        "more.txt",
    }
    assert listing.included


def test_circles_and_holes_end() -> None:
    """Files that include each other are read once; one that is missing is named."""
    files = Texts({"a.txt": "-r b.txt\nx\n", "b.txt": "-r a.txt\n-r none.txt\ny\n"})
    listing = requirements.read(files, "a.txt")
    assert names(listing) == ["y", "x"]
    assert listing.missing == ("none.txt",)


def test_editable_lines_and_paths() -> None:
    """A path is found beside the file that names it, where it is not beside the installation."""
    files = Texts({"reqs/base.txt": "-e ../lib\n-e .[dev]\n./pkg\n", "lib/setup.py": "", "reqs/pkg/setup.py": ""})
    entries = requirements.read(files, "reqs/base.txt").requirements
    assert [(entry.editable, entry.text) for entry in entries] == [
        (True, "./lib"),
        (True, ".[dev]"),
        (False, "./reqs/pkg"),
    ]


def test_what_is_said_twice_is_installed_once() -> None:
    """The first of two lines for one package counts; under another condition it is another line."""
    lines = ("a==1", "A==2", "b==1 ; python_version < '3.9'", "b==2 ; python_version >= '3.9'")
    text = requirements.text(tuple(map(requirements.parse, lines)))
    assert text == "a==1\nb==1 ; python_version < '3.9'\nb==2 ; python_version >= '3.9'\n"


def test_above_the_root_is_nothing() -> None:
    """A chain that leads out of the project ends there; one that leads up inside it goes on."""
    files = Texts({"app/r.txt": "-r ../base.txt\n-r ../../../etc/passwd\n", "base.txt": "django\n"})
    listing = requirements.read(below(files, "app"), "r.txt")
    assert names(listing) == ["django"]
    assert listing.missing == ("../../../etc/passwd",)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_are_kept(tmp_path: Path, encoding: str) -> None:
    """A file that PowerShell wrote is read like any other, and stays in its encoding when a line is added."""
    file = tmp_path / "requirements.txt"
    file.write_text("Django==4.2.1\r\n", encoding=encoding, newline="")
    files = Folder(tmp_path)
    assert requirements.read(files, file.name).requirements == (
        Requirement("Django==4.2.1", "django", "requirements.txt:1", specifier="==4.2.1"),
    )
    before = files.read(file.name) or ""
    apply(tmp_path, Plan((Change(file.name, before, f"{before}gunicorn\r\n"),)))
    assert file.read_bytes() == "Django==4.2.1\r\ngunicorn\r\n".encode(encoding)
