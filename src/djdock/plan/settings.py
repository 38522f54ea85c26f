"""settings.py: what differs between machines comes from the environment, through django-environ.

https://django-environ.readthedocs.io/ - one small package without dependencies of its own, kept since 2013, and it
raises ImproperlyConfigured by itself for a variable that is missing.
"""

from __future__ import annotations

from djdock.plan.python_source import Append, Assign, Edit, Import, Insert, edit

# Part of the defaults in compose.yaml; the settings refuse any value that contains it when DEBUG is off.
INSECURE = "insecure-development"

READ_ENVIRONMENT = """
# What differs between machines comes from the environment; on a developer's machine from the file .env.
env = environ.Env()
env.read_env(BASE_DIR / ".env")
"""

REFUSE_DEFAULTS = f"""
# compose.yaml has public defaults so that a fresh clone starts; nothing but development may run on them.
if not DEBUG and "{INSECURE}" in SECRET_KEY + DATABASES["default"]["PASSWORD"]:
    raise ImproperlyConfigured("DEBUG is off: set SECRET_KEY and the database's password to values of your own.")
"""

STATIC_FILES = """
# collectstatic gathers here what the production image serves; in development Django finds the files by itself.
STATIC_ROOT = BASE_DIR / "staticfiles"

if not DEBUG:
    # WhiteNoise lets the application serve them, compressed, under names that browsers may keep for ever.
    MIDDLEWARE.insert(1, "whitenoise.middleware.WhiteNoiseMiddleware")
    STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    }
"""

FROM_ENVIRONMENT: tuple[Edit, ...] = (
    Import("import environ", apart=True),
    Import("from django.core.exceptions import ImproperlyConfigured"),
    Insert("BASE_DIR", READ_ENVIRONMENT),
    Assign("SECRET_KEY", 'env("SECRET_KEY")'),
    Assign("DEBUG", 'env.bool("DEBUG")'),
    Assign("ALLOWED_HOSTS", 'env.list("ALLOWED_HOSTS")'),
    Insert("ALLOWED_HOSTS", '\nCSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS")\n'),
    Assign("DATABASES", '{\n    "default": env.db_url("DATABASE_URL"),\n}'),
    Insert("DATABASES", REFUSE_DEFAULTS),
    Insert("STATIC_URL", STATIC_FILES),
)

USER_MODEL: tuple[Edit, ...] = (
    Append("INSTALLED_APPS", '"accounts"'),
    Insert("DATABASES", '\n# Changing to a user model of one\'s own later is hard, so it is there from the start.\n'
           'AUTH_USER_MODEL = "accounts.User"\n'),
)  # fmt: skip


def from_environment(source: str, *, user_model: bool) -> str:
    """Settings as Django wrote them, made to read their environment.

    Raises:
        djdock.plan.python_source.NotFound: one of Django's own settings is not where Django writes it.
    """
    return edit(source, (USER_MODEL if user_model else ()) + FROM_ENVIRONMENT)
