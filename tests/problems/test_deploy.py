"""`djdock deploy` of what should go nowhere: told before anything is built or asked of an engine."""

from __future__ import annotations

import mmap
import os
import re
import shutil
from pathlib import Path

import pytest

from djdock.database import dump
from djdock.deploy import secrets
from djdock.errors import Problem
from tests import tools
from tests.docs import markdown
from tests.problems import machine

# No engine answers there: whatever these tests see was found without one.
NOWHERE = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}
WEAK = "secret"


@pytest.fixture
def blog(tmp_path: Path) -> tools.Project:
    """A project as `djdock new` makes it, in a repository."""
    root = Path(shutil.copytree(markdown.ROOT / "example", tmp_path / "blog"))
    tools.run(["git", "init", "--quiet", root], tmp_path).ok()
    return tools.Project(root)


def deploy(blog: tools.Project, *arguments: str) -> tools.Done:
    return blog.djdock("deploy", "compose", *arguments, env=NOWHERE)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("DEBUG=1", "DEBUG is on"),
        ("ALLOWED_HOSTS=", "ALLOWED_HOSTS is empty"),
        ("ALLOWED_HOSTS=https://shop.example.com", "ALLOWED_HOSTS has an address"),
        ("HOSTS=https://shop.example.com", "https://shop.example.com is no name of a host"),
        (f"SECRET_KEY={WEAK}", "SECRET_KEY is weak: it has 6 characters"),
        ("SECRET_KEY=django-insecure-0123456789-0123456789-0123456789-abcdefghij", "from development"),
        ("this is no line", "cannot be read"),
    ],
)
def test_values_that_no_site_should_have(blog: tools.Project, line: str, said: str) -> None:
    """Each is told with the file that it stands in, and no secret is shown."""
    (blog.root / ".env.production").write_text(f"{line}\n")
    done = deploy(blog, "--yes")
    done.problem()
    assert said in done.words
    assert f" {WEAK}" not in done.all.replace("a secret", "").replace("secrets", "")


def test_a_site_without_a_name(blog: tools.Project) -> None:
    """Who leaves --host out is told both ways to say it, and the second try works on."""
    done = deploy(blog)
    done.problem()
    assert "the same command with --host shop.example.com" in done.words
    assert done.words.count("ALLOWED_HOSTS is empty") == 1
    done = deploy(blog, "--host", "shop.example.com", "--yes")
    done.problem()
    assert "Docker" in done.words


@pytest.mark.parametrize("host", ["https://shop.example.com/", "shop.example.com:8443", "shop example", ""])
def test_a_host_that_is_no_name(blog: tools.Project, host: str) -> None:
    """An address in place of a name would make files that nobody is served by: refused, and nothing is written."""
    before = tools.tree(blog.root)
    done = deploy(blog, "--yes", "--host", host)
    done.problem()
    assert "--host shop.example.com" in done.words
    assert tools.tree(blog.root) == before


@pytest.mark.parametrize("words", [["SECRET_KEY=abc"], ["-e", "SECRET_KEY=abc"], ["--env", "SECRET_KEY=abc"]])
def test_secrets_are_no_arguments(blog: tools.Project, words: list[str]) -> None:
    """They would show in the process list: refused, with the file where they belong, and not repeated."""
    done = deploy(blog, *words)
    done.problem()
    assert "secrets/SECRET_KEY" in done.words
    assert "abc" not in done.all
    assert not (blog.root / "secrets").exists()


def test_a_dry_run_writes_nothing(blog: tools.Project) -> None:
    """It shows what would be written, and what is missing still, with no engine there."""
    before = tools.tree(blog.root)
    done = deploy(blog, "--dry-run").ok()
    assert "compose.production.yaml" in done.out
    assert "Nothing was written" in done.out
    assert tools.tree(blog.root) == before


@pytest.mark.parametrize("target", ["compose", "swarm", "kubernetes"])
def test_files_alone(blog: tools.Project, tmp_path: Path, target: str) -> None:
    """--output writes the files elsewhere: no secret is made, nothing is written here, no engine is asked."""
    before = tools.tree(blog.root)
    done = blog.djdock(
        "deploy", target, "--host", "shop.example.com", "--output", str(tmp_path / "files"), env=NOWHERE
    ).ok()
    assert tools.tree(blog.root) == before
    assert not (tmp_path / "files/secrets").exists()
    assert "secrets/SECRET_KEY" in done.out
    assert len([path for path in (tmp_path / "files").rglob("*") if path.is_file()]) >= 3


def test_an_env_file_that_is_not_there(blog: tools.Project) -> None:
    """A typing error in its name is told as such."""
    done = deploy(blog, "--env-file", "nowhere.env")
    done.problem()
    assert "nowhere.env" in done.words


def test_rollback_before_anything_was_deployed(blog: tools.Project) -> None:
    """There is nothing to go back to, and that is what is said."""
    done = blog.djdock("deploy", "rollback", "--yes", env=NOWHERE)
    done.problem()
    assert "Nothing was deployed" in done.words


@pytest.mark.parametrize("kilobytes", [0, 8, 24])
def test_a_disk_that_is_full(blog: tools.Project, tmp_path: Path, kilobytes: int) -> None:
    """However much room was left: no file is half written, it is told, and with room it goes on."""
    disk = tmp_path / "disk"
    with machine.small_disk(disk, 4):
        project = tools.Project(Path(shutil.copytree(blog.root, disk / "blog", symlinks=True)))
        before = tools.tree(project.root)
        filler = disk / "filler"
        filler.write_bytes(bytes(shutil.disk_usage(disk).free - kilobytes * 1024))
        done = deploy(project, "--host", "shop.example.com", "--yes")
        done.problem()
        assert "No space left on device" in done.words
        assert not [path for path in project.root.rglob("*") if "unfinished" in path.name or ".djdock-" in path.name]
        left = tools.tree(project.root)
        filler.unlink()
        assert "Docker" in deploy(project, "--host", "shop.example.com", "--yes").problem()
        whole = tools.tree(project.root)
        new = {path for path, entry in left.items() if before.get(path) != entry and not path.startswith(".djdock")}
        assert {path: left[path] for path in new} == {path: whole[path] for path in new}


@pytest.mark.parametrize("room", [0, 1, 2])
def test_secrets_on_a_full_disk(tmp_path: Path, room: int) -> None:
    """Those that found room are whole, of the others there is nothing, and the place is named; then all are there."""
    disk = tmp_path / "disk"
    values = {name: name * 5 for name in ("FIRST", "SECOND", "THIRD")}
    with machine.small_disk(disk, 1):
        filler = disk / "filler"
        filler.write_bytes(bytes(shutil.disk_usage(disk).free - room * mmap.PAGESIZE))  # a file takes a page at least
        with pytest.raises(Problem, match=re.escape(str(disk / "secrets"))):
            secrets.write(disk, values)
        written = {name: secrets.read(disk, name) for name in secrets.names(disk)}
        assert written == dict(list(values.items())[:room])
        assert len(list((disk / "secrets").iterdir())) == room
        filler.unlink()
        secrets.write(disk, values)
        assert {name: secrets.read(disk, name) for name in secrets.names(disk)} == values


def test_a_dump_on_a_full_disk(tmp_path: Path) -> None:
    """The program that writes it meets the end of the disk: nothing of the dump stays, and the place is named."""
    disk = tmp_path / "disk"
    with machine.small_disk(disk, 1):
        place = disk / "dumps/today.dump"
        with pytest.raises(Problem) as caught:
            dump.write(["head", "--bytes=3000000", "/dev/zero"], dict(os.environ), place)
        assert str(place) in caught.value.cause
        assert "No space left on device" in caught.value.details
        assert "MB are free there" in caught.value.hint
        assert list(place.parent.iterdir()) == []
        dump.write(["head", "--bytes=300000", "/dev/zero"], dict(os.environ), place)
        assert place.stat().st_size == 300_000


@pytest.mark.parametrize("named", ["DOCKER_HOST", "DOCKER_CONTEXT"])
def test_an_engine_elsewhere_that_does_not_answer(blog: tools.Project, named: str) -> None:
    """To start Docker here would not help who has named another machine: they are told how to look at that name."""
    value = {"DOCKER_HOST": "tcp://127.0.0.1:9", "DOCKER_CONTEXT": "nowhere"}[named]
    done = blog.djdock("deploy", "compose", "--host", "shop.example.com", "--yes", env={named: value})
    done.problem()
    assert f"does not answer at {named}={value}" in done.words
    assert f"unset {named}" in done.words
    assert "systemctl" not in done.words
