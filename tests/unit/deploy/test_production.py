"""commands/production.py: what small projects are in production, and what is missing still; nothing is written."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from djdock.commands import planning, production
from djdock.commands.production import Prepared
from djdock.deploy import secrets
from djdock.deploy.targets.target import Target
from djdock.errors import Problem
from djdock.plan.production.release import Setting
from djdock.project.configuration import Configuration
from tests import projects
from tests.docs import markdown

# A stand-in for an engine: it has no files of its own, so what is seen here is the same for all of them.
NO_TARGET = cast(Target, SimpleNamespace(NAME="none", files=lambda _files, _release: ()))
HOST = "shop.example.com"
KEY = "0123456789-abcdefghijklmnopqrstuvwxyz-0123456789-abcdef"


@pytest.fixture
def blog(tmp_path: Path) -> Path:
    """A project as `djdock new` makes it."""
    return Path(shutil.copytree(markdown.ROOT / "example", tmp_path / "blog"))


def adopted(root: Path, texts: projects.Texts) -> Path:
    """A project that `init` has been through."""
    projects.write(root, texts, git=False)
    for change in planning.propose(root, Configuration(), "embedded").plan.effective:
        place = root / change.path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(change.after)
    return root


def prepare(root: Path, *hosts: str, **given: str) -> Prepared:
    return production.prepare(root, NO_TARGET, hosts, given)


def settings(prepared: Prepared) -> Mapping[str, Setting]:
    return {setting.name: setting for setting in prepared.release.settings}


def texts(prepared: Prepared) -> dict[str, str]:
    return {change.path: change.after for change in prepared.merged.plan.effective}


def make(prepared: Prepared) -> None:
    """Writes what was decided, as `deploy` does."""
    for path, text in texts(prepared).items():
        (prepared.root / path).write_text(text)
    secrets.write(prepared.root, prepared.new_secrets)


def test_a_new_project(blog: Path) -> None:
    """Secrets are made, DEBUG is off for good, the site answers to its name, and nothing is left to ask."""
    found = prepare(blog, HOST)
    assert {name: setting.kind for name, setting in settings(found).items()} == {
        "SECRET_KEY": "secret",
        "DEBUG": "fixed",
        "ALLOWED_HOSTS": "given",
        "CSRF_TRUSTED_ORIGINS": "given",
        "DATABASE_URL": "secret",
    }
    assert settings(found)["DEBUG"].value == "False"
    assert found.values["ALLOWED_HOSTS"] == HOST
    assert found.values["CSRF_TRUSTED_ORIGINS"] == f"https://{HOST}"
    assert set(found.new_secrets) == {"POSTGRES_PASSWORD", "SECRET_KEY", "DATABASE_URL"}
    assert found.new_secrets["POSTGRES_PASSWORD"] in found.new_secrets["DATABASE_URL"]
    assert len(found.new_secrets["SECRET_KEY"]) >= 50
    assert (found.missing, found.missing_secrets) == ((), ())
    assert found.release.database
    assert found.release.database.name == "blog"


def test_reading_writes_nothing(blog: Path) -> None:
    """A dry run leaves no file and no folder behind."""
    before = sorted(blog.rglob("*"))
    prepare(blog, HOST)
    assert sorted(blog.rglob("*")) == before


def test_a_second_run_changes_nothing(blog: Path) -> None:
    """What was written is found again: the same keys, the same names, no file to change."""
    make(prepare(blog, HOST))
    again = prepare(blog)
    assert texts(again) == {}
    assert again.new_secrets == {}
    assert again.release.hosts == (HOST,)


def test_another_name(blog: Path) -> None:
    """A site that moves answers to its new name; what the person has added stays."""
    make(prepare(blog, HOST))
    file = blog / ".env.production"
    file.write_text(file.read_text() + "# mine\nEMAIL_HOST=mail.example.com\n")
    found = prepare(blog, "www.example.com")
    assert "\nHOSTS=www.example.com\n" in texts(found)[".env.production"]
    assert "\nALLOWED_HOSTS=www.example.com\n" in texts(found)[".env.production"]
    assert "\nCSRF_TRUSTED_ORIGINS=https://www.example.com\n" in texts(found)[".env.production"]
    assert "# mine\nEMAIL_HOST=mail.example.com\n" in texts(found)[".env.production"]
    assert settings(found)["EMAIL_HOST"].kind == "given"


def test_what_the_code_reads_comes_along(blog: Path) -> None:
    """A variable that no setting reads is in .env because the code needs it: production has it, too, and no secret."""
    env = "SECRET_KEY=x\nDB_PORT=15432\nPYTHON_VERSION=3.13\nLINK=http://localhost/x\nAPI_TOKEN=0123456789\n"
    (blog / ".env").write_text(env)
    found = prepare(blog, HOST)
    assert set(settings(found)) - {"SECRET_KEY", "DEBUG", "ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS", "DATABASE_URL"} == {
        "PYTHON_VERSION"
    }
    assert found.values["PYTHON_VERSION"] == "3.13"


def test_without_a_name_the_site_would_answer_nobody(blog: Path) -> None:
    """Nobody can guess what a site is called."""
    assert "ALLOWED_HOSTS" in prepare(blog).missing


def test_secrets_of_an_env_file_go_to_files(blog: Path) -> None:
    """A key that came with --env-file, or that a person has put into .env.production, does not stay there."""
    found = prepare(blog, HOST, SECRET_KEY=KEY, EMAIL_HOST="mail.example.com")
    assert found.new_secrets["SECRET_KEY"] == KEY
    assert KEY not in "".join(texts(found).values())
    assert "EMAIL_HOST=mail.example.com" in texts(found)[".env.production"]
    (blog / ".env.production").write_text(f"ALLOWED_HOSTS=x.example.com\nSECRET_KEY={KEY}\n")
    found = prepare(blog, HOST)
    assert found.new_secrets["SECRET_KEY"] == KEY
    assert KEY not in texts(found)[".env.production"]


def test_a_database_elsewhere(blog: Path) -> None:
    """Where the address names another host, the release brings no database, and no password for one."""
    found = prepare(blog, HOST, DATABASE_URL="postgres://blog:secret@db.example.com/blog")
    assert found.release.database is None
    assert "POSTGRES_PASSWORD" not in found.new_secrets
    assert settings(found)["DATABASE_URL"].kind == "secret"
    make(found)
    assert prepare(blog).release.database is None


# Those in other encodings are written by whoever knows these.
@pytest.mark.parametrize("name", [name for name in projects.ALL if not ("UTF-16" in name or "BOM" in name)])
def test_every_shape(tmp_path: Path, name: str) -> None:
    """Whatever `init` understands, `deploy` does: the database is reached, and what is missing is said by name."""
    root = tmp_path / "shop"
    found = prepare(adopted(root, projects.ALL[name]), HOST)
    assert found.release.database
    assert any(setting.part in {"{url}", "{password}"} for setting in found.release.settings)
    text = texts(found)[".env.production"]
    assert not [value for value in found.new_secrets.values() if value in text]


SPLIT = {
    "shop/settings/__init__.py": "",
    "shop/settings/base.py": projects.TOP + projects.REST.replace("DEBUG = True\n", "") + "DATABASES = {}\n",
    "shop/settings/dev.py": "from .base import *\nDEBUG = True\n" + projects.SQLITE,
    "shop/settings/production.py": "from .base import *\nDEBUG = False\nALLOWED_HOSTS = os.environ['NAMES'].split()\n"
    "import dj_database_url\nDATABASES = {'default': dj_database_url.parse(os.environ['DATABASE_URL'])}\n",
    "manage.py": projects.manage("shop.settings.dev"),
}


def test_settings_for_production_are_found(tmp_path: Path) -> None:
    """Settings beside those of development are taken, with the variables that they read, and not the others'."""
    root = tmp_path / "shop"
    texts_ = {**projects.ALL[next(iter(projects.ALL))], **SPLIT}
    texts_.pop("shop/settings.py", None)
    prepared = prepare(adopted(root, texts_), HOST)
    found = settings(prepared)
    assert found["DJANGO_SETTINGS_MODULE"].value == "shop.settings.production"
    assert prepared.values["NAMES"] == HOST
    assert found["DATABASE_URL"].part == "{url}"


# With DEBUG it answers to every name, and no variable is asked.
OPEN_WITH_DEBUG = """\
import os
DEBUG = int(os.environ.get("DEBUG", 0))
ALLOWED_HOSTS = os.environ.get("NAMES_OF_HOSTS", "").split(",")
if DEBUG:
    ALLOWED_HOSTS = ["*"]
SECRET_KEY = os.environ["SECRET_KEY"]
ROOT_URLCONF, INSTALLED_APPS = "shop.urls", []
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}}
"""


def test_names_that_count_without_debug_alone(tmp_path: Path) -> None:
    """The variable of the names is found where development never reads it; DEBUG is off as the settings write it."""
    texts_ = {
        **projects.ALL[next(iter(projects.ALL))],
        "shop/settings.py": OPEN_WITH_DEBUG,
        ".env.example": "DEBUG=1\n",
    }
    prepared = prepare(adopted(tmp_path / "shop", texts_), HOST)
    assert prepared.values["NAMES_OF_HOSTS"] == HOST
    assert settings(prepared)["DEBUG"].value == "0"


def test_a_project_without_an_image(blog: Path) -> None:
    """Production runs what the Dockerfile builds; a project that was never brought to Docker is told how."""
    (blog / "Dockerfile").unlink()
    with pytest.raises(Problem) as told:
        prepare(blog, HOST)
    assert told.value.hint == "djdock init"


def test_only_the_owner_enters(tmp_path: Path) -> None:
    """Others of this machine cannot get at a secret; the container's user, who sees the file alone, can read it."""
    secrets.write(tmp_path, {"KEY": KEY})
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "secrets/KEY").stat().st_mode) == 0o444
    assert secrets.read(tmp_path, "KEY") == KEY
    assert secrets.names(tmp_path) == ("KEY",)
    secrets.write(tmp_path, {"KEY": "another"})
    assert secrets.read(tmp_path, "KEY") == "another"
