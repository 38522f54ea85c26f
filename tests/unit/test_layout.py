"""project/layout.py: manage.py and the settings for development are found by evidence, or the person is asked."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from djdock.errors import Problem
from djdock.project import layout
from djdock.project.files import Folder, Texts
from djdock.project.layout import Layout

SETTINGS = "INSTALLED_APPS = []\nSECRET_KEY = 'x'\n"


def manage(module: str = "config.settings") -> str:
    return (
        "import os, sys\n\n\ndef main():\n"
        f"    os.environ.setdefault('DJANGO_SETTINGS_MODULE', '{module}')\n"
        "    from django.core.management import execute_from_command_line\n\n"
        "    execute_from_command_line(sys.argv)\n\n\nif __name__ == '__main__':\n    main()\n"
    )


def read(texts: dict[str, str]) -> Layout:
    return layout.read(Texts(texts))


def test_the_usual_layout() -> None:
    """manage.py in the root, and the module that it names."""
    found = read({"manage.py": manage(), "config/__init__.py": "", "config/settings.py": SETTINGS})
    assert (found.manage.value, found.settings.value, found.settings.source) == (
        "manage.py",
        "config.settings",
        "manage.py:5",
    )
    assert (found.settings_file, found.folder, found.others) == ("config/settings.py", "", ())


@pytest.mark.parametrize("folder", ["backend", "src", "a/b/c"])
def test_a_sub_folder(folder: str) -> None:
    """manage.py may be below the root; what it names is looked for from its folder on."""
    found = read({f"{folder}/manage.py": manage(), f"{folder}/config/settings.py": SETTINGS, "README.md": ""})
    assert (found.folder, found.settings_file) == (folder, f"{folder}/config/settings.py")


@pytest.mark.parametrize("folder", ["node_modules/x", "venv/lib", ".git/x", "a/b/c/d/e"])
def test_foreign_folders_are_left_alone(folder: str) -> None:
    """Other people's code is no project of this one."""
    with pytest.raises(Problem, match=r"no manage\.py"):
        read({f"{folder}/manage.py": manage(), f"{folder}/config/settings.py": SETTINGS})


@pytest.mark.parametrize(
    "evidence",
    [
        {"Dockerfile": "RUN cd backend && python manage.py migrate\n"},
        {"docker-compose.yml": "services: {web: {command: python backend/manage.py runserver}}\n"},
        {"backend/Procfile": "web: gunicorn config.wsgi\n"},
    ],
)
def test_several_are_told_apart_by_evidence(evidence: dict[str, str]) -> None:
    """Of several projects the one that other files name or that is deployed is meant."""
    texts = {f"{name}/manage.py": manage() for name in ("backend", "tools")} | {
        f"{name}/config/settings.py": SETTINGS for name in ("backend", "tools")
    }
    found = read({**texts, **evidence})
    assert (found.manage.value, found.others) == ("backend/manage.py", ("tools/manage.py",))
    with pytest.raises(
        Problem, match=r"nothing tells which one is meant: backend/manage\.py, tools/manage\.py"
    ) as refused:
        read(texts)
    assert "--manage" in str(refused.value.hint)


def test_an_example_is_not_the_site() -> None:
    """What lies in a folder of tests or examples comes after everything else."""
    texts = {
        f"{name}/{part}": text
        for name in ("example", "site")
        for part, text in (("manage.py", manage()), ("config/settings.py", SETTINGS))
    }
    assert read(texts).manage.value == "site/manage.py"


@pytest.mark.parametrize(
    ("body", "module"),
    [
        ("os.environ['DJANGO_SETTINGS_MODULE'] = 'a.dev'", "a.dev"),
        ("os.environ.setdefault('DJANGO_SETTINGS_MODULE', os.getenv('X', 'a.dev'))", "a.dev"),
        ("os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'a.' + os.environ.get('STAGE', 'dev'))", "a.dev"),
        ("os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'a.%s' % os.getenv('STAGE', 'dev'))", "a.dev"),
        ("os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'a.{}'.format(os.getenv('STAGE', 'dev')))", "a.dev"),
        ("os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'a.prod' if os.getenv('PROD') else 'a.dev')", "a.dev"),
        (
            (
                "name = 'a.prod' if 'WEBSITE' in os.environ else 'a.dev'\n"
                "os.environ.setdefault('DJANGO_SETTINGS_MODULE', name)"
            ),
            "a.dev",
        ),
        (
            (
                "if 'test' in sys.argv:\n"
                "    os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'a.test')\nelse:\n"
                "    os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'a.dev')"
            ),
            "a.dev",
        ),
        (
            (
                "import dotenv\ndotenv.load_dotenv()\nif os.getenv('DJANGO_SETTINGS_MODULE'):\n"
                "    pass\nelse:\n    os.environ['DJANGO_SETTINGS_MODULE'] = 'a.dev'"
            ),
            "a.dev",
        ),
        (
            (
                "from decouple import config\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', "
                "config('DJANGO_SETTINGS_MODULE', default='a.dev'))"
            ),
            "a.dev",
        ),
        (
            (
                "from decouple import config\n"
                "os.environ.setdefault('DJANGO_SETTINGS_MODULE', config('DJANGO_SETTINGS_MODULE'))"
            ),
            "a.dev",
        ),
    ],
)
def test_ways_to_name_the_module(body: str, module: str) -> None:
    """However manage.py comes to its settings module, it is followed."""
    texts = {"manage.py": f"import os, sys\n{body}\nexecute_from_command_line(sys.argv)\n", "a/__init__.py": ""}
    names = ("dev", "prod", "test")
    found = read(
        {
            **texts,
            **{f"a/{name}.py": SETTINGS for name in names},
            "pytest.ini": "[pytest]\nDJANGO_SETTINGS_MODULE = a.dev\n",
        }
    )
    assert found.settings.value == module


@pytest.mark.parametrize(
    ("texts", "module"),
    [
        ({"config/settings/production.py": SETTINGS, "config/settings/local.py": SETTINGS}, "config.settings.local"),
        (
            {
                "config/settings/production.py": SETTINGS,
                "config/settings/dev.py": SETTINGS,
                "config/settings/base.py": SETTINGS,
            },
            "config.settings.dev",
        ),
        ({"config/settings/production.py": SETTINGS}, "config.settings.production"),
        (
            {
                "config/settings/production.py": SETTINGS,
                "config/settings/local.py": SETTINGS,
                "pytest.ini": "DJANGO_SETTINGS_MODULE = config.settings.test\n",
                "config/settings/test.py": SETTINGS,
            },
            "config.settings.local",
        ),
    ],
)
def test_production_is_not_for_development(texts: dict[str, str], module: str) -> None:
    """Where manage.py names production, its sibling for development is taken; that of the tests is no such one."""
    assert read({"manage.py": manage("config.settings.production"), **texts}).settings.value == module


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("pytest.ini", "[pytest]\nDJANGO_SETTINGS_MODULE = config.settings.local\n"),
        ("pyproject.toml", '[tool.pytest.ini_options]\nDJANGO_SETTINGS_MODULE = "config.settings.local"\n'),
        (
            "docker-compose.yml",
            "services:\n  web:\n    environment:\n      - DJANGO_SETTINGS_MODULE=config.settings.local\n",
        ),
        (".env", "DJANGO_SETTINGS_MODULE=config.settings.local\n"),
        (".env.example", "export DJANGO_SETTINGS_MODULE='config.settings.local'\n"),
        (
            "config/wsgi.py",
            "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE',\n    'config.settings.local')\n",
        ),
        ("config/asgi.py", "import os\nos.environ['DJANGO_SETTINGS_MODULE'] = 'config.settings.local'\n"),
        ("Procfile", "web: DJANGO_SETTINGS_MODULE=config.settings.local gunicorn config.wsgi\n"),
    ],
)
def test_an_empty_package_is_filled_by_evidence(path: str, text: str) -> None:
    """Where the named package is empty, other files tell which of its modules is meant."""
    texts = {"manage.py": manage(), "config/settings/__init__.py": "", "config/settings/local.py": SETTINGS}
    found = read({**texts, path: text})
    assert found.settings.value == "config.settings.local"
    assert found.settings.source.startswith(path)
    assert found.named == "config.settings"
    assert read(texts).settings.value == "config.settings.local"  # by its name alone


@pytest.mark.parametrize("path", ["src", "apps"])
def test_folders_on_the_path(path: str) -> None:
    """A folder that manage.py puts on the path is searched too; another one is not."""
    texts = {
        "manage.py": f"import sys\nsys.path.insert(0, '{path}')\n" + manage(),
        f"{path}/config/settings.py": SETTINGS,
    }
    assert read(texts).settings_file == f"{path}/config/settings.py"
    with pytest.raises(Problem, match=r"config\.settings"):
        read({**texts, "manage.py": manage()})


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("{{ cookiecutter.slug }}/manage.py", manage()),
        ("manage.py", manage("{{ project_name }}.settings")),
        ("manage.py", "import os\n{% if x %}\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'x')\n{% endif %}\n"),
        ("manage.py", manage("project_name.settings")),
    ],
)
def test_templates_are_no_projects(path: str, text: str) -> None:
    """A template is told as such, with how to make a project from it."""
    with pytest.raises(Problem, match="template for projects"):
        read({path: text, "config/settings.py": SETTINGS} if "project_name." not in text else {path: text})


def test_a_module_that_is_not_there() -> None:
    """A module that is named and missing is told with who names it."""
    with pytest.raises(Problem, match=r"manage\.py:5 names the settings module config\.settings") as refused:
        read({"manage.py": manage()})
    assert "--settings" in str(refused.value.hint)


def test_what_the_person_says_counts() -> None:
    """--manage and --settings win over all evidence, and are checked."""
    texts = {
        "manage.py": manage(),
        "config/settings.py": SETTINGS,
        "other/manage.py": manage("x.y"),
        "other/x/y.py": SETTINGS,
        "other/x/z.py": SETTINGS,
    }
    found = layout.read(Texts(texts), "other/manage.py", "x.z")
    assert (found.manage.value, found.settings.value, found.named) == ("other/manage.py", "x.z", "x.y")
    with pytest.raises(Problem, match=r"no gone/manage\.py"):
        layout.read(Texts(texts), "gone/manage.py")
    with pytest.raises(Problem, match=r"--settings names the settings module gone"):
        layout.read(Texts(texts), None, "gone")


# --- hostile trees ----------------------------------------------------------------------------------------------------


def test_links_in_circles_and_many_folders(tmp_path: Path) -> None:
    """Folders without end, and links that lead back, are walked for a bounded time."""
    for number in range(200):
        (tmp_path / f"f{number}" / "x" / "y").mkdir(parents=True)
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "self").symlink_to("self")
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "manage.py").write_text(manage())
    start = time.process_time()
    assert "site/manage.py" in layout.candidates(Folder(tmp_path))
    assert time.process_time() - start < 10
