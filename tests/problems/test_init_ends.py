"""An `init` that is killed or interrupted: the next command finds the tree as it was, or puts it back."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests import tools
from tests.tools import tree

SETTINGS = """\
SECRET_KEY = "x"
DEBUG = True
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes"]
ROOT_URLCONF = "site1.urls"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}}
"""
PROJECT = {
    "manage.py": 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "site1.settings")\n',
    "site1/__init__.py": "",
    "site1/settings.py": SETTINGS,
    "site1/urls.py": "urlpatterns = []\n",
    "requirements.txt": "Django==5.2.8\n",
}
# Meets `djdock init` just before the change number N of the project's tree, and ends it there.
MEET = """
import os, signal, sys
number, how, inside, count = int(sys.argv[1]), getattr(signal, sys.argv[2]), os.getcwd(), 0
names = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.chmod"}
def hook(event, arguments):
    global count
    if event not in names or not str(arguments[0]).startswith(inside):
        return
    if event == "open" and not (isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)):
        return
    count += 1
    if count == number:
        os.kill(os.getpid(), how)
sys.addaudithook(hook)
sys.argv = ["djdock", "init", "--yes", "--no-run"]
from djdock.cli import main
main()
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for path, text in PROJECT.items():
        (tmp_path / "shop" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "shop" / path).write_text(text)
    return tmp_path / "shop"


@pytest.mark.parametrize("how", ["SIGKILL", "SIGINT", "SIGTERM"])
def test_init_that_ends_in_the_middle(root: Path, how: str) -> None:
    """At whichever change it ends, the tree is as it was, byte for byte, after `undo`."""
    before = tree(root)
    ended = set()
    for number in range(4, 200, 13):
        copy = root.with_name(f"copy {number}")
        shutil.copytree(root, copy)
        done = subprocess.run(
            [sys.executable, "-c", MEET, str(number), how],
            cwd=copy,
            env=tools.clean_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        ended.add(done.returncode)
        undone = tools.djdock("undo", cwd=copy)
        assert undone.code == 0 or "nothing to undo" in undone.words, undone.all
        assert tree(copy) == before
        if done.returncode == 0:
            break
    assert ended == {0, {"SIGKILL": -signal.SIGKILL, "SIGINT": 130, "SIGTERM": 143}[how]}
