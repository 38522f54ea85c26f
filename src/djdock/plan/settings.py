"""settings.py: what differs between machines comes from the environment, through django-environ.

https://django-environ.readthedocs.io/ - one small package without dependencies of its own, kept since 2013, and it
raises ImproperlyConfigured by itself for a variable that is missing.
"""

from __future__ import annotations

import re

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

SECURITY = """
if not DEBUG:
    # Before the site stands a proxy that speaks HTTPS and says so in this header, whatever visitors send there.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    # SECURE_SSL_REDIRECT=False is for a trial without HTTPS.
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
    SESSION_COOKIE_SECURE = SECURE_SSL_REDIRECT
    CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT
    # For so many seconds browsers insist on HTTPS. An hour to begin with; a year (31536000) when all is well.
    SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=3600)
    # These two ask to bind subdomains as well, and to do so for good: that is for whoever has the domain to decide.
    SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
"""

POOL = """
if not DEBUG:
    # Connections stay open between requests: one for each of the server's four threads, and one for /readyz. Each is
    # tried before it is used, so that no request fails because the database was restarted.
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    pool = {"min_size": 1, "max_size": 5, "timeout": 10, "reconnect_timeout": 5}
    DATABASES["default"].setdefault("OPTIONS", {})["pool"] = pool
"""

PERSISTENT = """
if not DEBUG:
    # Connections stay open between requests. Each is tried before it is used, so that no request fails because the
    # database was restarted.
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
"""

LOGS = """
if not DEBUG:
    # What happens goes to where containers keep it, errors with their traceback. Django by itself would only mail them.
    LOGGING = {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"plain": {"format": "{levelname} {name}: {message}", "style": "{"}},
        "handlers": {
            "console": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "plain"},
        },
        "root": {"handlers": ["console"], "level": "INFO"},
    }
"""

MAIL = """
if not DEBUG:
    # Such as EMAIL_URL=smtp+tls://user:password@smtp.example.com:587; without one no mail leaves the container.
    email = env.email_url("EMAIL_URL", default="smtp://localhost:25")
    MAILERS["default"] = {
        "BACKEND": email["EMAIL_BACKEND"],
        "OPTIONS": {
            "host": email["EMAIL_HOST"],
            "port": email["EMAIL_PORT"],
            "username": email["EMAIL_HOST_USER"],
            "password": email["EMAIL_HOST_PASSWORD"],
            "use_tls": email.get("EMAIL_USE_TLS", False),
            "use_ssl": email.get("EMAIL_USE_SSL", False),
        },
    }
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

# From Django 6.1 on startproject writes it, with a backend that only prints.
MAILERS = re.compile(r"^MAILERS\b", re.MULTILINE)
# What has a pool of connections; before, connections could only be kept by threads.
POOLED = (5, 1)

FROM_ENVIRONMENT: tuple[Edit, ...] = (
    Import("import environ", apart=True),
    Import("from django.core.exceptions import ImproperlyConfigured"),
    Insert("BASE_DIR", READ_ENVIRONMENT),
    Assign("SECRET_KEY", 'env("SECRET_KEY")'),
    Assign("DEBUG", 'env.bool("DEBUG")'),
    Assign("ALLOWED_HOSTS", 'env.list("ALLOWED_HOSTS")'),
    Insert("WSGI_APPLICATION", LOGS),
    Insert("ALLOWED_HOSTS", '\nCSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS")\n'),
    Insert("CSRF_TRUSTED_ORIGINS", SECURITY),
    Assign("DATABASES", '{\n    "default": env.db_url("DATABASE_URL"),\n}'),
    Insert("DATABASES", REFUSE_DEFAULTS),
    Insert("STATIC_URL", STATIC_FILES),
)

USER_MODEL: tuple[Edit, ...] = (
    Append("INSTALLED_APPS", '"accounts"'),
    Insert("DATABASES", '\n# Changing to a user model of one\'s own later is hard, so it is there from the start.\n'
           'AUTH_USER_MODEL = "accounts.User"\n'),
)  # fmt: skip


def from_environment(source: str, *, user_model: bool, pool: bool = True) -> str:
    """Settings as Django wrote them, made to read their environment.

    With `pool`, which needs Django 5.1, production's connections are in a pool; else each thread keeps one.

    Raises:
        djdock.plan.python_source.NotFound: one of Django's own settings is not where Django writes it.
    """
    more: tuple[Edit, ...] = (Insert("DATABASES", POOL if pool else PERSISTENT),)
    if MAILERS.search(source):
        more += (Insert("MAILERS", MAIL),)
    return edit(source, (USER_MODEL if user_model else ()) + more + FROM_ENVIRONMENT)
