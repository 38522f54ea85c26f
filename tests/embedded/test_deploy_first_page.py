"""deploy/first_page.py: a new version is asked for a page in the way in which visitors will ask it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from djdock.deploy import first_page
from djdock.deploy.targets.target import Site, Target
from djdock.errors import Problem
from djdock.plan.change import generate
from djdock.plan.container_files import ContainerFiles
from djdock.plan.production.release import Release
from djdock.process import Result, run
from djdock.project.files import Texts

pytestmark = pytest.mark.embedded

PROJECT = {
    "manage.py": """\
import os
from django.core.management import execute_from_command_line
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
execute_from_command_line()
""",
    "settings.py": """\
SECRET_KEY, ROOT_URLCONF, ALLOWED_HOSTS, DATABASES = "s" * 50, "urls", ["shop.example.com"], {}
""",
    "urls.py": """\
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import path
urlpatterns = [
    path("", lambda request: HttpResponseRedirect("/login/?next=/")),
    path("login/", lambda request: HttpResponse(request.GET["next"])),
]
""",
    "asgi.py": "from django.core.asgi import get_asgi_application\napplication = get_asgi_application()\n",
    # As the routers of Channels before 3: the scope makes an instance, which then gets the rest.
    "routing.py": """\
from django.core.asgi import get_asgi_application
class Router:
    def __init__(self, scope):
        self.scope = scope
    async def __call__(self, receive, send):
        await get_asgi_application()(self.scope, receive, send)
application = Router
""",
    # As a router of Channels since 3 that nobody has told about pages.
    "sockets.py": """\
async def application(scope, receive, send):
    raise ValueError("No application configured for scope type 'http'")
""",
}


@dataclass(frozen=True)
class Interpreter:
    """The one seam: commands run in an interpreter with Django here, and not in an image."""

    root: Path

    def manage(self, _site: Site, arguments: Sequence[str], stdin: str = "") -> Result:
        uv = Path(sys.executable).with_name("uv")
        with_django = [uv, "run", "--quiet", "--no-project", "--with", "Django==5.2.8", "python", "manage.py"]
        return run([*map(str, with_django), *arguments], cwd=self.root, stdin=stdin)


def check(root: Path, site: ContainerFiles | None, hosts: tuple[str, ...] = ()) -> tuple[str, int]:
    files = dict(PROJECT)
    if site is not None:
        files |= {change.path: change.after for change in site.changes(Texts({}), generate)}
    for path, text in files.items():
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_text(text)
    values = Release("shop", (), hosts=hosts)
    return first_page.check(cast("Target", Interpreter(root)), Site(root, values, {}, "shop:1", root))


@pytest.mark.parametrize(
    "site",
    [
        None,
        ContainerFiles("", "container", "asgi:application", asynchronous=True),
        ContainerFiles("", "container", "routing:application", asynchronous=True, two_calls=True, settings="settings"),
    ],
    ids=["no files of djdock's", "an ASGI application", "one of two calls"],
)
def test_a_page_that_is_there(tmp_path: Path, site: ContainerFiles | None) -> None:
    """Redirects are followed, and what serves the site answers as Django does."""
    assert check(tmp_path, site) == ("/login/?next=/", 200)


@pytest.mark.parametrize("module", ["routing", "sockets"])
def test_a_server_that_does_not_get_to_the_page(tmp_path: Path, module: str) -> None:
    """Django itself would answer, and visitors would see an error: it is told before they do."""
    with pytest.raises(Problem) as found:
        check(
            tmp_path, ContainerFiles("", "container", f"{module}:application", asynchronous=True, settings="settings")
        )
    assert "answers /login/?next=/ with an error" in found.value.cause
    assert "Error" in found.value.details


def test_a_name_that_django_does_not_answer_to(tmp_path: Path) -> None:
    """A site with a name that ALLOWED_HOSTS lacks would answer 400 to everybody; a name that it has is good."""
    assert check(tmp_path, None, ("shop.example.com",))[1] == 200
    with pytest.raises(Problem) as found:
        check(tmp_path, None, ("other.example.com",))
    assert "without other.example.com" in found.value.details
