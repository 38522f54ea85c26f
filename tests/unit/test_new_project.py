"""plan/new_project.py: what `djdock new` writes, decided without touching a disk, and read back by other parsers."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from djdock.commands.checkout import machine
from djdock.plan import dotenv, new_project
from djdock.plan.change import Plan
from djdock.plan.text import render
from djdock.project import compatibility, environment, facts
from djdock.project.environment import Database
from djdock.project.files import Texts
from tests.example import FOLDER

SETTINGS = (Path(__file__).parent / "settings/6.1.txt").read_text(encoding="utf-8")
# What differs in the settings of two Django versions of one series.
DJANGO_VERSION = re.compile(r"using Django [\d.]+|(?<=com/en/)\d+\.\d+")
STARTPROJECT = {
    "manage.py": "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'django_project.settings')\n",
    "django_project/settings.py": SETTINGS,
    "accounts/models.py": "from django.db import models\n\n# Create your models here.\n",
    "accounts/admin.py": "from django.contrib import admin\n",
    "accounts/tests.py": "from django.test import TestCase\n",
}
MACHINE = dotenv.Machine("blog-1", 1000, 1000, 8000, Database("127.0.0.1", 15432, "blog", "blog", "p" * 32), "s" * 64)


@cache
def planned(postgres: int = 18, manager: str = "pip", name: str = "blog", *, user_model: bool = True) -> Plan:
    files = Texts(STARTPROJECT)
    choices = new_project.Choices(name, "3.13", postgres, manager, "0.13", user_model)
    return new_project.plan(files, facts.read(files, name), choices, MACHINE)


def texts(plan: Plan) -> dict[str, str]:
    return {change.path: change.after for change in plan.changes}


def compose(plan: Plan) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(texts(plan)["compose.yaml"])
    return found


every = pytest.mark.parametrize("postgres", compatibility.POSTGRES)
managers = pytest.mark.parametrize("manager", ["pip", "uv"])


def test_the_files() -> None:
    """The plan creates what the project needs and changes what startproject and startapp wrote; nothing else."""
    outcomes = {change.path: change.outcome for change in planned().changes}
    assert outcomes == {
        "django_project/settings.py": "change",
        "accounts/models.py": "change",
        "accounts/admin.py": "change",
        "accounts/tests.py": "change",
        "Dockerfile": "create",
        ".dockerignore": "create",
        "compose.yaml": "create",
        "container/__init__.py": "create",
        "container/entrypoint.py": "create",
        "container/health.py": "create",
        ".env": "create",
        ".env.example": "create",
        ".gitignore": "create",
        "README.md": "create",
    }
    assert all(change.why for change in planned().changes)
    assert [change.path for change in planned().changes if change.private] == [".env"]


def test_the_plan_is_the_example() -> None:
    """example/ is the golden file of this plan: `make example` writes it anew, other tests give it to other readers."""
    dockerfile = (FOLDER / "Dockerfile").read_text(encoding="utf-8")
    python, uv = (re.findall(pattern, dockerfile)[0] for pattern in (r"python:([\d.]+)-", r"astral-sh/uv:([\d.]+)"))
    files = Texts(STARTPROJECT)
    choices = new_project.Choices("blog", python, compatibility.DEFAULT_POSTGRES, "pip", uv, user_model=True)
    for path, text in texts(new_project.plan(files, facts.read(files, "blog"), choices, MACHINE)).items():
        if path == ".env":
            continue  # the only one that is not shared
        golden = (FOLDER / path).read_text(encoding="utf-8")
        assert DJANGO_VERSION.sub("", text) == DJANGO_VERSION.sub("", golden), f"{path}: make example writes it anew"


def test_no_user_model_leaves_the_app_out() -> None:
    """--no-user-model: no file and no setting names the app."""
    for path, text in texts(planned(user_model=False)).items():
        assert "accounts" not in path
        assert not re.search(r"accounts(?!\.txt)", text), path


@pytest.mark.parametrize(("postgres", "manager"), [(18, "pip"), (18, "uv"), (14, "pip")])
def test_a_second_plan_changes_nothing(postgres: int, manager: str) -> None:
    """The plan of what the plan has made is empty."""
    made = Texts({**STARTPROJECT, **texts(planned(postgres, manager))})
    choices = new_project.Choices("blog", "3.13", postgres, manager, "0.13", user_model=True)
    assert new_project.plan(made, facts.read(made, "blog"), choices, MACHINE).effective == ()


@pytest.mark.parametrize(("postgres", "manager"), [(18, "pip"), (18, "uv"), (14, "pip")])
def test_facts_find_what_was_chosen(postgres: int, manager: str) -> None:
    """A project that was just made is read back as what it was made to be."""
    made = {**STARTPROJECT, **texts(planned(postgres, manager))}
    pins = {"pip": {"requirements.txt": ""}, "uv": {"uv.lock": "", ".python-version": "3.13"}}[manager]
    found = facts.read(Texts(made | pins), "another-folder")
    assert found.postgres_major == postgres
    assert (found.database_name, found.database_user) == ("blog", "blog")
    assert found.python is not None
    assert found.python.value == "3.13"
    assert found.package_manager is not None
    assert found.package_manager.value == manager
    assert [variable.name for variable in found.variables] == [
        "SECRET_KEY",
        "DEBUG",
        "ALLOWED_HOSTS",
        "CSRF_TRUSTED_ORIGINS",
        "SECURE_SSL_REDIRECT",
        "SECURE_HSTS_SECONDS",
        "DATABASE_URL",
        "EMAIL_URL",
    ]
    assert [variable.name for variable in found.variables if not variable.required] == [
        "SECURE_SSL_REDIRECT",
        "SECURE_HSTS_SECONDS",
        "EMAIL_URL",
    ]


@every
@managers
def test_compose_holds_what_has_bitten_people(postgres: int, manager: str) -> None:
    """Parsed as YAML: volume by major version, health check over TCP, start order, own ids, ports on loopback only."""
    document = compose(planned(postgres, manager))
    assert document.keys() == {"x-django", "services", "volumes"}  # no obsolete version, no name that two share
    services = document["services"]
    assert list(services) == ["db", "migrate", "web"]

    database = services["db"]
    assert database["image"] == f"postgres:{postgres}-trixie"
    assert database["volumes"] == [f"db:/var/lib/postgresql{'' if postgres >= 18 else '/data'}"]
    assert database["healthcheck"]["test"][:4] == ["CMD", "pg_isready", "-h", "127.0.0.1"]
    assert "trust" not in str(database)

    assert services["migrate"]["depends_on"] == {"db": {"condition": "service_healthy"}}
    assert services["migrate"]["healthcheck"] == {"disable": True}
    assert services["web"]["depends_on"] == {
        "db": {"condition": "service_healthy"},
        "migrate": {"condition": "service_completed_successfully"},
    }
    for name in ("migrate", "web"):
        assert services[name]["init"] is True
        assert services[name]["user"] == "${HOST_UID:-1000}:${HOST_GID:-1000}"
        assert services[name]["volumes"] == [".:/app"]
    for name in ("db", "web"):
        assert all(port.startswith("127.0.0.1:") for port in services[name]["ports"])


@pytest.mark.parametrize("name", ["Blog", "null", "true", "yes", "no", "off"])
def test_names_that_yaml_has_plans_for(name: str) -> None:
    """A project may be called `yes` or `null`: in compose.yaml that is text, and text it stays."""
    values = compose(planned(name=name))["services"]["db"]["environment"]
    assert (values["POSTGRES_USER"], values["POSTGRES_DB"]) == (name, name)
    found = facts.read(Texts({**STARTPROJECT, **texts(planned(name=name))}), "folder")
    assert (found.database_user, found.database_name) == (name, name)


@managers
def test_compose_reads_what_env_holds(manager: str) -> None:
    """Each variable that compose.yaml names is one of .env, and has a default for a clone without one."""
    made = texts(planned(manager=manager))
    variables = environment.parse(made[".env"])
    used = re.findall(r"\$\{(\w+)(:-)?", made["compose.yaml"])
    assert {name for name, _default in used} <= variables.keys()
    assert {name for name, default in used if not default} == {"COMPOSE_PROJECT_NAME"}  # Compose sets it by itself


def instructions(dockerfile: str) -> list[str]:
    """The instructions of a Dockerfile, continued lines joined, without comments."""
    lines = [line for line in dockerfile.splitlines() if line.strip() and not line.startswith("#")]
    return [" ".join(part.split()) for part in "\n".join(lines).replace("\\\n", " ").split("\n")]


@managers
def test_dockerfile_stages(manager: str) -> None:
    """Named stages, pinned variants, nothing compiled, no shell form, dependencies before source, never root."""
    steps = instructions(texts(planned(manager=manager))["Dockerfile"])
    stages = [step.split()[-1] for step in steps if step.startswith("FROM ")]
    last = ("packages", "site", "production")
    assert (
        stages
        == {
            "pip": ["uv", "base", "dependencies", "development", *last],
            "uv": ["uv", "base", "dependencies", "development-dependencies", "development", *last],
        }[manager]
    )
    assert "FROM python:3.13-slim-trixie AS base" in steps
    assert "FROM ghcr.io/astral-sh/uv:0.13 AS uv" in steps
    assert all(step.startswith("CMD [") for step in steps if step.startswith("CMD"))
    [entrypoint] = [step for step in steps if step.startswith("ENTRYPOINT")]
    assert entrypoint == 'ENTRYPOINT ["python", "/app/container/entrypoint.py"]', "a shell would keep signals to itself"
    assert not any("apt-get" in step or "curl" in step for step in steps)
    for stage in ("development", "production"):
        start = next(number for number, step in enumerate(steps) if step.endswith(f" AS {stage}"))
        rest = steps[start + 1 :]
        own = rest[: next((number for number, step in enumerate(rest) if step.startswith("FROM ")), len(rest))]
        [user] = [step for step in own if step.startswith("USER ")]
        assert re.fullmatch(r"USER [1-9]\d*:[1-9]\d*", user)
        assert own[0] in {"COPY --from=packages /image/ /", f"COPY --from={stages[-5]} /opt/venv /opt/venv"}
    copies = [step for step in steps if step == "COPY . ."]
    assert len(copies) == 1
    assert steps.index(copies[0]) > max(number for number, step in enumerate(steps) if "--mount=type=cache" in step)


@managers
def test_no_secret_gets_into_the_image(manager: str) -> None:
    """The Dockerfile holds none, and .dockerignore keeps the files out that do."""
    made = texts(planned(manager=manager))
    for path, text in made.items():
        if path != ".env":
            assert MACHINE.secret_key not in text, path
            assert MACHINE.database.password not in text, path
    ignored = made[".dockerignore"].splitlines()
    assert {".env", ".git", ".venv", ".djdock", "**/__pycache__", "**/*.sqlite3", "media"} <= set(ignored)
    assert ".env" in made[".gitignore"].splitlines()


def test_a_tag_has_small_letters() -> None:
    """The command that the Dockerfile advises works for a project with capital letters, too."""
    assert "docker build --tag shop ." in texts(planned(name="Shop"))["Dockerfile"]


def test_python_files_are_python() -> None:
    """Every Python file of the plan parses, and ends with one line end."""
    for path, text in texts(planned()).items():
        if path.endswith(".py"):
            ast.parse(text)
        assert text.endswith("\n"), path
        assert not text.endswith("\n\n"), path
        assert not re.search(r"[ \t]$", text, re.MULTILINE), path
        assert "{{" not in text, path


def test_templates_take_exactly_their_facts() -> None:
    """A fact that is missing, or that a template has no place for, is a bug and is not passed over."""
    assert render("gitignore.txt").startswith("# Secrets")
    with pytest.raises(KeyError, match="wsgi"):
        render("gitignore.txt", wsgi="x")
    with pytest.raises(KeyError, match="postgres"):
        render("README.md.txt", name="x", python="3.13")


# --- what a checkout is given -----------------------------------------------------------------------------------------


def test_two_checkouts_share_nothing(tmp_path: Path) -> None:
    """Two folders get other names, ports and secrets; one folder gets the same name again, so it finds its data."""
    first, second, again = (machine(tmp_path / folder, "blog", "blog", "blog") for folder in ("a", "b", "a"))
    assert first.compose_project != second.compose_project
    assert first.database.port != second.database.port
    assert again.compose_project == first.compose_project
    assert len({first.secret_key, second.secret_key, again.secret_key}) == 3
    assert len({first.database.password, second.database.password, again.database.password}) == 3


@pytest.mark.parametrize("name", ["blog", "My_Blog", "my.data__base", "_x_", "büro", "☃"])
def test_docker_takes_the_name_of_a_checkout(tmp_path: Path, name: str) -> None:
    """The name is one that Docker takes for containers, volumes and the image `NAME-web`."""
    found = machine(tmp_path, name, name, name).compose_project
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", found)


def test_generated_secrets_mean_the_same_everywhere(tmp_path: Path) -> None:
    """Letters and digits only: Docker Compose, shells, URLs and readers of .env agree on nothing else."""
    for _ in range(50):
        made = machine(tmp_path, "blog", "blog", "blog")
        assert re.fullmatch(r"[A-Za-z0-9]{64}", made.secret_key)
        assert re.fullmatch(r"[A-Za-z0-9]{32}", made.database.password)
