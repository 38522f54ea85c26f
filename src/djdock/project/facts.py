"""What is known of a project, with the evidence for it: frozen values that everything later is decided from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath

from djdock.project import (
    compatibility,
    configuration,
    examples,
    layout,
    package_managers,
    processes,
    python_version,
    services,
    serving,
    signs,
)
from djdock.project.answer import Answer
from djdock.project.compatibility import DEFAULT_POSTGRES
from djdock.project.configuration import Configuration
from djdock.project.dependency import Dependency
from djdock.project.evaluation import Evaluation, Read, evaluate
from djdock.project.files import Files, Folder
from djdock.project.package_managers import Found
from djdock.project.processes import Process
from djdock.project.python_version import Choice
from djdock.project.signs import Need

__all__ = ["Answer", "Facts", "evaluation_of", "read", "read_folder"]


@dataclass(frozen=True)
class Facts:
    """What a project is.

    Attributes:
        name: the name of its folder, for people.
        manage: the path of manage.py; management commands run in its folder.
        settings: the dotted name of the settings module.
        settings_file: its path, relative to the root.
        named_settings: the module that manage.py names by itself.
        evaluation: what the settings come to where no variable is set.
        python: the version as `X.Y` that fits best.
        pythons: all versions that will do, and the wishes that could not be met.
        postgres: the wanted major version, where the project says one.
        database_name, database_user: as compose.yaml names them, else made from the folder's name.
        package_manager: who installs its dependencies; `none` where nothing is declared and the imports tell.
        dependencies_folder: where that one's files lie, empty for the root.
        services: what it needs beside the site.
        processes: what runs beside the site on the project's own code.
        wsgi, asgi: `module:name` of its applications; asgi only where the site needs it.
        static_root: it collects static files: the app is installed, and STATIC_ROOT is set.
        static, media: the folders STATIC_ROOT and MEDIA_ROOT as containers see them; empty where they are not known.
        media_address: the path on the site where visitors find uploaded files, as `/media/`; empty where they do not.
        extension: what PostgreSQL needs beside itself: `postgis`, `pgvector` or nothing.
        features: other needs, as `project.system_packages` names them.
        conflicts: what the project says of its Python and that cannot be met, one sentence each.
    """

    name: str
    manage: Answer[str]
    settings: Answer[str]
    settings_file: str
    named_settings: str
    evaluation: Evaluation = field(repr=False)
    python: Answer[str]
    pythons: Choice
    postgres: Answer[int] | None
    database_name: str
    database_user: str
    package_manager: Answer[str]
    dependencies_folder: str = ""
    dependencies: tuple[Dependency, ...] = ()
    services: tuple[Need, ...] = ()
    processes: tuple[Process, ...] = ()
    wsgi: str = ""
    asgi: str = ""
    static_root: bool = False
    static: str = ""
    media: str = ""
    media_address: str = ""
    extension: str = ""
    features: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()

    @property
    def package(self) -> str:
        """The Python package that holds urls and wsgi, as far as the name of the settings tells."""
        return self.settings.value.partition(".")[0]

    @property
    def folder(self) -> str:
        """The folder of manage.py, empty where it is the root."""
        return str(PurePosixPath(self.manage.value).parent).removeprefix(".")

    @property
    def postgres_major(self) -> int:
        """The major version of PostgreSQL to run: what the project says, else the newest."""
        return self.postgres.value if self.postgres else DEFAULT_POSTGRES

    @property
    def variables(self) -> tuple[Read, ...]:
        """The environment variables that the settings read."""
        return self.evaluation.reads

    def reads(self, variable: str) -> bool:
        """Whether the settings read an environment variable of that name."""
        return any(known.name == variable for known in self.evaluation.reads)


def read(files: Files, name: str, chosen: Configuration | None = None) -> Facts:
    """Reads a project. Executes nothing, writes nothing.

    Args:
        chosen: what the person has said; without it what is stored in the project.

    Raises:
        Problem: it is no Django project, or its settings module cannot be found or parsed.
    """
    stored = configuration.read(files) if chosen is None else chosen.over(configuration.read(files))
    found = layout.read(files, stored.manage, stored.settings)
    manager = _manager(files, found.folder, stored)
    dependencies = manager.dependencies(files)
    python = _python(files, manager, dependencies, stored)
    database = services.postgres.container(files)
    evaluation = evaluate(files, found.settings.value, found.settings_file)
    suggested = examples.read(files, (found.folder, str(PurePosixPath(found.settings_file).parent)))
    filled = signs.filled(evaluation, partial(evaluate, files, found.settings.value, found.settings_file))
    shown = signs.gather(filled, signs.distributions(dependencies, files), suggested, files, found.folder)
    needs = services.find(shown)
    return Facts(
        name=name,
        manage=found.manage,
        settings=found.settings,
        settings_file=found.settings_file,
        named_settings=found.named,
        evaluation=evaluation,
        python=Answer(python.version, python.evidence),
        pythons=python,
        postgres=_postgres(database, stored),
        database_name=_usable(database.name if database else None) or _identifier(name),
        database_user=_usable(database.user if database else None) or _identifier(name),
        package_manager=Answer(manager.manager, manager.evidence),
        dependencies_folder=manager.folder,
        dependencies=dependencies,
        services=needs,
        processes=processes.find(shown),
        wsgi=serving.wsgi(files, found.folder, evaluation, found.settings.value),
        asgi=serving.asgi(files, found.folder, evaluation, found.settings.value)
        if processes.server(shown)[0] == "asgi"
        else "",
        static_root=serving.collects_static_files(evaluation.values),
        static=serving.folder_inside(evaluation.values, "STATIC_ROOT", found.folder),
        media=serving.folder_inside(evaluation.values, "MEDIA_ROOT", found.folder),
        media_address=serving.media_address(evaluation.values),
        extension=next((name for need in needs for name in need.features if name in {"postgis", "pgvector"}), ""),
        features=_features(evaluation),
        conflicts=python.conflicts,
    )


def _manager(files: Files, folder: str, stored: Configuration) -> Found:
    if stored.package_manager is None:
        return package_managers.find(files, folder)
    return package_managers.named(files, folder, stored.package_manager)


def _python(files: Files, manager: Found, dependencies: tuple[Dependency, ...], stored: Configuration) -> Choice:
    if stored.python is not None:
        version = compatibility.parse(stored.python, "--python")
        return Choice(compatibility.text(version), "as asked", candidates=(version,), is_exact=True)
    return python_version.choose(files, manager.folder, dependencies)


def _postgres(found: services.postgres.Container | None, stored: Configuration) -> Answer[int] | None:
    if stored.postgres is not None:
        return Answer(stored.postgres, "as asked")
    return Answer(found.major, found.source) if found else None


def _features(evaluation: Evaluation) -> tuple[str, ...]:
    """What the system has to bring for the settings, beside what the dependencies need."""
    apps = evaluation.values.get("INSTALLED_APPS")
    engine = str((evaluation.database() or {}).get("ENGINE"))
    gis = "django.contrib.gis" in apps if isinstance(apps, list) else False
    return ("gis",) if gis or "gis" in engine or "spatialite" in engine else ()


def evaluation_of(files: Files, facts: Facts, environment: Mapping[str, str]) -> Evaluation:
    """What the settings come to in an environment; `files` may hold edits that are not on the disk."""
    return evaluate(files, facts.settings.value, facts.settings_file, environment)


def read_folder(root: Path) -> Facts:
    """Reads the project in a folder.

    Raises:
        Problem: as `read`.
    """
    return read(Folder(root), root.name)


def _usable(name: str | None) -> str | None:
    """A name that a compose file gives, unless every cluster has that one for itself."""
    return name if name and name not in services.postgres.RESERVED else None


def _identifier(name: str) -> str:
    """A folder's name as PostgreSQL and URLs take it without quotes."""
    letters = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in name.lower()).strip("_")
    # PostgreSQL keeps names that begin with pg_ to itself, and cuts off long ones.
    usable = letters and not letters[0].isdigit() and not letters.startswith("pg_")
    return (letters if usable else f"project_{letters}")[: services.postgres.LONGEST_NAME].rstrip("_")
