"""plan/variables.py: the env file gets what the settings need to load, and nothing that leads them elsewhere."""

from __future__ import annotations

import pytest

from djdock.plan.database import find_variables
from djdock.plan.variables import SECRET, Question, Variable, decide
from djdock.project.evaluation import evaluate
from djdock.project.examples import Example
from djdock.project.files import Texts

HEAD = "import os\nimport dj_database_url\nDATABASES = {'default': dj_database_url.config(default='sqlite:///x')}\n"


def decided(text: str, *examples: dict[str, str], **given: str) -> dict[str, str]:
    return {found.name: found.value for found in found_in(text, *examples, **given)}


def found_in(text: str, *examples: dict[str, str], **given: str) -> tuple[Variable, ...]:
    files = Texts({"settings.py": text, "manage.py": ""})
    database = find_variables(lambda values: evaluate(files, "settings", "settings.py", values), {})
    assert database is not None
    return decide(
        Question(
            evaluate=lambda values: evaluate(files, "settings", "settings.py", values),
            database=database,
            given=given,
            examples=tuple(Example(f".env.example{number or ''}", values) for number, values in enumerate(examples)),
        )
    )


@pytest.mark.parametrize(
    ("line", "variables"),
    [
        ("", {}),
        ("SECRET_KEY = os.environ['SECRET_KEY']", {"SECRET_KEY": SECRET}),
        ("SECRET_KEY = os.getenv('KEY', 'insecure')", {"KEY": SECRET}),
        ("SECRET_KEY = 'a text'", {}),
        ("DEBUG = os.getenv('DEBUG') == 'yes'", {"DEBUG": "yes"}),
        ("DEBUG = bool(int(os.getenv('DEBUG', '0')))", {"DEBUG": "1"}),
        ("DEBUG = os.getenv('DEBUG', 'True') == 'True'", {}),
        ("DEBUG = False\nALLOWED_HOSTS = os.getenv('HOSTS', '').split()", {"HOSTS": "localhost 127.0.0.1"}),
        ("DEBUG = False\nALLOWED_HOSTS = os.getenv('HOSTS', 'x.org').split(',')", {"HOSTS": "localhost,127.0.0.1"}),
        ("ALLOWED_HOSTS = os.getenv('HOSTS', '*').split(',')", {}),
        ("API_TOKEN = os.environ['API_TOKEN']", {"API_TOKEN": SECRET}),
        ("N = int(os.environ['MAX_COUNT'])", {"MAX_COUNT": "1"}),
        ("X = os.environ['SITE_URL']", {"SITE_URL": "http://localhost"}),
        ("X = os.getenv('OPTIONAL')", {}),
        ("X = os.getenv('NEEDED')\nif not X:\n    raise ValueError('NEEDED is missing')", {"NEEDED": "local"}),
        ("if os.getenv('STAGE') not in ('dev', 'live'):\n    raise ValueError('STAGE')", {"STAGE": "dev"}),
    ],
)
def test_what_settings_need(line: str, variables: dict[str, str]) -> None:
    """Each variable that the settings cannot do without gets a value that fits it; no other gets one."""
    assert decided(f"{HEAD}{line}\n") == {"DATABASE_URL": "{url}", **variables}


ENVIRON = "import environ\nenv = environ.Env()\nDATABASES = {'default': env.db()}\n"


@pytest.mark.parametrize(
    ("example", "value"),
    [({}, "http://localhost,http://127.0.0.1"), ({"ORIGINS": ""}, ""), ({"ORIGINS": "https://a.org"}, "https://a.org")],
)
def test_origins_have_a_scheme_or_are_none(example: dict[str, str], value: str) -> None:
    """Django refuses an origin without its scheme; an example that leaves the list empty means the empty one."""
    assert decided(f"{ENVIRON}CSRF_TRUSTED_ORIGINS = env.list('ORIGINS')\n", example)["ORIGINS"] == value


def test_an_empty_text_in_an_example_is_to_be_filled_in() -> None:
    """Only of a list is nothing a value."""
    assert decided(f"{ENVIRON}SITE = env('SITE_URL')\n", {"SITE_URL": ""})["SITE_URL"] == "http://localhost"


def test_examples_are_followed() -> None:
    """What an example says for a variable that is read counts; placeholders, public keys and unknown names do not."""
    text = HEAD + "A = os.getenv('A')\nB = os.getenv('B')\nSECRET_KEY = os.environ['SECRET_KEY']\nC = os.getenv('C')\n"
    example = {"A": "first", "B": "change-me", "SECRET_KEY": "public", "UNREAD": "x", "C": "1", "DATABASE_URL": "x"}
    assert decided(text, example, {"A": "second"}, C="2") == {
        "DATABASE_URL": "{url}", "A": "first", "SECRET_KEY": SECRET,
    }  # fmt: skip


def test_what_an_example_says_may_lead_away() -> None:
    """An example that switches to another database is left aside, the rest of it counts."""
    text = (
        "import os\nimport dj_database_url\nDATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql'}}\n"
        "for key in ('NAME', 'USER', 'PASSWORD', 'HOST', 'PORT'):\n"
        "    DATABASES['default'][key] = os.getenv('DB_' + key)\n"
        "if os.getenv('DATABASE_URL'):\n    DATABASES = {'default': dj_database_url.config()}\nA = os.getenv('A')\n"
        "if os.getenv('STAGE') == 'live':\n    DATABASES = {}\n"
    )
    found = decided(text, {"DATABASE_URL": "postgres://me:x@db/x", "STAGE": "live", "A": "a"})
    assert found["A"] == "a"
    assert "STAGE" not in found
    assert found.get("DATABASE_URL") in {None, "{url}"}


def test_production_s_redirects_stay_off() -> None:
    """An example made for a server does not send people to HTTPS on their own machine."""
    text = HEAD + "SECURE_SSL_REDIRECT = os.getenv('SECURE_SSL_REDIRECT', 'False') == 'True'\n"
    assert decided(text, {"SECURE_SSL_REDIRECT": "True"})["SECURE_SSL_REDIRECT"] == "False"


def test_what_is_given_stays() -> None:
    """What the env file says already is not decided again."""
    text = HEAD + "SECRET_KEY = os.environ['SECRET_KEY']\nDEBUG = os.getenv('DEBUG') == '1'\n"
    assert decided(text, SECRET_KEY="mine", DEBUG="0") == {"DATABASE_URL": "{url}"}


def test_the_class_for_development() -> None:
    """Where manage.py would take production's class the env file names the one for development."""
    text = (
        "from configurations import Configuration, values\n\nclass Production(Configuration):\n"
        "    INSTALLED_APPS = []\n"
        "    DATABASES = values.DatabaseURLValue('sqlite:///x')\n\nclass Dev(Production):\n    DEBUG = True\n"
    )
    assert decided(text) == {"DJANGO_CONFIGURATION": "Dev", "DATABASE_URL": "{url}"}


def test_each_variable_says_why() -> None:
    """The reason stands beside the value: the database, an example, or the line that needs it."""
    text = HEAD + "A = os.getenv('A')\nB = os.environ['B']\n"
    why = {found.name: found.why for found in found_in(text, {"A": "a"})}
    assert why == {"DATABASE_URL": "the database", "A": "as .env.example says", "B": "settings.py:5 needs it"}
