"""What makes an image possible whose first build fails: packages that can be had, no front end that cannot be built."""

from __future__ import annotations

from pathlib import Path

import pytest

from djdock.commands import image_packages
from djdock.compose.builds import BuildFailed
from djdock.embedded import installation
from djdock.embedded.attempts import Substitution
from djdock.machine import python
from djdock.plan import docker_files
from djdock.plan.docker_files import NO_FRONT_END, PACKAGES, Setup
from djdock.process import Result
from djdock.project import facts as project_facts
from djdock.project.docker_files import FIRST_LINE
from djdock.project.files import Texts

PROJECT = {
    "manage.py": "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n",
    "shop/settings.py": "DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql'}}\n",
    "requirements.txt": "django==5.2.1\n",
    "requirements-dev.txt": "-r requirements.txt\npytest\n",
    "package.json": '{"scripts": {"build": "vite build"}, "devDependencies": {"vite": "6"}}',
    "vite.config.js": "export default {build: {outDir: 'assets'}}",
}
# The end of two builds, in BuildKit's words as the Problem shows them.
NO_SOURCE = """\
[front-end front-end 6/8] RUN touch /tmp/before && npm run build
1.288 vite v6.4.6 building for production...
1.320 error during build:
1.320 Could not resolve entry module "static/custom.scss".
ERROR: executor failed running [/bin/sh -c touch /tmp/before && npm run build]: exit code: 1"""
NO_PIN = """\
[web development-dependencies 1/1] RUN uv pip install -r requirements.txt
0.868 error: Couldn't parse requirement in `requirements.txt` at position 42
ERROR: executor failed running [/bin/sh -c uv pip install -r requirements.txt]: exit code: 2"""


def dockerfile(texts: dict[str, str]) -> str:
    files = Texts(texts)
    changes = docker_files.docker_files(files, project_facts.read(files, "shop"), Setup("0.13", {}))
    return next(change.after for change in changes if change.path == "Dockerfile")


@pytest.mark.parametrize(
    ("details", "stage", "reason"),
    [
        (NO_SOURCE, "front-end", 'Could not resolve entry module "static/custom.scss".'),
        (
            NO_PIN,
            "development-dependencies",
            "error: Couldn't parse requirement in `requirements.txt` at position 42",
        ),
        ("", "", ""),
    ],
)
def test_what_failed(details: str, stage: str, reason: str) -> None:
    """The stage decides what can be done, and the line with the cause is what a person is told."""
    failed = BuildFailed("The image cannot be built.", hint="", details=details)
    assert (failed.stage, failed.reason) == (stage, reason)


def test_the_list_replaces_the_manifests() -> None:
    """The image installs the list and nothing else, once for all stages, and with a compiler for what has no wheel."""
    before = dockerfile(PROJECT)
    assert "requirements-dev.txt" in before
    after = dockerfile({**PROJECT, PACKAGES: f"{FIRST_LINE}\ndjango==5.2.1\n"})
    assert f"source={PACKAGES}" in after
    assert "requirements" not in after
    assert "development-dependencies" not in after
    assert "build-essential" in after.partition("AS dependencies")[2].partition("FROM ")[0]


def test_a_file_of_the_person() -> None:
    """A file that only has the same name is no list of djdock's."""
    assert dockerfile({**PROJECT, PACKAGES: "my packages\n"}) == dockerfile(PROJECT)


def test_no_front_end() -> None:
    """The line in the Dockerfile is the memory: the stage stays out on every run, until somebody takes it away."""
    built = dockerfile(PROJECT)
    assert "AS front-end" in built
    line = f"{NO_FRONT_END}: its build fails."
    without = dockerfile({**PROJECT, "Dockerfile": built.replace("\n", f"\n{line}\n", 1)})
    assert "AS front-end" not in without
    assert line in without.splitlines()
    assert dockerfile({**PROJECT, "Dockerfile": without}) == without
    assert dockerfile({**PROJECT, "Dockerfile": without.replace(line, "")}) == built


def test_the_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is made with the image's Python, holds all versions and no path of this machine, and says what it replaces.

    Stands in for the installation, which needs the package index.
    """
    for path, text in PROJECT.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    (tmp_path / "Dockerfile").write_text(f"{FIRST_LINE}\nFROM python:3.9-slim-trixie AS base\n")
    asked: list[object] = []
    made = Substitution("git+git://example.org/x.git", "x", "the protocol git:// is not served any more")

    def provide(wanted: list[tuple[int, int]], *, exact: bool) -> tuple[tuple[int, int], Path]:
        asked.append((wanted, exact))
        return wanted[0], Path("python")

    monkeypatch.setattr(python, "provide", provide)
    monkeypatch.setattr(python, "make_environment", lambda *_, **__: None)
    monkeypatch.setattr(installation, "fill", lambda *_: (made,))
    frozen = Result(0, f"django==5.2.1\n-e file://{tmp_path}\nshop @ file://{tmp_path}\nx==1.0\n", "")
    monkeypatch.setattr(python, "try_uv", lambda *_, **__: frozen)
    change, told = image_packages.listed(tmp_path, project_facts.read_folder(tmp_path), "Dockerfile")
    assert asked == [([(3, 9)], True)]
    assert told == (made,)
    assert change.path == PACKAGES
    lines = change.after.splitlines()
    assert lines[0] == FIRST_LINE
    assert [line for line in lines if not line.startswith("#")] == ["django==5.2.1", "x==1.0"]
    assert f"# {made.was} -> x: {made.why}." in lines
    assert str(tmp_path) not in change.after
