"""project/system_packages.py: what Debian has to bring for Python packages."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from djdock.project import system_packages
from djdock.project.dependency import Dependency
from djdock.project.system_packages import SystemPackages
from tests.tools import run

RELEASES = ("bullseye", "bookworm", "trixie")


def needs(*names: str, python: str = "3.12", features: tuple[str, ...] = ()) -> SystemPackages:
    """What distributions need, each `name` or `name==version`."""
    pairs = (name.partition("==") for name in names)
    wanted = [Dependency(name, "", version or None, "requirements.txt:1") for name, _, version in pairs]
    return system_packages.needs(wanted, python, features)


@pytest.mark.parametrize(
    "name", ["django", "psycopg2-binary", "pillow", "lxml", "cryptography", "python-levenshtein", "gunicorn"]
)
def test_wheels_bring_what_they_need(name: str) -> None:
    """Nothing is installed for a package that comes ready: an image grows for no reason."""
    assert needs(name) == SystemPackages()


@pytest.mark.parametrize(
    ("name", "build", "runtime"),
    [
        ("psycopg2", "libpq-dev", "libpq5"),
        ("mysqlclient", "default-libmysqlclient-dev", "libmariadb3"),
        ("python-ldap", "libldap-dev", "libldap2"),
        ("pycairo", "libcairo2-dev", "libcairo2"),
        ("xmlsec", "libxmlsec1-dev", "libxmlsec1t64-openssl"),
    ],
)
def test_what_has_no_wheel_is_compiled(name: str, build: str, runtime: str) -> None:
    """Headers and a compiler where it is installed, the library alone where the site runs."""
    found = needs(name)
    assert {build, "build-essential"} <= set(found.build)
    assert runtime in found.runtime
    assert not {build, "build-essential"} & set(found.runtime)
    assert found.why[runtime] == (name,)


def test_some_call_programs_even_with_a_wheel() -> None:
    """Text recognition, documents and film are done by programs that no wheel brings; nothing is compiled for them."""
    found = needs("pdf2image", "pytesseract", "weasyprint", "python-magic", "pydub")
    assert {"poppler-utils", "tesseract-ocr", "libpango-1.0-0", "libmagic1t64", "ffmpeg"} <= set(found.runtime)
    assert found.build == ()


def test_an_old_pin_on_a_new_python_is_compiled() -> None:
    """Pillow 8 was never built for Python 3.12; on the Python of its time it was."""
    assert "libjpeg62-turbo-dev" in needs("pillow==8.0.1", python="3.12").build
    assert needs("pillow==8.0.1", python="3.9") == SystemPackages()
    assert needs("pillow==12.3.0", python="3.12") == SystemPackages()
    assert needs("lxml==4.9.2", python="3.13").build != ()


def test_a_driver_with_its_own_library_needs_none() -> None:
    """psycopg with psycopg-binary brings libpq; alone it loads the system's."""
    assert needs("psycopg").runtime == ("libpq5",)
    assert needs("psycopg", "psycopg-binary") == SystemPackages()
    assert "libpq-dev" in needs("psycopg", "psycopg-c").build


def test_names_follow_the_release_of_the_python_image() -> None:
    """An old Python has an old Debian below it, where libraries have other names."""
    assert system_packages.release("3.12") == system_packages.release("3.15") == "trixie"
    assert system_packages.release("3.8") == "bookworm"
    assert needs("python-magic", python="3.8").runtime == ("libmagic1",)
    assert "libgdal36" in needs(features=("gis",)).runtime
    assert "libgdal32" in needs(features=("gis",), python="3.8").runtime


def test_packages_of_another_dockerfile() -> None:
    """What is known is taken over under today's name, tools are not, and the rest is named."""
    tools = ("gcc", "libpq-dev", "curl", "netcat", "python3-dev", "wkhtmltopdf")
    asked = ("libgl1-mesa-glx", *tools, "tesseract-ocr", "libfoo1")
    assert system_packages.carried_over(asked, "3.12") == (("libgl1", "tesseract-ocr"), ("libfoo1",))


def test_no_package_has_an_unresolved_name() -> None:
    """Every release has a name for every package that differs between releases."""
    for release in RELEASES:
        assert all(name and not name.startswith("<") for name in system_packages.every_name(release))
        for key, names in system_packages.NAMES.items():
            if len(names) > 1:
                assert release in names, (key, release)


def test_this_machines_debian_has_all_packages() -> None:
    """The names are Debian's: its own index knows each of them for the release that it has."""
    told = Path("/etc/os-release").read_text(encoding="utf-8") if Path("/etc/os-release").is_file() else ""
    release = next((name for name in RELEASES if f"VERSION_CODENAME={name}" in told), None)
    if release is None or shutil.which("apt-cache") is None:
        pytest.skip("this is no Debian of a release in the table")
    known = set(run(["apt-cache", "pkgnames"], Path.cwd(), timeout=60).out.split())
    if "postgresql" not in known:
        pytest.skip("apt has no package index here: sudo apt-get update")
    assert set(system_packages.every_name(release)) - known == set()
