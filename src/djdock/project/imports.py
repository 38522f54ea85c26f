"""What a project's source imports, and which distribution on the package index brings it."""

from __future__ import annotations

import ast
import re
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from djdock.errors import Problem
from djdock.project.dependency import normalise
from djdock.project.files import Files

# Modules whose distribution has another name, and modules named as their distribution that Django projects use. Only
# what is in this table is ever installed: to guess a name is to install what a stranger has put under it.
OTHER_NAMES = {
    "admin_honeypot": "django-admin-honeypot",
    "adminsortable2": "django-admin-sortable2",
    "allauth": "django-allauth",
    "anymail": "django-anymail",
    "auditlog": "django-auditlog",
    "autoslug": "django-autoslug",
    "axes": "django-axes",
    "background_task": "django-background-tasks",
    "bootstrap3": "django-bootstrap3",
    "bootstrap4": "django-bootstrap4",
    "bootstrap5": "django-bootstrap5",
    "bs4": "beautifulsoup4",
    "cachalot": "django-cachalot",
    "channels_redis": "channels-redis",
    "ckeditor": "django-ckeditor",
    "ckeditor_uploader": "django-ckeditor",
    "cloudinary_storage": "django-cloudinary-storage",
    "cms": "django-cms",
    "colorfield": "django-colorfield",
    "compressor": "django-compressor",
    "constance": "django-constance",
    "corsheaders": "django-cors-headers",
    "crispy_bootstrap4": "crispy-bootstrap4",
    "crispy_bootstrap5": "crispy-bootstrap5",
    "crispy_forms": "django-crispy-forms",
    "crispy_tailwind": "crispy-tailwind",
    "Crypto": "pycryptodome",
    "csp": "django-csp",
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "dbbackup": "django-dbbackup",
    "debug_toolbar": "django-debug-toolbar",
    "decouple": "python-decouple",
    "dj_database_url": "dj-database-url",
    "dj_rest_auth": "dj-rest-auth",
    "django_browser_reload": "django-browser-reload",
    "django_celery_beat": "django-celery-beat",
    "django_celery_results": "django-celery-results",
    "django_cleanup": "django-cleanup",
    "django_countries": "django-countries",
    "django_extensions": "django-extensions",
    "django_filters": "django-filter",
    "django_hosts": "django-hosts",
    "django_htmx": "django-htmx",
    "django_otp": "django-otp",
    "django_prometheus": "django-prometheus",
    "django_q": "django-q2",
    "django_recaptcha": "django-recaptcha",
    "django_redis": "django-redis",
    "django_rq": "django-rq",
    "django_seed": "django-seed",
    "django_summernote": "django-summernote",
    "django_tables2": "django-tables2",
    "djangoql": "djangoql",
    "djcelery_email": "django-celery-email",
    "djoser": "djoser",
    "djstripe": "dj-stripe",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "drf_spectacular": "drf-spectacular",
    "drf_yasg": "drf-yasg",
    "easy_thumbnails": "easy-thumbnails",
    "environ": "django-environ",
    "fontawesome": "django-fontawesome",
    "fontawesomefree": "fontawesomefree",
    "formtools": "django-formtools",
    "graphene_django": "graphene-django",
    "graphql_jwt": "django-graphql-jwt",
    "guardian": "django-guardian",
    "haystack": "django-haystack",
    "health_check": "django-health-check",
    "hijack": "django-hijack",
    "import_export": "django-import-export",
    "imagekit": "django-imagekit",
    "jazzmin": "django-jazzmin",
    "jose": "python-jose",
    "jwt": "PyJWT",
    "knox": "django-rest-knox",
    "location_field": "django-location-field",
    "magic": "python-magic",
    "markdownify": "django-markdownify",
    "markdownx": "django-markdownx",
    "maintenance_mode": "django-maintenance-mode",
    "memcache": "python-memcached",
    "model_utils": "django-model-utils",
    "modelcluster": "django-modelcluster",
    "modeltranslation": "django-modeltranslation",
    "mptt": "django-mptt",
    "MySQLdb": "mysqlclient",
    "ninja": "django-ninja",
    "notifications": "django-notifications-hq",
    "oauth2_provider": "django-oauth-toolkit",
    "OpenSSL": "pyOpenSSL",
    "ordered_model": "django-ordered-model",
    "parler": "django-parler",
    "paypal": "django-paypal",
    "phonenumber_field": "django-phonenumber-field[phonenumberslite]",
    "PIL": "pillow",
    "pipeline": "django-pipeline",
    "polymorphic": "django-polymorphic",
    "post_office": "django-post-office",
    "psycopg": "psycopg[binary]",
    "psycopg2": "psycopg2-binary",
    "pwa": "django-pwa",
    "rest_auth": "django-rest-auth",
    "rest_framework": "djangorestframework",
    "rest_framework_nested": "drf-nested-routers",
    "rest_framework_simplejwt": "djangorestframework-simplejwt",
    "rest_framework_swagger": "django-rest-swagger",
    "reversion": "django-reversion",
    "rosetta": "django-rosetta",
    "sass_processor": "django-sass-processor",
    "sekizai": "django-sekizai",
    "sendgrid_backend": "django-sendgrid-v5",
    "sentry_sdk": "sentry-sdk",
    "silk": "django-silk",
    "simple_history": "django-simple-history",
    "sklearn": "scikit-learn",
    "slugify": "python-slugify",
    "social_django": "social-auth-app-django",
    "solo": "django-solo",
    "sorl": "sorl-thumbnail",
    "storages": "django-storages[s3]",
    "strawberry_django": "strawberry-graphql-django",
    "taggit": "django-taggit",
    "tailwind": "django-tailwind",
    "telegram": "python-telegram-bot",
    "tinymce": "django-tinymce",
    "treebeard": "django-treebeard",
    "two_factor": "django-two-factor-auth",
    "unfold": "django-unfold",
    "user_agents": "user-agents",
    "waffle": "django-waffle",
    "webpack_loader": "django-webpack-loader",
    "widget_tweaks": "django-widget-tweaks",
    "xhtml2pdf": "xhtml2pdf",
    "yaml": "PyYAML",
}
SAME_NAMES = frozenset(
    [
        "anthropic",
        "babel",
        "bleach",
        "boto3",
        "braintree",
        "celery",
        "channels",
        "click",
        "cloudinary",
        "cryptography",
        "daphne",
        "django",
        "dramatiq",
        "elasticsearch",
        "environs",
        "factory",
        "faker",
        "feedparser",
        "fpdf",
        "gevent",
        "graphene",
        "gunicorn",
        "html2text",
        "httpx",
        "huey",
        "humanize",
        "jinja2",
        "kombu",
        "lxml",
        "markdown",
        "matplotlib",
        "mollie",
        "numpy",
        "openai",
        "openpyxl",
        "pandas",
        "paramiko",
        "phonenumbers",
        "pika",
        "plotly",
        "psutil",
        "pydantic",
        "pygments",
        "pymongo",
        "pymysql",
        "pypdf",
        "pytest",
        "pytz",
        "qrcode",
        "razorpay",
        "redis",
        "reportlab",
        "requests",
        "rq",
        "scipy",
        "scrapy",
        "seaborn",
        "selenium",
        "shapely",
        "shortuuid",
        "simplejson",
        "sqlparse",
        "stripe",
        "tablib",
        "tabulate",
        "tqdm",
        "tweepy",
        "twilio",
        "tzlocal",
        "uvicorn",
        "validators",
        "wagtail",
        "weasyprint",
        "whitenoise",
        "xlrd",
        "xlsxwriter",
        "xlwt",
        "xmltodict",
    ]
)
# Files and folders beyond these are data, or another program.
MOST_FILES = 3_000
DEEPEST = 8
SKIPPED = {"node_modules", "venv", "env", "site-packages", "static", "staticfiles", "media", "migrations", "docs"}
LISTS = {"INSTALLED_APPS", "MIDDLEWARE", "MIDDLEWARE_CLASSES", "AUTHENTICATION_BACKENDS", "THIRD_PARTY_APPS"}
GENERATED = re.compile(r"Generated by 'django-admin(?:\.py)? startproject' using Django (\d+)\.(\d+)")


@dataclass(frozen=True)
class Import:
    """A top-level module that is not the project's own, and where it is asked for first."""

    module: str
    source: str


def distribution(module: str) -> str | None:
    """What the package index calls the distribution that brings a top-level module; None where that is not known."""
    if module in OTHER_NAMES:
        return OTHER_NAMES[module]
    return module if module in SAME_NAMES else None


def foreign(files: Files) -> tuple[Import, ...]:
    """The modules from elsewhere that the project's source cannot do without, sorted.

    Those inside `try: … except ImportError` or `if TYPE_CHECKING` can be done without; a file that is no Python is
    passed over.
    """
    paths = list(_sources(files))
    own = {part.removesuffix(".py") for path in paths for part in path.split("/")}
    found: dict[str, Import] = {}
    for path in paths:
        for module, line in _modules(_tree(files, path)):
            if module not in own and module not in sys.stdlib_module_names and module.isidentifier():
                found.setdefault(module, Import(module, f"{path}:{line}"))
    return tuple(found[module] for module in sorted(found))


def generated_with(files: Files) -> tuple[tuple[int, int], str] | None:
    """The Django series whose startproject wrote the settings, and the file that says so."""
    for path in _sources(files):
        if "settings" in path and (match := GENERATED.search((files.read(path) or "")[:2000])):
            return (int(match[1]), int(match[2])), path
    return None


def names(files: Files) -> frozenset[str]:
    """The normalised distributions that the source imports, as far as they are known."""
    known = (distribution(found.module) for found in foreign(files))
    return frozenset(normalise(name.partition("[")[0]) for name in known if name)


def _sources(files: Files) -> Iterator[str]:
    waiting, count = [("", 0)], 0
    while waiting:
        folder, depth = waiting.pop()
        for name in files.names(folder):
            path = f"{folder}/{name}".strip("/")
            if name.endswith(".py"):
                count += 1
                if count > MOST_FILES:
                    return
                yield path
            elif name.endswith("/") and depth < DEEPEST and not name.startswith(".") and name.strip("/") not in SKIPPED:
                waiting.append((path, depth + 1))


def _tree(files: Files, path: str) -> ast.AST:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(files.read(path) or "")
    except (SyntaxError, ValueError, RecursionError, Problem):
        return ast.Module([], [])


def _modules(node: ast.AST) -> Iterator[tuple[str, int]]:
    """The top-level modules that are imported, or named in a list of settings, below a node."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from ((alias.name.split(".")[0], child.lineno) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            if child.module and not child.level:
                yield child.module.split(".")[0], child.lineno
        elif isinstance(child, ast.Assign | ast.AugAssign) and _targets(child) & LISTS:
            yield from _named(child.value)
        elif isinstance(child, ast.Try) and any(_catches(handler) for handler in child.handlers):
            for part in (*child.handlers, *child.finalbody):
                yield from _modules(part)
        elif not (isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)):
            yield from _modules(child)


def _targets(node: ast.Assign | ast.AugAssign) -> set[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def _named(value: ast.expr) -> Iterator[tuple[str, int]]:
    for node in ast.walk(value):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value.split(".")[0], node.lineno


def _catches(handler: ast.ExceptHandler) -> bool:
    caught = "" if handler.type is None else ast.unparse(handler.type)
    return handler.type is None or any(name in caught for name in ("ImportError", "ModuleNotFoundError", "Exception"))
