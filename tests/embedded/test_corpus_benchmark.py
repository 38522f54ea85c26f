"""The benchmark over public projects, for real, on two small ones of our own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import corpus
from tests import tools

pytestmark = pytest.mark.embedded

MANAGE = """\
import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
if __name__ == "__main__":
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
"""
SETTINGS = """\
SECRET_KEY = "for a test"
DEBUG = True
ALLOWED_HOSTS = []
ROOT_URLCONF = "shop.urls"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes"]
MIDDLEWARE = []
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}}
"""
URLS = """\
from django.http import HttpResponse
from django.urls import path

urlpatterns = [path("", lambda request: HttpResponse("hi"))]
"""
PROJECTS = {
    "someone+shop": {
        "manage.py": MANAGE,
        "shop/__init__.py": "",
        "shop/settings.py": SETTINGS,
        "shop/urls.py": URLS,
        "requirements.txt": "django==5.2.*\n",
    },
    "someone+old": {
        "manage.py": MANAGE,
        "shop/__init__.py": "",
        "shop/settings.py": SETTINGS,
        "requirements.txt": "Django==1.10.5\n",
    },
}
LIST = {
    "runs": [{"repo": "someone/shop", "commit": "", "admin_path": None}],
    "refuse": [{"repo": "someone/old", "commit": "", "why_not": "Django 1.10 needs Python <= 3.6"}],
}


def test_two_projects(workspace: Path) -> None:
    """One comes up, answers, and gets its bytes back; the other is told why not; both count, and nothing stays."""
    for name, texts in PROJECTS.items():
        for path, text in texts.items():
            place = workspace / "corpus" / name / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
    (workspace / "list.json").write_text(json.dumps(LIST))
    found = workspace / "found.json"
    done = tools.run(
        [
            *(tools.DJDOCK.with_name("python"), "-m", "benchmarks", "corpus", workspace / "list.json"),
            *(workspace / "corpus", "--engine", "embedded", "--jobs", "2", "--json", found),
        ],
        Path(corpus.__file__).parents[1],
    ).ok()
    shop, old = json.loads(found.read_text())
    assert shop["counts"], shop
    assert shop["pages"] == {"/": 200}
    assert shop["restored"]
    assert old["counts"], old
    assert "must be told why: 1 of 1" in done.out
    assert not list(Path("/tmp").glob("djdock-benchmark-*/someone+*"))  # noqa: S108 - where the benchmark works
