"""The tables of the documentation say what the code does."""

from __future__ import annotations

import re
from importlib.metadata import requires
from importlib.resources import files

from djdock.project import compatibility
from djdock.project.compatibility import text
from tests.docs import markdown

VARIABLE = re.compile(r"^([A-Z_]+)=", re.MULTILINE)


def table(page: str, heading: str) -> list[list[str]]:
    """The cells of the rows below a heading's first table, without the header."""
    section = markdown.page(page).text.partition(f"{heading}\n")[2]
    lines = section[section.index("\n|") :].strip().splitlines()
    rows = []
    for line in lines[2:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split(" | ")])
    return rows


def test_every_variable_of_dotenv_is_explained() -> None:
    """docs/reference/files.md names each variable that .env holds, and no other one."""
    template = (files("djdock.plan") / "templates/dotenv.txt").read_text(encoding="utf-8")
    rows = table("docs/reference/files.md", "## .env")
    explained = [name for row in rows for name in row[0].strip("`").split("`, `")]

    assert explained == VARIABLE.findall(template)


def test_the_versions_are_those_of_the_code() -> None:
    """docs/how-to/versions.md says which Django runs on which Python and PostgreSQL."""
    oldest = min(compatibility.POSTGRES)
    rows = [
        [text(django), f"{text(pythons[-1])} to {text(pythons[0])}", f"{max(support.postgres, oldest)} or newer"]
        for django, support in sorted(compatibility.DJANGO.items(), reverse=True)
        if (pythons := compatibility.pythons_for(django))
    ]
    shown = table("docs/how-to/versions.md", "# Choose versions of Django, Python and PostgreSQL")

    assert [[row[0].split()[0], *row[1:]] for row in shown] == rows


def test_every_dependency_has_a_reason() -> None:
    """CONTRIBUTING.md says of each dependency what it is for, and of nothing else."""
    named = [re.split(r"[\[>=<~]", requirement)[0] for requirement in requires("djdock") or ()]

    assert [row[0] for row in table("CONTRIBUTING.md", "## Dependencies")] == sorted(named)


def test_every_folder_and_module_has_a_row() -> None:
    """CONTRIBUTING.md shows the whole house: each folder, and each module at the top."""
    house = markdown.page("CONTRIBUTING.md").text
    source = markdown.ROOT / "src/djdock"
    rooms = [f"{path.name}/" for path in source.iterdir() if path.is_dir() and not path.name.startswith("_")]
    modules = [path.name for path in source.glob("*.py") if not path.name.startswith("_")]

    assert [name for name in (*rooms, *modules) if f"`{name}`" not in house] == []


def test_the_two_commands_are_in_the_makefile() -> None:
    """The first commands of README.md are targets, and `make demo` knows its engines."""
    makefile = (markdown.ROOT / "Makefile").read_text(encoding="utf-8")
    first = markdown.page("README.md").blocks()[0][1]
    named = re.findall(r"^make (\w+)(?: (\w+)=\w+)?", first, re.MULTILINE)

    assert [target for target, _variable in named] == ["demo", "demo", "test"]
    for target, variable in named:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)
        assert not variable or f"$({variable})" in makefile
