"""Settings of the project whose rows are copied: SQLite, unless DATABASE_URL names another database."""

from pathlib import Path

import environ

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()

SECRET_KEY = "never used: this project serves no pages"  # noqa: S105 - and it stands here for all to see

DEBUG = False

ALLOWED_HOSTS = []

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "shop",
    "blog",
    "measurements",
]

MIDDLEWARE = []

ROOT_URLCONF = "config.urls"

DATABASES = {
    "default": env.db_url("DATABASE_URL", default=f"sqlite:///{BASE_DIR / 'db.sqlite3'}"),
}

TIME_ZONE = "UTC"

USE_TZ = True

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
