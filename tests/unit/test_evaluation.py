"""project/evaluation/: settings are worked out as syntax; nothing runs, and hostile ones end soon."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from djdock.errors import Problem
from djdock.project.evaluation import UNKNOWN, Evaluation, Read, evaluate, is_none, script, variables_of
from djdock.project.files import LARGEST, Folder, Texts


def look(text: str, **environment: str) -> Evaluation:
    return evaluate(Texts({"config/settings.py": text}), "config.settings", "config/settings.py", environment)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1 + 2 * 3", 7),
        ("'a' 'b' + 'c'", "abc"),
        ("[1, *[2, 3]]", [1, 2, 3]),
        ("{'a': 1, **{'b': 2}}", {"a": 1, "b": 2}),
        ("[x for x in ['a', ''] if x]", ["a"]),
        ("'a' if not [] else 'b'", "a"),
        ("'x,y'.split(',')[1]", "y"),
        ("'{}-{n}'.format('a', n='b')", "a-b"),
        ("'%s.%s' % ('a', 'b')", "a.b"),
        ("f'{1}{\"b\"}'", "1b"),
        ("'b' in ['a', 'b'] and 3", 3),
        ("dict(a=1)['a']", 1),
        ("str(Path(__file__).resolve().parent / 'x')", "/project/config/x"),
        ("os.path.join(os.path.dirname(os.path.abspath(__file__)), 'x')", "/project/config/x"),
        ("sys.argv[1]", "runserver"),
        ("'test' in sys.argv", False),
        ("list(range(3))", [0, 1, 2]),
        ("(lambda x: x + 1)(1)", 2),
        ("json.loads('[1]')", [1]),
        ("urlparse('redis://h:1/0').port", 1),
        ("os.environ['DJANGO_SETTINGS_MODULE']", "config.settings"),
    ],
)
def test_plain_expressions(expression: str, value: object) -> None:
    """What settings say plainly is what they come to."""
    head = "import json, os, sys\nfrom pathlib import Path\nfrom urllib.parse import urlparse\n"
    assert look(f"{head}A = {expression}\n").values["A"] == value


@pytest.mark.parametrize(
    "expression", ["open('x').read()", "requests.get('x').json()", "undefined", "f() + 1", "x[0].y"]
)
def test_what_takes_running_is_unknown(expression: str) -> None:
    """Nothing is made up for what only the running project knows."""
    assert look(f"import requests\nA = {expression}\n").values["A"] is not None
    assert repr(look(f"import requests\nA = {expression}\n").values["A"]) == repr(UNKNOWN)


@pytest.mark.parametrize(
    ("code", "read"),
    [
        ("os.environ['X']", Read("X", None, "str", required=True, source="config/settings.py:6")),
        ("os.getenv('X', 'y')", Read("X", "y", "str", required=False, source="config/settings.py:6")),
        ("env('X')", Read("X", None, "str", required=True, source="config/settings.py:6")),
        ("env.bool('X', default=False)", Read("X", bool(0), "bool", required=False, source="config/settings.py:6")),
        ("env.dict('X')", Read("X", None, "dict", required=True, source="config/settings.py:6")),
        ("config('X', cast=int)", Read("X", None, "int", required=True, source="config/settings.py:6")),
        (
            "config('X', default='a,b', cast=Csv())",
            Read("X", "a,b", "csv", required=False, source="config/settings.py:6"),
        ),
        ("dj_database_url.config()", Read("DATABASE_URL", "", "db_url", required=False, source="config/settings.py:6")),
    ],
)
def test_readings_of_variables(code: str, read: Read) -> None:
    """Each reading has its default, its cast, whether it is needed, and its place."""
    head = "import os, environ\nimport dj_database_url\nfrom decouple import Csv, config\n\nenv = environ.Env()\n"
    assert look(f"{head}A = {code}\n").reads == (read,)


def test_what_decides_a_value_is_known() -> None:
    """A value that a variable decides says so, through operators, functions and branches."""
    seen = look(
        "import os\nA = 'x' + os.getenv('ONE', 'a')\nB = [A.upper()]\nC = int(os.environ['TWO']) if A else 0\nD = 1\n",
        TWO="2",
    )
    assert (seen.values["A"], seen.values["B"], seen.values["C"]) == ("xa", ["XA"], 2)
    assert variables_of(seen.values["A"]) == variables_of(seen.values["B"]) == ("ONE",)
    assert variables_of(seen.values["C"]) == ("TWO",)
    assert variables_of(seen.values["D"]) == ()
    assert seen.tested["ONE"] == frozenset()


def test_what_is_handled_is_not_needed() -> None:
    """A variable that is read inside a `try` with a handler may be missing."""
    seen = look("import os\ntry:\n    A = os.environ['X']\nexcept KeyError:\n    A = None\nB = os.getenv('Y')\n")
    assert [read.required for read in seen.reads] == [False, False]
    assert is_none(seen.values["A"])
    assert is_none(seen.values["B"])


def test_settings_may_set_variables() -> None:
    """What a module puts into the environment is read back, and is no variable of the person's."""
    seen = look(
        "import os\nos.environ['A'] = 'a'\nos.environ.setdefault('B', 'b')\nX = os.environ['A'] + os.environ['B']\n",
        B="c",
    )
    assert seen.values["X"] == "ac"
    assert variables_of(seen.values["X"]) == ("B",)


def test_what_the_settings_raise() -> None:
    """An error that the settings raise themselves is told with its place; one in a branch nobody knows is not."""
    text = (
        "import os, x\nif not os.getenv('X'):\n    raise ValueError('X is missing')\nif x.y():\n"
        "    raise ValueError('no')\n"
    )
    assert look(text).raised == (("raise ValueError('X is missing')", "config/settings.py:3"),)
    assert look(text, X="1").raised == ()


def test_modules_of_the_project_that_are_missing() -> None:
    """An import of the project's own that is not there is told, unless it is expected to be missing."""
    files = {
        "config/__init__.py": "",
        "config/settings.py": "from .gone import *\ntry:\n    from .local import *\nexcept ImportError:\n    A = 1\n",
    }
    seen = evaluate(Texts(files), "config.settings", "config/settings.py")
    assert seen.missing == (("config.gone", "config/settings.py:1"),)
    assert seen.values["A"] == 1


def test_names_of_members_of_an_enumeration() -> None:
    """Constants that stand in a class are found through it, with and without `.value`."""
    seen = look(
        "import enum, os\nclass Keys(enum.Enum):\n    one = os.getenv('ONE', 'x')\n"
        "A = Keys.one.value\nclass Plain:\n    b = 2\nB = Plain().b\n"
    )
    assert (seen.values["A"], seen.values["B"]) == ("x", 2)
    assert variables_of(seen.values["A"]) == ("ONE",)


@pytest.mark.parametrize(("manage", "chosen"), [("Dev", "Dev"), ("Production", "Dev"), ("", "Dev"), ("Other", "Other")])
def test_the_class_that_holds_the_settings(manage: str, chosen: str) -> None:
    """With django-configurations the class of manage.py counts, unless it is production's."""
    line = f"os.environ.setdefault('DJANGO_CONFIGURATION', '{manage}')\n" if manage else ""
    settings = "from configurations import Configuration\n" + "".join(
        f"class {name}(Configuration):\n    INSTALLED_APPS = ['{name}']\n" for name in ("Production", "Dev", "Other")
    )
    files = Texts({"manage.py": f"import os\n{line}", "config/settings.py": settings})
    seen = evaluate(files, "config.settings", "config/settings.py")
    assert (seen.configuration, seen.values["INSTALLED_APPS"]) == (chosen, [chosen])
    [read] = seen.reads
    assert (read.name, read.required) == ("DJANGO_CONFIGURATION", manage != chosen)
    given = evaluate(files, "config.settings", "config/settings.py", {"DJANGO_CONFIGURATION": "Production"})
    assert given.configuration == "Production"


def test_what_a_script_sets() -> None:
    """manage.py is followed through its functions and branches to what it puts into the environment."""
    text = (
        "import os\n\ndef main():\n    stage = os.getenv('STAGE', 'dev')\n"
        "    os.environ.setdefault('A', f'config.{stage}')\n\nif __name__ == '__main__':\n"
        "    main()\n"
    )
    assert script(Texts({"manage.py": text}), "manage.py") == {"A": ("config.dev", "manage.py:5")}
    assert script(Texts({"manage.py": text}), "manage.py", {"STAGE": "x"})["A"][0] == "config.x"


# --- hostile ones -----------------------------------------------------------------------------------------------------

HOSTILE = {
    "a long text": "A = 'x' * 10**9\nB = 'x' * 10 ** 9\n",
    "a text that doubles": "A = 'x'\nfor i in range(1000):\n    A = A + A\n",
    "a list that doubles": "A = [1]\nfor i in range(1000):\n    A.extend(A)\n",
    "a number that grows": "A = 3\nfor i in range(1000):\n    A = A * A\n",
    "a wide format": "A = '%1000000000d' % 1\nB = '{:1000000000}'.format(1)\n",
    "replacing everything": "A = 'x' * 9\nfor i in range(1000):\n"
    "    A = (A + 'xxxxxxxxx').replace('x', 'xxxxxxxxxxxxxxxx')\n",
    "joining itself": "A = 'xxxxxxxxxxxxxxxxxxxxxxxxxxx'\nfor i in range(1000):\n    A = A.join([A, A, A, A])\n",
    "a huge range": "A = list(range(10**12))\nB = sum(range(10**12))\nC = [x for x in range(10**12)]\n",
    "nested comprehensions": "A = [[[c for c in range(1000)] for b in range(1000)] for a in range(1000)]\n",
    "nested loops": "for a in range(1000):\n  for b in range(1000):\n    for c in range(1000):\n      A = a\n",
    "an endless loop": "while True:\n    A = 1\n",
    "an endless recursion": "def f(x):\n    return f(x) + g(x)\ndef g(x):\n    return f(x) + f(x)\nA = f(1)\n",
    "itself": "from config.settings import *\nfrom config import settings\nimport config.settings\nA = settings.A\n",
    "a sum of ten thousand": "A = " + " + ".join(["1"] * 10_000) + "\n",
    "ten thousand attributes": "A = x" + ".y" * 10_000 + "\n",
    "many assignments": "A = 1\n" * 100_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_settings_end_soon(text: str) -> None:
    """Whatever settings hold, reading them takes seconds and little memory, and what is before it is known."""
    start = time.process_time()
    try:
        seen = look(f"FIRST = 1\n{text}")
    except Problem as problem:
        told = problem.hint
    else:
        told = "nothing"
        assert seen.values["FIRST"] == 1
        assert all(not isinstance(value, (str, list)) or len(value) < 10_000_000 for value in seen.values.values())
    assert told
    assert time.process_time() - start < 20


@pytest.mark.parametrize(
    "nested", ["[" * 5000 + "]" * 5000, "(" * 5000 + ")" * 5000, "-" * 100_000 + "1", "not " * 50_000 + "x"]
)
def test_deep_nesting_is_a_problem(nested: str) -> None:
    """What Python itself refuses to read is told, and brings nothing down."""
    cause = ""
    try:
        seen = look(f"A = {nested}\nB = 1\n")
    except Problem as problem:
        cause = problem.cause
    assert "config/settings.py" in cause or seen.values["B"] == 1


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"A = '\xff\xfe'\n", "not UTF-8"),
        (b"A = '\0'\n", "null bytes"),
        (b"A = 1\n" * (LARGEST // 6 + 1), "too large"),
        (b"A = (\n", "syntax error in line 1"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, content: bytes, cause: str) -> None:
    """A file that is no text, or far too large, is named with what is wrong."""
    (tmp_path / "settings.py").write_bytes(content)
    with pytest.raises(Problem, match=cause) as refused:
        evaluate(Folder(tmp_path), "settings", "settings.py")
    assert "settings.py" in refused.value.cause


def test_modules_without_end() -> None:
    """A chain of modules is followed as far as any project's goes."""
    files = {f"m{number}.py": f"from m{number + 1} import *\nA{number} = 1\n" for number in range(1000)}
    assert not evaluate(Texts(files), "m0", "m0.py").complete


@pytest.mark.parametrize("look_again", [lambda: look("A = [1]\nA.append(2)\n").values["A"]])
def test_each_run_is_its_own(look_again: Callable[[], object]) -> None:
    """What one run changes the next one does not see."""
    assert look_again() == look_again() == [1, 2]
