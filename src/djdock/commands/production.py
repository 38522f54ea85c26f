"""What a project is in production: read, decide, and what is missing still. Writes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from djdock.commands import checkout as checkouts
from djdock.commands import git, planning
from djdock.commands.build import own_dockerfile
from djdock.deploy import secrets
from djdock.deploy.targets.target import Target
from djdock.merge import Merged, merge
from djdock.plan import docker_files, ignored
from djdock.plan.change import Change, Plan
from djdock.plan.compose import DATABASE_HOST
from djdock.plan.database import filled
from djdock.plan.dotenv import OF_DEVELOPMENT, Line
from djdock.plan.production import environment, settings
from djdock.plan.production.release import (
    DATABASE_PASSWORD,
    ENV_FILE,
    IMAGE,
    PREVIOUS_IMAGE,
    SECRETS_FOLDER,
    Postgres,
    Release,
    Setting,
    usable_name,
)
from djdock.plan.production.settings import HOST_NAMES, OWN, PART, Question
from djdock.plan.variables import KEY_NAME, SECRET_NAME, Variable
from djdock.project import configuration, layout
from djdock.project.answer import Answer
from djdock.project.environment import Database, parse
from djdock.project.environment import read as environment_of_development
from djdock.project.facts import Facts, evaluation_of, read
from djdock.project.files import Files, Folder, over
from djdock.project.layout import VARIABLE

# What the env file says of the last deployment.
RECORDED = (HOST_NAMES, IMAGE, PREVIOUS_IMAGE)


@dataclass(frozen=True)
class Prepared:
    """A project on its way to production.

    Attributes:
        merged: the files of production, brought together with what the person has edited.
        values: the variables of its env file, as they will be.
        new_secrets: secrets to write: those made now, and those that came with an env file.
        made: of these the names of those that were made now, which nobody else knows.
        missing: variables that only a person can give a value: the names for the env file.
        missing_secrets: the same for secrets.
        debug, hosts: the variables that switch DEBUG on, and those that hold the names which the site answers to.
    """

    root: Path
    facts: Facts
    release: Release
    merged: Merged
    values: Mapping[str, str] = field(repr=False)
    new_secrets: Mapping[str, str] = field(repr=False)
    made: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    missing_secrets: tuple[str, ...] = ()
    debug: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()


def prepare(
    root: Path, target: Target, hosts: tuple[str, ...], given: Mapping[str, str], *, replace_all: bool = False
) -> Prepared:
    """Reads a project and decides what production needs.

    Args:
        hosts: the names that the site is to answer to; empty: those that the env file names already.
        given: variables from another env file, secrets among them.
        replace_all: whether files that the person has edited become djdock's again.

    Raises:
        Problem: the project was never brought to Docker, or cannot be read.
    """
    files = Folder(root)
    stored = _stored(files)
    facts, own_settings = _facts(files, root.name, stored.get(VARIABLE) or given.get(VARIABLE, ""))
    dockerfile = own_dockerfile(files, facts)
    said = {**stored, **given, **({HOST_NAMES: ",".join(hosts)} if hosts else {})}
    question, private = _question(root, facts, said, hosts)
    settled = settings.settle(question)
    if own_settings:
        settled = (own_settings, *(one for one in settled if one.name != VARIABLE))
    values = {**question.given, **{setting.name: setting.value for setting in settled if setting.kind == "given"}}
    release = replace(_release(facts, question, settled), dockerfile=dockerfile)
    there = {name: secrets.read(root, name) for name in secrets.names(root)} | private
    made = _made(release, question, there)
    env_file = _environment(files, settled, values, stored)
    env_file = environment.without(env_file, [name for name in stored if name in private])
    # A target that copies from the env file has to see it as it will be.
    targets_files = target.files(over(files, {ENV_FILE: env_file.after}), release)
    return Prepared(
        root=root,
        facts=facts,
        release=release,
        merged=merge(root, Plan((*targets_files, env_file, *_ignored(root, files))), replace_all=replace_all),
        values=values,
        new_secrets={**private, **made},
        made=tuple(made),
        missing=tuple(one.name for one in release.given if not values[one.name] and one.name not in question.given),
        missing_secrets=tuple(name for name in release.secrets if not (there | made).get(name)),
        debug=settings.names_of_debug(question),
        hosts=settings.names_of_hosts(question),
    )


def _facts(files: Files, name: str, said: str) -> tuple[Facts, Setting | None]:
    """What the project is with its settings for production, and the variable that names them where they are others."""
    facts = read(files, name)
    found = Answer(said, ENV_FILE) if said else layout.production(files, facts.folder, facts.settings.value)
    if found is None or found.value == facts.settings.value:
        return facts, None
    chosen = replace(configuration.read(files), settings=found.value)
    return read(files, name, chosen), Setting(
        VARIABLE, "fixed", found.value, why=f"settings for production: {found.source}"
    )


def _stored(files: Files) -> dict[str, str]:
    text = files.read(ENV_FILE)
    return parse(text) if text is not None else {}


def _sorted(values: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Variables that may stand in the env file, and those that are secrets."""
    private = {name: value for name, value in values.items() if value and _is_secret(name, value)}
    return {name: value for name, value in values.items() if name not in private}, private


def _is_secret(name: str, value: str) -> bool:
    return bool(SECRET_NAME.search(name)) or bool(urlsplit(value).password if "://" in value else None)


def _question(
    root: Path, facts: Facts, said: Mapping[str, str], hosts: tuple[str, ...]
) -> tuple[Question, dict[str, str]]:
    """What the variables are decided from, and secrets among those that were said.

    Args:
        said: what the env file says, and what comes on top of it now.
        hosts: names that the site gets now; empty: it keeps those that it has.
    """
    files = Folder(root)
    given, private = _sorted(said)
    wanted = planning.variables_of(root, files, facts)
    addresses = {**{name: secrets.read(root, name) for name in secrets.names(root)}, **given, **private}
    elsewhere = any(_is_elsewhere(one.value, addresses.get(one.name, "")) for one in wanted)
    own = Postgres(facts.database_name, facts.database_user, facts.postgres_major, facts.extension)
    question = Question(
        evaluate=lambda values: evaluation_of(files, facts, values),
        wanted=wanted,
        services=planning.service_addresses(facts),
        database=None if elsewhere else own,
        given={**_as_in_development(files, facts, wanted), **given},
        secrets=(*secrets.names(root), *private),
        hosts=hosts or environment.hosts(said),
    )
    if hosts:
        question = replace(question, given=settings.without_names(question, environment.hosts(_stored(files))))
    return question, private


def _as_in_development(files: Files, facts: Facts, wanted: tuple[Variable, ...]) -> dict[str, str]:
    """Variables of development's env file that no setting reads: the code does, or nobody would have put them there."""
    read_by_settings = {read.name for read in facts.variables} | {variable.name for variable in wanted}
    known = read_by_settings | OF_DEVELOPMENT | planning.service_addresses(facts).keys()
    return {
        name: value
        for name, value in (environment_of_development(files) or {}).items()
        if not (name in known or _is_secret(name, value) or settings.is_of_development(name, value))
    }


def _is_elsewhere(template: str, value: str) -> bool:
    """Whether a variable with the database's address names another one than the release's own."""
    if not value or not PART.search(template):
        return False
    if "{url}" in template:
        return urlsplit(value).hostname != DATABASE_HOST
    return "{host}" in template and DATABASE_HOST not in value


def _release(facts: Facts, question: Question, settled: tuple[Setting, ...]) -> Release:
    return Release(
        name=usable_name(facts.database_name),
        # What is given stands in the env file alone: another value there changes no other file.
        settings=tuple(replace(one, value="") if one.kind == "given" else one for one in settled),
        workers=docker_files.workers(facts),
        database=question.database,
        redis=any(service.name == "redis" and service.starts for service in facts.services),
        hosts=question.hosts,
        folder=facts.folder,
        media=facts.media,
        media_address=facts.media_address,
    )


def _made(release: Release, question: Question, there: Mapping[str, str]) -> dict[str, str]:
    """The secrets that can be made now: random ones, and the address of the release's own database."""
    made = {}
    if release.database and not there.get(DATABASE_PASSWORD):
        made[DATABASE_PASSWORD] = checkouts.new_secret(32)
    templates = {variable.name: variable.value for variable in question.wanted}
    for setting in release.settings:
        template = templates.get(setting.name, "")
        if setting.kind != "secret" or there.get(setting.name):
            continue
        if PART.search(template):
            if release.database:
                made[setting.name] = _filled(template, release.database, {**there, **made}[DATABASE_PASSWORD])
        elif KEY_NAME.search(setting.name):  # another secret may be a key that somebody else has given out
            made[setting.name] = checkouts.new_secret()
    return made


def _filled(template: str, database: Postgres, password: str) -> str:
    address = Database(DATABASE_HOST, 5432, database.name, database.user, password)
    return filled({"": template}, address)[""]


def _environment(
    files: Files, settled: tuple[Setting, ...], values: Mapping[str, str], stored: Mapping[str, str]
) -> Change:
    lines = [Line(setting.name, setting.value, setting.why) for setting in settled if setting.kind == "given"]
    engine = [Line(name, value, "") for name, value in values.items() if OWN.fullmatch(name) and name not in RECORDED]
    more = (
        *engine,
        Line(HOST_NAMES, "", "the names that TLS certificates are made for; the first is the main one"),
        Line(IMAGE, "", "what runs, and what ran before it; `djdock deploy` writes them"),
        Line(PREVIOUS_IMAGE, "", ""),
    )
    new = {name: value for name, value in values.items() if stored.get(name) != value}
    known = {line.name for line in (*lines, *more)}
    return environment.change(files, (*lines, *more), {name: new[name] for name in new if name in known})


def _ignored(root: Path, files: Files) -> tuple[Change, ...]:
    """Keeps secrets and what belongs to one place out of git."""
    paths = [path for path in (ENV_FILE, f"{SECRETS_FOLDER}/") if not git.is_ignored(root, path)]
    if not paths or not git.is_repository(root):
        return ()
    first = ignored.add(files, paths[0])
    text = first.after + "".join(f"{path}\n" for path in paths[1:])
    return (replace(first, after=text, why="what belongs to one place, and secrets, stay out of git"),)
