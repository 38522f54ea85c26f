"""What kind of value a variable takes, and which one the project's own Docker and example files give it."""

from __future__ import annotations

import ast
import re

from djdock.doctor import docker_files, sources
from djdock.doctor.case import Case
from djdock.doctor.repair import Kind, SetVariable

SECRET = re.compile(
    r"SECRET|PASSWORD|PASSWD|_PASS$|TOKEN|PRIVATE|SALT|(?:API|ACCESS|SIGNING|ENCRYPTION|FERNET|CRYPT)\w*_?KEY|_KEY$|^KEY$"
)
BOOLEAN = re.compile(r"DEBUG|^(?:USE|ENABLE|IS|HAS|ALLOW)_|_(?:ENABLED|DISABLED|TLS|SSL|REDIRECT|REQUIRED|SECURE)$")
NUMBER = re.compile(r"_(?:PORT|TIMEOUT|SECONDS|COUNT|SIZE|LIMIT|MAX|MIN|AGE|DAYS|HOURS|MINUTES|ID)$|^PORT$")
HOSTS = re.compile(r"ALLOWED_HOSTS|HOSTS$")
URL = re.compile(r"_(?:URL|URI|DSN|ENDPOINT|ORIGIN)$")
CASTS: dict[str, Kind] = {
    "bool": "boolean",
    "strtobool": "boolean",
    "int": "number",
    "float": "number",
    "decimal": "number",
    "json": "json",
    "loads": "json",
    "list": "list",
    "tuple": "list",
    "csv": "list",
    "url": "url",
    "path": "path",
    "literal_eval": "list",
}
# What the official Python image sets, and code that runs in it may read.
IMAGE = {"LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1"}
EXAMPLE = re.compile(
    r"(?:^|/)\.?(?:env|dotenv)?[\w.-]*(?:example|sample|dist|template|local|dev)[\w.-]*$", re.IGNORECASE
)
LINE = re.compile(r"^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*$", re.MULTILINE)
# Values that say "put yours here".
PLACEHOLDER = re.compile(r"^<.*>$|^\[.*\]$|your[-_ ]|change[-_ ]?me|xxx+|^\.\.\.$|replace|insert", re.IGNORECASE)


def assignment(case: Case, name: str) -> SetVariable:
    """The repair that gives a variable a value: the project's own one, else one that is still to be made."""
    found = kind(case, name)
    return SetVariable(name, None if found == "secret" else known(case, name), found)


def kind(case: Case, name: str) -> Kind:
    """What a variable holds: what the settings turn it into says it, else its name."""
    for reading in case.reads:
        if reading.name == name and (told := CASTS.get(reading.cast) or _cast_at(case, reading.source)):
            return "hosts" if told == "list" and HOSTS.search(name) else told
    patterns: tuple[tuple[re.Pattern[str], Kind], ...] = (
        (BOOLEAN, "boolean"), (HOSTS, "hosts"), (SECRET, "secret"), (URL, "url"), (NUMBER, "number"),
    )  # fmt: skip
    if "EMAIL" in name and not NUMBER.search(name) and not SECRET.search(name) and not BOOLEAN.search(name):
        return "email"
    return next((told for pattern, told in patterns if pattern.search(name)), "text")


def known(case: Case, name: str) -> str | None:
    """The value that an example file, a compose file, a Dockerfile or the official image gives a variable."""
    found = _in_examples(case, name) or _in_docker_files(case, name)
    if not found and name == "PYTHON_VERSION" and case.python:
        return case.python
    return found or IMAGE.get(name)


def _in_examples(case: Case, name: str) -> str | None:
    for path in case.paths:
        if path.count("/") <= 2 and EXAMPLE.search(path) and "env" in path.lower():  # noqa: PLR2004 - near the root
            for match in LINE.finditer(sources.text(case.files, path)):
                if match[1] == name and (value := _plain(match[2])):
                    return value
    return None


def _in_docker_files(case: Case, name: str) -> str | None:
    for service in docker_files.services(case):
        if value := _plain(service.environment.get(name, ("", ""))[0]):
            return value
    assigned = re.compile(rf"(?:^|\s){re.escape(name)}(?:=|\s+)[\"']?([^\s\"'$]+)")
    for dockerfile in docker_files.dockerfiles(case):
        for instruction in dockerfile.all("ENV", "ARG"):
            if match := assigned.search(instruction.value):
                return match[1]
    return None


def _plain(value: str) -> str:
    text = value.strip()
    text = text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text.partition(" #")[0].strip()
    return "" if "$" in text or PLACEHOLDER.search(text) else text


def _cast_at(case: Case, source: str) -> Kind | None:
    """The kind that the call around a reading tells: int(os.environ["X"])."""
    path, line = sources.place(source)
    node = sources.statement(case.files, path, line)
    for call in ast.walk(node) if node else ():
        if isinstance(call, ast.Call):
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            inside = [n for n in ast.walk(call) if n is not call and isinstance(n, ast.Call | ast.Subscript)]
            if name in {"int", "float", "strtobool", "loads"} and inside:
                return CASTS[name]
    return None
