"""Small projects as people have them: each a dict of its files, in the shapes that `init` meets in the wild."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests import tools

Texts = Mapping[str, str | bytes]


def manage(settings: str = "shop.settings") -> str:
    """A manage.py that names a settings module."""
    return f"""\
#!/usr/bin/env python
import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "{settings}")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
"""


SQLITE = """\
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": BASE_DIR / "db.sqlite3",
    }
}
"""
TOP = """\
import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
"""
REST = """\
SECRET_KEY = "only for tests"
DEBUG = True
ALLOWED_HOSTS = []
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes"]
MIDDLEWARE = []
ROOT_URLCONF = "shop.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
"""
URLS = """\
from django.http import HttpResponse
from django.urls import path

urlpatterns = [path("", lambda request: HttpResponse("hi"))]
"""
WSGI = """\
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
application = get_wsgi_application()
"""


def settings(databases: str = SQLITE) -> str:
    """A settings module with some form of DATABASES."""
    return f"{TOP}\n{REST}\n{databases}"


def project(databases: str = SQLITE, *, below: str = "", declared: str | None = "Django==5.2.8\n") -> dict[str, str]:
    """A whole project, in a sub-folder or not; `declared` is its requirements.txt."""
    texts = {
        "manage.py": manage(),
        "shop/__init__.py": "",
        "shop/settings.py": settings(databases),
        "shop/urls.py": URLS,
        "shop/wsgi.py": WSGI,
    } | ({} if declared is None else {"requirements.txt": declared})
    return {f"{below}{path}": text for path, text in texts.items()}


PEP621 = """\
[project]
name = "shop"
version = "1.0"
requires-python = ">=3.10"
dependencies = [
    "Django>=5.2,<5.3",  # with a reason
]
"""
POETRY = """\
[tool.poetry]
name = "shop"
version = "1.0"
description = ""
authors = ["A. Person <a@example.org>"]

[tool.poetry.dependencies]
python = "^3.10"
django = "^5.2"

[build-system]
requires = ["poetry-core"]
build-backend = "poetry.core.masonry.api"
"""
PDM = PEP621 + '\n[tool.pdm]\ndistribution = false\n\n[tool.pdm.scripts]\nserve = "python manage.py runserver"\n'
UV = PEP621 + "\n[tool.uv]\npackage = false\n"
PIPFILE = """\
[[source]]
url = "https://index.example/simple"
verify_ssl = true
name = "pypi"

[packages]
django = "~=5.2.0"

[requires]
python_version = "3.13"
"""
SETUP = """\
from setuptools import setup

setup(
    name="shop",
    version="1.0",
    packages=["shop"],
    install_requires=[
        "Django>=5.2,<5.3",
    ],
)
"""
OWN_DOCKERFILE = "FROM python:3.13-slim\nCOPY . /app\nWORKDIR /app\nCMD python manage.py runserver 0.0.0.0:8000\n"
OWN_COMPOSE = """\
version: "3"
services:
  web:
    build: .
    ports: ["8000:8000"]
  db:
    image: postgres:16
    environment:
      POSTGRES_DB: shop
      POSTGRES_USER: shop
      POSTGRES_PASSWORD: shop
"""

# Who installs the dependencies, and how they are declared.
MANAGERS: dict[str, Texts] = {
    "pip": project(),
    "pip without an end of line": project(declared="Django==5.2.8"),
    "requirements folder": {
        **project(declared=None),
        "requirements/base.txt": "Django==5.2.8\n",
        "requirements/dev.txt": "-r base.txt\npytest\n",
    },
    "requirements.in": {**project(), "requirements.in": "Django>=5.2\n"},
    "UTF-16 requirements": {**project(declared=None), "requirements.txt": "Django==5.2.8\r\n".encode("utf-16")},
    "BOM and CRLF requirements": {
        **project(declared=None),
        "requirements.txt": b"\xef\xbb\xbfDjango==5.2.8\r\nrequests\r\n",
    },
    "uv": {**project(declared=None), "pyproject.toml": UV},
    "poetry": {**project(declared=None), "pyproject.toml": POETRY},
    "pdm": {**project(declared=None), "pyproject.toml": PDM},
    "pipenv": {**project(declared=None), "Pipfile": PIPFILE},
    "pep621": {**project(declared=None), "pyproject.toml": PEP621},
    "setup.py": {**project(declared=None), "setup.py": SETUP},
    "none": project(declared=None),
}  # fmt: skip

PACKAGE = {
    "shop/settings/__init__.py": "",
    "shop/settings/base.py": settings(),
    "shop/settings/local.py": "from .base import *\n\nDEBUG = True\n",
    "shop/settings/production.py": "from .base import *\n\nDEBUG = False\n",
}
# Where things are, and how the files are written.
LAYOUTS: dict[str, Texts] = {
    "sub-folder": {**project(below="backend/"), "README.md": "# Shop\n"},
    "sub-folder, requirements above": {
        **project(below="backend/", declared=None),
        "requirements.txt": "Django==5.2.8\n",
    },
    "src": {**project(below="src/", declared=None), "pyproject.toml": PEP621},
    "several manage.py": {
        **project(),
        **project(below="example/", declared=None),
        "tests/manage.py": manage("tests.settings"),
    },
    "settings package": {
        **{path: text for path, text in project().items() if path != "shop/settings.py"},
        **PACKAGE,
        "manage.py": manage("shop.settings.local"),
    },
    "empty settings package": {
        **{path: text for path, text in project().items() if path != "shop/settings.py"},
        **PACKAGE,
    },
    "no wsgi.py": {path: text for path, text in project().items() if "wsgi" not in path},
    "tracked .env": {**project(), ".env": "SOMETHING=1\n"},
    "own .env": {**project(), ".env": "SOMETHING=1\nDEBUG=True\n", ".gitignore": ".env\n"},
    "own .env without an end of line": {**project(), ".env": "SOMETHING=1", ".gitignore": ".env"},
    "own Docker files": {**project(), "Dockerfile": OWN_DOCKERFILE, "docker-compose.yml": OWN_COMPOSE},
    "CRLF": {path: text.replace("\n", "\r\n").encode() for path, text in project().items()},
    "BOM": {path: b"\xef\xbb\xbf" + text.encode() for path, text in project().items() if text},
    "odd names": {**project(), "shop/a b ü.txt": "x", "shop/-x": "y"},
}  # fmt: skip

PLAIN = '"ENGINE": "django.db.backends.postgresql"'
# How the settings say which database they use.
FORMS: dict[str, Texts] = {
    "PostgreSQL literal": project(
        f'DATABASES = {{"default": {{{PLAIN}, "NAME": "shop", "USER": "me", "PASSWORD": "me", "HOST": "db"}}}}\n'
    ),
    "MySQL literal": project(
        'DATABASES = {"default": {"ENGINE": "django.db.backends.mysql", "NAME": "shop", "USER": "root", '
        '"OPTIONS": {"charset": "utf8mb4"}}}\n'
    ),
    "os.environ": project(
        f'DATABASES = {{"default": {{{PLAIN}, "NAME": os.environ["DB_NAME"], "USER": os.environ["DB_USER"], '
        '"PASSWORD": os.environ["DB_PASSWORD"], "HOST": os.environ["DB_HOST"], "PORT": os.environ["DB_PORT"]}}\n'
    ),
    "getenv": project(
        f'DATABASES = {{"default": {{{PLAIN}, "NAME": os.getenv("PG_NAME", "shop"), "USER": os.getenv("PG_USER"), '
        '"PASSWORD": os.getenv("PG_PASSWORD"), "HOST": os.getenv("PG_HOST", "localhost"), '
        '"PORT": os.getenv("PG_PORT", "5432")}}\n'
    ),
    "dj-database-url": project(
        'import dj_database_url\nDATABASES = {"default": dj_database_url.config(default="sqlite:///db.sqlite3")}\n',
        declared="Django==5.2.8\ndj-database-url\n",
    ),
    "django-environ": project(
        'import environ\nenv = environ.Env()\nDATABASES = {"default": env.db("SITE_DATABASE")}\n',
        declared="Django==5.2.8\ndjango-environ\n",
    ),
    "decouple": project(
        "from decouple import config\n"
        f'DATABASES = {{"default": {{{PLAIN}, "NAME": config("NAME"), "USER": config("USER_"), '
        '"PASSWORD": config("PASSWORD"), "HOST": config("HOST"), "PORT": config("PORT", cast=int)}}\n',
        declared="Django==5.2.8\npython-decouple\n",
    ),
    "update": project(SQLITE + 'DATABASES["default"].update({"CONN_MAX_AGE": 60})\n'),
    "a condition": project(
        'if "RDS_HOSTNAME" in os.environ:\n'
        f'    DATABASES = {{"default": {{{PLAIN}, "NAME": os.environ["RDS_DB_NAME"], '
        '"USER": os.environ["RDS_USERNAME"], "PASSWORD": os.environ["RDS_PASSWORD"], '
        '"HOST": os.environ["RDS_HOSTNAME"], "PORT": os.environ["RDS_PORT"]}}\n'
        "else:\n" + "".join(f"    {line}\n" for line in SQLITE.splitlines())
    ),
    "DEBUG": project(
        "if DEBUG:\n" + "".join(f"    {line}\n" for line in SQLITE.splitlines())
        + f'else:\n    DATABASES = {{"default": {{{PLAIN}, "NAME": "shop"}}}}\n'
    ),
    "another module": {**project("from .databases import DATABASES\n"), "shop/databases.py": TOP + SQLITE},
    "a second alias": project(
        'DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "a.sqlite3"}, '
        '"other": {"ENGINE": "django.db.backends.sqlite3", "NAME": "b.sqlite3"}}\n'
    ),
    "an engine by name": project(
        'DATABASES = {"default": {"ENGINE": "django.db.backends." + os.environ.get("DB_ENGINE", "sqlite3"), '
        '"NAME": os.environ.get("DB_NAME", "db.sqlite3"), "USER": os.environ.get("DB_USER", ""), '
        '"PASSWORD": os.environ.get("DB_PASS", ""), "HOST": os.environ.get("DB_HOST", ""), '
        '"PORT": os.environ.get("DB_PORT", "")}}\n'
    ),
    "USE_POSTGRES": project(
        'if os.environ.get("USE_POSTGRES") == "1":\n'
        f'    DATABASES = {{"default": {{{PLAIN}, "NAME": os.environ["PGDATABASE"], "USER": os.environ["PGUSER"], '
        '"PASSWORD": os.environ["PGPASSWORD"], "HOST": os.environ["PGHOST"], "PORT": os.environ["PGPORT"]}}\n'
        "else:\n" + "".join(f"    {line}\n" for line in SQLITE.splitlines())
    ),
}  # fmt: skip

ALL: dict[str, Texts] = MANAGERS | LAYOUTS | FORMS


def write(root: Path, texts: Texts, *, git: bool = True) -> Path:
    """Writes a project; with git it is committed, but for what it says is to be ignored."""
    for path, text in texts.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(text.encode() if isinstance(text, str) else text)
    if git:
        commit(root)
    return root


def commit(root: Path) -> None:
    """Puts all that there is under version control."""
    who = ("-c", "user.name=A. Person", "-c", "user.email=a@example.org")
    tools.run(["git", "init", "--quiet"], root).ok()
    tools.run(["git", *who, "add", "--all"], root).ok()
    tools.run(["git", *who, "commit", "--quiet", "--message", "All of it"], root).ok()
