"""setup.py or setup.cfg, read as syntax: https://setuptools.pypa.io/en/latest/userguide/"""

from __future__ import annotations

import ast
import configparser
import warnings

from djdock.errors import Problem
from djdock.project import pyproject, requirements
from djdock.project.dependency import Addition, Dependency, Installation
from djdock.project.files import Files
from djdock.project.requirements import Requirement

NAME = "setuptools"


def detect(files: Files) -> str | None:
    return next((path for path in ("setup.py", "setup.cfg") if _main(files, path)), None)


def inputs(files: Files) -> tuple[str, ...]:  # noqa: ARG001 - always the same
    return ("setup.py", "setup.cfg")


def dependencies(files: Files) -> tuple[Dependency, ...]:
    asked = [entry.dependency() for path in inputs(files) for entry in _main(files, path)]
    asked += [entry.dependency(development=True) for path in inputs(files) for entry in _extras(files, path)]
    return tuple(found for found in asked if found)


def python(files: Files) -> tuple[str, str] | None:  # noqa: ARG001 - a range, which python_version reads
    return None


def install(files: Files) -> Installation:
    entries = [entry for path in inputs(files) for entry in (*_main(files, path), *_extras(files, path))]
    text = requirements.text(tuple(entries))
    return Installation(requirements=f"{text}-e .\n" if pyproject.in_src(files) else text)


def add(files: Files, requirement: str) -> Addition:
    if detect(files) == "setup.cfg":
        text = files.read("setup.cfg") or ""
        end = "\r\n" if "\r\n" in text else "\n"
        rows = text.splitlines(keepends=True)
        start = next(number for number, row in enumerate(rows) if row.replace(" ", "").startswith("install_requires="))
        indent = next((row[: len(row) - len(row.lstrip())] for row in rows[start + 1 :] if row[:1].isspace()), "    ")
        rows.insert(start + 1, f"{indent}{requirement}{end}")
        return Addition({"setup.cfg": "".join(rows)})
    text = files.read("setup.py") or ""
    listed = _list(_argument(text, "install_requires"), ast.parse(text))
    if listed is None or not listed.elts:
        raise Problem(
            "setup.py does not list what it depends on in a way that can be added to.",
            hint=f"Add {requirement} to its install_requires, then try again.",
        )
    first = listed.elts[0]
    lines = text.splitlines(keepends=True)
    # ast counts the bytes of a line, not its letters.
    before = len("".join(lines[: first.lineno - 1])) + len(
        lines[first.lineno - 1].encode()[: first.col_offset].decode()
    )
    own_line = not lines[first.lineno - 1][: first.col_offset].strip()
    gap = lines[first.lineno - 1][: first.col_offset] if own_line else " "
    end = "\r\n" if "\r\n" in text else "\n"
    quote = text[before] if text[before] in "\"'" else '"'
    return Addition(
        {"setup.py": f"{text[:before]}{quote}{requirement}{quote},{end + gap if own_line else gap}{text[before:]}"}
    )


def dockerfile_steps(files: Files, *, production: bool) -> str:
    path = detect(files) or "setup.py"
    extras = [] if production else sorted(_extra_names(files, path))
    where = f"'.[{','.join(extras)}]'" if extras else "."
    return f"""\
RUN --mount=type=cache,target=/root/.cache/uv \\
    --mount=type=bind,source=.,target=.,rw \\
    uv venv --allow-existing /opt/venv && uv pip install -e {where}"""


def _main(files: Files, path: str) -> tuple[Requirement, ...]:
    text = files.read(path)
    if not text:
        return ()
    if path == "setup.cfg":
        return _parsed(_config(text).get("options", "install_requires", fallback=""), path)
    listed = _texts(_argument(text, "install_requires"), text)
    return tuple(requirements.parse(item, f"{path}:{line}") for item, line in listed)


def _extras(files: Files, path: str) -> tuple[Requirement, ...]:
    text = files.read(path) or ""
    if path == "setup.cfg":
        config = _config(text)
        found = [config.get("options.extras_require", name, fallback="") for name in _extra_names(files, path)]
        return tuple(entry for value in found for entry in _parsed(value, path))
    extras = _argument(text, "extras_require") if text else None
    if not isinstance(extras, ast.Dict):
        return ()
    values = [
        value for key, value in zip(extras.keys, extras.values, strict=True) if _name(key) in pyproject.DEVELOPMENT
    ]
    return tuple(requirements.parse(item, f"{path}:{line}") for value in values for item, line in _texts(value, text))


def _extra_names(files: Files, path: str) -> set[str]:
    text = files.read(path) or ""
    if path == "setup.cfg":
        config = _config(text)
        names = config.options("options.extras_require") if config.has_section("options.extras_require") else []
    else:
        extras = _argument(text, "extras_require") if text else None
        names = [_name(key) for key in extras.keys] if isinstance(extras, ast.Dict) else []
    return {name for name in names if name in pyproject.DEVELOPMENT}


def _config(text: str) -> configparser.RawConfigParser:
    config = configparser.RawConfigParser(strict=False, allow_no_value=True)
    try:
        config.read_string(text)
    except configparser.Error:
        return configparser.RawConfigParser()
    return config


def _parsed(value: str, path: str) -> tuple[Requirement, ...]:
    return tuple(requirements.parse(line, f"{path}") for _, line in requirements.lines(value or ""))


def _argument(text: str, name: str) -> ast.expr | None:
    """What `setup(…)` is given under a name."""
    for node in ast.walk(_tree(text)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "setup":
            for keyword in node.keywords:
                if keyword.arg == name:
                    return keyword.value
    return None


def _texts(value: ast.expr | None, text: str) -> list[tuple[str, int]]:
    listed = _list(value, _tree(text))
    items = listed.elts if listed else []
    return [
        (item.value, item.lineno) for item in items if isinstance(item, ast.Constant) and isinstance(item.value, str)
    ]


def _list(value: ast.expr | None, tree: ast.Module) -> ast.List | None:
    """A list that is written down, there or at the name that stands for it."""
    if isinstance(value, ast.Name):
        name = value.id
        for node in tree.body:
            if isinstance(node, ast.Assign) and any(_is(target, name) for target in node.targets):
                value = node.value
    return value if isinstance(value, ast.List) else None


def _is(target: ast.expr, name: str) -> bool:
    return isinstance(target, ast.Name) and target.id == name


def _name(key: ast.expr | None) -> str:
    return str(key.value) if isinstance(key, ast.Constant) else ""


def _tree(text: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError):
        return ast.Module([], [])
