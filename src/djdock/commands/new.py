"""`djdock new`: Django's own startproject, and the plan that puts it on PostgreSQL and into Docker."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass, replace
from pathlib import Path

from djdock import output, state
from djdock.apply import apply
from djdock.commands import checkout as checkouts
from djdock.commands import names, staging
from djdock.compose import availability
from djdock.embedded import virtual_environment
from djdock.errors import Problem, last_lines
from djdock.machine import postgres, python
from djdock.plan import new_project
from djdock.plan.change import Plan
from djdock.plan.python_source import NotFound
from djdock.process import run
from djdock.project import checkout as project
from djdock.project import compatibility, facts, package_managers
from djdock.project.compatibility import Version
from djdock.project.files import Folder
from djdock.project.layout import MANAGE

PACKAGE = "django_project"
APP = "accounts"
# Runs in the new environment: Django writes its own files, whatever its version.
SCAFFOLD = """
import sys
from django.core.management import execute_from_command_line
execute_from_command_line(["django-admin", "startproject", sys.argv[1], "."])
if len(sys.argv) > 2:
    execute_from_command_line(["django-admin", "startapp", sys.argv[2]])
from django.db.backends.postgresql.features import DatabaseFeatures
print(DatabaseFeatures.minimum_database_version[0])
"""


@dataclass(frozen=True)
class Options:
    """What the person asked for; with `start` the caller brings it up afterwards."""

    name: str
    folder: Path | None = None
    python: str | None = None
    django: str | None = None
    postgres: int = compatibility.DEFAULT_POSTGRES
    package_manager: str = "pip"
    user_model: bool = True
    start: bool = False


@dataclass(frozen=True)
class Versions:
    """What fits together: the interpreter of this machine, and what is asked of the package index for Django."""

    python: Version
    interpreter: Path
    django: str
    postgres: int


def new(options: Options) -> Path:
    """Makes a project and returns its folder. Where anything fails nothing is left behind.

    Raises:
        Problem: the name, the folder or the versions do not work, or something cannot be installed.
    """
    names.check(options.name)
    target = Path.cwd() / (options.folder or options.name)
    staging.check_target(target)
    with output.working(f"Making {options.name}") as progress:
        progress("looking for Python")
        versions = choose_versions(options)
        with staging.folder_for(target) as folder:
            progress("installing Django")
            _install(folder, options, versions)
            progress("writing the project")
            _scaffold(folder, options, versions)
            plan = _plan(folder, target, options, versions)
            apply(folder, plan)
            if options.user_model:
                _make_migration(folder)
            virtual_environment.remember(folder)
    checkouts.claim(project.require(target))
    state.save(target, replace(state.load(target), manage=MANAGE, proven=True))
    _show(target, plan, options, versions)
    return target


def choose_versions(options: Options) -> Versions:
    """Versions of Python, Django and PostgreSQL that fit each other and that this machine can run.

    Raises:
        Problem: there is no such combination; the message says why.
    """
    django = compatibility.parse(options.django, "--django") if options.django else None
    wanted = compatibility.parse(options.python, "--python") if options.python else None
    compatibility.check(django, wanted, options.postgres)
    _check_engines(options.postgres)
    candidates = (wanted,) if wanted else compatibility.pythons_for(django)
    found = python.newest(candidates)
    version, interpreter = found or (candidates[0], python.find_or_fetch(candidates[0]))
    requirement = _django_requirement(options.django, version, options.postgres)
    return Versions(version, interpreter, requirement, options.postgres)


def _check_engines(major: int) -> None:
    if postgres.can_have(major):
        return
    if obstacle := availability.obstacle():
        raise Problem(
            f"Nothing on this machine can run PostgreSQL {major}: it is not installed, without Docker only "
            f"{postgres.WHEEL_MAJOR} can be fetched, and: {obstacle.cause}",
            hint=f"--postgres {postgres.WHEEL_MAJOR}; or install PostgreSQL {major} or Docker first.",
        )


def _django_requirement(asked: str | None, interpreter: Version, postgres_major: int) -> str:
    if asked:
        series = compatibility.text(compatibility.parse(asked, "--django"))
        return f"django=={asked}" if asked.count(".") > 1 else f"django~={series}.0"
    fitting = [
        series
        for series, support in compatibility.DJANGO.items()
        if support.postgres <= postgres_major and interpreter in compatibility.pythons_for(series)
    ]
    if not fitting:
        raise Problem(
            f"No Django that djdock knows runs on both Python {compatibility.text(interpreter)} and PostgreSQL "
            f"{postgres_major}.",
            hint=f"--postgres {compatibility.DEFAULT_POSTGRES}, or an older --python.",
        )
    newest = max(fitting)
    # The newest one may be newer than our table: what the index has then is taken, and checked afterwards.
    return "django" if newest == compatibility.series_for(interpreter) else f"django~={compatibility.text(newest)}.0"


def _install(folder: Path, options: Options, versions: Versions) -> None:
    manager = package_managers.STARTERS[options.package_manager]
    environment = folder / virtual_environment.NAME
    python.make_environment(environment, versions.interpreter, cwd=folder)
    requirements = new_project.requirements(versions.django)
    interpreter = compatibility.text(versions.python)
    manifest = manager.manifest(options.name, interpreter, requirements)
    for path, content in manifest.items():
        (folder / path).write_text(content, encoding="utf-8")
    env = {**os.environ, **package_managers.environment(folder, environment)}
    wanted = f"{', '.join(requirements)} for Python {interpreter}"
    python.run_uv(manager.pin(interpreter, requirements), cwd=folder, env=env, wanted=wanted)
    python.run_uv(manager.sync(), cwd=folder, env=env, wanted=wanted, again=[python.REINSTALL])
    for path in manifest.keys() - set(manager.inputs(Folder(folder))):
        (folder / path).unlink()


def _scaffold(folder: Path, options: Options, versions: Versions) -> None:
    interpreter = python.environment_python(folder / virtual_environment.NAME)
    apps = [APP] if options.user_model else []
    done = run([interpreter, "-c", SCAFFOLD, PACKAGE, *apps], cwd=folder, env=_clean_environment())
    if not done.ok:
        raise Problem(
            "Django could not write its project.", details=last_lines(done.text), hint="See the last line above."
        )
    oldest = int(done.stdout.split()[-1])
    if versions.postgres < oldest:
        raise Problem(
            f"The Django that was installed needs PostgreSQL {oldest} or newer, and refuses to connect to "
            f"{versions.postgres}.",
            hint=f"--postgres {max(oldest, compatibility.DEFAULT_POSTGRES)}, or an older --django.",
        )


def _plan(folder: Path, target: Path, options: Options, versions: Versions) -> Plan:
    files = Folder(folder)
    choices = new_project.Choices(
        name=options.name,
        python=compatibility.text(versions.python),
        postgres=versions.postgres,
        package_manager=options.package_manager,
        uv=python.uv_series(),
        user_model=options.user_model,
        pool=new_project.has_pool(versions.django),
    )
    machine = checkouts.machine(target, options.name, options.name, options.name, salt=checkouts.new_salt())
    try:
        return new_project.plan(files, facts.read(files, options.name), choices, machine)
    except NotFound as missing:
        raise Problem(
            f"The settings that this Django writes have no {missing.args[0]} where djdock looks for it.",
            hint="Name a Django that this djdock knows (--django 5.2), or update djdock.",
        ) from missing


def _make_migration(folder: Path) -> None:
    interpreter = python.environment_python(folder / virtual_environment.NAME)
    # No header: it would hold a date, and two runs of `new` should write the same.
    argv = [str(interpreter), "-W", "ignore", "manage.py", "makemigrations", "--no-header", APP]
    done = run(argv, cwd=folder, env=_clean_environment())
    if not done.ok:
        raise Problem(
            "Django could not make the first migration.", details=last_lines(done.text), hint="See the last line above."
        )


def _clean_environment() -> dict[str, str]:
    """The person's variables without those that settings read: what a new project needs is in its own .env."""
    foreign = {"DATABASE_URL", "SECRET_KEY", "DEBUG", "ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS", "DJANGO_SETTINGS_MODULE"}
    return {name: value for name, value in os.environ.items() if name not in foreign and not name.startswith("PYTHON")}


def _show(target: Path, plan: Plan, options: Options, versions: Versions) -> None:
    manager = package_managers.BY_NAME[options.package_manager]
    output.outcome("create", f"{PACKAGE}/, manage.py", "Django's own startproject")
    for change in plan.effective:
        if not change.path.startswith(f"{APP}/"):
            output.outcome("change" if change.before is not None else "create", change.path, change.why)
    if options.user_model:
        output.outcome("create", f"{APP}/", "a user model of the project's own, in the admin")
    output.outcome("create", ", ".join(manager.inputs(Folder(target))), "exact versions")
    output.outcome("create", f"{virtual_environment.NAME}/", f"Python {compatibility.text(versions.python)}")
    output.say()
    here = os.path.relpath(target)
    step = "djdock up" if here == "." else f"cd {shlex.quote(here)} && djdock up"
    output.outcome("ready", options.name if here == "." else here, f"PostgreSQL {versions.postgres}")
    if not options.start:
        output.next_step(step)
