"""The architecture of the house, held by a walk over its source."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

import djdock
from djdock import engines
from djdock.deploy import targets
from djdock.doctor import rules
from djdock.project import package_managers, services

# Arrows point down: a module imports from the layers below its own, never from one above or beside it. Inside one part
# its modules may import each other, but not in circles; members of a family (see below) not at all.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("__main__",),
    ("cli",),  # what a person types
    ("commands",),  # one story each
    ("engines", "deploy", "doctor", "transfer"),  # RUN, here and in production; DIAGNOSE; MOVE the rows
    ("compose", "embedded"),  # what the engine with Docker and the one without are made of
    ("journal",),  # WRITE, so that it can be taken back
    ("database", "apply", "merge", "output"),  # ask PostgreSQL; WRITE; the gate to the terminal
    ("machine", "state", "fingerprint", "plan"),  # this machine, this checkout; DECIDE
    ("project",),  # READ
    ("process", "service"),  # the gate to other programs; a word that all use
    ("errors",),
)
# Who may show something to the person.
MAY_SPEAK = {"cli", "commands", "engines"}
# Folders whose modules are alternatives to each other, the module beside them that they all share, and their registry.
FAMILIES: tuple[tuple[ModuleType, str | None, set[str]], ...] = (
    (engines, "engine", {engine.__name__ for engine in engines.REGISTRY}),  # type: ignore[attr-defined] # they are modules
    (targets, "target", {target.__name__ for target in targets.REGISTRY}),  # type: ignore[attr-defined]
    (package_managers, None, {manager.__name__ for manager in package_managers.REGISTRY}),  # type: ignore[attr-defined]
    (services, None, {f"djdock.project.services.{name}" for name in ("postgres", "redis", "rabbitmq", "others")}),
    (rules, None, {rule.__name__ for rule in rules.REGISTRY}),  # type: ignore[attr-defined]
)
# What READ and DECIDE keep away from: the same files always give the same plan.
IMPURE_MODULES = {
    "time",
    "datetime",
    "random",
    "secrets",
    "uuid",
    "subprocess",
    "socket",
    "tempfile",
    "shutil",
    "platform",
}
IMPURE_CALLS = {"print", "input", "open"}
# Only the door to a project's files opens any.
DOOR = "djdock.project.files"

ROOT = Path(djdock.__file__).parent


@cache
def sources() -> dict[str, ast.Module]:
    """The syntax tree of each module of the package, as it is installed."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = ("djdock", *path.relative_to(ROOT).with_suffix("").parts)
        found[".".join(parts).removesuffix(".__init__")] = ast.parse(path.read_text(encoding="utf-8"))
    return found


@cache
def nodes(module: str) -> tuple[ast.AST, ...]:
    """All of a module's syntax tree."""
    return tuple(ast.walk(sources()[module]))


@cache
def imports(module: str) -> tuple[str, ...]:
    """The full names of all that a module imports, anywhere in it."""
    return tuple(_imports(module))


def _imports(module: str) -> Iterator[str]:
    for node in nodes(module):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module} imports relatively"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield full if full in sources() else str(node.module)


def part(module: str) -> str:
    """`djdock.machine.ports` is of the part `machine`."""
    return module.split(".")[1] if "." in module else ""


def own_imports() -> Iterator[tuple[str, str]]:
    """(module, imported module) for all imports of our own."""
    for module in sources():
        for target in imports(module):
            if target.split(".")[0] == "djdock":
                yield module, target


def test_every_module_is_in_the_table() -> None:
    """A new part of the package has to be given its place."""
    named = [name for layer in LAYERS for name in layer]
    assert len(named) == len(set(named))
    assert {part(module) for module in sources()} - {""} == set(named)


def test_arrows_point_down() -> None:
    """Nothing imports from a layer above its own, or from another part of its own layer."""
    level = {name: number for number, layer in enumerate(LAYERS) for name in layer}
    wrong = [
        f"{module} → {target}"
        for module, target in own_imports()
        if part(module) and part(target) and part(module) != part(target) and level[part(module)] >= level[part(target)]
    ]
    assert wrong == []


def test_there_are_no_circles() -> None:
    """Inside a part, too, imports lead down and never back."""
    below: dict[str, set[str]] = {module: set() for module in sources()}
    for module, target in own_imports():
        if module != target:
            below[module].add(target)

    sound = set()

    def look(module: str, way: tuple[str, ...]) -> None:
        assert module not in way, " → ".join((*way, module))
        if module in sound:
            return
        for target in below[module]:
            look(target, (*way, module))
        sound.add(module)

    for module in sources():
        look(module, ())


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family[0].__name__)
def test_a_family_is_its_folder(family: tuple[ModuleType, str | None, set[str]]) -> None:
    """Each module of the folder is in the registry, each entry of the registry is in the folder: one file, one line."""
    package, shared, registered = family
    folder = Path(str(package.__file__)).parent
    files = {path.stem for path in folder.glob("*.py")} - {"__init__", shared}
    assert {f"{package.__name__}.{name}" for name in files} == registered
    assert not [path for path in folder.iterdir() if path.is_dir() and path.name != "__pycache__"]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family[0].__name__)
def test_members_of_a_family_do_not_know_each_other(family: tuple[ModuleType, str | None, set[str]]) -> None:
    """A member can be added or taken away without looking at the others."""
    package, _shared, registered = family
    for member in registered:
        assert not registered & set(imports(member)), member
        assert package.__name__ not in set(imports(member)), member


@pytest.mark.parametrize("family", FAMILIES[:2], ids=lambda family: family[0].__name__)
def test_registries_go_by_name(family: tuple[ModuleType, str | None, set[str]]) -> None:
    """A member is found by the name that people type for it, which is that of its file."""
    package = family[0]
    assert {name: member.__name__.rpartition(".")[2] for name, member in package.BY_NAME.items()} == {
        name: name for name in package.BY_NAME
    }
    assert tuple(package.BY_NAME.values()) == package.REGISTRY


def test_members_begin_with_what_they_follow() -> None:
    """The head of a member is one sentence and the address of what it implements."""
    for _package, _shared, registered in FAMILIES:
        for member in registered:
            assert "https://" in str(importlib.import_module(member).__doc__), member


@pytest.mark.parametrize("layer", ["plan", "project"])
def test_reading_and_deciding_are_pure(layer: str) -> None:
    """No clock, no chance, no process, no environment, no printing; files are opened at one door only."""
    for module in sources():
        if part(module) != layer:
            continue
        assert not {name.split(".")[0] for name in imports(module)} & IMPURE_MODULES, module
        for node in nodes(module):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os":
                assert node.attr not in {"environ", "getenv", "getuid", "getpid", "system", "walk"}, module
            called = node.func if isinstance(node, ast.Call) else None
            if isinstance(called, ast.Name):
                assert called.id not in IMPURE_CALLS, f"{module}:{node.lineno}"  # type: ignore[attr-defined] # a call has one
            if isinstance(called, ast.Attribute) and module != DOOR:
                opens = {"write_text", "write_bytes", "read_bytes", "open", "iterdir", "unlink", "mkdir"}
                assert called.attr not in opens, f"{module}:{node.lineno}"  # type: ignore[attr-defined]


def test_one_gate_to_other_programs() -> None:
    """Only process.py starts programs, so that secrets, encodings and signals are seen to in one place."""
    for module in sources():
        if module != "djdock.process":
            assert not {"subprocess", "pty", "multiprocessing"} & set(imports(module)), module
    for module in sources():
        calls = {ast.unparse(node.func) for node in nodes(module) if isinstance(node, ast.Call)}
        if module != "djdock.process":
            assert not {call for call in calls if call.startswith(("os.exec", "os.spawn", "os.system", "os.popen"))}, (
                module
            )


def test_one_gate_to_the_terminal() -> None:
    """Only output.py and the edge in cli/ write to the terminal, and only those above may ask them to."""
    for module in sources():
        # look.py and describe.py run in the project's own interpreter, and what they write is read by us.
        if module in {"djdock.output", "djdock.doctor.look", "djdock.transfer.describe"} or part(module) == "cli":
            continue
        assert not {"click", "rich"} & {name.split(".")[0] for name in imports(module)}, module
        for node in nodes(module):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                assert called != "print", f"{module}:{node.lineno}"
                assert not called.startswith(("sys.stdout.write", "sys.stderr.write")), f"{module}:{node.lineno}"
        if "djdock.output" in set(imports(module)):
            assert part(module) in MAY_SPEAK, module


def functions() -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for module in sources():
        for node in nodes(module):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{module}.{node.name}", node


def test_functions_fit_on_a_screen() -> None:
    """At most 50 lines, docstring included."""
    lines = {name: (node.end_lineno or 0) - node.lineno + 1 for name, node in functions()}
    assert {name: count for name, count in lines.items() if count > 50} == {}


def test_functions_take_few_arguments() -> None:
    """At most five; only click's own hands one over for each option."""
    many = []
    for name, node in functions():
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        by_click = any(ast.unparse(decorator).startswith("click.option") for decorator in node.decorator_list)
        if len([argument for argument in arguments if argument.arg not in {"self", "cls"}]) > 5 and not by_click:
            many.append(name)
    assert many == []


def test_modules_say_what_they_are_for() -> None:
    """Each module begins with a docstring that ends as a sentence does."""
    for module, tree in sources().items():
        assert (ast.get_docstring(tree) or "").rstrip().endswith((".", "/", "?")), module
