"""The Docker files that djdock writes for a project: their names, and what they are made from."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from djdock.plan import compose, dockerfile, dockerignore
from djdock.plan.change import Change, generate, is_marked, write
from djdock.plan.compose import Composition, Worker
from djdock.plan.container_files import ContainerFiles, choose_name, needs_setup
from djdock.plan.dockerfile import Image
from djdock.plan.settings import INSECURE
from djdock.plan.variables import OFF, guess
from djdock.project import docker_files as existing
from djdock.project import front_end, layout, serving, signs, system_packages
from djdock.project.compose_files import DEFAULT_NAMES
from djdock.project.docker_files import DockerFiles
from djdock.project.evaluation import evaluate
from djdock.project.facts import Facts
from djdock.project.files import Files, below
from djdock.project.front_end import FrontEnd
from djdock.project.package_managers import Found
from djdock.project.processes import Process

# What stands for a part of the database's address in a variable's template.
DATABASE_PARTS = re.compile(r"\{(?:host|port|name|user|password|url)\}")
# A dependency that comes from a repository, in any of the manifests.
GIT = re.compile(r"git\+(?:https?|ssh|git|file)\b|^\s*\"?git\"?\s*[=:]|\bgit\s*=\s*[\"']", re.MULTILINE)
# Stands in a Dockerfile whose front end could not be built; who takes the line away has it tried again.
NO_FRONT_END = "# The front end is left out"
# What the image installs where the project's own manifests do not get through; made while its first build failed.
PACKAGES = "packages.djdock.txt"
PINNED = f"""\
RUN --mount=type=cache,target=/root/.cache/uv \\
    --mount=type=bind,source={PACKAGES},target={PACKAGES} \\
    uv venv /opt/venv && uv pip install --no-deps -r {PACKAGES}"""
SECRET = "{secret}"  # noqa: S105 - a place to fill
# For the one command that collects static files, which opens no connection.
UNUSED = {
    "{host}": "localhost",
    "{port}": "5432",
    "{name}": "unused",
    "{user}": "unused",
    "{password}": "unused",
    "{url}": "postgres://un:used@localhost/unused",
    SECRET: "unused-while-the-image-is-built-0123456789-0123456789",
}
# Storages that keep static files beside the site, named by their content.
LOCAL_STORAGES = ("django.contrib.staticfiles.storage.", "whitenoise.storage.")
VALUES = (
    "# Values come from .env. The public defaults let a clone without one start; they are for this machine only.\n"
    "# What runs where others can reach it needs values of its own."
)


@dataclass(frozen=True)
class Setup:
    """What the Docker files of an existing project depend on beside its facts.

    Attributes:
        uv: the series of uv, `X.Y`.
        variables: what the env file sets of the project's own variables, by name, as templates: `{url}`, `{host}`,
            `{port}`, `{name}`, `{user}`, `{password}` for the database, `{secret}` for a secret, else the value itself.
        services: variables that say where other services are, as containers see them: `redis://redis:6379/0`.
        env_files: files that containers get variables from, relative to the root.
        settings: the settings module, where it is another one than manage.py names.
        node: the major version of Node for the front end, where it is another one than the project asks for.
        replace: whether to take over the names of Docker files that are not djdock's.
    """

    uv: str
    variables: Mapping[str, str]
    services: Mapping[str, str] = field(default_factory=dict)
    env_files: tuple[str, ...] = (".env",)
    settings: str = ""
    node: str = ""
    replace: bool = False


@dataclass(frozen=True)
class Names:
    """What the Docker files are called."""

    compose: str = "compose.yaml"
    dockerfile: str = "Dockerfile"
    dockerignore: str = ".dockerignore"


def docker_files(files: Files, facts: Facts, setup: Setup) -> tuple[Change, ...]:
    """The changes that give an existing project djdock's Docker files; other people's files are left alone.

    Raises:
        Problem: a file that would be replaced cannot be read.
    """
    there = existing.read(files, (facts.folder,))
    names = choose_names(files, replacing=setup.replace)
    image, composition = _image(files, facts, setup, there), _composition(facts, setup)
    image = replace(image, path=names.dockerfile, compose_path=names.compose)
    composition = replace(composition, path=names.compose, dockerfile=names.dockerfile)
    composition = replace(composition, front_end=image.front_end is not None)
    return (
        generate(files, names.dockerfile, dockerfile.text(image), "the image, for development and for production"),
        _ignored(files, names),
        generate(files, names.compose, compose.text(composition), _why(composition)),
        *_container_files(files, facts).changes(files, generate),
    )


def _container_files(files: Files, facts: Facts) -> ContainerFiles:
    name = choose_name(files, facts.folder)
    site = facts.asgi or facts.wsgi
    settings = facts.settings.value if needs_setup(site) else ""
    channels = next((found for found in facts.dependencies if found.name == "channels"), None)
    two_calls = bool(facts.asgi) and channels is not None and (channels.locked or "").startswith(("1.", "2."))
    return ContainerFiles(
        facts.folder, name, site, asynchronous=bool(facts.asgi), two_calls=two_calls, settings=settings
    )


def _ignored(files: Files, names: Names) -> Change:
    """The .dockerignore: djdock's own, or the project's with the lines that it lacks."""
    text = dockerignore.text(files, names.dockerignore, (names.compose, names.dockerfile))
    make = generate if is_marked(text) else write
    return make(files, names.dockerignore, text, "keeps secrets and clutter out of images")


def choose_names(files: Files, *, replacing: bool = False) -> Names:
    """Names that no other file has: the usual ones where they are free, or djdock's already, or to be replaced."""
    theirs = next((name for name in DEFAULT_NAMES if _is_theirs(files, name)), None)
    their_image, their_ignore = _is_theirs(files, "Dockerfile"), _is_theirs(files, ".dockerignore")
    if replacing:
        return Names(compose=theirs or "compose.yaml")
    image = "Dockerfile.djdock" if their_image else "Dockerfile"
    return Names(
        compose=existing.BESIDE if theirs else "compose.yaml",
        dockerfile=image,
        # BuildKit takes the one that is named after the Dockerfile.
        dockerignore=f"{image}.dockerignore" if their_image or their_ignore else ".dockerignore",
    )


def _is_theirs(files: Files, path: str) -> bool:
    return files.read(path) is not None and not existing.is_own(files, path)


def _image(files: Files, facts: Facts, setup: Setup, there: DockerFiles) -> Image:
    python = facts.python.value
    wanted = [dependency for dependency in facts.dependencies if not dependency.development]
    versions = {dependency.name: dependency.locked for dependency in wanted}
    production, development = install_steps(files, facts)
    carried, unknown = system_packages.carried_over(there.packages, python)
    asked = signs.distributions(facts.dependencies, files)
    building = [found for found in facts.dependencies if f"{found.name}[binary]" not in asked]
    packages = system_packages.needs(building, python, _features(files, facts))
    packages = replace(packages, runtime=tuple(sorted({*packages.runtime, *carried})))
    if existing.is_own(files, PACKAGES):
        packages = replace(packages, build=tuple(sorted({*packages.build, system_packages.COMPILER})))
    elif "git+" in production or _has_git_lines(files, facts):
        packages = replace(packages, build=tuple(sorted({*packages.build, "git"})))
    found = front_end_of(files, facts)
    beside = _container_files(files, facts)
    return Image(
        tag=facts.database_name.lower(),  # not the name of the folder: a clone may lie in another one
        uv=setup.uv,
        python=python,
        debian=system_packages.release(python),
        install=production or development,
        development_install=development if production else "",
        server=dockerfile.server(versions, python, beside.application, asynchronous=beside.asynchronous),
        entrypoint=beside.entrypoint,
        folder=facts.folder,
        settings=setup.settings,
        packages=packages,
        unknown=unknown,
        front_end_note=_front_end_note(files),
        front_end=replace(found, node=setup.node or found.node) if found else None,
        build_values=_build_values(files, facts, setup) if facts.static_root else None,
        static_note=_static_note(facts, versions),
        static_root="" if not facts.static_root or _is_inside(facts.static) else facts.static,
        media=facts.media if _is_inside(facts.media) else "",
    )


def _is_inside(place: str) -> bool:
    """Whether a folder, as containers see it, is the project's; one that is not known is taken for that."""
    return not place or f"{place}/".startswith("/app/")


def front_end_of(files: Files, facts: Facts) -> FrontEnd | None:
    """The front end that the image has to build; None where there is none."""
    if NO_FRONT_END in (files.read(choose_names(files).dockerfile) or ""):
        return None
    said = existing.read(files, (facts.folder,)).node
    names = [dependency.name for dependency in facts.dependencies if not dependency.development]
    found = front_end.find(files, names, said[0] if said else None)
    return next((one for one in found if one.needs_build), None)


def _front_end_note(files: Files) -> str:
    """The line that says that the front end is left out, and why; empty where it is not."""
    lines = (files.read(choose_names(files).dockerfile) or "").splitlines()
    return next((line for line in lines if line.startswith(NO_FRONT_END)), "")


def install_steps(files: Files, facts: Facts) -> tuple[str, str]:
    """The instructions that install for production and for development, with the manifests where they are."""
    if existing.is_own(files, PACKAGES):
        return "", PINNED
    found = Found(facts.package_manager.value, facts.dependencies_folder, facts.package_manager.source)
    return found.dockerfile_steps(files, production=True), found.dockerfile_steps(files, production=False)


def _has_git_lines(files: Files, facts: Facts) -> bool:
    """Whether something is installed from a repository: that takes git."""
    folder = below(files, facts.dependencies_folder)
    names = [name for name in folder.names() if re.search(r"require.*\.(?:txt|in)$|^pyproject\.toml$|\.lock$", name)]
    names += [f"requirements/{name}" for name in folder.names("requirements") if name.endswith((".txt", ".in"))]
    return any(GIT.search(folder.read(name) or "") for name in names)


def _static_note(facts: Facts, versions: Mapping[str, str | None]) -> str:
    if not facts.static_root:
        return "No static files are collected: the settings have no STATIC_ROOT."
    if "whitenoise" in versions:
        return ""
    return "Static files are in STATIC_ROOT; a web server or a storage service before this one serves them."


def _build_values(files: Files, facts: Facts, setup: Setup) -> dict[str, str]:
    """Variables for the command that collects static files: enough for the settings to load."""
    values = {**setup.variables, **setup.services}
    filled = {name: _filled(value) for name, value in values.items()}
    filled |= {"DEBUG": OFF.get(filled["DEBUG"], "False")} if "DEBUG" in filled else {}
    return {**filled, **_production_values(files, facts, filled)}


def _production_values(files: Files, facts: Facts, values: Mapping[str, str]) -> dict[str, str]:
    """What makes that command use the settings of production, where these name static files by their content: what
    they look up has to have been written by the same storage. Empty where there are none such.
    """
    found = layout.production(files, facts.folder, facts.settings.value)
    path = layout.find_module(files, facts.folder, found.value) if found else None
    if found is None or path is None:
        return {}
    seen = evaluate(files, found.value, path, values)
    if not serving.static_storage(seen.values).startswith(LOCAL_STORAGES):
        return {}
    needed = [read for read in seen.reads if read.required and read.name not in values]
    return {layout.VARIABLE: found.value, **{read.name: _filled(guess(read)) for read in needed}}


def _filled(template: str) -> str:
    for part, text in UNUSED.items():
        template = template.replace(part, text)
    return template


def _composition(facts: Facts, setup: Setup) -> Composition:
    redis = any(service.name == "redis" and service.starts for service in facts.services)
    return Composition(
        name=facts.database_name,
        user=facts.database_user,
        postgres=facts.postgres_major,
        environment=dict(_environment(facts, setup)),
        values=VALUES,
        env_files=setup.env_files,
        folder=facts.folder,
        extension=facts.extension,
        redis=redis,
        workers=workers(facts),
    )


def _environment(facts: Facts, setup: Setup) -> Iterator[tuple[str, str]]:
    """What containers are given by name; all else that the env file holds comes to them with it."""
    if setup.settings:
        yield "DJANGO_SETTINGS_MODULE", setup.settings
    inside = compose.seen_from_containers(setup.variables, facts.database_name, facts.database_user)
    for name, template in setup.variables.items():
        if name in setup.services:
            continue
        if DATABASE_PARTS.search(template):
            yield name, inside[name]
        elif template == SECRET:
            yield name, f"${{{name}:-{INSECURE}-key-that-everybody-knows-and-nobody-deploys}}"
        elif value := compose.with_default(name, template):
            yield name, value
    yield from setup.services.items()


def _features(files: Files, facts: Facts) -> tuple[str, ...]:
    """What a project needs of the system that no dependency tells, as `system_packages` names it."""
    folders = {"", facts.folder, facts.package.replace(".", "/"), posixpath.join(facts.folder, facts.package)}
    translated = any("locale/" in files.names(folder) for folder in folders)
    gis = ("gis",) if facts.extension == "postgis" else ()
    return tuple(dict.fromkeys((*facts.features, *gis, *(("gettext",) if translated else ()))))


def workers(facts: Facts) -> tuple[Worker, ...]:
    """What runs beside the site, as containers run it."""
    return tuple(Worker(process.name, _in_container(process)) for process in facts.processes)


def _in_container(process: Process) -> tuple[str, ...]:
    """A process's command for a container: what it remembers of the schedule is no file of the project's."""
    if not process.schedule:
        return process.argv
    return (*process.argv, "--schedule=/tmp/celerybeat-schedule")


def _why(composition: Composition) -> str:
    more = [*(["Redis"] if composition.redis else []), *(worker.name for worker in composition.workers)]
    return f"database, migrations and site for development{''.join(f', {name}' for name in more)}"
