"""A requirement more in a manifest: every other byte stays as it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from djdock.errors import Problem
from djdock.project import requirements
from djdock.project.dependency import normalise
from djdock.project.requirements import Requirement

if TYPE_CHECKING:
    from tomlkit import TOMLDocument


def line(text: str, entry: Requirement, *, pinned: bool = True) -> str:
    """A requirements file with one line more, before the first name that sorts after it where the names are sorted.

    `pinned=False` is a file of names, from which the pins are compiled: it gets the name alone.
    """
    end = "\r\n" if "\r\n" in text else "\n"
    wanted = entry.text if pinned else f"{entry.name}{entry.extras}"
    rows = text.splitlines(keepends=True)
    entries = [(number - 1, requirements.parse(row).name) for number, row in requirements.lines(text)]
    names = [(number, name) for number, name in entries if name and not rows[number].startswith("-")]
    is_sorted = len(names) > 1 and [name for _, name in names] == sorted(name for _, name in names)
    place = next((number for number, name in names if name > str(entry.name)), None) if is_sorted else None
    if place is None:
        separator = "" if not text or text.endswith(("\n", "\r")) else end
        return f"{text}{separator}{wanted}{end}"
    rows.insert(place, f"{wanted}{end}")
    return "".join(rows)


def standard(text: str, requirement: str) -> str:
    """A pyproject.toml with a requirement more in `[project].dependencies`.

    Raises:
        Problem: there is no such list.
    """
    document, end = _parse(text, "pyproject.toml")
    project = document.get("project")
    if project is None:
        raise _missing("[project]")
    if "dependencies" not in project:
        import tomlkit  # noqa: PLC0415 - only edits need it

        project.add("dependencies", tomlkit.array())
    listed = project["dependencies"]
    name = requirements.parse(requirement).name
    if any(requirements.parse(str(item)).name == name for item in listed):
        return text
    if "\n" in listed.as_string() or not len(listed):
        listed.add_line(requirement, indent=_indent(listed.as_string()))
        if not listed.as_string().rstrip("]").endswith("\n"):
            listed.add_line(indent="")
    else:
        listed.append(requirement)
    return _dump(document, end)


def poetry(text: str, requirement: str) -> str:
    """A pyproject.toml with a requirement more in Poetry's table, or in the standard's where that is used.

    Raises:
        Problem: there is neither.
    """
    document, end = _parse(text, "pyproject.toml")
    if "dependencies" in document.get("project", {}):
        return standard(text, requirement)
    table = document.get("tool", {}).get("poetry", {}).get("dependencies")
    if table is None:
        raise _missing("[tool.poetry.dependencies]")
    _put(table, requirement)
    return _dump(document, end)


def pipfile(text: str, requirement: str) -> str:
    """A Pipfile with a requirement more in `[packages]`.

    Raises:
        Problem: it is no TOML.
    """
    document, end = _parse(text, "Pipfile")
    if "packages" not in document:
        import tomlkit  # noqa: PLC0415 - only edits need it

        document.add("packages", tomlkit.table())
    _put(document["packages"], requirement)
    return _dump(document, end)


def _put(table: Any, requirement: str) -> None:  # noqa: ANN401 - tomlkit's containers are of many kinds
    import tomlkit  # noqa: PLC0415 - only edits need it

    entry = requirements.parse(requirement)
    if any(normalise(str(known)) == entry.name for known in table):
        return
    value: Any = entry.specifier or "*"
    if entry.extras:
        version, value = value, tomlkit.inline_table()
        value.update({"extras": entry.extras.strip("[]").split(","), "version": version})
    # A table that a blank line ends: the new row comes before that.
    last = list(table)[-1] if len(table) else None
    if last is None:
        table.add(entry.name, value)
    else:
        row = tomlkit.item(value)
        table.value.item(last)
        table.value._insert_after(last, str(entry.name), row)


def _parse(text: str, path: str) -> tuple[TOMLDocument, str]:
    import tomlkit  # noqa: PLC0415 - only edits need it
    from tomlkit.exceptions import TOMLKitError  # noqa: PLC0415

    try:
        return tomlkit.parse(text.replace("\r\n", "\n")), "\r\n" if "\r\n" in text else "\n"
    except TOMLKitError as error:
        raise Problem(
            f"{path} is no TOML that can be read.",
            details=str(error),
            hint=f"Correct the line of {path} that it names.",
        ) from error


def _dump(document: TOMLDocument, end: str) -> str:
    return document.as_string().replace("\n", end)


def _indent(text: str) -> str:
    match = re.search(r"\n([ \t]+)\S", text)
    return match[1] if match else "    "


def _missing(table: str) -> Problem:
    return Problem(
        f"pyproject.toml has no {table} that a requirement could be added to.",
        hint="Add the PostgreSQL driver to what the project depends on yourself, then try again.",
    )
