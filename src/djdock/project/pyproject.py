"""What pyproject.toml declares, in the standard's tables and in those of Poetry, PDM and uv from before it.

https://packaging.python.org/en/latest/specifications/pyproject-toml/ and .../dependency-groups/
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from djdock.project import requirements, toml
from djdock.project.dependency import Dependency, normalise
from djdock.project.files import Files
from djdock.project.requirements import Requirement

FILE = "pyproject.toml"
# Names of groups and extras that developers install; those for tests and documentation are not needed to run a site.
DEVELOPMENT = {"dev", "devel", "develop", "development", "local", "debug", "debugging"}
PRODUCTION = {"prod", "production", "deploy", "deployment", "live"}
CARET = re.compile(r"\^\s*v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(\S*)")
TILDE = re.compile(r"~\s*v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(\S*)")
BARE = re.compile(r"v?(\d[\w.!+]*)")


def declares(files: Files) -> bool:
    """Whether it says what the project depends on, and not only how tools are to behave."""
    document = toml.read(files, FILE)
    project = toml.table(document, "project")
    return (
        "dependencies" in project
        or "dependencies" in toml.texts(project.get("dynamic"))
        or bool(toml.table(document, "tool", "poetry", "dependencies"))
        or bool(toml.table(document, "dependency-groups"))
    )


def requires_python(files: Files) -> tuple[str, str] | None:
    """The Python versions that are allowed, as the standard writes them, and where that is said."""
    document = toml.read(files, FILE)
    standard = toml.table(document, "project").get("requires-python")
    if isinstance(standard, str):
        return standard, FILE
    poetry = toml.table(document, "tool", "poetry", "dependencies").get("python")
    return (specifier(poetry), FILE) if isinstance(poetry, str) else None


def main(files: Files) -> tuple[Requirement, ...]:
    """What the site itself needs."""
    document = toml.read(files, FILE)
    standard = toml.texts(toml.table(document, "project").get("dependencies"))
    text = files.read(FILE) or ""
    found = [_parsed(item, text) for item in standard]
    # Poetry's own table may add where to fetch from to what the standard one names.
    named = {entry.name for entry in found}
    poetry = _poetry(toml.table(document, "tool", "poetry", "dependencies"), text)
    return (*found, *(entry for entry in poetry if entry.name not in named))


def development(files: Files) -> tuple[Requirement, ...]:
    """What developers install beside it: the default groups of each tool, and extras that are named for them."""
    return tuple(entry for name in groups(files) for entry in group(files, name))


def groups(files: Files) -> tuple[str, ...]:
    """The names of the groups and extras that a developer's environment holds, normalised."""
    document = toml.read(files, FILE)
    poetry = toml.table(document, "tool", "poetry", "group")
    named = [
        *(name for name, content in poetry.items() if not toml.table(content).get("optional")),
        *toml.table(document, "dependency-groups"),
        *toml.table(document, "tool", "pdm", "dev-dependencies"),
    ]
    optional = {normalise(name) for name, content in poetry.items() if toml.table(content).get("optional")}
    chosen = toml.table(document, "tool", "uv").get("default-groups")
    wanted = {normalise(name) for name in toml.texts(chosen)} | DEVELOPMENT
    extras = toml.table(document, "project", "optional-dependencies")
    found = [normalise(name) for name in named if normalise(name) in wanted or name in poetry]
    found += [normalise(name) for name in extras if normalise(name) in DEVELOPMENT]
    if toml.table(document, "tool", "poetry", "dev-dependencies") or toml.table(document, "tool", "uv").get(
        "dev-dependencies"
    ):
        found.append("dev")
    return tuple(dict.fromkeys(name for name in found if name not in optional and name not in PRODUCTION))


def group(files: Files, name: str) -> tuple[Requirement, ...]:
    """What a group, or an extra, of a name holds, wherever it is declared."""
    document, text = toml.read(files, FILE), files.read(FILE) or ""
    found = [_parsed(item, text) for item in _standard_group(toml.table(document, "dependency-groups"), name, 0)]
    for tables in (("project", "optional-dependencies"), ("tool", "pdm", "dev-dependencies")):
        for key, content in toml.table(document, *tables).items():
            if normalise(key) == name:
                found += [_parsed(item, text) for item in toml.texts(content)]
    for key, content in toml.table(document, "tool", "poetry", "group").items():
        if normalise(key) == name:
            found += _poetry(toml.table(content, "dependencies"), text)
    if name == "dev":
        found += _poetry(toml.table(document, "tool", "poetry", "dev-dependencies"), text)
        old = toml.texts(toml.table(document, "tool", "uv").get("dev-dependencies"))
        found += [_parsed(item, text) for item in old]
    return tuple(found)


def dependencies(files: Files) -> tuple[Dependency, ...]:
    """All that is declared, what only developers need marked as such."""
    asked = [entry.dependency() for entry in main(files)]
    asked += [entry.dependency(development=True) for entry in development(files)]
    return tuple(found for found in asked if found)


def is_package(files: Files) -> bool:
    """Whether its code can only be imported once it is installed itself: it lies in src/, and manage.py does not."""
    document = toml.read(files, FILE)
    switched_off = (
        toml.table(document, "tool", "poetry").get("package-mode") is False,
        toml.table(document, "tool", "uv").get("package") is False,
        toml.table(document, "tool", "pdm").get("distribution") is False,
    )
    return "build-system" in document and not any(switched_off) and in_src(files)


def in_src(files: Files) -> bool:
    """Whether src/ holds packages, is none itself, and is not the folder that manage.py runs in."""
    inside = files.names("src")
    if "manage.py" in inside or "__init__.py" in inside:
        return False
    return any("__init__.py" in files.names(f"src/{name}") for name in inside if name.endswith("/"))


def specifier(constraint: str) -> str:
    """A version constraint of Poetry's (`^4.0.2`, `~1.2`, `1.2.*`, `*`) as the standard writes it.

    Of alternatives (`^3.9 || ^4`) the last one, which is the newest.
    """
    last = re.split(r"\s*\|\|?\s*", constraint.strip())[-1]
    return ",".join(part for part in map(_clause, re.split(r"\s*,\s*|\s+(?=[<>=!~^])", last)) if part)


def _clause(part: str) -> str:
    if match := CARET.fullmatch(part):
        numbers = [int(number) for number in match.groups()[:3] if number is not None]
        place = next((index for index, number in enumerate(numbers) if number), len(numbers) - 1)
        upper = [*numbers[:place], numbers[place] + 1]
        return f">={'.'.join(map(str, numbers))}{match[4]},<{'.'.join(map(str, upper))}"
    if not part.startswith("~=") and (match := TILDE.fullmatch(part)):
        numbers = [int(number) for number in match.groups()[:3] if number is not None]
        upper = [*numbers[:1], numbers[1] + 1] if len(numbers) > 1 else [numbers[0] + 1]
        return f">={'.'.join(map(str, numbers))}{match[4]},<{'.'.join(map(str, upper))}"
    if part in {"*", ""}:
        return ""
    if match := re.fullmatch(r"(\d+(?:\.\d+)*)\.\*", part):
        return f"=={match[1]}.*"
    if BARE.fullmatch(part):
        return f"=={part}"
    return part.replace(" ", "")


def _parsed(item: str, text: str) -> Requirement:
    entry = requirements.parse(item)
    return replace(entry, source=f"{FILE}:{toml.line(text, entry.name or item)}")


def _standard_group(table: Mapping[str, object], name: str, depth: int) -> Iterator[str]:
    deepest = 10
    for key, content in table.items():
        if normalise(key) != name or not isinstance(content, list) or depth > deepest:
            continue
        for item in content:
            if isinstance(item, str):
                yield item
            elif isinstance(item, Mapping) and isinstance(item.get("include-group"), str):
                yield from _standard_group(table, normalise(item["include-group"]), depth + 1)


def _poetry(table: Mapping[str, object], text: str) -> list[Requirement]:
    """The entries of one of Poetry's tables; those for optional extras are left out."""
    found = []
    for name, value in table.items():
        if normalise(name) == "python":
            continue
        for form in value if isinstance(value, list) else [value]:
            entry = form if isinstance(form, Mapping) else {"version": form}
            if not entry.get("optional"):
                found.append(_parsed(_poetry_line(name, entry), text))
    return found


def _poetry_line(name: str, entry: Mapping[str, object]) -> str:
    extras = f"[{','.join(toml.texts(entry.get('extras')))}]" if entry.get("extras") else ""
    conditions = [str(entry["markers"])] if entry.get("markers") else []
    if isinstance(entry.get("python"), str):
        conditions += [_python_marker(clause) for clause in specifier(str(entry["python"])).split(",") if clause]
    if isinstance(entry.get("platform"), str):
        conditions.append(f"sys_platform == '{entry['platform']}'")
    marker = f" ; {' and '.join(f'({condition})' for condition in conditions)}" if conditions else ""
    for key in ("git", "url", "path"):
        if isinstance(entry.get(key), str):
            return f"{name}{extras} @ {address(entry)}{marker}"
    version = entry.get("version")
    return f"{name}{extras}{specifier(version) if isinstance(version, str) else ''}{marker}"


def address(entry: Mapping[str, object]) -> str:
    """Where an entry with git, url, path or file comes from, as a requirements file names it."""
    if isinstance(entry.get("git"), str):
        reference = entry.get("rev") or entry.get("ref") or entry.get("tag") or entry.get("branch")
        return f"git+{entry['git']}{f'@{reference}' if reference else ''}"
    return str(entry.get("url") or entry.get("path") or entry.get("file"))


def _python_marker(clause: str) -> str:
    match = re.match(r"([<>=!~]+)(.*)", clause)
    return f"python_version {match[1]} '{match[2]}'" if match else ""
