"""The package as the wheel installed it: what an index shows of it, and that nothing it needs was left out."""

from __future__ import annotations

import importlib
import json
import re
from importlib import metadata
from pathlib import Path

import djdock
from djdock.project import compatibility

DISTRIBUTION = metadata.distribution("djdock")
INSTALLED = {str(path) for path in DISTRIBUTION.files or ()}
SOURCE = Path(__file__).parents[2] / "src/djdock"


def classifiers(prefix: str) -> set[str]:
    """What follows a prefix in the classifiers."""
    found = DISTRIBUTION.metadata.get_all("Classifier") or []
    return {line.removeprefix(prefix) for line in found if line.startswith(prefix)}


def test_a_wheel_is_what_is_tested() -> None:
    """The tests see what people install, not the source tree."""
    assert Path(djdock.__file__).parent != SOURCE
    origin = json.loads(DISTRIBUTION.read_text("direct_url.json") or "{}")
    assert origin["url"].endswith(".whl")


def test_every_file_is_in_it() -> None:
    """Modules, templates and the marker of a typed package are installed, and nothing that is not in the source."""
    source = {f"djdock/{path.relative_to(SOURCE)}" for path in SOURCE.rglob("*") if path.is_file()}
    installed = {name for name in INSTALLED if name.startswith("djdock/")}
    assert {name for name in installed if not name.endswith(".pyc")} == {n for n in source if not n.endswith(".pyc")}
    assert "djdock/py.typed" in installed
    assert "djdock/plan/templates/compose.yaml.txt" in installed


def test_the_command_is_in_it() -> None:
    """`djdock` is the one command that is installed."""
    [entry] = [entry for entry in DISTRIBUTION.entry_points if entry.group == "console_scripts"]
    assert (entry.name, entry.value) == ("djdock", "djdock.cli:main")
    assert callable(entry.load())


def test_the_licence_is_in_it() -> None:
    """MIT, in the metadata and as a file."""
    assert DISTRIBUTION.metadata["License-Expression"] == "MIT"
    [licence] = [name for name in INSTALLED if name.endswith("licenses/LICENSE")]
    assert DISTRIBUTION.locate_file(licence).read_text().startswith("MIT License")


def test_the_version_is_one() -> None:
    """`djdock --version` and the index say the same, in the form that the index wants."""
    assert DISTRIBUTION.version == djdock.__version__
    assert re.fullmatch(r"\d+\.\d+\.\d+", djdock.__version__)


def test_classifiers_say_what_the_table_says() -> None:
    """The Python versions are those that projects can be made with, the Django versions rows of the table."""
    pythons = {text for text in classifiers("Programming Language :: Python :: ") if "." in text}
    assert pythons == {compatibility.text(version) for version in compatibility.PYTHONS}
    djangos = classifiers("Framework :: Django :: ")
    assert djangos
    assert djangos <= {compatibility.text(version) for version in compatibility.DJANGO}
    assert compatibility.text(max(compatibility.DJANGO)) in djangos
    assert DISTRIBUTION.metadata["Requires-Python"] == f">={compatibility.text(min(compatibility.PYTHONS))}"


def test_the_page_on_the_index_is_complete() -> None:
    """Name, summary, and the README as the description."""
    assert DISTRIBUTION.metadata["Name"] == "djdock"
    assert "PostgreSQL" in DISTRIBUTION.metadata["Summary"]
    readme = (SOURCE.parents[1] / "README.md").read_text(encoding="utf-8")
    assert str(DISTRIBUTION.metadata.json.get("description", "")).strip() == readme.strip()
    assert "Typing :: Typed" in (DISTRIBUTION.metadata.get_all("Classifier") or [])


def test_what_it_imports_is_what_it_asks_for() -> None:
    """Each dependency is imported somewhere, so none is there for nothing; each has a lower bound and no upper one."""
    modules = {"psycopg": "psycopg", "python-dotenv": "dotenv", "pyyaml": "yaml"}
    sources = "\n".join(path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py"))
    for line in DISTRIBUTION.requires or ():
        name, extra, bound = re.fullmatch(r"([a-z-]+)(\[binary\])?(>=[\d.]+)(?:; .+)?", line).groups()  # type: ignore[union-attr] # the form is asserted
        assert bound, extra
        module = modules.get(name, name)
        assert re.search(rf"^\s*(import|from) {module}\b", sources, re.MULTILINE), name
        if "; python_version <" not in line:  # else this Python may not need it
            importlib.import_module(module)
