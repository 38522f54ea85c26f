"""`djdock deploy` of what should go nowhere: told before anything is built or asked of an engine."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests import tools
from tests.docs import markdown

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
    """Who leaves --host out is told both ways to say it; what was made meanwhile stays, and the second try works on."""
    done = deploy(blog)
    done.problem()
    assert "the same command with --host shop.example.com" in done.words
    assert done.words.count("ALLOWED_HOSTS is empty") == 1
    key = (blog.root / "secrets/SECRET_KEY").read_text()
    done = deploy(blog, "--host", "shop.example.com", "--yes")
    done.problem()
    assert "Docker" in done.words
    assert (blog.root / "secrets/SECRET_KEY").read_text() == key


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
