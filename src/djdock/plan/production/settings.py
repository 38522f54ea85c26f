"""Which variables a project gets in production: secrets, what the env file says, and what is the same everywhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

from djdock.plan.compose import DATABASE_HOST, DATABASE_PORT
from djdock.plan.database import PROBE, filled
from djdock.plan.production.release import DATABASE_PASSWORD, IMAGE, PREVIOUS_IMAGE, Postgres, Setting
from djdock.plan.variables import FORCED, OFF, SECRET, SECRET_NAME, SYSTEM, Variable
from djdock.project.evaluation import Evaluation, variables_of

# Names in the env file that are no variables of the project: djdock's, and those that the files of production read.
HOST_NAMES = "HOSTS"
OWN = re.compile(
    rf"{IMAGE}|{PREVIOUS_IMAGE}|{HOST_NAMES}|LISTEN|(?:WEB|HTTPS?)_PORT|STACK_NAME|COMPOSE_\w+|"
    r"MIGRATE_MODE|CADDYFILE_VERSION|POSTGRES_PASSWORD_VERSION|[A-Z]+_(?:CPUS|MEMORY|REPLICAS)"
)
PART = re.compile(r"\{(?:host|port|name|user|password|url)\}")
# What only development would say.
LOCAL_VALUE = re.compile(r"\blocalhost\b|127\.0\.0\.1")
NO_DEBUG = "no error pages with source for visitors"
ORIGINS = re.compile("ORIGIN", re.IGNORECASE)
HOSTS, DEBUG = re.compile("HOST", re.IGNORECASE), re.compile("DEBUG", re.IGNORECASE)
PROBE_HOST = "probe.example.com"
OFF_VALUES = (False, 0, "")
Values = Mapping[str, object]


@dataclass(frozen=True)
class Question:
    """What is decided from.

    Attributes:
        evaluate: works out the settings in an environment.
        wanted: the variables of development, as `plan.variables` decides them.
        services: variables that say where other services are, with their values.
        database: the release's own; None where the project's variables name another one.
        given: what the env file for production says.
        secrets: the names of the secrets that are there.
        hosts: the names that the site answers to, where they are known.
    """

    evaluate: Callable[[Mapping[str, str]], Evaluation]
    wanted: tuple[Variable, ...]
    services: Mapping[str, str] = field(default_factory=dict)
    database: Postgres | None = None
    given: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: Collection[str] = ()
    hosts: tuple[str, ...] = ()


def settle(question: Question) -> tuple[Setting, ...]:
    """The variables of production, those first that development has too.

    A given one has the value that the env file says or, where it says none, the one to begin with; empty where only a
    person can know it.
    """
    found = {variable.name: _setting(question, variable) for variable in question.wanted}
    for variable in question.wanted:
        if _is_left_out(question, variable, found[variable.name]):
            del found[variable.name]
    for name, address in question.services.items():
        found.setdefault(name, Setting(name, "fixed", address, why="a service beside the site"))
    for name in names_of_hosts(question):
        found.setdefault(name, Setting(name, "given", _joined(question.hosts, ""), why="the site's names"))
    for name in names_of_debug(question):
        found.setdefault(name, Setting(name, "fixed", "False", why=NO_DEBUG))
    for read in question.evaluate(_values(question, found)).reads:
        if read.required and read.name not in found and read.name not in SYSTEM:
            secret = SECRET_NAME.search(read.name)
            found[read.name] = Setting(read.name, "secret" if secret else "given", why=f"{read.source} needs it")
    _take_what_is_said(question, found)
    return tuple(found.values())


def _take_what_is_said(question: Question, found: dict[str, Setting]) -> None:
    """A person's own variables and secrets are all handed on, and their values win."""
    for name in question.secrets:
        if name != DATABASE_PASSWORD and (name not in found or found[name].kind != "secret"):
            part = found[name].part if name in found else ""
            found[name] = Setting(name, "secret", part=part, why="a secret of your own")
    for name, value in question.given.items():
        if name in found and found[name].kind != "secret":
            found[name] = replace(found[name], kind="given", value=value)
        elif name not in found and not OWN.fullmatch(name) and name.removesuffix("_VERSION") not in question.secrets:
            found[name] = Setting(name, "given", value, why="a variable of your own")


def names_of_hosts(question: Question) -> tuple[str, ...]:
    """The variables that hold the names which the site answers to."""
    # Without DEBUG: many settings answer to every name with it.
    values = _development(question)
    values |= {name: OFF.get(values.get(name, ""), "False") for name in names_of_debug(question)}
    seen = question.evaluate(values)
    known = variables_of(seen.values.get("ALLOWED_HOSTS"))
    return known or _that_do(
        question, values, HOSTS, PROBE_HOST, lambda found: PROBE_HOST in str(found.get("ALLOWED_HOSTS"))
    )


def without_names(question: Question, before: tuple[str, ...]) -> dict[str, str]:
    """What is given, without the lists of the site's names that say nothing, or nothing but the names of before: with
    another name for the site they are made anew.
    """
    lists = names_of_hosts(question)
    old = {*before, *(f"https://{host}" for host in before)}
    return {
        name: value
        for name, value in question.given.items()
        if not ((name in lists or ORIGINS.search(name)) and set(re.findall(r"[^\s,;\[\]\"']+", value)) <= old)
    }


def names_of_debug(question: Question) -> tuple[str, ...]:
    """The variables that switch DEBUG on."""
    seen = question.evaluate(_development(question))
    known = variables_of(seen.values.get("DEBUG"))
    return known or _that_do(
        question, _development(question), DEBUG, "False", lambda found: found.get("DEBUG") in OFF_VALUES
    )


def is_of_development(name: str, value: str) -> bool:
    """Whether a variable with such a value is right on a developer's machine only."""
    return bool(DEBUG.search(name) or LOCAL_VALUE.search(value))


def _that_do(
    question: Question, values: Mapping[str, str], names: re.Pattern[str], value: str, effect: Callable[[Values], bool]
) -> tuple[str, ...]:
    """The variables of such names that have an effect with a value, and none without: functions of the project's own
    may stand between a variable and its setting.
    """
    seen = question.evaluate(values)
    if effect(seen.values):
        return ()
    found = [read.name for read in seen.reads if names.search(read.name)]
    return tuple(name for name in found if effect(question.evaluate({**values, name: value}).values))


def _setting(question: Question, variable: Variable) -> Setting:
    name, value = variable.name, variable.value
    if name in question.services:
        return Setting(name, "fixed", question.services[name], why=variable.why)
    if PART.search(value):
        return _of_database(question, variable)
    if value == SECRET or SECRET_NAME.search(name):
        return Setting(name, "secret", why=variable.why)
    if name in names_of_debug(question):
        return Setting(name, "fixed", OFF.get(value, "False"), why=NO_DEBUG)
    return Setting(name, "given", _first_value(question, variable), why=variable.why)


def _first_value(question: Question, variable: Variable) -> str:
    """What a variable says as long as nobody has said anything; empty where only a person can know."""
    if ORIGINS.search(variable.name):
        return _joined([f"https://{host}" for host in question.hosts], variable.value)
    if variable.name in names_of_hosts(question):
        return _joined(question.hosts, variable.value)
    return "" if LOCAL_VALUE.search(variable.value) else variable.value


def _of_database(question: Question, variable: Variable) -> Setting:
    part = variable.value if PART.fullmatch(variable.value) else ""
    secret = "{url}" in variable.value or "{password}" in variable.value
    own = question.database
    if secret:
        return Setting(variable.name, "secret", part=part, why=variable.why)
    if own is None:
        return Setting(variable.name, "given", why=variable.why)
    values = {"{host}": DATABASE_HOST, "{port}": DATABASE_PORT, "{name}": own.name, "{user}": own.user}
    text = PART.sub(lambda match: values[match[0]], variable.value)
    return Setting(variable.name, "fixed", text, part=part, why=variable.why)


def _is_left_out(question: Question, variable: Variable, setting: Setting) -> bool:
    """Whether the settings' own default is right: development switches off what keeps localhost from answering, and
    takes values from example files that only mean something there.
    """
    if variable.name in question.given or setting.kind != "given":
        return False
    if FORCED.search(variable.name) and variable.value in OFF.values():
        return True
    if setting.value or ORIGINS.search(variable.name) or variable.name in names_of_hosts(question):
        return False
    values = {name: value for name, value in _development(question).items() if name != variable.name}
    return not any(read.required for read in question.evaluate(values).reads if read.name == variable.name)


def _development(question: Question) -> dict[str, str]:
    values = {variable.name: variable.value.replace(SECRET, "s" * 50) for variable in question.wanted}
    return {**filled(values, PROBE), **question.services}


def _values(question: Question, found: Mapping[str, Setting]) -> dict[str, str]:
    """An environment like production's, as far as it is known."""
    fixed = {name: setting.value for name, setting in found.items() if setting.kind == "fixed"}
    return {**_development(question), **fixed, **question.given}


def _joined(values: Collection[str], like: str) -> str:
    """A list as the variable's value in development writes one."""
    if like.startswith("["):
        return "[" + ", ".join(f'"{value}"' for value in values) + "]"
    separator = next((sign for sign in ",; " if sign in like), ",")
    return separator.join(values)
