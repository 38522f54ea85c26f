"""plan/database.py: the way to PostgreSQL is found in every shape, and an edit changes one entry and nothing else."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djdock.errors import Problem
from djdock.plan import database, database_source
from djdock.plan.database import PROBE, Edited, Switch, filled, find_variables, matches
from djdock.project.evaluation import Evaluation, evaluate
from djdock.project.files import Files, Texts
from tests.unit.settings_corpus import CASES, Case

MODULE, PATH = "config.settings", "config/settings.py"
POSTGRES_PIECES = {
    "NAME": "POSTGRES_DB",
    "USER": "POSTGRES_USER",
    "PASSWORD": "POSTGRES_PASSWORD",
    "HOST": "POSTGRES_HOST",
    "PORT": "POSTGRES_PORT",
}
BY_EDIT = [case for case in CASES if case.variables is None]


def texts(case: Case) -> dict[str, str]:
    return {"config/__init__.py": "", PATH: case.settings, **case.others}


def look(files: Files, environment: Mapping[str, str]) -> Evaluation:
    return evaluate(files, MODULE, PATH, environment)


def edited(files: Files) -> Switch:
    switch = database.edit(files, look(files, {}), look)
    assert switch is not None
    return switch


def after(files: Files, switch: Switch) -> Evaluation:
    """The settings as they are with the edits, and the variables."""
    view = Edited(files, {change.path: change.after for change in switch.changes})
    return look(view, filled(switch.variables, PROBE))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_way_is_found(case: Case) -> None:
    """Each shape comes to PostgreSQL by the variables that it reads, and by an edit only where there are none."""
    files = Texts(texts(case))
    found = find_variables(lambda values: look(files, values), {})
    assert found == case.variables
    if found is not None:
        assert matches(look(files, filled(found, PROBE)))


@pytest.mark.parametrize("case", BY_EDIT, ids=lambda case: case.name)
def test_an_edit_does_it(case: Case) -> None:
    """Where no variable does it the edited settings use our PostgreSQL, and the other databases stay."""
    files = Texts(texts(case))
    switch = edited(files)
    seen = after(files, switch)
    assert matches(seen)
    before = look(files, {}).values.get("DATABASES")
    before = before if isinstance(before, Mapping) else {}
    assert set(before) | {"default"} == set(seen.values["DATABASES"])
    for alias in set(before) - {"default"}:
        assert seen.values["DATABASES"][alias] == before[alias]


class _Blank(ast.NodeTransformer):
    """A tree without what an edit may change: the default database, and `import os`."""

    def visit_Assign(self, node: ast.Assign) -> ast.Assign | None:
        if ast.unparse(node.targets[0]) == "DATABASES['default']":
            node.value = ast.Constant(None)
        return self.generic_visit(node)  # type: ignore[return-value]

    def visit_Dict(self, node: ast.Dict) -> ast.Dict:
        for index, key in enumerate(node.keys):
            if isinstance(key, ast.Constant) and key.value == "default":
                node.values[index] = ast.Constant(None)
        return self.generic_visit(node)  # type: ignore[return-value]

    def visit_keyword(self, node: ast.keyword) -> ast.keyword:
        if node.arg == "default":
            node.value = ast.Constant(None)
        return node

    def visit_Import(self, node: ast.Import) -> ast.Import | None:
        return None if ast.unparse(node) == "import os" else node


def blank(text: str) -> str:
    return ast.unparse(_Blank().visit(ast.parse(text)))


IN_PLACE = [case for case in BY_EDIT if case.name not in {"keys set one by one", "no DATABASES at all"}]


@pytest.mark.parametrize("case", IN_PLACE, ids=lambda case: case.name)
def test_an_edit_changes_nothing_else(case: Case) -> None:
    """Outside the default database the syntax tree is the same, and so are all lines, comments and line ends."""
    [change] = edited(Texts(texts(case))).changes
    assert blank(change.after) == blank(str(change.before))
    kept = [
        line for line in str(change.before).splitlines(keepends=True) if line[0] != "," and not set(line) & set("'\"=")
    ]
    remaining = iter(change.after.splitlines(keepends=True))
    assert all(line in remaining for line in kept)
    assert ("\r\n" in change.after) == ("\r\n" in case.settings)
    assert change.after.count("\n") == change.after.count("\r\n") or "\r\n" not in case.settings


@pytest.mark.parametrize("case", BY_EDIT, ids=lambda case: case.name)
def test_an_edit_is_made_once(case: Case) -> None:
    """What was edited needs no other edit: its variables are found."""
    files = Texts(texts(case))
    switch = edited(files)
    view = Edited(files, {change.path: change.after for change in switch.changes})
    assert find_variables(lambda values: look(view, values), {}) is not None


def test_comments_stay_beside_what_they_are_about() -> None:
    """A comment behind the last entry stays behind it; new entries come below, in the file's quotes and indentation."""
    case = next(case for case in CASES if case.name == "SQLite with comments")
    [change] = edited(Texts(texts(case))).changes
    assert change.after == (
        "import os\nDATABASES = {  # where it is kept\n    # the only one\n    'default': {\n"
        "        'ENGINE': 'django.db.backends.postgresql',  # for now\n"
        "        'NAME': os.environ['POSTGRES_DB'],  # a file\n"
        "        'USER': os.environ['POSTGRES_USER'],\n        'PASSWORD': os.environ['POSTGRES_PASSWORD'],\n"
        "        'HOST': os.environ['POSTGRES_HOST'],\n        'PORT': os.environ['POSTGRES_PORT'],\n"
        "        # nothing more\n    },  # so far\n}  # the end\n"
    )


def test_what_an_encrypted_connection_needs_goes_alone() -> None:
    """Of OPTIONS only what our server cannot fulfil is taken away; the variables that the settings read stay."""
    case = next(case for case in CASES if case.name == "encrypted connections only")
    [change] = edited(Texts(texts(case))).changes
    assert change.after == case.settings.replace('            "sslmode": "require",\n', "")


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("from pathlib import Path\n", "import os\nfrom pathlib import Path\n"),
        ("import json\nimport sys\n", "import json\nimport os\nimport sys\n"),
        ("import sys\nfrom pathlib import Path\n", "import os\nimport sys\nfrom pathlib import Path\n"),
        ('"""Doc."""\n\nfrom decouple import config\n', '"""Doc."""\n\nimport os\n\nfrom decouple import config\n'),
        ("from .base import *\n", "import os\n\nfrom .base import *\n"),
        ("from __future__ import annotations\n", "from __future__ import annotations\n\nimport os\n"),
        ('"""Doc."""\n', '"""Doc."""\n\nimport os\n'),
        ("#!/usr/bin/env python\n# first\nX = 1\n", "#!/usr/bin/env python\nimport os\n\n# first\nX = 1\n"),
        ("# A head.\n\nX = 1\n", "# A head.\n\nimport os\n\nX = 1\n"),
        ("import os\n", "import os\n"),
        ("import os as system\n", "import os\nimport os as system\n"),
    ],
)
def test_os_is_imported_where_imports_are_sorted(head: str, expected: str) -> None:
    """`import os` stands where a sorted file has it, and only once."""
    text = head + "DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3'}}\n"
    [change] = edited(Texts({PATH: text})).changes
    assert change.after.startswith(expected)
    assert change.after.count("import os\n") == 1


# --- any module -------------------------------------------------------------------------------------------------------

STATEMENTS = (
    "\n", "   \n", "# a comment with DATABASES['default'] in it\n", "import sys, json\n", "A = 'it is'; B = 2\n",
    'TEXT = """\nDATABASES = {}\n"""\n', "λ = 'ünï ☃'\n", "LONG = 1 + \\\n    2\n", "if A_B:\n\tpass\n",
    "LIST = [  # one\n    1,\n\n    2,\n]\n", "def f(x={'default': 1}):\n    return x\n",
    "class K:\n    x = 1\n    # end\n",
)  # fmt: skip
QUOTES = st.sampled_from(["'", '"'])


@st.composite
def modules(draw: st.DrawFn) -> str:
    """A module around an assignment to DATABASES, in any layout."""
    quote, end = draw(QUOTES), draw(st.sampled_from(["\n", "\r\n"]))
    comment = st.sampled_from(["", "  # why", " # 'default': {"])
    line = draw(st.booleans())
    gap = "\n        " if line else " "

    def word(text: str) -> str:
        return f"{quote}{text}{quote}"

    keys = draw(st.permutations(["ENGINE", "NAME", "USER", "ATOMIC_REQUESTS", "TEST"]))
    values = {"ENGINE": word("django.db.backends.sqlite3"), "NAME": word("x, y"), "USER": "(" + word("u") + ")",
              "ATOMIC_REQUESTS": "True", "TEST": "{" + word("NAME") + ": None}"}  # fmt: skip
    kept = [key for key in keys if key == "ENGINE" or draw(st.booleans())]
    parts = [f"{word(key)}: {values[key]}" for key in kept]
    inner = "," + gap
    if line:
        body = "".join(f"        {part},{draw(comment)}\n" for part in parts)
        entry = f"{word('default')}: {{\n{body}    }}"
    else:
        entry = f"{word('default')}: {{{inner.join(parts)}{draw(st.sampled_from(['', ',']))}}}"
    other = f"{word('other')}: {{{word('ENGINE')}: {word('django.db.backends.dummy')}}}"
    entries = draw(st.permutations([entry, other]))
    table = "DATABASES = {\n" + "".join(f"    {part},{draw(comment)}\n" for part in entries) + "}\n"
    before = "".join(draw(st.lists(st.sampled_from(STATEMENTS), max_size=5)))
    behind = "".join(draw(st.lists(st.sampled_from(STATEMENTS), max_size=5)))
    text = before + table + behind
    text = text.rstrip("\n") if draw(st.booleans()) else text
    return text.replace("\n", end)


@given(modules())
def test_any_module_keeps_everything_else(text: str) -> None:
    """Around any default database an edit keeps every comment and every statement, and is needed once."""
    files = Texts({PATH: text})
    switch = edited(files)
    [change] = switch.changes
    assert matches(after(files, switch))
    assert blank(change.after) == blank(text)
    assert [line for line in text.splitlines() if "#" in line and "=" not in line and ":" not in line] == [
        line for line in change.after.splitlines() if "#" in line and "=" not in line and ":" not in line
    ]
    view = Edited(files, {PATH: change.after})
    assert find_variables(lambda values: look(view, values), {}) is not None


ENTRIES = (
    '"ENGINE": "django.db.backends.mysql"',
    '"NAME": "x"',
    '"OPTIONS": {"charset": "utf8mb4"}',
    '"STORAGE_ENGINE": "InnoDB"',
    '"CONN_MAX_AGE": 5',
)


@pytest.mark.parametrize("between", [", ", ",\n    ", ",  # a comment\n    "])
@pytest.mark.parametrize("end", ["}", ",}", ",\n}", ",  # the last\n}", "\n}"])
def test_entries_in_any_order(between: str, end: str) -> None:
    """Entries that PostgreSQL does not understand go, the others stay once, wherever they stand and commas are."""
    for count in (1, 2, 3):
        for chosen in itertools.permutations(ENTRIES, count):
            text = f'DATABASES = {{"default": {{{between.join(chosen)}{end}}}\n'
            [change] = edited(Texts({PATH: text})).changes
            found = ast.literal_eval(re.sub(r"os\.environ\[(.*?)\]", r"\1", change.after.partition("DATABASES = ")[2]))
            kept = {"CONN_MAX_AGE": 5} if ENTRIES[-1] in chosen else {}
            assert found == {"default": {"ENGINE": database_source.ENGINE, **POSTGRES_PIECES, **kept}}
            assert ast.unparse(ast.parse(change.after)).count("'NAME'") == 1


# --- what cannot be read ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line", ["print 'x'\n", "raise ValueError, 'x'\n", "try:\n    pass\nexcept KeyError, error:\n    pass\n"]
)
def test_python_2_is_told(line: str) -> None:
    """Settings of Python 2 are named as such, with the line."""
    with pytest.raises(Problem, match=r"config/settings\.py has a syntax error in line") as refused:
        look(Texts({PATH: line}), {})
    assert "Python 2" in str(refused.value.hint)
