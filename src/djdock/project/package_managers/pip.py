"""pip and requirements files: https://pip.pypa.io/en/stable/reference/requirements-file-format/

A developer's environment gets the development variant (requirements/local.txt, requirements-dev.txt …) where there is
one, and the main file too, unless the variant includes other files itself. Production gets requirements.txt, else the
production variant, else the base.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from djdock.project import manifest_edit, requirements
from djdock.project.dependency import BRINGS_DJANGO, Addition, Dependency, Installation
from djdock.project.driver import DRIVERS
from djdock.project.files import Files
from djdock.project.requirements import Listing

NAME = "pip"
MANIFEST = ".requirements.in"
FOLDERS = ("requirements", "requirement", "reqs", "deps")
# Names of a main file, the usual ones first; `requirments` is how a good many people write it.
MAIN = re.compile(r"(requirements|requirement|requirments|reqs?|pip[-_]requirements|requires|dependencies)\.(txt|pip)")
IN_FOLDER = ("requirements", "base", "common", "main", "default", "core", "app", "prod", "production", "deploy", "live")
PRODUCTION = ("prod", "production", "deploy", "live")
DEVELOPMENT = ("local", "dev", "development", "develop", "devel")
SOURCE = "requirements.in"


def detect(files: Files) -> str | None:
    main, variant = _main(files), _variant(files)
    return main or variant or _sources(files)


def inputs(files: Files) -> tuple[str, ...]:
    main = requirements.read(files, _main(files) or "")
    listings = (*_listings(files), *([main] if main.paths else []))
    paths = [path for listing in listings for path in (*listing.paths, *listing.missing) if "://" not in path]
    return tuple(dict.fromkeys(paths))


def dependencies(files: Files) -> tuple[Dependency, ...]:
    main = requirements.read(files, _main(files) or _sources(files) or "")
    shared = {entry.name for entry in main.requirements}
    found: dict[str, Dependency] = {}
    for listing in (*_listings(files), main):
        pins = {entry.name: entry.pin for entry in listing.constraints}
        for entry in listing.requirements:
            development = entry.name not in shared and bool(main.requirements)
            asked = entry.dependency(development=development)
            if asked and asked.name not in found:
                locked = asked.locked or pins.get(asked.name)
                found[asked.name] = Dependency(asked.name, asked.specifier, locked, asked.source, development)
    return tuple(found.values())


def python(files: Files) -> tuple[str, str] | None:  # noqa: ARG001 - a requirements file does not say
    return None


def install(files: Files) -> Installation:
    listings = _listings(files)
    entries = tuple(entry for listing in listings for entry in listing.requirements)
    options = tuple(dict.fromkeys(option for listing in listings for option in listing.options))
    if len(listings) > 1:  # where the two say different things of one package, the variant's word counts
        named = {entry.name for entry in listings[0].requirements if entry.name}
        rest = tuple(entry for entry in listings[1].requirements if entry.name not in named)
        entries = (*listings[0].requirements, *rest)
    elif variant_of := _variant(files) and _main(files):  # it runs on PostgreSQL too now, as production does
        known = {entry.name for entry in entries}
        production = requirements.read(files, variant_of).requirements
        entries = (*entries, *(entry for entry in production if entry.name in DRIVERS and entry.name not in known))
    constraints = tuple(entry for listing in listings for entry in listing.constraints)
    return Installation(requirements=requirements.text(entries, options), constraints=requirements.text(constraints))


def add(files: Files, requirement: str) -> Addition:
    entry = requirements.parse(requirement)
    texts: dict[str, str] = {}
    for path in dict.fromkeys((_home(files, _main(files) or _variant(files)), _sources(files))):
        if path:
            listing = requirements.read(files, path)
            if not any(known.name == entry.name for known in listing.requirements):
                pinned = path != _sources(files)
                texts[path] = manifest_edit.line(files.read(path) or "", entry, pinned=pinned)
    return Addition(texts)


def manifest(name: str, python: str, requirements: Sequence[str]) -> Mapping[str, str]:  # noqa: ARG001
    return {MANIFEST: "".join(f"{requirement}\n" for requirement in requirements)}


def pin(python: str, requirements: Sequence[str]) -> Sequence[str]:  # noqa: ARG001 - they are in the manifest
    # Universal: a colleague on Windows needs tzdata, the container does not; markers in one file serve both.
    # Fewest: one version of each package, the one that is installed here, and not a newer one for a newer Python.
    return (
        *("pip", "compile", "--quiet", "--universal", "--fork-strategy", "fewest", "--no-header", "--no-annotate"),
        *("--python-version", python, "--output-file", "requirements.txt", MANIFEST),
    )


def sync() -> Sequence[str]:
    # Install and not sync: what the person has added by hand to an environment stays there.
    return ("pip", "install", "--quiet", "--compile-bytecode", "--requirements", "requirements.txt")


def dockerfile_steps(files: Files, *, production: bool) -> str:
    main, variant = _main(files) or _sources(files), _variant(files)
    if production and not (main and variant):
        return ""
    path = main if production else variant or main
    chosen = [path or "requirements.txt"]
    if not production and variant and main and len(_listings(files)) > 1:
        chosen = [main, variant]
    listings = [requirements.read(files, path) for path in chosen]
    paths = dict.fromkeys(path for listing in listings for path in (*listing.paths, *listing.missing))
    entries = [entry for listing in listings for entry in listing.requirements]
    mounts = "".join(f"    --mount=type=bind,source={path},target={path} \\\n" for path in paths if "://" not in path)
    if any(entry.editable or entry.url.startswith(".") or entry.text.startswith(".") for entry in entries):
        mounts = "    --mount=type=bind,source=.,target=.,rw \\\n"  # a path in it is a folder of the project
    names = " ".join(f"-r {path}" for path in chosen)
    command = f"uv pip sync {chosen[0]}" if _is_whole(listings) else f"uv pip install {names}"
    make = "uv venv --allow-existing /opt/venv" if variant else "uv venv /opt/venv"
    return f"""\
RUN --mount=type=cache,target=/root/.cache/uv \\
{mounts}    {make} && {command}"""


def _is_whole(listings: Sequence[Listing]) -> bool:
    """Whether it is uv's own list of all packages, for every system: what Windows alone needs is marked so."""
    entries = [entry for listing in listings for entry in listing.requirements]
    marked = any(entry.name == "tzdata" and "win32" in entry.marker for entry in entries)
    return len(listings) == 1 and (not entries or (marked and all(entry.pin for entry in entries)))


def _listings(files: Files) -> tuple[Listing, ...]:
    """What a developer's environment is filled with: the variant first."""
    main, variant = _main(files), _variant(files)
    found = [requirements.read(files, path) for path in (variant, main) if path]
    if variant and main and (found[0].included or main in found[0].paths):
        del found[1]
    return tuple(found) or tuple(requirements.read(files, path) for path in (_sources(files),) if path)


def _main(files: Files) -> str | None:
    names = files.names()
    for name in sorted(names, key=lambda name: (not name.startswith("requirements."), name)):
        if MAIN.fullmatch(name.lower()):
            return name
    production = [name for name in names if _is_variant(name, PRODUCTION)]
    if production:
        return production[0]
    for folder in FOLDERS:
        within = {name.lower(): name for name in files.names(folder)}
        for stem in (*PRODUCTION, *IN_FOLDER):
            if found := within.get(f"{stem}.txt"):
                return f"{folder}/{found}"
    return None


def _variant(files: Files) -> str | None:
    for stem in DEVELOPMENT:
        for name in files.names():
            if _is_variant(name, (stem,)):
                return name
        for folder in FOLDERS:
            for name in files.names(folder):
                if name.lower() == f"{stem}.txt" or _is_variant(name, (stem,)):
                    return f"{folder}/{name}"
    return None


def _is_variant(name: str, stems: Sequence[str]) -> bool:
    either = "|".join(stems)
    pattern = rf"(requirements?|reqs)[-_.]({either})\.txt|({either})[-_.](requirements?|reqs)\.txt"
    return re.fullmatch(pattern, name.lower()) is not None


def _sources(files: Files) -> str | None:
    """The file that a list of pins is compiled from."""
    places = (SOURCE, *(f"{folder}/{stem}.in" for folder in FOLDERS for stem in ("base", "requirements", "main")))
    return next((path for path in places if files.read(path) is not None), None)


def _home(files: Files, path: str | None) -> str | None:
    """The file of a chain that names Django, which every environment gets; without one `path` itself."""
    listings = (*_listings(files), requirements.read(files, path or ""))
    named = [entry.source for listing in listings for entry in listing.requirements if entry.name in BRINGS_DJANGO]
    return named[0].rpartition(":")[0] if named else path
