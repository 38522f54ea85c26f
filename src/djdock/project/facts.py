"""What is known of a project, with the evidence for it: frozen values that everything later is decided from."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from djdock.errors import Problem
from djdock.project import package_managers, services
from djdock.project import settings as project_settings
from djdock.project.compatibility import DEFAULT_POSTGRES
from djdock.project.dependency import Dependency
from djdock.project.files import Files, Folder

T = TypeVar("T")


class Named(Protocol):
    """A service: all that Docker files need to know of it is its name."""

    @property
    def name(self) -> str: ...


class Command(Named, Protocol):
    """A process beside the site, and its command as typed in the folder of manage.py."""

    @property
    def argv(self) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class Answer(Generic[T]):
    """A value and the place it was read from, such as `Dockerfile:7`."""

    value: T
    source: str


@dataclass(frozen=True)
class Facts:
    """What a project is.

    Attributes:
        name: the name of its folder, for people.
        settings: the dotted name of the settings module that manage.py names.
        settings_file: its path, relative to the root.
        python: the wanted version as `X.Y`, where the project says one.
        postgres: the wanted major version, where the project says one.
        database_name, database_user: as compose.yaml names them, else made from the folder's name.
        package_manager: who installs its dependencies; None where nothing tells.
        variables: the environment variables that its settings read.
        manage: the path of manage.py.
        dependencies, dependencies_folder: what it depends on, and where that is written.
        services, processes: what runs beside the site; Redis is the service named `redis`.
        wsgi, asgi: `module:name` of its applications; asgi only where the site needs it.
        static_root: it collects static files: the app is installed, and STATIC_ROOT is set.
        extension: what PostgreSQL needs beside itself: `postgis`, `pgvector` or nothing.
        features: other needs, as `project.system_packages` names them.
    """

    name: str
    settings: Answer[str]
    settings_file: str
    python: Answer[str] | None
    postgres: Answer[int] | None
    database_name: str
    database_user: str
    package_manager: Answer[str] | None
    variables: tuple[project_settings.Variable, ...]
    manage: Answer[str] = Answer("manage.py", "")
    dependencies: tuple[Dependency, ...] = ()
    dependencies_folder: str = ""
    services: tuple[Named, ...] = ()
    processes: tuple[Command, ...] = ()
    wsgi: str = ""
    asgi: str = ""
    static_root: bool = False
    extension: str = ""
    features: tuple[str, ...] = ()

    @property
    def folder(self) -> str:
        """The folder of manage.py, relative to the root; empty for the root itself."""
        return posixpath.dirname(self.manage.value)

    @property
    def package(self) -> str:
        """The Python package that holds settings, urls and wsgi."""
        return self.settings.value.rpartition(".")[0]

    @property
    def postgres_major(self) -> int:
        """The major version of PostgreSQL to run: what the project says, else the newest."""
        return self.postgres.value if self.postgres else DEFAULT_POSTGRES

    def reads(self, variable: str) -> bool:
        """Whether the settings read an environment variable of that name."""
        return any(known.name == variable for known in self.variables)


def read(files: Files, name: str) -> Facts:
    """Reads a project. Executes nothing, writes nothing.

    Raises:
        Problem: it is no Django project, or its settings module cannot be found or parsed.
    """
    module, line = project_settings.module(files)
    settings_file, source = project_settings.locate(files, module)
    manager = package_managers.detect(files)
    version = manager.python(files) if manager else None
    python = version or services.python_image(files)
    postgres = services.postgres.container(files)
    return Facts(
        name=name,
        settings=Answer(module, f"manage.py:{line}"),
        settings_file=settings_file,
        python=Answer(*python) if python else None,
        postgres=Answer(postgres.major, postgres.source) if postgres else None,
        database_name=(postgres and postgres.name) or _identifier(name),
        database_user=(postgres and postgres.user) or _identifier(name),
        package_manager=Answer(manager.NAME, manager.detect(files) or "") if manager else None,
        variables=project_settings.variables(source, settings_file),
    )


def read_folder(root: Path) -> Facts:
    """Reads the project in a folder, and makes sure that djdock can run it.

    Raises:
        Problem: as `read`; or its settings do not take the database from DATABASE_URL.
    """
    facts = read(Folder(root), root.name)
    if not facts.reads("DATABASE_URL"):
        raise Problem(
            f"The settings in {facts.settings_file} do not read DATABASE_URL, so djdock cannot give them a database.",
            hint='Let them read it, with django-environ: DATABASES = {"default": env.db_url("DATABASE_URL")}\n'
            "A project made with `djdock new` shows how.",
        )
    if facts.package_manager is None:
        raise Problem(
            "Nothing says what this project depends on: no requirements.txt and no uv.lock.",
            hint="Write what is installed to a file: python -m pip freeze > requirements.txt",
        )
    return facts


def _identifier(name: str) -> str:
    """A folder's name as PostgreSQL and URLs take it without quotes."""
    letters = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in name.lower()).strip("_")
    # PostgreSQL keeps names that begin with pg_ to itself, and cuts off long ones.
    usable = letters and not letters[0].isdigit() and not letters.startswith("pg_")
    return (letters if usable else f"project_{letters}")[: services.postgres.LONGEST_NAME].rstrip("_")
