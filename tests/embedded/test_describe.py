"""What the project's own interpreter says of its models: with the oldest and the newest Django, on a real server."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import conninfo, sql

from djdock.machine.python import find
from djdock.transfer import models
from djdock.transfer.models import Field, Models
from tests import projects, tools
from tests.tools import DJDOCK, Project

pytestmark = pytest.mark.embedded

# Django, a Python that it runs on, its driver.
VERSIONS = [
    pytest.param("3.2.25", (3, 9), "psycopg2-binary", id="Django 3.2"),
    pytest.param("4.2.16", (3, 11), "psycopg[binary]", id="Django 4.2"),
    pytest.param("6.0", (3, 12), "psycopg[binary]", id="Django 6.0"),
]
MODELS = """\
import datetime
import uuid
from decimal import Decimal

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models


class Upper(models.CharField):
    pass


class Raw(models.Field):
    def db_type(self, connection):
        return "text"


class Kind(models.TextChoices):
    A = "a"


class Tag(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    name = Upper(max_length=20, db_column="The Name")


class Place(models.Model):
    name = models.CharField(max_length=10, default="x")


class Bar(Place):
    price = models.DecimalField(max_digits=8, decimal_places=2, default=Decimal("1.50"))
    kind = models.CharField(max_length=1, choices=Kind.choices, default=Kind.A)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, db_constraint=False)
    tags = models.ManyToManyField(Tag)
    size = models.PositiveSmallIntegerField(default=0)
    data = models.JSONField(default=dict)
    when = models.DateTimeField(default=datetime.datetime.now)
    raw = Raw(null=True)


class BarProxy(Bar):
    class Meta:
        proxy = True


class Keep(models.Model):
    bar = models.OneToOneField(Bar, models.CASCADE, primary_key=True)
    numbers = ArrayField(models.IntegerField(), default=list)


class Deep(models.Model):
    keep = models.ForeignKey(Keep, models.CASCADE)


class Outside(models.Model):
    class Meta:
        managed = False
        db_table = "outside"
"""
TEXTS = {
    **projects.project(),
    "shop/settings.py": projects.settings().replace(
        'contenttypes"]', 'contenttypes", "django.contrib.postgres", "things", "loose"]'
    ),
    "things/__init__.py": "",
    "things/models.py": MODELS,
    "things/migrations/__init__.py": "",
    "loose/__init__.py": "",
    "loose/models.py": "from django.db import models\n\n\nclass Note(models.Model):\n    text = models.TextField()\n",
}


@pytest.fixture
def target(blog: Project) -> Iterator[dict[str, str]]:
    """An empty database, as Django's settings name it."""
    own = blog.env()["DATABASE_URL"]
    name = sql.Identifier("described")
    with psycopg.connect(own, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
        parts = conninfo.conninfo_to_dict(own)
        names = {"HOST": "host", "PORT": "port", "USER": "user", "PASSWORD": "password"}
        yield {"NAME": "described", **{key: str(parts[part]) for key, part in names.items()}}
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def told(
    root: Path, program: list[str | Path], question: dict[str, Any], variables: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """What the script says to a question: the last of its lines."""
    source = "".join(
        (resources(package) / name).read_text()
        for package, name in (("djdock.doctor", "report.py"), ("djdock.transfer", "describe.py"))
    )
    env = {**(variables or {}), "DJDOCK_QUESTION": json.dumps(question)}
    done = tools.run([*program, "-c", source, "manage.py"], root, env=env)
    lines = [line for line in done.out.splitlines() if line.startswith("##djdock## ")]
    found: dict[str, Any] = json.loads(lines[-1].partition(" ")[2])
    return found


def column(found: Models, label: str, name: str) -> Field:
    """A column of a model."""
    [model] = [model for model in found.models if model.label == label]
    return model.by_column[name]


@pytest.mark.parametrize(("django", "python", "driver"), VERSIONS)
def test_models(tmp_path: Path, target: dict[str, str], django: str, python: tuple[int, int], driver: str) -> None:
    """One start describes every kind of model and migrates what is not applied; the next one changes nothing."""
    projects.write(tmp_path, TEXTS, git=False)
    uv = DJDOCK.with_name("uv")
    interpreter = find(python) or "{}.{}".format(*python)
    program: list[str | Path] = [uv, "run", "--quiet", "--no-project", "--python", interpreter, "--with"]
    program += [f"Django=={django}", "--with", driver, "python"]
    tools.run([*program, "manage.py", "makemigrations", "things"], tmp_path).ok()

    first = told(tmp_path, program, {"alias": "default", "target": target, "migrate": False})
    assert "things.0001_initial" in first["migrations"]["plan"]
    assert first["lacking"] == ["loose.Note"]
    second = models.read(told(tmp_path, program, {"alias": "default", "target": target, "migrate": True}))
    assert second.fresh
    assert "things.0001_initial" in second.newly_applied
    found = models.read(told(tmp_path, program, {"alias": "default", "target": target, "migrate": True}))
    assert (found.newly_applied, found.migrations.plan, found.fresh) == ((), (), False)
    assert found.migrations.disk == found.migrations.applied
    assert "loose" in found.migrations.unmigrated
    _check(found)
    with psycopg.connect(
        host=target["HOST"], port=target["PORT"], user=target["USER"], password=target["PASSWORD"], dbname="described"
    ) as connection:
        for model in found.models:
            if model.managed:
                names = connection.execute(
                    "SELECT column_name FROM information_schema.columns WHERE table_name = %s", (model.table,)
                ).fetchall()
                assert {name for (name,) in names} == set(model.by_column)


def _check(found: Models) -> None:
    labels = {model.label: model for model in found.models}
    assert "things.BarProxy" not in labels
    assert labels["things.Bar"].parents == ("things.Place",)
    assert labels["things.Bar_tags"].made_by == "things.Bar"
    assert not labels["things.Outside"].managed
    assert [field.column for field in labels["things.Bar"].primary_key] == ["place_ptr_id"]

    deep = column(found, "things.Deep", "keep_id")
    assert (deep.own_type, deep.type, deep.db_type) == ("ForeignKey", "BigAutoField", "bigint")
    assert (deep.related_table, deep.related_column, deep.constrained) == ("things_keep", "bar_id", True)
    assert not column(found, "things.Bar", "owner_id").constrained
    assert column(found, "things.Bar_tags", "tag_id").type == "UUIDField"
    custom = column(found, "things.Tag", "The Name")
    assert (custom.type, custom.max_length, custom.path) == ("CharField", 20, "things.models.Upper")
    assert column(found, "things.Bar", "raw").type == "Raw"
    assert column(found, "things.Keep", "numbers").type == "ArrayField"
    defaults = {name: column(found, "things.Bar", name) for name in ("price", "kind", "data", "when", "size")}
    assert [defaults[name].default for name in ("price", "kind", "data", "size")] == ["1.50", "a", {}, 0]
    assert not defaults["when"].has_default
    assert defaults["size"].positive


@pytest.mark.parametrize(
    ("question", "kind"),
    [({"alias": "nowhere"}, "alias"), ({"alias": "default"}, "vendor")],
)
def test_where_nothing_is_done(blog: Project, question: dict[str, str], kind: str) -> None:
    """An alias that the settings do not have, or that is no PostgreSQL, is told and not touched."""
    env = {**blog.env(), "DATABASE_URL": "sqlite:///nothing.sqlite3"}
    found = told(blog.root, [blog.root / ".venv/bin/python"], {**question, "migrate": True}, env)
    assert found["kind"] == kind
    assert not list(blog.root.glob("nothing.sqlite3"))
