"""A Django project with a model for everything that a copy has to carry; a script that fills it, reads and goes on."""

from __future__ import annotations

SETTINGS = """\
import json
import os

SECRET_KEY = "of tests"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sites", "kinds"]
SITE_ID = 1
USE_TZ = os.environ["USE_TZ"] == "1"
TIME_ZONE = "Europe/Berlin"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SQLITE = {"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}
DATABASES = {"default": json.loads(os.environ.get("DB", "null")) or SQLITE}
"""
MANAGE = """\
import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
from django.core.management import execute_from_command_line

execute_from_command_line(sys.argv)
"""
MODELS = """\
import uuid

from django.db import models


class Everything(models.Model):
    big = models.BigIntegerField(null=True)
    binary = models.BinaryField(null=True)
    boolean = models.BooleanField(null=True)
    char = models.CharField(max_length=40, null=True)
    date = models.DateField(null=True)
    moment = models.DateTimeField(null=True)
    price = models.DecimalField(max_digits=12, decimal_places=3, null=True)
    wide = models.DecimalField(max_digits=15, decimal_places=0, null=True)
    duration = models.DurationField(null=True)
    email = models.EmailField(null=True)
    file = models.FileField(null=True)
    path = models.FilePathField(null=True)
    float = models.FloatField(null=True)
    address = models.GenericIPAddressField(null=True)
    integer = models.IntegerField(null=True)
    json = models.JSONField(null=True)
    positive_big = models.PositiveBigIntegerField(null=True)
    positive = models.PositiveIntegerField(null=True)
    positive_small = models.PositiveSmallIntegerField(null=True)
    slug = models.SlugField(null=True)
    small = models.SmallIntegerField(null=True)
    text = models.TextField(null=True)
    time = models.TimeField(null=True)
    url = models.URLField(null=True)
    uuid = models.UUIDField(null=True, unique=True)
    odd_name = models.CharField(max_length=9, db_column="Odd Name.ü", default="")


class Small(models.Model):
    id = models.SmallAutoField(primary_key=True)
    name = models.CharField(max_length=9, unique=True)


class Plain(models.Model):
    id = models.AutoField(primary_key=True)
    up = models.ForeignKey("self", models.CASCADE, null=True, related_name="downs")
    peers = models.ManyToManyField("self")


class Egg(models.Model):
    hen = models.ForeignKey("Hen", models.CASCADE, related_name="eggs")


class Hen(models.Model):
    egg = models.ForeignKey(Egg, models.CASCADE, null=True, related_name="hens")


class Marked(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)


class Coded(models.Model):
    code = models.CharField(max_length=12, primary_key=True)
    marked = models.ForeignKey(Marked, models.CASCADE)
    small = models.ManyToManyField(Small, through="Between")


class Between(models.Model):
    coded = models.ForeignKey(Coded, models.CASCADE)
    small = models.ForeignKey(Small, models.CASCADE)
    since = models.DateField()

    class Meta:
        unique_together = [("coded", "small")]


class Place(models.Model):
    name = models.CharField(max_length=50)


class Restaurant(Place):
    stars = models.IntegerField()


class Closed(Restaurant):
    class Meta:
        proxy = True


class Only(models.Model):
    place = models.OneToOneField(Place, models.CASCADE, primary_key=True)


class Legacy(models.Model):
    name = models.CharField(max_length=9)

    class Meta:
        managed = False
        db_table = "Legacy Table"


if hasattr(models, "GeneratedField"):

    class Computed(models.Model):
        number = models.IntegerField()
        double = models.GeneratedField(
            expression=models.F("number") * 2, output_field=models.IntegerField(), db_persist=True
        )


if hasattr(models, "CompositePrimaryKey"):

    class Composed(models.Model):
        pk = models.CompositePrimaryKey("a", "b")
        a = models.IntegerField()
        b = models.CharField(max_length=9)
"""
ROWS = """\
import datetime as dt
import json
import os
import random
import sys
import uuid
from decimal import Decimal

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
import django

django.setup()
from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.db import connection
from kinds import models

PICK = random.Random(7)
UTC = dt.timezone.utc
TEXTS = ["", " ", "a", "\\u00e9\\U0001f642", "line\\nline", '"',
         "\\\\N", "\\\\.", "a,b", "\\x1f\\x01", "\\r\\n", "\\t", "\\u2028"]
JSONS = [None, [], {}, {"b": [1, 2.5, "x"], "aa": {"\\u00e9": None}},
         1e-7, 10**30, -0.5, "a\\\\b", True, {"": [[]]}, "\\U0001f642"]


def moment():
    if PICK.random() < 0.2:
        found = dt.datetime(2024, 10, 27, 2, 30, PICK.randrange(60))  # twice that night, in Berlin
    else:
        found = dt.datetime(1, 1, 2) + dt.timedelta(microseconds=PICK.randrange(10**6 * 86400 * 3652000))
        found = found if PICK.random() < 0.5 else found.replace(microsecond=PICK.choice([0, 1, 500000]))
    if settings.USE_TZ:
        return found.replace(tzinfo=UTC)
    return found if not dt.datetime(1890, 1, 1) > found else found.replace(year=1999, day=1)


def values():
    whole = PICK.choice([0, 1, -1, PICK.getrandbits(62)])
    return dict(
        big=PICK.choice([-(2**63), 2**63 - 1, whole]),
        binary=bytes(PICK.randrange(256) for _ in range(PICK.randrange(9))),
        boolean=PICK.choice([True, False]),
        char=PICK.choice(TEXTS),
        date=moment().date(),
        moment=moment(),
        price=Decimal(PICK.randrange(-(10**12) + 1, 10**12)) / PICK.choice([1000, 1000]),
        wide=Decimal(PICK.randrange(10**15)),
        duration=dt.timedelta(microseconds=PICK.randrange(-(10**17), 10**17)),
        email="a@example.org",
        file="files/a b.txt",
        path="/tmp/a",
        float=PICK.choice([0.0, -0.0, 5e-324, 1.7e308, 0.1 + 0.2, PICK.random() * 10 ** PICK.randrange(-300, 300)]),
        address=PICK.choice(["127.0.0.1", "2001:db8::1", "::", "255.255.255.255"]),
        integer=PICK.choice([-(2**31), 2**31 - 1, 7]),
        json=PICK.choice(JSONS),
        positive_big=PICK.choice([0, 2**63 - 1]),
        positive=PICK.choice([0, 2**31 - 1]),
        positive_small=PICK.choice([0, 32767]),
        slug="a-b",
        small=PICK.choice([-32768, 32767]),
        text=PICK.choice(TEXTS) * PICK.randrange(300),
        time=moment().time(),
        url="https://example.org/?a=b",
        uuid=uuid.UUID(int=PICK.getrandbits(128)),
        odd_name="x",
    )


def make():
    for _number in range(400):
        found = values()
        for name in PICK.sample(sorted(found), PICK.randrange(6)):
            found[name] = "" if name == "odd_name" else None
        models.Everything.objects.create(**found)
    smalls = [models.Small.objects.create(name="s%d" % n) for n in range(5)]
    plain = [models.Plain.objects.create() for n in range(20)]
    for one in plain[:15]:
        one.up = PICK.choice(plain)
        one.save()
        one.peers.add(*PICK.sample(plain, 3))
    for _number in range(3):
        hen = models.Hen.objects.create()
        hen.egg = models.Egg.objects.create(hen=hen)
        hen.save()
    for number in range(5):
        coded = models.Coded.objects.create(code="c%d" % number, marked=models.Marked.objects.create())
        for small in PICK.sample(smalls, 2):
            models.Between.objects.create(coded=coded, small=small, since=dt.date(2024, 2, 29))
    for number in range(4):
        place = models.Restaurant.objects.create(name="r%d" % number, stars=number)
        models.Only.objects.create(place=models.Place.objects.create(name="p"))
    place.delete()
    models.Everything.objects.order_by("-pk").first().delete()
    user = User.objects.create_user("ann", password="secret")
    user.groups.add(Group.objects.create(name="g"))
    user.user_permissions.add(1, 3)
    with connection.cursor() as cursor:
        cursor.execute('CREATE TABLE "Legacy Table" (id integer PRIMARY KEY, name varchar(9))')
    models.Legacy.objects.create(name="old")
    if hasattr(models, "Computed"):
        models.Computed.objects.create(number=21)
    if hasattr(models, "Composed"):
        models.Composed.objects.create(a=1, b="x")
        models.Composed.objects.create(a=1, b="y")


def shown(value):
    if isinstance(value, dt.datetime) and value.tzinfo:
        value = value.astimezone(UTC).isoformat()
    elif isinstance(value, (bytes, memoryview)):
        value = bytes(value)
    elif isinstance(value, (dict, list)):
        value = json.dumps(value, sort_keys=True)
    return repr(value)


def read():
    for model in apps.get_models(include_auto_created=True):
        for row in model._base_manager.order_by("pk"):
            told = [shown(row.pk)]
            for field in model._meta.concrete_fields:
                told.append("%s=%s" % (field.name, shown(getattr(row, field.attname))))
            for field in model._meta.many_to_many:
                others = getattr(row, field.name).values_list("pk", flat=True)
                told.append("%s: %s" % (field.name, sorted(map(shown, others))))
            print(model._meta.label, " ".join(told))


def add():
    for model in (models.Everything, models.Small, models.Plain, models.Hen, models.Place, User, Group):
        last = model._base_manager.order_by("-pk").first().pk
        names = {"username": "eve"} if model is User else {"name": "new"} if hasattr(model, "name") else {}
        made = model.objects.create(**names)
        assert made.pk > last, (model, made.pk, last)
    made = models.Restaurant.objects.create(name="new", stars=5)
    models.Between.objects.create(
        coded=models.Coded.objects.create(code="new", marked=models.Marked.objects.create()),
        small=models.Small.objects.get(name="new"),
        since=dt.date.today(),
    )
    made.delete()
    assert User.objects.get(username="ann").check_password("secret")
    if hasattr(models, "Computed"):
        assert models.Computed.objects.create(number=4).pk == 2
        assert list(models.Computed.objects.order_by("pk").values_list("double", flat=True)) == [42, 8]


{"make": make, "read": read, "add": add}[sys.argv[1]]()
"""
TEXTS = {
    "manage.py": MANAGE,
    "settings.py": SETTINGS,
    "rows.py": ROWS,
    "kinds/__init__.py": "",
    "kinds/models.py": MODELS,
    "kinds/migrations/__init__.py": "",
}
