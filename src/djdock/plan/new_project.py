"""What `djdock new` makes of Django's startproject: the plan that turns one into the other."""

from __future__ import annotations

from dataclasses import dataclass

from djdock.plan import compose, dockerfile, dockerignore, dotenv
from djdock.plan.change import Change, Plan, write
from djdock.plan.compose import Composition
from djdock.plan.container_files import ContainerFiles, choose_name
from djdock.plan.dockerfile import Image
from djdock.plan.settings import INSECURE, POOLED, from_environment
from djdock.plan.text import render
from djdock.project import compatibility, package_managers, system_packages
from djdock.project.facts import Facts
from djdock.project.files import Files

# What a new project depends on, beside Django and its driver: the reader of the environment, and for production the
# server and what serves static files.
REQUIREMENTS = ("django-environ", "gunicorn", "whitenoise")

NEWEST_SERVER = "25.1"
# For the one command that collects static files.
BUILD_VALUES = {
    "SECRET_KEY": "unused",
    "DEBUG": "False",
    "ALLOWED_HOSTS": "",
    "CSRF_TRUSTED_ORIGINS": "",
    "DATABASE_URL": "postgres://un:used@localhost/unused",
}


@dataclass(frozen=True)
class Choices:
    """What was chosen for a new project.

    Attributes:
        python: `X.Y`.
        uv: the series of uv that the image is built with, `X.Y`: the one that works on the host too.
        pool: whether its Django can pool connections.
    """

    name: str
    python: str
    postgres: int
    package_manager: str
    uv: str
    user_model: bool
    pool: bool = True


def has_pool(django: str) -> bool:
    """Whether a Django can pool connections, from its requirement: `django~=5.2.0`; `django` alone is the newest."""
    series = compatibility.series(django.removeprefix("django").lstrip("~="))
    return series is None or series >= POOLED


def requirements(django: str) -> tuple[str, ...]:
    """What to install for a new project, from the requirement of its Django."""
    return (django, "psycopg[binary,pool]" if has_pool(django) else "psycopg[binary]", *REQUIREMENTS)


def plan(files: Files, facts: Facts, choices: Choices, machine: dotenv.Machine) -> Plan:
    """The changes that make a fresh startproject a djdock project."""
    settings = files.read(facts.settings_file) or ""
    return Plan(
        (
            Change(
                facts.settings_file,
                settings,
                from_environment(settings, user_model=choices.user_model, pool=choices.pool),
                "reads the environment, uses PostgreSQL",
            ),
            *(_accounts(files) if choices.user_model else ()),
            _dockerfile(files, facts, choices),
            write(files, ".dockerignore", dockerignore.new(), "keeps secrets and clutter out of images"),
            _compose(files, choices),
            *_container_files(files, facts).changes(files, write),
            dotenv.create(files, machine),
            dotenv.example(files, choices.name, choices.name),
            write(files, ".gitignore", render("gitignore.txt"), "keeps secrets and clutter out of git"),
            write(files, "README.md", _readme(choices), "the daily commands"),
        )
    )


def _accounts(files: Files) -> tuple[Change, ...]:
    why = "a user model of the project's own"
    return tuple(
        write(files, f"accounts/{name}.py", render(f"accounts_{name}.py.txt"), why)
        for name in ("models", "admin", "tests")
    )


def _container_files(files: Files, facts: Facts) -> ContainerFiles:
    return ContainerFiles("", choose_name(files, ""), f"{facts.package}.wsgi:application")


def _dockerfile(files: Files, facts: Facts, choices: Choices) -> Change:
    manager = package_managers.BY_NAME[choices.package_manager]
    production = manager.dockerfile_steps(files, production=True)
    development = manager.dockerfile_steps(files, production=False)
    beside = _container_files(files, facts)
    image = Image(
        tag=choices.name.lower(),
        uv=choices.uv,
        python=choices.python,
        debian=system_packages.release(choices.python),
        install=production or development,
        development_install=development if production else "",
        # The newest of each: `new` has just installed them.
        server=dockerfile.server({"gunicorn": NEWEST_SERVER}, choices.python, beside.application),
        entrypoint=beside.entrypoint,
        build_values=BUILD_VALUES,
    )
    text = dockerfile.text(image)
    return write(files, "Dockerfile", text, "the image, for development and for production")


def _compose(files: Files, choices: Choices) -> Change:
    text = compose.text(
        Composition(
            name=choices.name,
            user=choices.name,
            postgres=choices.postgres,
            environment={
                "SECRET_KEY": f"${{SECRET_KEY:-{INSECURE}-key-that-everybody-knows-and-nobody-deploys}}",
                "DEBUG": "${DEBUG:-True}",
                "ALLOWED_HOSTS": "${ALLOWED_HOSTS:-localhost,127.0.0.1}",
                "CSRF_TRUSTED_ORIGINS": "${CSRF_TRUSTED_ORIGINS:-}",
                **compose.seen_from_containers({"DATABASE_URL": "{url}"}, choices.name, choices.name),
            },
            values="# Values come from .env. The defaults let a clone without one start; settings.py refuses them when "
            "DEBUG is off.",
        )
    )
    return write(files, "compose.yaml", text, "database, migrations and site for development")


def _readme(choices: Choices) -> str:
    return render("README.md.txt", name=choices.name, postgres=choices.postgres, python=choices.python)
