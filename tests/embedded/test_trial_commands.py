"""Repairs that are management commands: the trial works on a database of its own, and so must they."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import tools
from tests.tools import Project

pytestmark = pytest.mark.embedded

PROJECT = {
    "manage.py": """\
import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
if __name__ == "__main__":
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
""",
    "shop/__init__.py": "",
    "shop/settings.py": """\
SECRET_KEY = "for a test"
DEBUG = True
ROOT_URLCONF = "shop.urls"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes"]
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "kept"}}
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}}
""",
    "shop/urls.py": """\
from django.core.cache import cache
from django.http import HttpResponse
from django.urls import path


def page(request):
    cache.set("word", "from the cache")
    return HttpResponse(cache.get("word"))


urlpatterns = [path("", page)]
""",
    "requirements.txt": "django==5.2.*\n",
}


def test_the_cache_table(workspace: Path) -> None:
    """The page comes from a cache whose table no migration makes, on an empty database and on one with data."""
    project = Project(workspace / "shop")
    for path, text in PROJECT.items():
        place = project.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    done = project.up("embedded", "--yes", "--port", str(tools.free_port()))
    assert "repair  run manage.py createcachetable" in done.out
    assert tools.page(project.url) == (200, "from the cache")
    project.sql("drop table kept")
    project.djdock("undo").ok()
    project.up("embedded", "--yes", "--port", str(tools.free_port()))
    assert tools.page(project.url) == (200, "from the cache")
