"""How a project is served: its WSGI and ASGI applications, and whether it collects static files."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from djdock.project.evaluation import UNKNOWN, Evaluation, Unknown
from djdock.project.evaluation.library import ROOT
from djdock.project.files import Files

# Where containers have the project.
INSIDE = "/app"
# The path of an address on the site itself, with nothing in it that a web server would take for more than that.
PATH = re.compile(r"/?(?:[\w-][\w.-]*/)+")
STATIC_APP = "django.contrib.staticfiles"


def wsgi(files: Files, folder: str, evaluation: Evaluation, settings: str) -> str:
    """The WSGI application as `module:name`: what the settings name, where it is there, else the usual one."""
    return _application(files, folder, evaluation.values.get("WSGI_APPLICATION"), (settings, "wsgi"))


def asgi(files: Files, folder: str, evaluation: Evaluation, settings: str) -> str:
    """The ASGI application as `module:name`; empty where the project has none."""
    found = _application(files, folder, evaluation.values.get("ASGI_APPLICATION"), (settings, "asgi"))
    return found if _is_there(files, folder, found.partition(":")[0]) else ""


def collects_static_files(values: Mapping[str, object]) -> bool:
    """Whether `collectstatic` is a command of the project, and knows where to put what it finds."""
    apps, root = values.get("INSTALLED_APPS"), values.get("STATIC_ROOT")
    if not root and not isinstance(root, Unknown):
        return False
    if not isinstance(apps, Sequence):
        return apps is UNKNOWN or isinstance(apps, Unknown)
    return any(isinstance(app, Unknown) or str(app).startswith(STATIC_APP) for app in apps)


def folder_inside(values: Mapping[str, object], name: str, folder: str) -> str:
    """The folder that a setting names, such as MEDIA_ROOT, as containers see it; empty where it names none.

    `folder` is that of manage.py: commands and servers run there.
    """
    found = values.get(name)
    if not found or isinstance(found, Unknown) or not isinstance(found, (str, PurePosixPath)):
        return ""
    place = posixpath.normpath(posixpath.join(ROOT, folder, str(found)))
    return INSIDE + place.removeprefix(str(ROOT)) if f"{place}/".startswith(f"{ROOT}/") else place


def media_address(values: Mapping[str, object]) -> str:
    """Where visitors find uploaded files, as `/media/`; empty where MEDIA_URL says none, or another site.

    A path that static files have a part of is none either: who serves that takes them for uploads.
    """
    media, static = (_path(values.get(name)) for name in ("MEDIA_URL", "STATIC_URL"))
    return "" if static.startswith(media) else media


def _path(url: object) -> str:
    """The path of an address on this site, as Django takes it: it may lack the slash that it begins with."""
    return f"/{url.lstrip('/')}" if isinstance(url, str) and PATH.fullmatch(url) else ""


def static_storage(values: Mapping[str, object]) -> str:
    """The dotted name of the class that stores static files; empty where the settings do not say."""
    storages = values.get("STORAGES")
    entry = storages.get("staticfiles") if isinstance(storages, Mapping) else None
    backend = entry.get("BACKEND") if isinstance(entry, Mapping) else values.get("STATICFILES_STORAGE")
    return backend if isinstance(backend, str) else ""


def _application(files: Files, folder: str, named: object, fallback: tuple[str, str]) -> str:
    settings, kind = fallback
    if isinstance(named, str) and "." in named:
        module, _, name = named.rpartition(".")
        if _is_there(files, folder, module):
            return f"{module}:{name}"
    package = settings.rpartition(".")[0]
    while package and not _is_there(files, folder, f"{package}.{kind}"):
        package = package.rpartition(".")[0]
    return f"{package or settings.partition('.')[0]}.{kind}:application"


def _is_there(files: Files, folder: str, module: str) -> bool:
    path = posixpath.join(folder, module.replace(".", "/"))
    return files.read(f"{path}.py") is not None or files.read(f"{path}/__init__.py") is not None
