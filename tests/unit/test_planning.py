"""commands/planning.py: what is proposed for small projects, from reading alone; nothing is installed or fetched."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from djdock.commands import planning
from djdock.commands.planning import Proposal
from djdock.errors import Problem
from djdock.plan.change import Change
from djdock.project.configuration import Configuration
from tests import projects
from tests.tools import tree


def propose(root: Path, texts: projects.Texts, **chosen: str | int) -> Proposal:
    """What is proposed for a project, on the engine that asks nothing of Docker."""
    projects.write(root, texts, git=False)
    return planning.propose(root, Configuration(**chosen), "embedded")  # type: ignore[arg-type] # names and their types


def changes(proposal: Proposal) -> dict[str, Change]:
    return {change.path: change for change in proposal.plan.effective}


def variables(proposal: Proposal) -> dict[str, str]:
    """What the proposed env file says."""
    text = changes(proposal)[".env"].after
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))


def make(proposal: Proposal) -> None:
    """Writes what is proposed, as `init` does in the end."""
    for change in proposal.plan.effective:
        place = proposal.root / change.path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(change.after, newline="")


@pytest.mark.parametrize("name", projects.ALL)
def test_every_shape(tmp_path: Path, name: str) -> None:
    """Proposing writes nothing; what is proposed has reasons and is Python, and once made nothing is left to do."""
    root = tmp_path / "shop"
    proposal = propose(root, projects.ALL[name])
    assert set(tree(root)) == set(tree(projects.write(tmp_path / "again", projects.ALL[name], git=False)))
    assert proposal.plan.effective
    assert all(change.why for change in proposal.plan.effective)
    for path, change in changes(proposal).items():
        if path.endswith(".py"):
            ast.parse(change.after)
    if "UTF-16" in name or "BOM" in name:
        return  # these bytes are written by whoever knows the encoding
    make(proposal)
    assert not planning.propose(root, Configuration(), "embedded").plan.effective


@pytest.mark.parametrize(
    "name", ["os.environ", "getenv", "dj-database-url", "django-environ", "decouple", "USE_POSTGRES"]
)
def test_variables_come_first(tmp_path: Path, name: str) -> None:
    """Where the settings read their database from the environment, they are not touched."""
    proposal = propose(tmp_path, projects.FORMS[name])
    theirs = [path for path in changes(proposal) if path.endswith(".py") and not path.startswith("container/")]
    assert theirs == []
    database = variables(proposal)["DATABASE_URL"]
    assert database.startswith("postgres://")


def test_own_names(tmp_path: Path) -> None:
    """The address comes under the names that the settings read, and they all say the same."""
    found = variables(propose(tmp_path, projects.FORMS["os.environ"]))
    where = f"{found['DB_USER']}:{found['DB_PASSWORD']}@{found['DB_HOST']}:{found['DB_PORT']}/{found['DB_NAME']}"
    assert found["DATABASE_URL"] == f"postgres://{where}"


def test_a_literal_is_edited_once(tmp_path: Path) -> None:
    """An SQLite literal is one edit of one entry; every other line of the settings stays."""
    change = changes(propose(tmp_path, projects.project()))["shop/settings.py"]
    assert change.before is not None
    gone = set(change.before.splitlines()) - set(change.after.splitlines())
    assert gone == {'        "ENGINE": "django.db.backends.sqlite3",', '        "NAME": BASE_DIR / "db.sqlite3",'}


@pytest.mark.parametrize(
    ("declared", "added"),
    [
        ("Django==5.2.8\n", "psycopg"),
        ("Django==5.2.8\npsycopg[binary]==3.2.10\n", ""),
        ("Django==3.2.25\npsycopg2-binary==2.9.9\n", ""),
        ("Django==3.2.25\n", "psycopg2"),
    ],
)
def test_the_driver(tmp_path: Path, declared: str, added: str) -> None:
    """A driver that Django can use is declared where there is none; one that is there stays as it is."""
    change = changes(propose(tmp_path, projects.project(declared=declared))).get("requirements.txt")
    if not added:
        assert change is None
        return
    assert change is not None
    assert change.after.startswith(declared)
    [line] = change.after.removeprefix(declared).splitlines()
    assert line.startswith(("psycopg2", "psycopg[") if added == "psycopg2" else "psycopg[")
    assert line.startswith(added)


def test_an_env_file_under_version_control_stays(tmp_path: Path) -> None:
    """What everybody shares gets no secrets: djdock keeps its own file beside it."""
    projects.write(tmp_path, projects.LAYOUTS["tracked .env"])
    proposal = planning.propose(tmp_path, Configuration(), "embedded")
    assert ".env" not in changes(proposal)
    assert "DATABASE_URL" in changes(proposal)[".djdock/env"].after


def test_an_env_file_of_ones_own_is_added_to(tmp_path: Path) -> None:
    """Lines that are there stay, with their values; the new ones come below."""
    change = changes(propose(tmp_path, projects.LAYOUTS["own .env"]))[".env"]
    assert change.after.startswith("SOMETHING=1\nDEBUG=True\n")
    assert "DATABASE_URL=" in change.after
    assert change.private, "nobody prints it"


def test_secrets_stay_out_of_files_that_are_shared(tmp_path: Path) -> None:
    """No password that is made up stands in any other file than the private one, nor in what is printed."""
    proposal = propose(tmp_path, projects.FORMS["os.environ"])
    secrets = [variables(proposal)[name] for name in ("DB_PASSWORD", "POSTGRES_PASSWORD")]
    shown = json.dumps(planning.as_json(proposal)) + "".join(
        change.after for path, change in changes(proposal).items() if path != ".env"
    )
    assert all(secrets)
    assert not [secret for secret in secrets if secret in shown]


def test_the_env_file_is_kept_out_of_git(tmp_path: Path) -> None:
    """A repository that does not ignore .env does so now; one that does is left alone."""
    projects.write(tmp_path, {**projects.project(), ".gitignore": "*.pyc"})
    [line] = changes(planning.propose(tmp_path, Configuration(), "embedded"))[".gitignore"].after.split()[1:]
    assert line.strip("/") == ".env"
    (tmp_path / ".gitignore").write_text("*.pyc\n.env*\n")
    assert ".gitignore" not in changes(planning.propose(tmp_path, Configuration(), "embedded"))


def test_docker_files_of_the_project_stay(tmp_path: Path) -> None:
    """Docker files that are there are not changed; djdock's own stand beside them."""
    proposal = propose(tmp_path, projects.LAYOUTS["own Docker files"])
    assert not {"Dockerfile", "docker-compose.yml"} & set(changes(proposal))
    assert "compose.djdock.yaml" in changes(proposal)


def test_what_was_said_is_kept(tmp_path: Path) -> None:
    """An answer counts and is stored; without one nothing is."""
    proposal = propose(tmp_path, projects.project(), postgres=16)
    assert proposal.facts.postgres is not None
    assert (proposal.facts.postgres.value, proposal.facts.postgres.source) == (16, "as asked")
    assert "postgres = 16" in changes(proposal)["djdock.toml"].after
    assert "djdock.toml" not in changes(planning.propose(tmp_path, Configuration(), "embedded"))


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("settings package", "shop.settings.local"),
        ("empty settings package", "shop.settings.local"),
        ("several manage.py", "shop.settings"),
        ("src", "shop.settings"),
    ],
)
def test_which_settings(tmp_path: Path, name: str, settings: str) -> None:
    """Those that development runs on are taken; where manage.py names others, the variable says so."""
    proposal = propose(tmp_path, projects.LAYOUTS[name])
    assert proposal.facts.settings.value == settings
    assert variables(proposal).get("DJANGO_SETTINGS_MODULE", settings) == settings
    assert ("DJANGO_SETTINGS_MODULE" in variables(proposal)) is (name == "empty settings package")


@pytest.mark.parametrize(
    ("texts", "cause"),
    [
        ({"README.md": "# Nothing"}, r"no manage\.py"),
        ({**projects.project(), "shop/settings.py": "def f(:\n"}, r"shop/settings\.py .*line 1"),
        (
            {**projects.project(), "shop/settings.py": "<<<<<<< HEAD\nA = 1\n=======\nA = 2\n>>>>>>> x\n"},
            "merge conflict",
        ),
        ({**projects.project(), "shop/settings.py": "print 'x'\n"}, "Python 2|syntax error"),
        ({**projects.project(), "manage.py": projects.manage("{{ project_name }}.settings")}, "template"),
        ({"a/manage.py": projects.manage(), "b/manage.py": projects.manage()}, r"a/manage\.py, b/manage\.py"),
    ],
)
def test_what_is_no_project_is_refused(tmp_path: Path, texts: dict[str, str], cause: str) -> None:
    """The real cause is named, with what to do about it."""
    with pytest.raises(Problem, match=cause) as refused:
        propose(tmp_path, texts)
    assert refused.value.hint


def test_a_module_that_is_not_there_is_noted(tmp_path: Path) -> None:
    """An import of the project's own that leads nowhere is told with its place before anything is tried."""
    proposal = propose(tmp_path, projects.project("from shop.private import KEY\n" + projects.SQLITE))
    assert [note for note in proposal.notes if "shop.private" in note and "shop/settings.py" in note]


def test_nothing_is_run(tmp_path: Path) -> None:
    """Reading runs no code of the project: settings that would leave a trace leave none."""
    mark = tmp_path / "ran"
    texts = projects.project(f"open({str(mark)!r}, 'w').close()\n" + projects.SQLITE)
    texts["manage.py"] += f"open({str(mark)!r}, 'w').close()\n"
    propose(tmp_path / "shop", texts)
    assert not mark.exists()


@pytest.mark.parametrize("folder", ["", "shop/"])
def test_a_persons_own_values_stay_out_of_what_is_tracked(tmp_path: Path, folder: str) -> None:
    """A .env that is not in git holds secrets: none of them gets into a Dockerfile or a compose file."""
    texts = {
        "manage.py": "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n",
        "requirements.txt": "django==5.2.8\npsycopg[binary]==3.2.9\n",
        "shop/__init__.py": "",
        "shop/settings.py": (
            "import os\nSECRET_KEY = os.environ['SECRET_KEY']\nAPI_TOKEN = os.environ['API_TOKEN']\n"
            "INSTALLED_APPS = []\n"
            "DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'NAME': os.environ['POSTGRES_DB'],\n"
            "    'USER': os.environ['POSTGRES_USER'], 'PASSWORD': os.environ['POSTGRES_PASSWORD'],\n"
            "    'HOST': os.environ['POSTGRES_HOST'], 'PORT': os.environ['POSTGRES_PORT']}}\n"
        ),
        f"{folder}.env": "API_TOKEN=very-private-value\nSECRET_KEY=also-private-value\n",
    }
    proposal = propose(tmp_path / "shop", texts)
    tracked = [change for change in proposal.plan.effective if not change.private]
    assert {"Dockerfile", "compose.yaml"} <= {change.path for change in tracked}
    assert not [change.path for change in tracked if "private-value" in change.after]
    make(proposal)
    assert not [
        change.path for change in planning.propose(tmp_path / "shop", Configuration(), "embedded").plan.effective
    ]
