"""The signs of a project that is a dict of texts: what detection is given."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from djdock.project import examples, layout, signs
from djdock.project.evaluation import evaluate
from djdock.project.files import Texts
from djdock.project.signs import Signs

MANAGE = "import os\nimport django\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'config.settings')\n"


def of(texts: Mapping[str, str], *dependencies: str, folder: str = "") -> Signs:
    """The signs of a project whose manage.py names config.settings, in a folder of its tree."""
    place = f"{folder}/" if folder else ""
    files = Texts({f"{place}manage.py": MANAGE, f"{place}config/__init__.py": "", **texts})
    found = layout.read(files)
    again = partial(evaluate, files, found.settings.value, found.settings_file)
    return signs.gather(signs.filled(again({}), again), dependencies, examples.read(files, (folder,)), files, folder)


def of_settings(text: str, *dependencies: str) -> Signs:
    """The signs of a project that is a settings module and nothing else."""
    return of({"config/settings.py": text}, *dependencies)
