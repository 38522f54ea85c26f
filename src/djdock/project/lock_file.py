"""What lock files have in common: packages at exact versions, the groups they are for, and who asks for whom."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from djdock.project.dependency import Dependency, Installation
from djdock.project.requirements import Requirement

# More conditions than these for one package say nothing any more: it is installed anyway.
MOST_CONDITIONS = 12


@dataclass(frozen=True)
class Edge:
    """That a package needs another one: under a condition, in certain versions; both may be empty."""

    name: str
    marker: str = ""
    specifier: str = ""


@dataclass(frozen=True)
class Package:
    """One package of a lock file.

    Attributes:
        url: where it comes from, if that is not the package index, as a requirements file names it.
        marker: the condition that the lock file gives for it.
        requires: what it needs.
    """

    name: str
    version: str
    extras: str = ""
    url: str = ""
    marker: str = ""
    editable: bool = False
    requires: tuple[Edge, ...] = ()

    def line(self, marker: str) -> str:
        """It as a requirement of a requirements file."""
        if self.editable:
            return f"-e {self.url}"
        what = f"{self.name}{self.extras} @ {self.url}" if self.url else f"{self.name}{self.extras}=={self.version}"
        return f"{what} ; {marker}" if marker else what


def requirements(packages: Sequence[Package], roots: Iterable[Edge] | None = None) -> str:
    """The packages as a requirements file of exact pins.

    With `roots` (what the project itself asks for) only what these lead to, each under the conditions that lead there.
    """
    if roots is None:
        return "".join(f"{package.line(package.marker)}\n" for package in packages)
    reached = _reach(packages, roots)
    lines = []
    for number, package in enumerate(packages):
        if number in reached:
            conditions = reached[number]
            marker = "" if "" in conditions or len(conditions) > MOST_CONDITIONS else " or ".join(sorted(conditions))
            lines.append(package.line(_both(package.marker, marker)))
    return "".join(f"{line}\n" for line in lines)


def installation(
    packages: Sequence[Package], asked: Sequence[Requirement], *, itself: bool, every: bool = False
) -> Installation:
    """How to install what a lock file pins for the project's wishes; `every` package, or those that these lead to.

    A wish that the lock file does not know (it is older than the manifest) is installed as it is asked for. `itself`
    adds the project.
    """
    roots = [Edge(entry.name, entry.marker, entry.specifier) for entry in asked if entry.name]
    known = {package.name for package in packages}
    missing = "".join(f"{entry.text}\n" for entry in asked if entry.name and entry.name not in known)
    text = requirements(packages, None if every else roots)
    return Installation(requirements=f"{text}{missing}{'-e .' if itself else ''}".strip() + "\n", complete=not missing)


def _reach(packages: Sequence[Package], roots: Iterable[Edge]) -> dict[int, set[str]]:
    """The numbers of the packages that the roots lead to, with the conditions of the ways; "" is a way without one."""
    by_name: dict[str, list[int]] = {}
    for number, package in enumerate(packages):
        by_name.setdefault(package.name, []).append(number)
    reached: dict[int, set[str]] = {}
    waiting = [(edge, "") for edge in roots]
    while waiting:
        edge, so_far = waiting.pop()
        condition = _both(so_far, edge.marker)
        for number in by_name.get(edge.name, ()):
            known = reached.setdefault(number, set())
            if condition in known or "" in known or len(known) > MOST_CONDITIONS:
                continue
            if len(by_name[edge.name]) > 1 and not _fits(packages[number].version, edge.specifier):
                continue
            known.add(condition)
            waiting.extend((below, condition) for below in packages[number].requires)
    return {number: conditions for number, conditions in reached.items() if conditions}


def _both(one: str, other: str) -> str:
    if not one or not other or one == other:
        return one or other
    return f"({one}) and ({other})"


def _fits(version: str, specifier: str) -> bool:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # noqa: PLC0415 - only locks with two versions

    try:
        return SpecifierSet(specifier).contains(version, prereleases=True)
    except InvalidSpecifier:
        return True


def dependencies(packages: Sequence[Package], direct: Sequence[Dependency], path: str) -> tuple[Dependency, ...]:
    """All packages of a lock file as dependencies, the project's own wishes first; `path` is that of the lock file."""
    roots = [Edge(asked.name) for asked in direct if not asked.development]
    needed = {packages[number].name for number in _reach(packages, roots)}
    versions = {package.name: package.version for package in packages}
    found: dict[str, Dependency] = {}
    for asked in direct:
        if asked.name not in found:
            found[asked.name] = replace(asked, locked=versions.get(asked.name) or asked.locked)
    for name, version in versions.items():
        if name not in found:
            found[name] = Dependency(name, "", version, path, development=name not in needed)
    return tuple(found.values())
