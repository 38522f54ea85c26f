"""commands/names.py: a name that Python, PostgreSQL or Docker would stumble over is refused, with one that works."""

from __future__ import annotations

import importlib.util
import keyword

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from djdock.commands import names
from djdock.errors import Problem


@pytest.mark.parametrize("name", ["blog", "Blog", "my_blog", "b", "site2", "café".replace("é", "e"), "x" * 50, "match"])
def test_usual_names_are_taken(name: str) -> None:
    """Whatever is a plain name is taken as it is."""
    names.check(name)


@pytest.mark.parametrize(
    ("name", "cause", "instead"),
    [
        ("my-blog", "only letters, digits and _", "my_blog"),
        ("2fast", "only letters, digits and _", "site_2fast"),
        ("", "only letters, digits and _", "my_site"),
        ("my blog", "only letters, digits and _", "my_blog"),
        ("../blog", "only letters, digits and _", "blog"),
        ("--help", "only letters, digits and _", "help"),
        ("bücher", "only letters, digits and _", "b_cher"),
        ("class", "word of the Python language", "class_site"),
        ("None", "word of the Python language", "none_site"),
        ("test", "name of a Python module", "test_site"),
        ("django", "name of a Python module", "django_site"),
        ("Django", "name of a Python module", "django_site"),
        ("site", "name of a Python module", "site_site"),
        ("accounts", "name of a Python module", "accounts_site"),
        ("environ", "name of a Python module", "environ_site"),
        ("pg_blog", "PostgreSQL keeps it to itself", "blog"),
        ("public", "PostgreSQL keeps it to itself", "public_site"),
        ("template1", "PostgreSQL keeps it to itself", "template1_site"),
        ("_blog", "Docker wants single _", "blog"),
        ("blog_", "Docker wants single _", "blog"),
        ("my__blog", "Docker wants single _", "my_blog"),
        ("b" * 51, "too long", "b" * 45),
    ],
)
def test_others_are_refused_with_a_name_that_works(name: str, cause: str, instead: str) -> None:
    """Each kind of obstacle has its own reason, and the hint can be typed as it stands."""
    with pytest.raises(Problem, match=cause) as refused:
        names.check(name)
    assert refused.value.hint == f"djdock new {instead}"
    names.check(instead)


@given(st.text(max_size=60))
@example("pg_")
@example("pg_pg_class")
def test_every_hint_works(name: str) -> None:
    """Whatever was typed, the name in the hint is not refused in turn."""
    try:
        names.check(name)
    except Problem as refused:
        names.check(refused.hint.removeprefix("djdock new "))
    else:
        assert name.isidentifier()
        assert not keyword.iskeyword(name)


def test_no_module_of_the_standard_library_can_be_hidden() -> None:
    """A name that can be imported right here, without the project, is refused."""
    for name in ("test", "unittest", "logging", "types", "antigravity", "__future__"):
        assert importlib.util.find_spec(name), name
        with pytest.raises(Problem):
            names.check(name)
