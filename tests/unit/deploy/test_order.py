"""The order of what `djdock deploy` does: what is lost, and what is remembered, when a step fails or is interrupted."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from djdock.commands import deploy as command
from djdock.deploy import targets
from djdock.deploy.targets.target import Progress, Site
from djdock.errors import Problem
from djdock.project.environment import parse
from tests.docs import markdown
from tests.unit.deploy.engine import Engine

HOST = "shop.example.com"


@pytest.fixture
def blog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project as `djdock new` makes it, where the command is typed."""
    root = Path(shutil.copytree(markdown.ROOT / "example", tmp_path / "blog"))
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    """Stands in for Docker: what is looked at here is the command's own order."""
    played = Engine()
    monkeypatch.setitem(targets.BY_NAME, played.NAME, played)
    return played


def deploy(image: str) -> None:
    command.deploy(command.Options("compose", (HOST,), image=image, page=False, yes=True))


def interrupted(engine: Engine, image: str, step: str = "switch") -> None:
    """A deployment that Ctrl-C ends when a step is done."""
    engine.interrupted = step
    with pytest.raises(KeyboardInterrupt):
        deploy(image)
    engine.interrupted = ""


def remembered(root: Path) -> tuple[str, str]:
    """What the env file says of the image that runs, and of the one before it."""
    values = parse((root / ".env.production").read_text())
    return values["IMAGE"], values["PREVIOUS_IMAGE"]


@pytest.mark.usefixtures("engine")
def test_a_secret_of_the_env_file_is_never_nowhere(blog: Path) -> None:
    """It leaves the env file when its own file is there, and not before."""
    (blog / ".env.production").write_text("EMAIL_HOST_PASSWORD=only-here\n")
    (blog / "secrets").write_text("in the way")
    with pytest.raises(Problem, match="cannot be written"):
        deploy("blog:1")
    assert "only-here" in (blog / ".env.production").read_text()
    (blog / "secrets").unlink()
    deploy("blog:1")
    assert "only-here" not in (blog / ".env.production").read_text()
    assert (blog / "secrets/EMAIL_HOST_PASSWORD").read_text() == "only-here"


@pytest.mark.usefixtures("engine")
def test_a_secret_that_is_replaced_stays(blog: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An env file with other values is told as that, and what was signed or opened with the old ones is not lost."""
    deploy("blog:1")
    first = (blog / "secrets/SECRET_KEY").read_text()
    other = blog.parent / "other.env"
    other.write_text(f"SECRET_KEY={first[::-1]}\n")
    capsys.readouterr()
    options = command.Options("compose", (HOST,), image="blog:1", env_file=other, page=False, yes=True)
    for _twice in range(2):
        command.deploy(options)
        assert (blog / "secrets/SECRET_KEY").read_text() == first[::-1]
        assert (blog / "secrets/SECRET_KEY.before").read_text() == first
    told = [line for line in capsys.readouterr().out.splitlines() if "secrets/SECRET_KEY" in line]
    assert len(told) == 2  # the second time it is there already
    assert "stays in secrets/SECRET_KEY.before" in told[0]


def test_what_cannot_be_written_down_is_told(blog: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the switch nothing says that nothing was changed: the site runs, and the lines to write are shown."""
    deploy("blog:1")

    def turn(site: Site, _progress: Progress) -> None:
        engine.image = site.image
        (blog / ".env.production").unlink()
        (blog / ".env.production").mkdir()

    monkeypatch.setattr(engine, "switch", turn)
    with pytest.raises(Problem, match="blog:2 serves the site now") as caught:
        deploy("blog:2")
    assert "IMAGE=blog:2\nPREVIOUS_IMAGE=blog:1" in caught.value.hint


def test_versions_are_remembered(blog: Path, engine: Engine) -> None:
    """The one that runs and the one before it; the same image again changes nothing of that."""
    for image, before in (("blog:1", ""), ("blog:2", "blog:1"), ("blog:2", "blog:1")):
        deploy(image)
        assert remembered(blog) == (image, before)
    command.rollback(None, yes=True)
    assert (engine.image, *remembered(blog)) == ("blog:1", "blog:1", "blog:2")


def test_a_first_deployment_that_was_interrupted_is_remembered_by_the_next(blog: Path, engine: Engine) -> None:
    """Although that finds its image running; else plain Compose would not know what to start."""
    interrupted(engine, "blog:1")
    deploy("blog:1")
    assert remembered(blog) == ("blog:1", "")


def test_a_new_version_that_was_interrupted_is_remembered_by_the_next(blog: Path, engine: Engine) -> None:
    """The version before is the one that ran before the interruption, and no older one."""
    deploy("blog:1")
    deploy("blog:2")
    interrupted(engine, "blog:3")
    deploy("blog:3")
    assert remembered(blog) == ("blog:3", "blog:2")


def test_back_from_a_version_that_was_interrupted(blog: Path, engine: Engine) -> None:
    """From what runs to what ran before it, whatever the env file has heard of that."""
    deploy("blog:1")
    deploy("blog:2")
    interrupted(engine, "blog:3")
    command.rollback(None, yes=True)
    assert (engine.image, *remembered(blog)) == ("blog:2", "blog:2", "blog:3")


def test_a_way_back_that_was_interrupted_goes_on(blog: Path, engine: Engine) -> None:
    """Where the version before runs already, the second time does not bring the new one."""
    deploy("blog:1")
    deploy("blog:2")
    engine.interrupted = "rollback"
    with pytest.raises(KeyboardInterrupt):
        command.rollback(None, yes=True)
    engine.interrupted = ""
    command.rollback(None, yes=True)
    assert (engine.image, *remembered(blog)) == ("blog:1", "blog:1", "blog:2")


def test_a_site_that_is_down_is_dumped_too(blog: Path, engine: Engine) -> None:
    """It may be down because of what the new version mends, and its data are as dear; the way back is the same."""
    deploy("blog:1")
    assert "dump" not in engine.steps
    engine.image, engine.steps = "", []
    deploy("blog:2")
    assert engine.steps == ["start_database", "dump", "migrate", "switch"]
    assert remembered(blog) == ("blog:2", "blog:1")


@pytest.mark.usefixtures("blog")
def test_a_dump_comes_before_anything_changes(engine: Engine) -> None:
    """Of a site that serves not even the database is started anew before."""
    deploy("blog:1")
    engine.steps = []
    deploy("blog:2")
    assert engine.steps == ["dump", "start_database", "migrate", "switch"]


def test_no_new_password_for_a_database_that_is_there(blog: Path, engine: Engine) -> None:
    """In a second clone, or another project of the same name, secrets are made neither at once nor the next time."""
    engine.owner = Problem("There is a database already.", hint="Copy secrets/")
    for _again in range(2):
        with pytest.raises(Problem, match="already"):
            deploy("blog:1")
    assert not (blog / "secrets/POSTGRES_PASSWORD").exists()
    assert not (blog / "secrets/SECRET_KEY").exists()
    assert engine.steps == []


def test_with_its_password_a_database_is_taken_on(blog: Path, engine: Engine) -> None:
    """Who brings the secrets along deploys from another folder as from the first one."""
    deploy("blog:1")
    engine.owner = Problem("There is a database already.", hint="Copy secrets/")
    deploy("blog:2")
    assert remembered(blog) == ("blog:2", "blog:1")
