"""plan/container_files.py: what the production image runs beside the site, for projects of every shape."""

from __future__ import annotations

import ast
import asyncio
import posixpath
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from djdock.plan import container_files
from djdock.plan.change import generate, is_marked
from djdock.plan.container_files import ContainerFiles
from djdock.project.files import Texts

# The oldest Python that an image is made with.
OLDEST = (3, 8)


def written(files: ContainerFiles) -> dict[str, str]:
    return {change.path: change.after for change in files.changes(Texts({}), generate)}


@pytest.mark.parametrize("asynchronous", [False, True])
def test_they_are_python_for_every_image(asynchronous: bool) -> None:
    """They compile on the oldest Python that an image is made with, and say that djdock has made them."""
    found = written(ContainerFiles("backend", "container", "shop.web:app", asynchronous=asynchronous))
    assert {posixpath.basename(path) for path in found} == set(container_files.WHY)
    for path, text in found.items():
        assert path.startswith("backend/container/")
        assert ast.get_docstring(ast.parse(text, feature_version=OLDEST)), path
        assert is_marked(text)


def test_the_sites_own_application_is_wrapped() -> None:
    """WSGI and ASGI applications are called in their own ways, under the names that the project has for them."""
    plain = written(ContainerFiles("", "container", "shop.web:app"))["container/health.py"]
    asynchronous = written(ContainerFiles("", "container", "shop.web:app", asynchronous=True))["container/health.py"]
    for text in (plain, asynchronous):
        assert "\nfrom shop.web import app as site\n" in text
    assert "return site(environ, start_response)" in plain
    assert "return await site(scope, receive, send)" in asynchronous
    assert "asyncio" not in plain


def test_an_application_of_two_calls() -> None:
    """Channels before 3 has applications that are called twice; served like others they answer with an error page."""
    later, earlier = (
        written(ContainerFiles("", "container", "shop.web:app", asynchronous=True, two_calls=twice))[
            "container/health.py"
        ]
        for twice in (False, True)
    )
    assert "\nsite = guarantee_single_callable(site)\n" in earlier
    assert "guarantee_single_callable" not in later


@pytest.mark.parametrize(
    ("there", "name"),
    [
        ({}, "container"),
        ({"backend/container/models.py": ""}, "container_files"),
        ({"backend/container.py": ""}, "container_files"),
        ({"container/models.py": ""}, "container"),
        ({"backend/container/health.py": "# Made by djdock, yours to edit"}, "container"),
    ],
    ids=["free", "an app", "a module", "elsewhere", "djdock's already"],
)
def test_a_name_that_the_project_has_is_left_to_it(there: dict[str, str], name: str) -> None:
    """A project that has something called `container` beside manage.py keeps it; a second run finds the same name."""
    assert container_files.choose_name(Texts(there), "backend") == name


PROXIED = ["X-Forwarded-For", "Forwarded"]


@pytest.mark.parametrize("asynchronous", [False, True], ids=["wsgi", "asgi"])
@pytest.mark.parametrize(
    ("path", "header", "by"),
    [
        ("/livez", "User-Agent", "health"),
        ("/livez", "X-Forwarded-Proto", "health"),
        *(("/livez", header, "site") for header in PROXIED),
        *(("/readyz", header, "site") for header in PROXIED),
        ("/livez/", "User-Agent", "site"),
        ("/", "User-Agent", "site"),
    ],
)
def test_health_is_for_those_who_ask_directly(
    path: str, header: str, by: str, asynchronous: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kubelets, Docker and load balancers send no header of a proxy; a visitor's request has one, and gets Django's
    answer. The site and Django's connections are stood in for: neither is installed where this runs.
    """
    asked = ask_asgi if asynchronous else ask_wsgi
    text = written(ContainerFiles("", "container", "shop.web:app", asynchronous=asynchronous))["container/health.py"]
    site: Any = SimpleNamespace(app=asgi_site if asynchronous else wsgi_site)
    for name, stood_in in {"django": None, "django.db": SimpleNamespace(connections={}), "shop.web": site}.items():
        monkeypatch.setitem(sys.modules, name, stood_in or SimpleNamespace(db=None))
    monkeypatch.setitem(sys.modules, "shop", SimpleNamespace(web=site))
    module: dict[str, Any] = {}
    exec(compile(text, "health.py", "exec"), module)  # noqa: S102 - it is the file that we have made
    assert asked(module["application"], path, header) == {"health": b"ok", "site": b"site"}[by]


def wsgi_site(_environ: dict[str, str], start_response: Any) -> list[bytes]:
    start_response("404 Not Found", [])
    return [b"site"]


async def asgi_site(_scope: dict[str, Any], _receive: Any, send: Any) -> None:
    await send({"type": "http.response.body", "body": b"site"})


def ask_wsgi(application: Any, path: str, header: str) -> bytes:
    environ = {"PATH_INFO": path, f"HTTP_{header.upper().replace('-', '_')}": "192.0.2.1"}
    return b"".join(application(environ, lambda _status, _headers: None))


def ask_asgi(application: Any, path: str, header: str) -> bytes:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "path": path, "headers": [(header.lower().encode(), b"192.0.2.1")]}
    asyncio.run(application(scope, None, send))
    return b"".join(message.get("body", b"") for message in sent)
