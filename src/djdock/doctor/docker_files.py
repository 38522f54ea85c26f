"""A project's Docker files with the line of everything: compose files in all their names, and Dockerfiles."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from djdock.doctor import sources
from djdock.doctor.case import Case

COMPOSE_NAME = re.compile(r"(?:docker-)?compose(?:[.-][\w.-]+)?\.ya?ml")
# cookiecutter-django's own names, and others like them: compose files where they say so inside.
COMPOSE_LIKE = re.compile(r"(?:local|dev|development|production|prod|staging|stack|test|ci)\.ya?ml")
DOCKERFILE = re.compile(r"(?:[\w-]+\.)?(?:Dockerfile|Containerfile)(?:[.-][\w.-]+)?", re.IGNORECASE)
HEREDOC = re.compile(r"<<-?\s*([\"']?)(\w+)\1")
POSTGRES = re.compile(
    r"(?:\S+/)?(?:postgres|postgis|pgvector|timescaledb|pgautoupgrade)(?::(?P<tag>[\w.-]+))?(?:@\S+)?"
)
DEFAULT = re.compile(r"\$\{\w+:?-([^${}]*)\}")
PRODUCTION = re.compile(r"(?:^|[./_-])prod(?:uction)?(?:[./_-]|$)", re.IGNORECASE)
MERGE = "tag:yaml.org,2002:merge"
DEEPEST = 4


@dataclass(frozen=True)
class Item:
    """A node of a YAML file: a text, a list or a mapping, and the line where it begins."""

    line: int
    value: str | tuple[Item, ...] | tuple[tuple[str, Item], ...] | None
    kind: str
    key_line: int = 0

    def get(self, *keys: str) -> Item | None:
        """What a mapping holds under a key, and so on inwards."""
        found: Item | None = self
        for key in keys:
            found = dict(found.pairs).get(key) if found else None
        return found

    @property
    def pairs(self) -> tuple[tuple[str, Item], ...]:
        return self.value if self.kind == "mapping" else ()  # type: ignore[return-value] # as the kind says

    @property
    def items(self) -> tuple[Item, ...]:
        return self.value if self.kind == "list" else ()  # type: ignore[return-value] # as the kind says

    @property
    def text(self) -> str:
        """A scalar, with `${NAME:-default}` replaced by its default."""
        found = str(self.value or "") if self.kind == "text" else ""
        while (inner := DEFAULT.sub(r"\1", found)) != found:
            found = inner
        return found

    @property
    def words(self) -> tuple[str, ...]:
        """A command or a test in either of its two forms."""
        return tuple(item.text for item in self.items) or tuple(self.text.split())

    @property
    def texts(self) -> tuple[str, ...]:
        """The elements of a list of scalars, or the keys of a mapping."""
        return tuple(item.text for item in self.items) or tuple(key for key, _item in self.pairs)


@dataclass(frozen=True)
class Service:
    """A service of a compose file."""

    path: str
    name: str
    body: Item

    def where(self, *keys: str) -> str:
        """The line of one of its keys, or of the service itself."""
        found = self.body.get(*keys)
        return f"{self.path}:{found.key_line or found.line if found else self.body.key_line or self.body.line}"

    def get(self, *keys: str) -> Item | None:
        return self.body.get(*keys)

    @property
    def image(self) -> str:
        found = self.body.get("image")
        return found.text if found else ""

    @property
    def postgres(self) -> bool:
        return POSTGRES.fullmatch(self.image) is not None

    @property
    def postgres_major(self) -> int | None:
        """The major version of PostgreSQL that its image names."""
        match = POSTGRES.fullmatch(self.image)
        number = re.match(r"(?:pg)?(\d+)", (match and match["tag"]) or "")
        return int(number[1]) if number else None

    @property
    def environment(self) -> dict[str, tuple[str, str]]:
        """Its variables, in either of Compose's two forms: value, and the place that says so."""
        found = self.body.get("environment")
        if found is None:
            return {}
        listed = {
            item.text.partition("=")[0]: (item.text.partition("=")[2], f"{self.path}:{item.line}")
            for item in found.items
        }
        return listed or {key: (item.text, f"{self.path}:{item.key_line or item.line}") for key, item in found.pairs}

    @property
    def mounts(self) -> tuple[tuple[str, str, str], ...]:
        """(source, target, place) of each volume, in either of Compose's two forms."""
        found = self.body.get("volumes")
        mounts = []
        for item in found.items if found else ():
            where = f"{self.path}:{item.line}"
            if item.kind == "mapping":
                source, target = item.get("source"), item.get("target")
                mounts.append((source.text if source else "", target.text if target else "", where))
            else:
                source_text, _, rest = item.text.partition(":")
                mounts.append((source_text, rest.partition(":")[0], where) if rest else ("", source_text, where))
        return tuple((source, target.rstrip("/") or "/", where) for source, target, where in mounts)


@dataclass(frozen=True)
class Compose:
    """A compose file."""

    path: str
    document: Item
    services: tuple[Service, ...]


@dataclass(frozen=True)
class Instruction:
    """An instruction of a Dockerfile: its name in capitals, all that follows in one line, its number."""

    name: str
    value: str
    line: int


@dataclass(frozen=True)
class Dockerfile:
    """A Dockerfile."""

    path: str
    instructions: tuple[Instruction, ...]

    def all(self, *names: str) -> tuple[Instruction, ...]:
        return tuple(instruction for instruction in self.instructions if instruction.name in names)

    @property
    def final(self) -> tuple[Instruction, ...]:
        """The instructions of the last stage, and of the stages that it is made from."""
        stages: dict[str, list[Instruction]] = {}
        current: list[Instruction] = []
        for instruction in self.instructions:
            if instruction.name == "FROM":
                words = [word for word in instruction.value.split() if not word.startswith("--")]
                current = [*stages.get(words[0].lower() if words else "", ()), instruction]
                alias = words[2] if len(words) > 2 and words[1].lower() == "as" else str(instruction.line)  # noqa: PLR2004
                stages[alias.lower()] = current
            else:
                current.append(instruction)
        return tuple(current)


def composes(case: Case) -> tuple[Compose, ...]:
    """The compose files of a project, and those in its folders for deployment."""
    found = []
    for path in case.paths:
        name = path.rpartition("/")[2]
        if path.count("/") > DEEPEST or not (COMPOSE_NAME.fullmatch(name) or COMPOSE_LIKE.fullmatch(name)):
            continue
        document = _document(sources.text(case.files, path))
        services = document.get("services") if document else None
        if document and services:
            listed = tuple(Service(path, key, item) for key, item in services.pairs if item.kind == "mapping")
            found.append(Compose(path, document, listed))
    return tuple(found)


def services(case: Case) -> Iterator[Service]:
    """The services of all compose files."""
    for compose in composes(case):
        yield from compose.services


def dockerfiles(case: Case) -> tuple[Dockerfile, ...]:
    """The Dockerfiles of a project."""
    return tuple(
        Dockerfile(path, instructions(sources.text(case.files, path)))
        for path in case.paths
        if DOCKERFILE.fullmatch(path.rpartition("/")[2]) and not path.endswith(("ignore", ".md"))
    )


@lru_cache(maxsize=32)
def instructions(text: str) -> tuple[Instruction, ...]:
    """The instructions of a Dockerfile, with lines that are continued put together."""
    found: list[Instruction] = []
    lines = iter(enumerate(text.splitlines(), start=1))
    for number, line in lines:
        whole = line.strip()
        if not whole or whole.startswith("#"):
            continue
        while whole.endswith("\\"):
            _number, following = next(lines, (0, ""))
            kept = "" if following.strip().startswith("#") else following.strip()
            whole = f"{whole[:-1].rstrip()} {kept}" if kept else (whole if following.strip() else whole[:-1].rstrip())
        name, _, value = whole.partition(" ")
        if name.upper() in {"RUN", "COPY"} and (heredoc := HEREDOC.search(value)):
            body = []
            for _number, inner in lines:
                if inner.strip() == heredoc[2]:
                    break
                body.append(inner.strip())
            value = f"{value} {' ; '.join(body)}"
        found.append(Instruction(name.upper(), value.strip(), number))
    return tuple(found)


def is_production(path: str) -> bool:
    """Whether a file's name says that it is for production."""
    return PRODUCTION.search(path) is not None


@lru_cache(maxsize=32)
def _document(text: str) -> Item | None:
    import yaml  # noqa: PLC0415 - 20 ms that the daily commands do not need

    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    return _item(node, 0, 0) if node is not None else None


def _item(node: object, key_line: int, depth: int) -> Item:
    import yaml  # noqa: PLC0415

    line = getattr(node, "start_mark").line + 1 if hasattr(node, "start_mark") else 0  # noqa: B009
    if depth > 50:  # noqa: PLR2004 - an anchor that holds itself
        return Item(line, None, "text", key_line)
    if isinstance(node, yaml.MappingNode):
        merged: dict[str, Item] = {}
        for key, value in node.value:
            if key.tag == MERGE:
                parts = value.value if isinstance(value, yaml.SequenceNode) else [value]
                for part in reversed(parts):
                    merged.update(_item(part, 0, depth + 1).pairs)
        for key, value in node.value:
            if key.tag != MERGE:
                merged[str(key.value)] = _item(value, key.start_mark.line + 1, depth + 1)
        return Item(line, tuple(merged.items()), "mapping", key_line)
    if isinstance(node, yaml.SequenceNode):
        return Item(line, tuple(_item(inner, 0, depth + 1) for inner in node.value), "list", key_line)
    value = getattr(node, "value", None)
    empty = getattr(node, "tag", "").endswith(":null")
    return Item(line, None if empty or value is None else str(value), "text", key_line)
