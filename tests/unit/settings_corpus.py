"""Settings in the shapes seen in the wild, and the way to PostgreSQL that each of them has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

HOST_TO_NAME = {
    "DB_HOST": "{host}",
    "DB_PORT": "{port}",
    "DB_NAME": "{name}",
    "DB_USER": "{user}",
    "DB_PASSWORD": "{password}",
}
URL = {"DATABASE_URL": "{url}"}
POSTGRES = {
    "POSTGRES_HOST": "{host}",
    "POSTGRES_PORT": "{port}",
    "POSTGRES_DB": "{name}",
    "POSTGRES_USER": "{user}",
    "POSTGRES_PASSWORD": "{password}",
}


@dataclass(frozen=True)
class Case:
    """Settings, and what leads them to PostgreSQL.

    Attributes:
        variables: those that do it; None where DATABASES has to be edited.
        others: further modules of the project.
    """

    name: str
    settings: str
    variables: Mapping[str, str] | None
    others: Mapping[str, str] = field(default_factory=dict)


PIECES = """import os
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": os.environ.get("DB_NAME", "shop"),
        "USER": os.getenv("DB_USER"),
        "PASSWORD": os.environ["DB_PASSWORD"],
        "HOST": os.environ.get("DB_HOST", "localhost"),
        "PORT": int(os.environ.get("DB_PORT", 5432)),
    }
}
"""
ENGINE = "django.db.backends.postgresql"

CASES = (
    Case(
        "a reader of URLs with a name of its own",
        'import environ\nenv = environ.Env()\nDATABASES = {"default": env.db("SHOP_DATABASE")}\n',
        {"SHOP_DATABASE": "{url}"},
    ),
    Case(
        "environs with a name of its own",
        'from environs import Env\nenv = Env()\nDATABASES = {"default": env.dj_db_url("SHOP_STORE")}\n',
        {"SHOP_STORE": "{url}"},
    ),
    Case("pieces from os.environ", PIECES, HOST_TO_NAME),
    Case(
        "from os import",
        PIECES.replace("import os\n", "from os import environ, getenv\n").replace("os.", ""),
        HOST_TO_NAME,
    ),
    Case(
        "a copy of the environment",
        PIECES.replace("import os\n", "import os\nenv = os.environ.copy()\n").replace("os.environ.get", "env.get"),
        HOST_TO_NAME,
    ),
    Case(
        "an engine with a default",
        PIECES.replace(f'"{ENGINE}"', 'os.environ.get("DB_ENGINE", "django.db.backends.sqlite3")'),
        {**HOST_TO_NAME, "DB_ENGINE": ENGINE},
    ),
    Case(
        "an engine's last word",
        PIECES.replace(f'"{ENGINE}"', '"django.db.backends." + os.environ.get("DB_ENGINE", "sqlite3")'),
        {**HOST_TO_NAME, "DB_ENGINE": "postgresql"},
    ),
    Case(
        "an engine in an f-string",
        PIECES.replace(f'"{ENGINE}"', "f\"django.db.backends.{os.getenv('DB_ENGINE', 'sqlite3')}\""),
        {**HOST_TO_NAME, "DB_ENGINE": "postgresql"},
    ),
    Case(
        "an engine with %",
        PIECES.replace(f'"{ENGINE}"', '"django.db.backends.%s" % os.getenv("DB_ENGINE", "mysql")'),
        {**HOST_TO_NAME, "DB_ENGINE": "postgresql"},
    ),
    Case(
        "dict()",
        "import os\nDATABASES = dict(default=dict(ENGINE='django.db.backends.postgresql', NAME=os.environ['DB_NAME'],\n"
        "    USER=os.environ['DB_USER'], PASSWORD=os.environ['DB_PASSWORD'], "
        "HOST=os.environ['DB_HOST'], PORT=os.environ['DB_PORT']))\n",
        HOST_TO_NAME,
    ),
    Case("dj_database_url", "import dj_database_url\nDATABASES = {'default': dj_database_url.config()}\n", URL),
    Case(
        "dj_database_url with a default",
        "import dj_database_url\n"
        "DATABASES = {'default': dj_database_url.config(default='sqlite:///db.sqlite3', "
        "conn_max_age=600)}\n",
        URL,
    ),
    Case(
        "dj_database_url with another name",
        "import dj_database_url\nDATABASES = {'default': dj_database_url.config(env='MY_DB', default='sqlite:///x')}\n",
        {"MY_DB": "{url}"},
    ),
    Case(
        "dj_database_url.parse",
        "import os\nimport dj_database_url as url\n"
        "DATABASES = {'default': url.parse(os.environ.get('DATABASE_URL', 'sqlite:///x'))}\n",
        URL,
    ),
    Case(
        "a URL where there is one",
        "import os\nimport dj_database_url\n"
        "DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': 'x'}}\n"
        "if 'DATABASE_URL' in os.environ:\n    DATABASES['default'] = dj_database_url.config()\n",
        URL,
    ),
    Case(
        "a URL that updates",
        "import dj_database_url\nDATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': 'x'}}\n"
        "DATABASES['default'].update(dj_database_url.config(conn_max_age=500))\n",
        URL,
    ),
    Case(
        "SSL where there is no DEBUG",
        "import os\nimport dj_database_url\nDEBUG = os.environ.get('DEBUG', '1') == '1'\n"
        "DATABASES = {'default': dj_database_url.config(default='sqlite:///x', ssl_require=not DEBUG)}\n",
        URL,
    ),
    Case(
        "SSL that a variable asks for",
        "import os\nimport dj_database_url\nDATABASES = {'default': dj_database_url.config()}\n"
        "DATABASES['default'].setdefault('OPTIONS', {})['sslmode'] = os.getenv('DB_SSLMODE', 'require')\n",
        {**URL, "DB_SSLMODE": "prefer"},
    ),
    Case(
        "environ.db",
        "import environ\nenv = environ.Env()\nenviron.Env.read_env()\nDATABASES = {'default': env.db()}\n",
        URL,
    ),
    Case(
        "environ.db with a default",
        "from environ import Env\nenv = Env(DEBUG=(bool, False))\n"
        "DATABASES = {'default': env.db('DATABASE_URL', default='sqlite:///x')}\n",
        URL,
    ),
    Case(
        "environ.db_url",
        "import environ\nenv = environ.FileAwareEnv()\n"
        "DATABASES = {'default': env.db_url('DB_URL', default='sqlite:///x')}\n",
        {"DB_URL": "{url}"},
    ),
    Case(
        "env() and parse",
        "import environ, dj_database_url\nenv = environ.Env()\n"
        "DATABASES = {'default': dj_database_url.parse(env('DATABASE_URL'))}\n",
        URL,
    ),
    Case(
        "environs",
        "from environs import Env\nenv = Env()\nenv.read_env()\n"
        "DATABASES = {'default': env.dj_db_url('DATABASE_URL', default='sqlite:///x')}\n",
        URL,
    ),
    Case(
        "environs with a prefix",
        "from environs import Env\nenv = Env()\nwith env.prefixed('MY_'):\n    pass\n"
        "DATABASES = {'default': env.prefixed('MY_').dj_db_url('URL')}\n",
        {"MY_URL": "{url}"},
    ),
    Case(
        "decouple with a cast",
        "from decouple import config\nimport dj_database_url\n"
        "DATABASES = {'default': config('DATABASE_URL', default='sqlite:///x', "
        "cast=dj_database_url.parse)}\n",
        URL,
    ),
    Case(
        "decouple in pieces",
        PIECES.replace("import os\n", "from decouple import config\n")
        .replace("os.environ.get(", "config(")
        .replace('os.getenv("DB_USER")', 'config("DB_USER")')
        .replace('os.environ["DB_PASSWORD"]', 'config("DB_PASSWORD", default="")')
        .replace("5432)", "default=5432, cast=int)"),
        HOST_TO_NAME,
    ),
    Case(
        "a function of its own",
        "import os\nfrom django.core.exceptions import ImproperlyConfigured\n\n"
        "def get_env_variable(name):\n    try:\n        return os.environ[name]\n"
        "    except KeyError:\n        raise ImproperlyConfigured(f'Set the {name} environment variable')\n\n"
        "DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', "
        "'NAME': get_env_variable('DB_NAME'), 'USER': get_env_variable('DB_USER'),\n"
        "    'PASSWORD': get_env_variable('DB_PASSWORD'), 'HOST': get_env_variable('DB_HOST'), "
        "'PORT': get_env_variable('DB_PORT')}}\n",
        HOST_TO_NAME,
    ),
    Case(
        "a walrus in a function",
        "import os\n\ndef secret(name, default=None):\n"
        "    if path := os.getenv(name + '_FILE'):\n        return open(path).read()\n"
        "    return os.getenv(name, default)\n\n"
        + PIECES.replace("import os\n", "").replace('os.environ["DB_PASSWORD"]', 'secret("DB_PASSWORD", "")'),
        HOST_TO_NAME,
    ),
    Case(
        "DB=postgres",
        "import os\n"
        "DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': 'x'}}\n"
        "if os.getenv('DB') == 'postgres':\n" + "".join(f"    {line}\n" for line in PIECES.splitlines()[1:]),
        {**HOST_TO_NAME, "DB": "postgres"},
    ),
    Case(
        "USE_POSTGRES",
        "import os\nif os.getenv('USE_POSTGRES', 'False') == 'True':\n"
        + "".join(f"    {line}\n" for line in PIECES.splitlines()[1:])
        + "else:\n    DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': 'x'}}\n",
        {**HOST_TO_NAME, "USE_POSTGRES": "True"},
    ),
    Case(
        "RDS_HOSTNAME",
        "import os\nif 'RDS_HOSTNAME' in os.environ:\n"
        "    DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', "
        "'NAME': os.environ['RDS_DB_NAME'],\n"
        "        'USER': os.environ['RDS_USERNAME'], 'PASSWORD': os.environ['RDS_PASSWORD'], "
        "'HOST': os.environ['RDS_HOSTNAME'], 'PORT': os.environ['RDS_PORT']}}\n"
        "else:\n    DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': 'x'}}\n",
        {
            "RDS_HOSTNAME": "{host}",
            "RDS_PORT": "{port}",
            "RDS_DB_NAME": "{name}",
            "RDS_USERNAME": "{user}",
            "RDS_PASSWORD": "{password}",
        },
    ),
    Case(
        "only in tests something else",
        PIECES
        + "import sys\nif 'test' in sys.argv:\n    DATABASES['default'] = {'ENGINE': 'django.db.backends.sqlite3'}\n",
        HOST_TO_NAME,
    ),
    Case("from another module", "from .base import *\nDEBUG = True\n", HOST_TO_NAME, {"config/base.py": PIECES}),
    Case(
        "from a function elsewhere",
        "from config.db import databases\nDATABASES = databases()\n",
        HOST_TO_NAME,
        {"config/db.py": PIECES.replace("DATABASES =", "def databases():\n  return")},
    ),
    Case(
        "local settings that are not there",
        PIECES + "try:\n    from .local_settings import *\nexcept ImportError:\n    pass\n",
        HOST_TO_NAME,
    ),
    Case(
        "split settings",
        "from split_settings.tools import include, optional\ninclude('components/database.py', optional('local.py'))\n",
        HOST_TO_NAME,
        {"config/components/database.py": PIECES},
    ),
    Case(
        "an extra alias",
        PIECES + "DATABASES['archive'] = {'ENGINE': 'django.db.backends.sqlite3', 'NAME': 'old'}\n",
        HOST_TO_NAME,
    ),
    Case(
        "django-configurations",
        "from configurations import Configuration, values\n\nclass Base(Configuration):\n"
        "    INSTALLED_APPS = []\n    SECRET_KEY = values.SecretValue()\n"
        "    DATABASES = values.DatabaseURLValue('sqlite:///x')\n\nclass Dev(Base):\n"
        "    DEBUG = values.BooleanValue(True)\n",
        URL,
    ),
    Case(
        "pydantic",
        "from pydantic_settings import BaseSettings, SettingsConfigDict\n\n"
        "class Settings(BaseSettings):\n    model_config = SettingsConfigDict(env_prefix='DB_')\n"
        "    host: str = 'localhost'\n    port: int = 5432\n    name: str = 'x'\n    user: str\n"
        "    password: str\n\nsettings = Settings()\n"
        "DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', "
        "'HOST': settings.host, 'PORT': settings.port, 'NAME': settings.name,\n"
        "    'USER': settings.user, 'PASSWORD': settings.password}}\n",
        HOST_TO_NAME,
    ),
    Case(
        "a class of constants",
        "import os\n\nclass Config:\n    URL = os.environ.get('DATABASE_URL', 'sqlite:///x')\n\n"
        "import dj_database_url\nDATABASES = {'default': dj_database_url.parse(Config.URL)}\n",
        URL,
    ),
    Case(
        "globals()", "import os\n" + PIECES.replace("import os\nDATABASES =", "globals()['DATABASES'] ="), HOST_TO_NAME
    ),
    # What no variable decides has to be edited.
    Case(
        "SQLite",
        "from pathlib import Path\n\nBASE_DIR = Path(__file__).resolve().parent\n\n"
        "DATABASES = {\n    'default': {\n        'ENGINE': 'django.db.backends.sqlite3',\n"
        "        'NAME': BASE_DIR / 'db.sqlite3',\n    }\n}\n",
        None,
    ),
    Case(
        "SQLite in one line", 'DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "x"}}\n', None
    ),
    Case(
        "SQLite with comments",
        "import os\nDATABASES = {  # where it is kept\n    # the only one\n    'default': {\n"
        "        'ENGINE': 'django.db.backends.sqlite3',  # for now\n"
        "        'NAME': 'x',  # a file\n        # nothing more\n    },  # so far\n}  # the end\n",
        None,
    ),
    Case(
        "PostgreSQL as text",
        "DATABASES = {\n    'default': {\n        'ENGINE': 'django.db.backends.postgresql',\n"
        "        'NAME': 'shop',\n        'USER': 'shop',\n        'PASSWORD': 'x',\n"
        "        'HOST': 'localhost',\n        'PORT': '5432'\n    }\n}\n",
        None,
    ),
    Case(
        "MySQL with options",
        "DATABASES = {\n\t'default': {\n\t\t'ENGINE': 'django.db.backends.mysql',\n"
        "\t\t'NAME': 'shop',\n\t\t'USER': 'root',\n\t\t'PASSWORD': '',\n"
        "\t\t'HOST': '127.0.0.1',\n\t\t'PORT': 3306,\n"
        "\t\t'OPTIONS': {'init_command': \"SET sql_mode='STRICT_TRANS_TABLES'\"},\n\t}\n}\n",
        None,
    ),
    Case(
        "dict() of SQLite",
        "DATABASES = dict(\n    default=dict(\n        ENGINE='django.db.backends.sqlite3',\n"
        "        NAME='x',\n    ),\n)\n",
        None,
    ),
    Case(
        "a sub-key",
        "DATABASES = {'default': {}}\nDATABASES['default'] = {'ENGINE': 'django.db.backends.sqlite3', 'NAME': 'x'}\n",
        None,
    ),
    Case(
        "keys set one by one",
        "DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3'}}\nDATABASES['default']['NAME'] = 'x'\n",
        None,
    ),
    Case(
        "with replicas",
        "DATABASES = {\n    'replica': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': 'y'},\n"
        "    'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': 'x'},\n"
        "    **{'third': {'ENGINE': 'django.db.backends.sqlite3'}},\n}\n",
        None,
    ),
    Case(
        "encrypted connections only",
        PIECES.replace(
            "5432)),\n",
            '5432)),\n        "OPTIONS": {\n            "sslmode": "require",\n'
            '            "application_name": "shop",\n        },\n',
        ),
        None,
    ),
    Case(
        "a file of secrets",
        "import json\nwith open('secrets.json') as file:\n    secrets = json.load(file)\n"
        "DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', "
        "'NAME': secrets['name'],\n"
        "    'USER': secrets['user'], 'PASSWORD': secrets['password'], 'HOST': secrets['host'], 'PORT': 5432}}\n",
        None,
    ),
    Case(
        "DEBUG decides",
        "DEBUG = True\nif DEBUG:\n"
        "    DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': 'x'}}\n"
        "else:\n    DATABASES = {'default': {'ENGINE': 'x'}}\n",
        None,
    ),
    Case(
        "GeoDjango",
        "DATABASES = {'default': {'ENGINE': 'django.contrib.gis.db.backends.spatialite', 'NAME': 'x'}}\n",
        None,
    ),
    Case(
        "a class of settings",
        "from configurations import Configuration\n\nclass Dev(Configuration):\n"
        "    INSTALLED_APPS = []\n    DATABASES = {\n        'default': {\n"
        "            'ENGINE': 'django.db.backends.sqlite3',\n"
        "            'NAME': 'x',\n        }\n    }\n",
        None,
    ),
    Case(
        "Windows line ends",
        "import sys\r\n\r\nDATABASES = {\r\n    'default': {\r\n"
        "        'ENGINE': 'django.db.backends.sqlite3',\r\n        'NAME': 'x'\r\n    }\r\n}\r\n",
        None,
    ),
    Case(
        "a form feed and no end",
        "'''Settings.'''\n\x0c\n"
        "DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3',\n"
        "                         'NAME': 'ünï☃'}}",
        None,
    ),
    Case(
        "odd layout",
        "DATABASES={'default':{'ENGINE':'django.db.backends.sqlite3',\n'NAME':('x'\n 'y')\n,}\n}\nX = 1\n",
        None,
    ),
    Case("no DATABASES at all", "SECRET_KEY = 'x'\n", None),
)
