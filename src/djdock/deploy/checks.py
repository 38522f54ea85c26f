"""What is looked at before a release goes anywhere: values that no site should run with, and Django's own checks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from djdock.deploy.targets.target import Site, Target
from djdock.errors import Problem, last_lines
from djdock.plan.production.release import ENV_FILE, SECRETS_FOLDER
from djdock.plan.settings import INSECURE

# As Django's own check security.W009 has it.
SHORTEST_KEY, FEWEST_LETTERS = 50, 5
KNOWN_KEYS = ("django-insecure-", INSECURE)
TRUE = frozenset({"1", "true", "yes", "on", "t", "y"})
# Of Django's warnings those that nobody should go to production with, and what to do.
# https://docs.djangoproject.com/en/stable/ref/checks/#security
AGAIN = "then: djdock init, and the same command again."
SERIOUS = {
    "security.W009": f'Let the settings read it: SECRET_KEY = os.environ["SECRET_KEY"]; {AGAIN}',
    "security.W018": 'Let the settings read it: DEBUG = os.environ.get("DEBUG") == "True"; '
    f"{AGAIN} Or, if there are other settings for production: DJANGO_SETTINGS_MODULE=… in {ENV_FILE}.",
    "security.W020": f'Let the settings read it: ALLOWED_HOSTS = os.environ["ALLOWED_HOSTS"].split(","); {AGAIN}',
}
# RFC 1123, and addresses: what stands in a certificate, in ALLOWED_HOSTS and behind `Host:` alike.
HOST = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9-]{1,63}(?<!-))*", re.IGNORECASE)
# "?: (security.W004) You have not set …": one of Django's messages, up to the next one.
MESSAGE = re.compile(r"^(?P<where>\S.*?): \((?P<id>[\w.]+)\) (?P<text>.*(?:\n(?!\S).*)*)", re.MULTILINE)


def hosts(names: Iterable[str]) -> Iterator[Problem]:
    """What is wrong with the names that the site is to answer to."""
    for name in dict.fromkeys(names):
        if HOST.fullmatch(name):
            continue
        bare = re.sub(r"^\w*:?//|[/:?#].*$", "", name.strip())
        proposal = bare if HOST.fullmatch(bare) else "shop.example.com"
        yield Problem(
            f"{name} is no name of a host." if name.strip() else "The name of the site is empty.",
            hint=f"The name alone, without https://, port and path: --host {proposal}\n"
            f"Other ports are HTTP_PORT and HTTPS_PORT in {ENV_FILE}; more names are more --host.",
        )


def keys(found: Mapping[str, str]) -> Iterator[Problem]:
    """What is wrong with the keys that sign sessions: name → value."""
    for name, key in found.items():
        reason = weakness(key)
        if reason:
            yield Problem(
                f"{name} is weak: {reason}. Whoever guesses it can sign sessions and password resets of their own.",
                hint=f"Delete {SECRETS_FOLDER}/{name}, then the same command again: it makes a new one, and all have "
                "to log in again.",
            )


def weakness(key: str) -> str:
    """Why a key is weak; empty where it is not."""
    if not key:
        return "it is empty"
    if any(word in key for word in KNOWN_KEYS):
        return "it is one from development, which others know"
    if len(key) < SHORTEST_KEY:
        return f"it has {len(key)} characters, and should have {SHORTEST_KEY} or more"
    return "its characters are too alike" if len(set(key)) < FEWEST_LETTERS else ""


def values(given: Mapping[str, str], debug: tuple[str, ...], hosts: tuple[str, ...]) -> Iterator[Problem]:
    """What is wrong with the env file's variables; `debug` and `hosts` are the names of those that decide these."""
    for name in debug:
        if given.get(name, "").lower() in TRUE:
            yield Problem(
                f"{name} is on in {ENV_FILE}: every error would show the source and the settings to whoever asks.",
                hint=f"Take the line {name} out of {ENV_FILE}, then the same command again.",
            )
    for name in hosts:
        if name in given and not given[name].strip("[]\"' ,"):
            yield Problem(
                f"{name} is empty in {ENV_FILE}: the site would answer nobody.",
                hint="With TLS made here: the same command with --host shop.example.com\n"
                f"Behind a proxy of your own: write the site's names into {ENV_FILE} ({name}=shop.example.com).",
            )
        elif "://" in given.get(name, ""):
            yield Problem(
                f"{name} has an address in {ENV_FILE}, and Django compares names: every answer would be 400.",
                hint=f"Names alone, without https://: {name}=shop.example.com; then the same command again.",
            )


def django(target: Target, site: Site) -> tuple[str, ...]:
    """What `manage.py check --deploy` warns of, one line each: in the new image, with production's own variables.

    Raises:
        Problem: the settings cannot be loaded, or a check says that the site would not work.
    """
    done = target.manage(site, ("check", "--deploy", "--no-color"))
    if not done.ok:
        raise Problem(
            "With production's variables the project does not get through Django's checks. Nothing was changed.",
            details=last_lines(done.text, 20),
            hint=f"Correct the settings, or what {ENV_FILE} or {SECRETS_FOLDER}/ say, then the same command again.",
        )
    told = tuple(messages(done.text))
    for message in told:
        for name, hint in SERIOUS.items():
            if f"({name})" in message:
                raise Problem(message, hint=hint)
    return told


def messages(text: str) -> Iterator[str]:
    """Django's messages, the first sentence of each."""
    for match in MESSAGE.finditer(text):
        sentence = re.split(r"(?<=[.!])\s", " ".join(match["text"].split()), maxsplit=1)[0]
        where = "" if match["where"] == "?" else f"{match['where']}: "
        yield f"{where}{sentence} ({match['id']})"
