"""plan/python_source.py: an edit changes what it names, and nothing else, byte for byte."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

import libcst
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from djdock.plan.python_source import Append, Assign, Edit, Import, Insert, NotFound, edit

# --- generated modules ------------------------------------------------------------------------------------------------

# Whole lines that may stand anywhere at the top level of a module; none of them assigns TARGET there.
PIECES = (
    "\n",
    "   \n",
    "\x0c\n",
    "# a comment, and \"quotes\" in it: 'x'\n",
    "    # an indented comment\n",
    "#\n",
    "import os\n",
    "import sys, json  # two\n",
    "from pathlib import (\n    Path,  # why\n)\n",
    "try:\n    import fast\nexcept ImportError:\n    fast = None\n",
    "A = 1; B = 2\n",
    "C = D = 3;\n",
    'TEXT = """one\n\n# no comment\n    TARGET = 0\n"""\n',
    "WORDS = 'it is' \"so\"\n",
    "λ = 'ünï-çödé ☃'\n",
    "LONG = 1 + \\\n    2\n",
    "NUMBERS = [\n    1,\n\n    2  ,  # two\n]\n",
    "TABLE = {\n\t'tab': 1,\n}\n",
    "def f():\n\treturn 'tabs'\n",
    "class K:\n    TARGET = 1\n    # the end\n",
    "if A:\n    TARGET = 2\nelse:\n    pass\n",
    "with open(__file__) as file: TARGET = file\n",
    "async def g():\n    await f()\n",
    "TARGETS = 1\n",
    "f(TARGET=1)\n",
    "print(f'{A!r:>{B}}')  # nested\n",
    "del A\n",
    "@f\ndef h(a, /, b, *, c): ...\n",
)
VALUES = (
    "0",
    "'x'",
    '"""x\ny"""',
    "[1, 2]",
    "{\n    'a': 1,  # one\n}",
    "(\n    1 +\n    2\n)",
    "f(a, b=1)",
    "lambda x: x",
)
BEHIND = ("", "  # why", " \t", ";", "  # 'quoted'")


@dataclass(frozen=True)
class Module:
    """A module around one statement that is going to be edited."""

    head: str
    before: str
    after: str
    newline: str
    closed: bool

    def text(self, *statements: str) -> str:
        """The module with these statements (whole lines) in its middle, in its own line ends."""
        whole = self.head + (self.before + "".join(statements) + self.after).replace("\n", self.newline)
        return whole if self.closed else whole.removesuffix(self.newline)


pieces = st.lists(st.sampled_from(PIECES), max_size=6).map("".join)
modules = st.builds(
    Module,
    head=st.sampled_from(("", "", "\ufeff")),
    before=pieces,
    after=pieces,
    newline=st.sampled_from(("\n", "\n", "\r\n")),
    closed=st.booleans(),
)


@given(modules, st.sampled_from(VALUES), st.sampled_from(("", ": int", " : 'T'")), st.sampled_from(BEHIND))
def test_assign_changes_the_value_alone(module: Module, value: str, annotation: str, behind: str) -> None:
    """Whatever stands around an assignment, in front of its value or behind it keeps every byte."""
    before = module.text(f"TARGET{annotation}  ={value}{behind}\n")
    after = module.text(f"TARGET{annotation}  =NEW{behind}\n")
    assert edit(before, [Assign("TARGET", "NEW")]) == after
    assert edit(after, [Assign("TARGET", "NEW")]) == after


@given(modules, st.sampled_from(VALUES), st.sampled_from(BEHIND))
def test_insert_adds_its_lines_alone(module: Module, value: str, behind: str) -> None:
    """New statements stand right behind the one that is named; all other lines keep every byte."""
    there = f"TARGET = {value}{behind}\n"
    new = "\n# why it is here\nNEW = 1\nOTHER = {\n    'a': 2,\n}\n"
    before, after = module.text(there), module.text(there, new)
    assume(module.newline in before)  # else nothing says which line ends the module has
    assert edit(before, [Insert("TARGET", new)]) == after
    assert edit(after, [Insert("TARGET", new)]) == after


@given(modules, st.booleans())
def test_import_adds_one_line_at_the_head(module: Module, apart: bool) -> None:
    """An import becomes one more line (and a blank one before it, if wanted), never below code that may need it."""
    before = module.text("TARGET = 1\n")
    after = edit(before, [Import("import environ", apart=apart)])
    assert after.startswith(module.head)
    lines, rest = _lines(after.removeprefix(module.head)), _lines(before.removeprefix(module.head))
    place = next(number for number, line in enumerate(lines) if line.rstrip("\r\n") == "import environ")
    added = 2 if len(lines) - len(rest) == 2 else 1
    assert lines[: place + 1 - added] + lines[place + 1 :] == rest
    assert added == 1 or not lines[place - 1].strip()
    above = ast.parse("".join(lines[:place])).body
    assert all(isinstance(statement, ast.Import | ast.ImportFrom) for statement in above)
    assert edit(after, [Import("import environ", apart=apart)]) == after


@st.composite
def lists(draw: st.DrawFn) -> tuple[str, list[int]]:
    """The source of a list in one of the layouts that people use, and its value."""
    count = draw(st.integers(0, 3))
    one_a_line = draw(st.booleans())
    indent = draw(st.sampled_from(("    ", "\t", "  ", "         ")))
    notes = [draw(st.sampled_from(("", "  # note", "# tight"))) if one_a_line else "" for _ in range(count)]
    above = [f"{indent}# above\n" if one_a_line and draw(st.booleans()) else "" for _ in range(count + 1)]
    comma = draw(st.booleans()) and count > 0
    if one_a_line:
        commas = ["," if comma or number < count - 1 else "" for number in range(count)]
        body = "".join(f"{above[n]}{indent}{n}{commas[n]}{notes[n]}\n" for n in range(count))
        opening = draw(st.sampled_from(("[", "[  # opening")))
        return f"{opening}\n{body}{above[count]}]", list(range(count))
    gap = draw(st.sampled_from((" ", "", "\n          ")))
    return "[" + f",{gap}".join(map(str, range(count))) + ("," if comma else "") + "]", list(range(count))


@given(modules, lists(), st.sampled_from(BEHIND))
def test_append_adds_one_element_and_moves_no_comment(
    module: Module, listed: tuple[str, list[int]], behind: str
) -> None:
    """A list gets one more element; each line and comment of the old ones stays beside what it stood beside."""
    source, value = listed
    before = module.text(f"TARGET = {source}{behind}\n")
    after = edit(before, [Append("TARGET", "99")])
    [statement] = [
        node
        for node in ast.parse(after.lstrip("\ufeff")).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "TARGET"
    ]
    assert ast.literal_eval(statement.value) == [*value, 99]
    if "\n]" in source:  # its own line; beside that only the comma of the line before it may be new
        lines = [line for line in _lines(after) if line.strip(" \t,\r\n") != "99"]
        assert [_without_comma(line) for line in lines] == [_without_comma(line) for line in _lines(before)]
    else:
        assert re.sub(r",?\s*99", "", after) == re.sub(r"(,?)\]", r"\1]", before)
    assert edit(after, [Append("TARGET", "99")]) == after


def _lines(text: str) -> list[str]:
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _without_comma(line: str) -> str:
    return re.sub(r"^([ \t]*\d),", r"\1", line)


# --- single cases -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("X = []\n", "X = ['n']\n"),
        ("X = [ ]\n", "X = [ 'n' ]\n"),
        ("X = ['a']\n", "X = ['a', 'n']\n"),
        ("X = ['a',]\n", "X = ['a', 'n',]\n"),
        ("X = ['a','b']\n", "X = ['a','b','n']\n"),
        ("X: list[str] = ['a', 'b']  # all\n", "X: list[str] = ['a', 'b', 'n']  # all\n"),
        ("X = [\n]\n", "X = [\n    'n',\n]\n"),
        ("X = [\n    # none yet\n]\n", "X = [\n    # none yet\n    'n',\n]\n"),
        ("X = [\n    'a'\n]\n", "X = [\n    'a',\n    'n'\n]\n"),
        ("X = [\n\t'a',  # first\n\t'b',  # last\n]\n", "X = [\n\t'a',  # first\n\t'b',  # last\n\t'n',\n]\n"),
        ("X = [\n    'a',\n    'b'  # last\n    ]\n", "X = [\n    'a',\n    'b',  # last\n    'n'\n    ]\n"),
        ("X = ['a',\n     'b']\n", "X = ['a',\n     'b',\n     'n']\n"),
        ("X = [\n    *BASE,\n    'a',\n    # 'off',\n]\n", "X = [\n    *BASE,\n    'a',\n    # 'off',\n    'n',\n]\n"),
        ("X = [\n    'n',\n    'a',\n]\n", "X = [\n    'n',\n    'a',\n]\n"),
        ('X = ["n"]\n', 'X = ["n"]\n'),
    ],
)
def test_append_follows_the_layout(before: str, after: str) -> None:
    """The new element looks as if the author of the list had written it; one that is there is not added again."""
    assert edit(before, [Append("X", "'n'")]) == after


def test_new_code_is_quoted_as_the_file_is() -> None:
    """Code goes in with single quotes where the file prefers them; strings that hold quotes are left as they are."""
    code = 'A = "plain"\nB = "it\'s"\nC = """doc"""\nD = "a\\n"\n'
    assert (
        edit("X = 'a'\n", [Insert("X", code)]) == 'X = \'a\'\nA = \'plain\'\nB = "it\'s"\nC = """doc"""\nD = "a\\n"\n'
    )
    assert edit('X = "a"\n', [Insert("X", code)]) == 'X = "a"\n' + code


def test_new_code_is_indented_as_the_file_is() -> None:
    """A block that goes into a file with tabs has tabs."""
    there, new = "if A:\n\tB = 1\nX = 1\n", "if X:\n    Y = 1\n"
    assert edit(there, [Insert("X", new)]) == there + "if X:\n\tY = 1\n"


def test_the_last_assignment_counts() -> None:
    """Where a name is assigned twice, the last value is what Django sees, so that one is edited."""
    assert edit("X = 1\nX = 2\n", [Assign("X", "3")]) == "X = 1\nX = 3\n"


def test_an_import_does_not_go_below_a_late_one() -> None:
    """Settings that end with `from .local import *` get new imports at their head, where they are needed."""
    source = '"""Settings."""\n\nimport os\n\nX = os.sep\n\nfrom .local import *\n'
    wanted = '"""Settings."""\n\nimport os\n\nimport environ\n\nX = os.sep\n\nfrom .local import *\n'
    assert edit(source, [Import("import environ", apart=True)]) == wanted


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "import environ\n"),
        ("X = 1\n", "import environ\nX = 1\n"),
        ('"""Doc."""\nX = 1\n', '"""Doc."""\nimport environ\nX = 1\n'),
        ("# licence\n\nimport environ as e\n", "# licence\n\nimport environ as e\nimport environ\n"),
        ("import environ  # mine\n", "import environ  # mine\n"),
    ],
)
def test_import_finds_its_place(before: str, after: str) -> None:
    """With or without a docstring, licence or other imports, the import is there once, in the right place."""
    assert edit(before, [Import("import environ")]) == after


@pytest.mark.parametrize(
    "source",
    [
        "",
        "Y = 1\n",
        "if True:\n    X = 1\n",
        "X, Y = 1, 2\n",
        "X = Y = 1\n",
        "X = 1; Y = 2\n",
        "X += [1]\n",
        "X.y = 1\n",
        "def X(): ...\n",
        "'X = 1'\n",
    ],
)
@pytest.mark.parametrize("wanted", [Assign("X", "2"), Insert("X", "Y = 2\n"), Append("X", "2")])
def test_what_is_not_there_is_refused(source: str, wanted: Edit) -> None:
    """A name that no plain statement of the module assigns is named in NotFound, and nothing is guessed."""
    with pytest.raises(NotFound) as refused:
        edit(source, [wanted])
    assert refused.value.args == ("X",)


@pytest.mark.parametrize("value", ["(1, 2)", "BASE + ['a']", "None", "[a for a in b]"])
def test_append_wants_a_list(value: str) -> None:
    """An element goes into a list that is written out; a tuple or an expression is refused."""
    with pytest.raises(NotFound):
        edit(f"X = {value}\n", [Append("X", "'n'")])
    with pytest.raises(NotFound):
        edit("X: list[str]\n", [Append("X", "'n'")])


def test_what_is_no_python_is_refused() -> None:
    """A source with a syntax error is not edited."""
    with pytest.raises(libcst.ParserSyntaxError):
        edit("X = [\n", [Assign("X", "1")])
