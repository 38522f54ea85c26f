"""What the production image runs beside the site: an entrypoint, and an application that says how the site is."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from djdock.plan.change import Change
from djdock.plan.text import render
from djdock.project.docker_files import FIRST_LINE, is_own
from djdock.project.files import Files

# A package beside manage.py; the second name where a project has the first one for something of its own.
NAMES = ("container", "container_files")
ASGI_IMPORT = "import asyncio\n"
# Applications of Channels before 3 are called with the scope first, and then with the rest.
# https://channels.readthedocs.io/en/latest/releases/3.0.0.html
ONE_CALL_IMPORT = "from asgiref.compatibility import guarantee_single_callable\n"
ONE_CALL = """
# Channels before 3: called with the scope first, and with the rest then; servers and the lines below do both at once.
site = guarantee_single_callable(site)
"""
# Modules of which Django's own startproject says that they make it ready.
READY = ("wsgi", "asgi")
SETUP = """
# {settings} and the models have to be there before the site's module is imported.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "{settings}")
django.setup()
"""
WHY = {
    "__init__.py": "makes a package of the two files below",
    "entrypoint.py": "production: secrets from files, workers by processors",
    "health.py": "production: /livez and /readyz",
}


@dataclass(frozen=True)
class ContainerFiles:
    """Where these files are, and what they wrap.

    Attributes:
        folder: where manage.py is; empty for the root.
        name: of the package.
        site: the site's own application, `module:name`.
        asynchronous: whether that one is an ASGI application.
        two_calls: whether it is one of Channels before 3, which is called twice for each request.
        settings: the settings module, for a site whose module does not make Django ready by itself, as `wsgi.py` and
            `asgi.py` do; else empty.
    """

    folder: str
    name: str
    site: str
    asynchronous: bool = False
    two_calls: bool = False
    settings: str = ""

    @property
    def application(self) -> str:
        """What a server serves, as `module:name`."""
        return f"{self.name}.health:application"

    @property
    def entrypoint(self) -> str:
        """The path of the entrypoint in the image."""
        return posixpath.join("/app", self.folder, self.name, "entrypoint.py")

    def changes(self, files: Files, make: Callable[[Files, str, str, str], Change]) -> Iterator[Change]:
        """The changes that write them, made by `change.write` or `change.generate`."""
        module, _, name = self.site.partition(":")
        application = "container_health_asgi.txt" if self.asynchronous else "container_health_wsgi.txt"
        texts = {
            "__init__.py": render("container_init.py.txt", mark=FIRST_LINE),
            "entrypoint.py": render("container_entrypoint.py.txt", mark=FIRST_LINE, place=self.entrypoint),
            "health.py": render(
                "container_health.py.txt",
                mark=FIRST_LINE,
                imports=ASGI_IMPORT if self.asynchronous else "",
                os="import os\n" if self.settings else "",
                django="import django\n" if self.settings else "",
                setup=SETUP.format(settings=self.settings) if self.settings else "",
                late="  # noqa: E402 - needs what is above" if self.settings else "",
                one_call_import=ONE_CALL_IMPORT if self.two_calls else "",
                one_call=ONE_CALL if self.two_calls else "",
                module=module,
                name=name,
                application=render(application),
            ),
        }
        for path, text in texts.items():
            yield make(files, posixpath.join(self.folder, self.name, path), text, WHY[path])


def needs_setup(site: str) -> bool:
    """Whether a site's module, such as the `routing` of older Channels, leaves it to others to make Django ready."""
    return site.partition(":")[0].rpartition(".")[2] not in READY


def choose_name(files: Files, folder: str) -> str:
    """The name of the package: one that the project has no module or folder of its own by."""
    for name in NAMES:
        there = files.names(posixpath.join(folder, name))
        is_ours = any(is_own(files, posixpath.join(folder, name, file)) for file in WHY)
        if is_ours or (not there and files.read(posixpath.join(folder, f"{name}.py")) is None):
            return name
    return NAMES[-1]
