"""What the env file says for a project's own variables, so that its settings load and the site answers on localhost."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from djdock.plan.database import PROBE, Environment, filled, matches
from djdock.project.evaluation import CONFIGURATION, Evaluation, Read, Unknown, variables_of
from djdock.project.examples import Example, is_placeholder

# What a secret is in a template: letters and digits, made anew for each checkout.
SECRET = "{secret}"  # noqa: S105 - a place to fill
LOCAL = ("localhost", "127.0.0.1")
TRUE = ("True", "1", "true", "on", "yes")
HOSTS = (
    "localhost,127.0.0.1",
    "localhost 127.0.0.1",
    "localhost;127.0.0.1",
    '["localhost", "127.0.0.1"]',
    "127.0.0.1",
    "*",
)
SECRET_NAME = re.compile(r"SECRET|(?:^|_)KEY$|TOKEN|PASSWORD|PASSWD|SALT|PEPPER|HASH", re.IGNORECASE)
KEY_NAME = re.compile(r"SECRET_?KEY$|^DJANGO_SECRET$|^DJANGO_KEY$", re.IGNORECASE)
# What only production wants: on a developer's machine it makes the site send people to an address that does not answer.
FORCED = re.compile(r"SSL_REDIRECT|HSTS|COOKIE_SECURE|SECURE_COOKIE|FORCE_HTTPS|USE_HTTPS|SSL_REQUIRE", re.IGNORECASE)
# What switches a thing off, by what switches it on in the same way of writing.
OFF = {"True": "False", "true": "false", "1": "0", "on": "off", "yes": "no"}
# Names of variables that are the shell's or the system's own.
SYSTEM = frozenset(
    {"PATH", "HOME", "USER", "LANG", "PWD", "TZ", "TMPDIR", "HOSTNAME", "SHELL", "TERM", "DJANGO_SETTINGS_MODULE"}
)
# Since Django 4.0 a list of origins without their scheme is an error.
ORIGINS = "http://localhost,http://127.0.0.1"
LISTS = frozenset({"list", "csv", "tuple"})
GUESSES = (
    (re.compile(r"PORT|COUNT|SIZE|LIMIT|TIMEOUT|SECONDS|MINUTES|HOURS|DAYS|_ID$|NUM", re.IGNORECASE), "1"),
    (re.compile(r"ORIGINS", re.IGNORECASE), ORIGINS),
    (re.compile(r"HOSTS", re.IGNORECASE), "localhost,127.0.0.1"),
    (re.compile(r"URL|URI|ENDPOINT|ORIGIN|WEBHOOK|CALLBACK", re.IGNORECASE), "http://localhost"),
    (re.compile(r"HOST|DOMAIN|SERVER|ADDRESS", re.IGNORECASE), "localhost"),
    (re.compile(r"E?MAIL|FROM|ADMIN|SENDER", re.IGNORECASE), "developer@localhost"),
    (re.compile(r"DEBUG", re.IGNORECASE), "True"),
    (re.compile(r"^(?:IS|USE|ENABLE|DISABLE|ALLOW|HAS)_|_(?:ENABLED|DISABLED|ON|OFF)$", re.IGNORECASE), "False"),
)
BY_CAST = {
    "bool": "False", "strtobool": "False", "int": "1", "float": "1", "decimal": "1", "json": "{}", "dict": "",
    "list": "localhost,127.0.0.1", "csv": "localhost,127.0.0.1", "tuple": "localhost,127.0.0.1", "url": "http://localhost",
    "path": "/tmp",  # noqa: S108 - a folder that is there, for settings that want to name one
}  # fmt: skip
MOST_TRIES = 60


@dataclass(frozen=True)
class Variable:
    """A variable of the env file: its value (or a template of it), and why it is there."""

    name: str
    value: str
    why: str


@dataclass(frozen=True)
class Question:
    """What is decided from.

    Attributes:
        evaluate: works out the settings in an environment.
        database: the variables of the database, as `plan.database` found them.
        given: what the env file says already.
        examples: the project's example files, the best first.
        services: variables that a service decides, with their values: `{"REDIS_URL": "redis://127.0.0.1:6379/0"}`.
    """

    evaluate: Callable[[Environment], Evaluation]
    database: Mapping[str, str]
    given: Mapping[str, str] = field(default_factory=dict, repr=False)
    examples: tuple[Example, ...] = ()
    services: Mapping[str, str] = field(default_factory=dict)


def decide(question: Question) -> tuple[Variable, ...]:
    """The project's own variables that the env file has to set, in the order in which the settings read them."""
    chosen = _Choice(question)
    for step in (
        chosen.take_database,
        chosen.take_configuration,
        chosen.take_examples,
        chosen.take_required,
        chosen.take_secret_key,
        chosen.take_debug,
        chosen.take_hosts,
        chosen.satisfy,
    ):
        chosen.go(step)
    return chosen.variables()


class _Choice:
    """The variables as they are found, one question after the other."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self.values: dict[str, str] = {}
        self.why: dict[str, str] = {}
        self.tries = 0

    def variables(self) -> tuple[Variable, ...]:
        order = [read.name for read in self.look().reads]
        names = sorted(self.values, key=lambda name: order.index(name) if name in order else len(order))
        return tuple(Variable(name, self.values[name], self.why[name]) for name in names)

    def look(self, **more: str) -> Evaluation:
        self.tries += 1
        values = {**self.values, **more}
        real = filled({name: text.replace(SECRET, "s" * 50) for name, text in values.items()}, PROBE)
        return self.question.evaluate({**self.question.given, **real})

    def go(self, step: Callable[[], None]) -> None:
        """Takes a step, without those of its variables that lead the settings away from the database."""
        before = dict(self.values)
        led = self.leads_to_database()
        step()
        if not led or self.leads_to_database():
            return
        taken = {name: value for name, value in self.values.items() if name not in before}
        self.values = before
        for name, value in taken.items():
            self.values[name] = value
            if not self.leads_to_database() and not self.leads_to_database_with(name):
                del self.values[name]

    def leads_to_database(self) -> bool:
        """Whether the settings use the database, with what is decided so far."""
        return matches(self.look())

    def leads_to_database_with(self, name: str) -> bool:
        """Whether another value of a variable does it: one that the settings compare it with."""
        read = next((read for read in self.look().reads if read.name == name), None)
        if read is None or not read.required:
            return False
        for text in sorted(self.look().tested.get(name, ())):
            if matches(self.look(**{name: text})):
                self.values[name] = text
                return True
        return False

    def take(self, name: str, value: str, why: str) -> None:
        self.values[name] = value
        self.why[name] = why

    def is_open(self, name: str) -> bool:
        return name not in self.values and name not in self.question.given and name not in SYSTEM

    def take_database(self) -> None:
        for name, value in self.question.database.items():
            self.take(name, value, "the database")
        for name, value in self.question.services.items():
            self.take(name, value, "a service beside the site")

    def take_configuration(self) -> None:
        """The class that holds the settings, where manage.py names another one."""
        seen = self.look()
        if any(read.name == CONFIGURATION and read.required for read in seen.reads) and self.is_open(CONFIGURATION):
            self.take(CONFIGURATION, seen.configuration, "settings for development")

    def take_examples(self) -> None:
        """What the examples say for variables that the settings read."""
        reads = {read.name: read for read in self.look().reads}
        for example in self.question.examples:
            for name, value in example.values.items():
                read = reads.get(name)
                if read is None or not self.is_open(name):
                    continue
                if is_placeholder(value) and (value or read.cast not in LISTS):
                    continue  # nothing is a value of a list: the empty one
                if SECRET_NAME.search(name) and KEY_NAME.search(name):
                    continue  # a key that everybody can read is none
                forced = FORCED.search(name) and value.lower() in {"true", "1", "yes", "on"}
                self.take(name, "False" if forced else value, f"as {example.path} says")

    def take_required(self) -> None:
        """Values for variables without which the settings fail: one may lead to the next."""
        for _round in range(MOST_TRIES):
            missing = [read for read in self.look().reads if read.required and self.is_open(read.name)]
            if not missing:
                return
            for read in missing:
                self.take(read.name, guess(read), f"{read.source} needs it")

    def take_secret_key(self) -> None:
        seen = self.look()
        names = variables_of(seen.values.get("SECRET_KEY"))
        found = [name for name in names if self.is_open(name)]
        if not names and not isinstance(seen.values.get("SECRET_KEY"), str):
            found = [read.name for read in seen.reads if KEY_NAME.search(read.name) and self.is_open(read.name)]
        for name in found[:1]:
            self.take(name, SECRET, "signs sessions and password resets")

    def take_debug(self) -> None:
        """Development shows its errors: DEBUG is on, where a variable decides it."""
        value = self.look().values.get("DEBUG")
        for name in variables_of(value):
            if name in self.question.given or (value and not isinstance(value, Unknown)):
                continue
            for word in TRUE:
                seen = self.look(**{name: word}).values.get("DEBUG")
                if not isinstance(seen, Unknown) and bool(seen):
                    self.take(name, word, "error pages while developing")
                    return
            if isinstance(value, Unknown):
                self.take(name, TRUE[0], "error pages while developing")

    def take_hosts(self) -> None:
        """The site answers on localhost, where a variable decides which names it answers to."""
        seen = self.look()
        hosts = seen.values.get("ALLOWED_HOSTS")
        names = [name for name in variables_of(hosts) if name not in self.question.given]
        if not names or _answers(seen):
            return
        for text in HOSTS:
            if _answers(self.look(**{names[0]: text})):
                self.take(names[0], text, "the names that the site answers to")
                return

    def satisfy(self) -> None:
        """Where the settings themselves raise: values for the variables that decide whether they do."""
        for name, text in self._doubtful():
            if self.tries > MOST_TRIES:
                return
            before = self.look()
            if not before.raised:
                return
            if len(self.look(**{name: text}).raised) < len(before.raised):
                self.take(name, text if not SECRET_NAME.search(name) else SECRET, f"{before.raised[0][1]} asks for it")

    def _doubtful(self) -> Iterator[tuple[str, str]]:
        seen = self.look()
        reads = {read.name: read for read in seen.reads}
        told = " ".join(text for text, _place in seen.raised)
        for name, texts in sorted(seen.tested.items(), key=lambda known: known[0] not in told):
            if self.is_open(name) and name in reads:
                for text in (*sorted(texts), guess(reads[name])):
                    yield name, text


def guess(read: Read) -> str:
    """A value for a variable that no file suggests one for."""
    if SECRET_NAME.search(read.name) and read.cast in {"str", "unknown", "bytes"}:
        return SECRET
    if read.cast == "bool" and re.search("DEBUG", read.name, re.IGNORECASE):
        return "True"
    if read.cast in LISTS and re.search("ORIGIN", read.name, re.IGNORECASE):
        return ORIGINS
    if read.cast in BY_CAST:
        return BY_CAST[read.cast]
    return next((value for pattern, value in GUESSES if pattern.search(read.name)), "local")


def _answers(seen: Evaluation) -> bool:
    """Whether a site with these settings answers on localhost or 127.0.0.1."""
    hosts = seen.values.get("ALLOWED_HOSTS")
    if not isinstance(hosts, (list, tuple)):
        return False
    if not [host for host in hosts if host]:
        return bool(seen.values.get("DEBUG")) and not hosts
    return any(host in {"*", *LOCAL, ".localhost"} for host in hosts)
