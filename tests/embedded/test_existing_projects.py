"""Existing projects as a person brings them over: `init`, `up`, the daily commands, and `undo` to the last byte."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from djdock.commands import init, undo
from tests import projects, tools
from tests.terminal import Terminal
from tests.tools import tree

pytestmark = pytest.mark.embedded

INIT = ("init", "--no-run", "--engine", "embedded")
DRY_RUN = ("init", "--dry-run", "--engine", "embedded")
UP = ("up", "--engine", "embedded")
# What differs from one run to the next: secrets, ports, and the name that follows from the folder.
OWN = re.compile(r"[A-Za-z0-9]{32,}|shop-[0-9a-f]{8}|\b\d{4,5}\b")
MINE = "# a line of my own\n\n"
# A database that variables of the project's own decide.
BY_VARIABLES = projects.FORMS["os.environ"]


@pytest.fixture
def root(workspace: Path) -> Iterator[Path]:
    """A folder for a project, whose processes end with the test wherever its manage.py is."""
    place = workspace / "shop"
    place.mkdir()
    yield place
    tools.erase(place)


@pytest.mark.parametrize("name", projects.ALL)
def test_there_and_back(
    root: Path, name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dry run writes nothing, `init` comes to rest after one run, and `undo` gives every byte back.

    The commands are called in this process, which spares the start of four programs a project.
    """
    projects.write(root, projects.ALL[name])
    before = tree(root, with_djdock=True)
    look = init.Options(root, engine="embedded", dry_run=True, check=True)
    assert init.init(look) == 1
    assert "Nothing was written." in capsys.readouterr().out
    assert tree(root, with_djdock=True) == before
    assert init.init(init.Options(root, engine="embedded", yes=True, run=False)) == 0
    after = tree(root)
    assert after != before
    capsys.readouterr()
    assert init.init(look) == 0
    assert "Nothing to do." in capsys.readouterr().out
    assert tree(root) == after
    monkeypatch.chdir(root)
    assert undo.undo(force=False) == 0
    assert tree(root, with_djdock=True) == before


def test_two_runs_give_the_same_bytes(workspace: Path) -> None:
    """The same tree twice: all that is generated is the same, but for secrets, ports and names that are one's own."""
    found = []
    for number in ("1", "2"):
        (workspace / number / "shop").mkdir(parents=True)
        root = projects.write(workspace / number / "shop", projects.FORMS["getenv"], git=False)
        tools.djdock(*INIT, "--yes", cwd=root).ok()
        found.append({path: content for path, content in tree(root).items() if path != ".env"})
        env = (root / ".env").read_text()
        assert OWN.search(env)
        found.append({".env": (OWN.sub("…", env),)})
    assert found[:2] == found[2:]


def test_what_programs_are_told(root: Path) -> None:
    """--json gives what was found with its source, and each change with its reason, and nothing else on the output."""
    projects.write(root, projects.project())
    told = json.loads(tools.djdock(*DRY_RUN, "--json", cwd=root).ok().out)
    assert told["root"] == str(root)
    assert told["found"]["settings"]["value"] == "shop.settings"
    assert told["found"]["settings"]["source"].startswith("manage.py:")
    changes = {change["path"]: change for change in told["changes"]}
    assert changes["shop/settings.py"]["outcome"] == "change"
    assert "+" in changes["shop/settings.py"]["diff"]
    assert all(change["why"] for change in changes.values())
    assert "Problem" not in json.dumps(told)


def test_hand_edits_survive(root: Path) -> None:
    """A line that the person added to a generated file stays when a dependency brings a service with it."""
    projects.write(root, projects.project())
    tools.djdock(*INIT, "--yes", cwd=root).ok()
    compose = root / "compose.yaml"
    compose.write_text(f"{MINE}{compose.read_text()}")
    again = tools.djdock(*INIT, "--yes", cwd=root).ok()
    assert "compose.yaml" in again.out
    assert compose.read_text().startswith(MINE)
    requirements = root / "requirements.txt"
    requirements.write_text(requirements.read_text() + "redis\n")
    settings = root / "shop/settings.py"
    settings.write_text(
        settings.read_text() + 'CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", '
        '"LOCATION": os.environ.get("REDIS_URL", "redis://localhost:6379/0")}}\n'
    )
    merged = tools.djdock(*INIT, "--yes", cwd=root).ok()
    assert "merged with your edits" in merged.words
    text = compose.read_text()
    assert text.startswith(MINE)
    assert "redis:" in text
    assert "Nothing to do." in tools.djdock(*DRY_RUN, "--check", cwd=root).ok().out


def test_a_conflict_is_marked_and_named(root: Path) -> None:
    """Where the person and djdock have changed the same lines, both are there, marked, and the exit code is 1."""
    projects.write(root, projects.project())
    tools.djdock(*INIT, "--yes", cwd=root).ok()
    compose = root / "compose.yaml"
    image = re.search(r"image: (postgres:18\S*)", compose.read_text())
    assert image is not None
    compose.write_text(compose.read_text().replace(image[1], "registry.example.org/postgres:18"))
    done = tools.djdock(*INIT, "--yes", "--postgres", "17", cwd=root)
    assert "the same lines of compose.yaml" in done.problem()
    assert "conflict  compose.yaml" in done.out
    text = compose.read_text()
    assert "registry.example.org/postgres:18" in text
    assert "<<<<<<<" in text
    assert ">>>>>>>" in text
    line = text.splitlines().index("<<<<<<< yours") + 1
    again = tools.djdock(*INIT, "--yes", cwd=root)
    assert f"merge conflict that was not resolved, in line {line}" in again.problem()


def test_without_a_terminal_tracked_files_are_safe(root: Path) -> None:
    """Nobody is there to ask: `up` names the file and --yes, and writes nothing."""
    projects.write(root, projects.project())
    before = tree(root, with_djdock=True)
    refused = tools.djdock(*UP, cwd=root)
    assert "shop/settings.py" in refused.problem()
    assert "--yes" in refused.err
    assert tree(root, with_djdock=True) == before


def test_without_a_terminal_new_files_need_no_yes(root: Path) -> None:
    """A project that variables bring to PostgreSQL gets its .env and Docker files without a question."""
    projects.write(
        root, {**BY_VARIABLES, "requirements.txt": "Django==5.2.8\npsycopg[binary]\n", ".gitignore": ".env\n"}
    )
    done = tools.djdock(*INIT, cwd=root).ok()
    assert "change" not in done.out
    assert (root / ".env").exists()
    status = tools.run(["git", "status", "--porcelain", "--untracked-files=no"], root).ok()
    assert status.out == ""


@pytest.mark.parametrize(("answer", "code"), [("n", 1), ("y", 0)])
def test_at_a_terminal_it_asks(root: Path, answer: str, code: int) -> None:
    """The diff comes first; no writes nothing, yes all of it."""
    projects.write(root, projects.project())
    before = tree(root)
    with Terminal([tools.DJDOCK, *INIT], root) as terminal:
        assert "POSTGRES_DB" in terminal.expect("Write these files?")
        terminal.type(f"{answer}\r")
        assert terminal.code() == code
    assert (tree(root) == before) is (answer == "n")


REPAIRS = {
    **projects.project(
        'import slugify\n\nTITLE = slugify.slugify("A Shop")\nMAIL_FROM = os.environ["MAIL_FROM"]\n'
        'SECRET_KEY = os.environ["SHOP_SECRET_KEY"]\n'
        'LOGGING = {"version": 1, "handlers": {"file": {"class": "logging.FileHandler", '
        '"filename": BASE_DIR / "log/shop.log"}}}\n' + projects.SQLITE
    ),
    "people/__init__.py": "",
}


def test_a_project_that_needs_repairs(root: Path) -> None:
    """A package, variables and a folder are missing: each repair is told, the site answers, and all of it goes back."""
    projects.write(root, REPAIRS)
    before = tree(root, with_djdock=True)
    done = tools.djdock(*UP, "--yes", "--port", str(tools.free_port()), cwd=root).ok()
    assert "slugify" in done.words
    assert "repair" in done.words
    assert "make the folder log" in done.words
    project = tools.Project(root)
    assert tools.page(project.url) == (200, "hi")
    assert project.djdock("manage", "check").ok()
    services = {service["name"]: service for service in project.status()["services"]}
    assert services["web"]["state"] == "running"
    assert project.djdock("logs", "web").ok()
    assert "SHOP_SECRET_KEY" in (root / ".env").read_text()
    secret = project.env()["SHOP_SECRET_KEY"]
    assert secret not in done.all
    project.djdock("down").ok()
    project.djdock("undo").ok()
    after = {path: found for path, found in tree(root).items() if "__pycache__" not in path}
    assert after == {path: found for path, found in before.items() if not path.startswith(".djdock")}


def test_a_project_in_a_folder_of_a_repository(root: Path) -> None:
    """manage.py below, settings in parts, requirements above: the commands work in the root and in the folder."""
    texts = {f"backend/{path}": text for path, text in projects.LAYOUTS["settings package"].items()}
    texts["requirements.txt"] = texts.pop("backend/requirements.txt")
    projects.write(root, texts)
    before = tree(root, with_djdock=True)
    project, below = tools.Project(root), root / "backend"
    project.up("embedded", "--yes", "--port", str(tools.free_port()))
    assert tools.page(project.url) == (200, "hi")
    for folder in (root, below, below / "shop"):
        told = json.loads(tools.djdock("status", "--json", cwd=folder).ok().out)
        assert told == project.status()
        assert "no issues" in tools.djdock("manage", "check", cwd=folder).ok().all
    quick = time.monotonic()
    tools.djdock(*UP, cwd=below).ok()
    assert time.monotonic() - quick < 20, "what runs is left alone"
    tools.djdock("down", cwd=below).ok()
    tools.djdock("undo", cwd=below).ok()
    after = {path: found for path, found in tree(root).items() if "__pycache__" not in path}
    assert after == {path: found for path, found in before.items() if not path.startswith(".djdock")}


def test_what_is_mended_meanwhile_comes_up(root: Path) -> None:
    """A module that is not in the repository is named with file and line; once it is there, the next `up` does it."""
    texts = projects.project("from shop.private import KEY\n" + projects.SQLITE)
    projects.write(root, texts)
    project = tools.Project(root)
    port = str(tools.free_port())
    refused = project.djdock(*UP, "--yes", "--port", port)
    assert "shop.private" in refused.problem() or "shop/private" in refused.err
    line = (root / "shop/settings.py").read_text().splitlines().index("from shop.private import KEY") + 1
    assert f"shop/settings.py:{line}" in refused.words
    (root / "shop/private.py").write_text('KEY = "here now"\n')
    project.djdock(*UP, "--yes", "--port", port).ok()
    assert tools.page(project.url) == (200, "hi")


def test_a_manage_py_that_never_ends(root: Path) -> None:
    """The project's code is given as long as DJDOCK_TIMEOUT says, then the place where it waited is shown."""
    texts = projects.project()
    texts["manage.py"] = texts["manage.py"].replace("import sys\n", "import sys\nimport time\n\ntime.sleep(3600)\n")
    projects.write(root, texts)
    refused = tools.djdock(*UP, "--yes", cwd=root, env={"DJDOCK_TIMEOUT": "3"}, timeout=120)
    assert "has not been loaded within 3 seconds" in refused.problem()
    assert "time.sleep(3600)" in refused.err


def test_large_files_are_not_read(root: Path) -> None:
    """Settings of 50 MB are refused at once, with their name."""
    projects.write(root, projects.project(), git=False)
    (root / "shop/settings.py").write_bytes(b"A = 1\n" * 8_400_000)
    began = time.monotonic()
    assert "shop/settings.py is too large" in tools.djdock(*DRY_RUN, cwd=root).problem()
    assert time.monotonic() - began < 5


def test_many_files_are_no_wait(root: Path) -> None:
    """Two thousand modules are read in two seconds; a hundred thousand uploads and links in circles cost nothing."""
    factor = 5 if os.environ.get("CI") else 2  # of what it may take on a quiet machine
    projects.write(root, projects.project(), git=False)
    for number in range(2000):
        module = root / f"app{number % 40}" / f"module{number}.py"
        module.parent.mkdir(exist_ok=True)
        module.write_text("from django.db import models\n" * 20)
    assert seconds_of_a_dry_run(root) < 2 * factor
    for number in range(100):
        (root / "media" / str(number)).mkdir(parents=True)
        for name in range(1000):
            os.mknod(root / "media" / str(number) / str(name))
    (root / "media/all").symlink_to("..")
    (root / "media/a").symlink_to("b")
    (root / "media/b").symlink_to("a")
    (root / "requirements-dev.txt").symlink_to("requirements-dev.txt")
    os.mkfifo(root / "Procfile")
    assert seconds_of_a_dry_run(root) < 5 * factor


def seconds_of_a_dry_run(root: Path) -> float:
    began = time.monotonic()
    tools.djdock(*DRY_RUN, cwd=root, timeout=60).ok()
    return time.monotonic() - began
