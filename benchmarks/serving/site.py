"""The site that is asked: one app with the same pages, in the project of `djdock new` and in the tutorial's."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import tutorial
from benchmarks.build import Image, new_mark
from benchmarks.place import run
from tests import tools

HERE = Path(__file__).parent
APP = HERE / "project"
# For what is compared with the project's own server, and installed in an image of its own on top of the real one.
SERVERS = ("granian", "uvicorn[standard]", "hypercorn", "daphne", "psycopg-pool")
INSTALLED_APPS = '\nINSTALLED_APPS += ["posts"]\n'
URLS = '\nfrom django.urls import include\n\nurlpatterns += [path("", include("posts.urls"))]\n'
MORE_SERVERS = """\
FROM {image}
USER 0:0
RUN --mount=type=bind,from={uv},source=/uv,target=/usr/local/bin/uv --mount=type=cache,target=/root/.cache/uv \\
    uv pip install --python /opt/venv {servers}
USER 10001:10001
"""
UV = re.compile(r"^FROM (\S+) AS uv$", re.MULTILINE)
# Posts on the page (project/posts/material.py).
SHOWN = 10
STYLESHEET = re.compile(r'<link rel="stylesheet" href="([^"]+)">')


@dataclass(frozen=True)
class Images:
    """What `djdock new` makes, as it goes into production; and the same with more servers to compare with.

    Attributes:
        command: what the production image starts.
        wsgi: the application in it, `module:name` or a module.
    """

    production: str
    comparison: str
    command: tuple[str, ...]

    @property
    def wsgi(self) -> str:
        return self.command[-1]


@contextmanager
def ours(folder: Path, *, comparison: bool) -> Iterator[Images]:
    """Builds the production image of a new project with the app; `comparison` makes the second one too."""
    folder.mkdir()
    run([tools.DJDOCK, "new", "blog"], folder)
    root = folder / "blog"
    add_app(root)
    mark = new_mark()
    image = Image(root, f"{mark}-production", "production")
    more = Image(folder / "comparison", f"{mark}-comparison")
    try:
        image.build()
        if comparison:
            _add_servers(more, image.name, (root / "Dockerfile").read_text())
        yield Images(image.name, more.name if comparison else image.name, _command(image.name))
    finally:
        for made in (more, image):
            tools.run(["docker", "image", "rm", "--force", made.name], folder)


@contextmanager
def theirs(root: Path) -> Iterator[tutorial.Tutorial]:
    """The tutorial's project with the app, running."""
    with tutorial.project(root) as made:
        add_app(made.root)
        made.start()
        yield made


def add_app(root: Path) -> None:
    """Puts the app into a project as a developer would."""
    shutil.copytree(APP, root, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    for name, more in (("settings", INSTALLED_APPS), ("urls", URLS)):
        with (root / f"django_project/{name}.py").open("a", encoding="utf-8") as file:
            file.write(more)


def stylesheet(page: str) -> str:
    """The path of the static file that a page names; in production it has a fingerprint in its name.

    Raises:
        ValueError: it names none.
    """
    found = STYLESHEET.search(page)
    if found is None:
        raise ValueError("the page has no stylesheet")
    return found[1]


def _add_servers(image: Image, base: str, dockerfile: str) -> None:
    uv = UV.search(dockerfile)
    if uv is None:
        raise ValueError("the Dockerfile takes uv from nowhere")
    image.folder.mkdir()
    text = MORE_SERVERS.format(image=base, uv=uv[1], servers=" ".join(f"'{name}'" for name in SERVERS))
    (image.folder / "Dockerfile").write_text(text)
    image.build()


def _command(image: str) -> tuple[str, ...]:
    said = run(["docker", "image", "inspect", "--format={{json .Config.Cmd}}", image], HERE)
    return tuple(json.loads(said))
