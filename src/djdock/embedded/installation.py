"""Fills an environment with what a project asks for, and finds a way around what cannot be had on this machine."""

from __future__ import annotations

import ctypes.util
import re
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from djdock.embedded import attempts, uv_failure
from djdock.embedded.attempts import Attempt, Place, Substitution
from djdock.embedded.uv_failure import Failure
from djdock.errors import Problem, last_lines
from djdock.machine import python
from djdock.process import Result
from djdock.project import distributions, driver, requirements
from djdock.project.compatibility import series
from djdock.project.dependency import Installation

# Each repair takes one obstacle away; a list that still has some after so many is not worth more time.
MOST_REPAIRS = 40
# The last that brings pkg_resources.
SEEDED = "setuptools<81"
# What takes minutes to build, or a compiler and libraries that few machines have: a version with a wheel is taken.
ONLY_WHEELS = (
    *(
        "psycopg2-binary",
        "psycopg-binary",
        "numpy",
        "pandas",
        "scipy",
        "matplotlib",
        "scikit-learn",
        "grpcio",
        "grpcio-tools",
    ),
    *(
        "cryptography",
        "pyarrow",
        "opencv-python",
        "opencv-python-headless",
        "lxml",
        "pillow",
        "gevent",
        "greenlet",
        "shapely",
    ),
    *(
        "tensorflow",
        "torch",
        "torchvision",
        "pydantic-core",
        "orjson",
        "tiktoken",
        "uvloop",
        "httptools",
        "tokenizers",
        "pynacl",
        "bcrypt",
    ),
)
# What a site on PostgreSQL, served by Django itself, runs without.
DISPENSABLE = {
    "mysqlclient": "it is the driver of MySQL, and the site runs on PostgreSQL here",
    "mysql-python": "it is the driver of MySQL, and the site runs on PostgreSQL here",
    "cx-oracle": "it is the driver of Oracle, and the site runs on PostgreSQL here",
    "pyodbc": "it is the driver of SQL Server, and the site runs on PostgreSQL here",
    "mssql-django": "it is the driver of SQL Server, and the site runs on PostgreSQL here",
    "uwsgi": "it is a server for production, and Django's own serves the site here",
    "mod-wsgi": "it is a server for production, and Django's own serves the site here",
    "pkg-resources": "it is no package: an old pip listed it by mistake",
    "pkg_resources": "it is no package: an old pip listed it by mistake",
}
# Repositories whose distribution has another name.
REPOSITORIES = {"django-rest-framework": "djangorestframework"}
# What old source distributions were written for: later ones took pkg_resources, then 2to3 and distutils from them.
OLD_BUILDERS = ("setuptools<81", "setuptools<58")


def fill(place: Place, installation: Installation, *, again: Sequence[str] = ()) -> tuple[Substitution, ...]:
    """Installs, and says what was substituted.

    Raises:
        Problem: something cannot be had, and nothing can stand in for it.
    """
    text = installation.requirements
    if installation.arguments:
        arguments = [*installation.arguments, *again]
        done = python.try_uv(arguments, cwd=place.folder, env=place.variables)
        # Without network: what was installed once comes from the cache; half of it is no reason to take it for whole.
        cached = ["--offline", *arguments, python.REINSTALL]
        if done.ok or python.try_uv(cached, cwd=place.folder, env=place.variables).ok:
            return _complete_driver(place)
        text = _exported(place, installation, done)
    attempt = attempts.prepared(Attempt(_entries(text), installation.constraints, installation.complete), place)
    for _ in range(MOST_REPAIRS):
        done = _install(place, attempt, again)
        if done.ok:
            _add_setuptools(place, attempt)
            return (*attempt.made, *_complete_driver(place))
        failure = uv_failure.read(done.text)
        repaired = (_repair(place, attempt, failure) if failure else None) or attempts.without_itself(attempt)
        if repaired is None:
            return _from_cache(place, attempt, done, failure)
        attempt = repaired
    raise _problem(done, failure)


def _exported(place: Place, installation: Installation, failed: Result) -> str:
    """The lock file as a list, which can be changed where it does not get through as it is."""
    arguments = installation.export
    listed = python.try_uv(arguments, cwd=place.folder, env=place.variables) if arguments else failed
    if not listed.ok:
        raise _problem(failed, uv_failure.read(failed.text))
    return listed.stdout


def _entries(text: str) -> tuple[str, ...]:
    return tuple(line for _, line in requirements.lines(text))


def _install(place: Place, attempt: Attempt, again: Sequence[str], *options: str) -> Result:
    with tempfile.TemporaryDirectory(prefix="djdock-") as temporary:
        arguments = [*options, "pip", "install", "--quiet", "--compile-bytecode", *again]
        for option, content in (
            ("--requirements", "".join(f"{entry}\n" for entry in attempt.entries)),
            ("--constraints", attempt.constraints),
            ("--overrides", _overrides(attempt)),
            ("--excludes", "".join(f"{name}\n" for name in sorted(attempt.excluded))),
            ("--build-constraints", attempt.builder),
        ):
            if content:
                file = Path(temporary) / f"{option.strip('-')}.txt"
                file.write_text(content, encoding="utf-8")
                arguments += [option, str(file)]
        for name in ONLY_WHEELS:
            if name not in attempt.built:
                arguments += ["--only-binary", name]
        if attempt.complete:
            arguments.append("--no-deps")
        # Paths in a list are relative to where it is installed from.
        return python.try_uv(arguments, cwd=place.folder, env=place.variables)


def _overrides(attempt: Attempt) -> str:
    """What holds whatever others ask for: the versions taken instead, and all pins where they contradict each other."""
    chosen = dict(attempt.overrides)
    lines = [f"{name}=={version}\n" for name, version in chosen.items()]
    if attempt.held:
        parsed = [requirements.parse(entry) for entry in attempt.entries if not entry.startswith("-")]
        lines += [f"{entry.text}\n" for entry in parsed if entry.pin and entry.name not in chosen]
    return "".join(lines)


def _repair(place: Place, attempt: Attempt, failure: Failure) -> Attempt | None:
    """The next attempt, without this obstacle; None where nothing is known to help."""
    name = failure.name or ""
    repaired: Attempt | None = None
    if failure.kind == "conflict":
        return None if attempt.held else replace(attempt, held=True, complete=False)
    if failure.kind == "source":
        repaired = _from_index(place, attempt, failure)
    elif name in attempts.BUNDLED:
        repaired = attempts.bundled(attempt, failure)
    elif name in DISPENSABLE:
        repaired = attempts.left_out(attempt, failure, DISPENSABLE[name])
    elif failure.old_tools and (builder := _older_builder(attempt)):
        repaired = replace(attempt, builder=builder)
    elif failure.version and name not in dict(attempt.overrides):
        if version := _nearest(place, name, failure.version):
            repaired = attempts.other_version(attempt, failure, version)
        elif name in ONLY_WHEELS and name not in attempt.built:
            repaired = replace(attempt, built=attempt.built | {name})
    if repaired is None and name and name not in place.imported | {"django"}:
        why = "it cannot be had for this machine, and the project's source does not import it"
        repaired = attempts.left_out(attempt, failure, why)
    return repaired


def _older_builder(attempt: Attempt) -> str | None:
    """The next older setuptools to build with."""
    number = OLD_BUILDERS.index(attempt.builder) + 1 if attempt.builder in OLD_BUILDERS else 0
    return OLD_BUILDERS[number] if number < len(OLD_BUILDERS) else None


def _nearest(place: Place, name: str, version: str) -> str | None:
    """The next later version with a wheel that fits here, else the next earlier one; Django stays in its series."""
    bound = ""
    if name == "django" and (found := series(version)):
        bound = f",=={found[0]}.{found[1]}.*"
    for wish, resolution in ((f">{version}", "lowest"), (f"<{version}", "highest")):
        interpreter = str(python.environment_python(place.environment))
        arguments = ["pip", "compile", "--quiet", "--no-header", "--no-annotate", "--no-deps", "--only-binary", ":all:"]
        arguments += ["--resolution", resolution, "--python", interpreter, "-"]
        listed = python.try_uv(arguments, cwd=place.environment, env=place.variables, stdin=f"{name}{wish}{bound}\n")
        for _, line in requirements.lines(listed.stdout if listed.ok else ""):
            if pin := requirements.parse(line).pin:
                return pin
    return None


def _from_index(place: Place, attempt: Attempt, failure: Failure) -> Attempt | None:
    """The distribution that an address names, from the package index: at the version of its tag, else at any."""
    for line in attempt.entries:
        entry = requirements.parse(line.removeprefix("-e "))
        same = entry.url and (
            _address(entry.url) == _address(failure.url) or (entry.name and entry.name == failure.name)
        )
        if not same:
            continue
        name = entry.name or _known_name(entry.url)
        if name is None:
            return None
        tag = entry.url.partition("#")[0].rpartition("/")[2].partition("@")[2].removeprefix("v")
        version = f"=={tag}" if tag and driver.is_older("0", tag) and _exists(place, name, tag) else ""
        new = f"{name}{entry.extras}{version}{attempts.condition(entry)}"
        made = attempts.replaced(
            attempt, line, new, "the address it comes from could not be reached, or not be built from"
        )
        return replace(made, complete=False, held=attempt.held or attempt.complete)
    if failure.name and failure.name not in place.imported:
        return attempts.left_out(attempt, failure, "the address it comes from could not be reached")
    return None


def _address(url: str) -> str:
    """An address without what may be written differently: scheme of the tool, version, fragment, `.git`."""
    plain = re.split(r"[#?]", url)[0].removeprefix("git+").rstrip("/")
    folder, _, last = plain.rpartition("/")
    return f"{folder}/{last.partition('@')[0].removesuffix('.git')}"


def _known_name(url: str) -> str | None:
    """The distribution that a repository is named for, if it is well known: another guess may be a stranger's."""
    last = _address(url).rpartition("/")[2].lower()
    name = REPOSITORIES.get(last, last)
    known = {known.partition("[")[0] for known in distributions.OTHER_NAMES.values()}
    return name if name in known | set(distributions.SAME_NAMES) else None


def _exists(place: Place, name: str, version: str) -> bool:
    arguments = ["pip", "compile", "--quiet", "--no-deps", "-"]
    return python.try_uv(arguments, cwd=place.environment, env=place.variables, stdin=f"{name}=={version}\n").ok


def _complete_driver(place: Place) -> tuple[Substitution, ...]:
    """psycopg 3 alone needs libpq of the machine; where that is missing, the one that a wheel brings is added."""
    found = {path.name.split("-")[0]: path.name.split("-")[1] for path in _distributions(place.environment)}
    if "psycopg" not in found or {"psycopg_binary", "psycopg_c"} & found.keys() or ctypes.util.find_library("pq"):
        return ()
    wanted = f"psycopg-binary=={found['psycopg'].removesuffix('.dist')}"
    done = python.try_uv(["pip", "install", "--quiet", "--no-deps", wanted], cwd=place.folder, env=place.variables)
    why = "psycopg needs the library libpq, which is not on this machine; this brings it"
    return (Substitution("psycopg", f"psycopg with {wanted}", why),) if done.ok else ()


def _add_setuptools(place: Place, attempt: Attempt) -> None:
    """Before Python 3.12 every new environment came with setuptools; what relies on that seldom says so.

    Where only a dependency asked for it the newest was taken, which brings no pkg_resources any more: Celery 5.1, for
    one, does not start then.
    """
    older = [*place.environment.glob("lib/python3.[89]/"), *place.environment.glob("lib/python3.1[01]/")]
    asked = any(re.match(r"setuptools\b", entry, re.IGNORECASE) for entry in attempt.entries)
    if older and not asked and not any(place.environment.glob("lib/python3.*/site-packages/pkg_resources/")):
        wanted = ["pip", "install", "--quiet", "--no-deps", SEEDED]
        python.try_uv(wanted, cwd=place.folder, env=place.variables)


def _distributions(environment: Path) -> list[Path]:
    return [
        *environment.glob("lib/python*/site-packages/*.dist-info"),
        *environment.glob("Lib/site-packages/*.dist-info"),
    ]


def _from_cache(place: Place, attempt: Attempt, done: Result, failure: Failure | None) -> tuple[Substitution, ...]:
    """Without network: what was installed once comes from the cache."""
    if failure is None and _install(place, attempt, [python.REINSTALL], "--offline").ok:
        return (*attempt.made, *_complete_driver(place))
    raise _problem(done, failure)


def _problem(done: Result, failure: Failure | None) -> Problem:
    what = (failure.name or failure.url) if failure else ""
    version = f" {failure.version}" if failure and failure.version else ""
    reasons = {
        "build": "could not be built on this machine: a compiler or a library is missing, or too new for it",
        "source": "could not be fetched from the address that the project names",
        "version": "has no version that this Python and machine can use",
        "unknown": "is not in the package index",
    }
    cause = (
        f"{what}{version} {reasons[failure.kind]}."
        if failure and what
        else "What the project asks for could not be installed."
    )
    return Problem(
        cause,
        details=last_lines(done.text),
        hint="If there is no network: connect and try again; what was installed once comes from the cache.\n"
        "If a version does not exist or does not fit: correct it in what asks for it.\n"
        "If the disk is full: make room on it.",
    )
