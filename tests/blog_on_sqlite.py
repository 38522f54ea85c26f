"""A tutorial's blog on SQLite, with rows in it, and the way of a person who takes it to PostgreSQL."""

from __future__ import annotations

import http.cookiejar
import json
import re
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from tests import tools
from tests.tools import DJDOCK, Done, Project

DJANGO = "django==5.2.8"
PASSWORD = "correct horse battery staple"
MODELS = """\
import uuid

from django.conf import settings
from django.db import models


class Tag(models.Model):
    name = models.CharField(max_length=30, unique=True)


class Post(models.Model):
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    title = models.CharField(max_length=100)
    token = models.UUIDField(default=uuid.uuid4, unique=True)
    tags = models.ManyToManyField(Tag)
    published = models.DateTimeField(null=True)
    changed = models.DateTimeField(auto_now=True)
    reading = models.DurationField(null=True)
    rating = models.DecimalField(max_digits=6, decimal_places=3, null=True)
    facts = models.JSONField(default=dict)
    answers = models.ForeignKey("self", models.SET_NULL, null=True)
"""
ADMIN = (
    "from django.contrib import admin\n\nfrom posts import models\n\nadmin.site.register([models.Post, models.Tag])\n"
)
# Models that were there once: content types and permissions get other numbers than in a database that begins anew.
ROWS = """\
import datetime
import decimal

from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command

from posts.models import Post, Tag

ContentType.objects.all().delete()
for name in ("ledger", "entry", "account"):
    ContentType.objects.create(app_label="gone", model=name)
call_command("migrate", verbosity=0)

ada = User.objects.create_superuser("ada", "ada@example.org", "correct horse battery staple")
grace = User.objects.create_user("grace", "grace@example.org", None, id=40, first_name="Grace \\U0001f6a2")
editors = Group.objects.create(name="Editors")
editors.permissions.set(Permission.objects.filter(content_type__app_label="posts"))
grace.groups.add(editors)
tags = [Tag.objects.create(name=name) for name in ("sea", "C\\u00f4te d'Ivoire", "")]
first = None
for number in range(1, 61):
    post = Post.objects.create(
        author=(ada, grace)[number % 2],
        title=f'Post {number}, "quoted"\\nand more',
        published=datetime.datetime(2024, 2, 29, 23, 59, 59, number, tzinfo=datetime.timezone.utc),
        reading=datetime.timedelta(days=number, microseconds=-1) if number % 3 else None,
        rating=decimal.Decimal(number) / 8,
        facts={"n": number, "nested": [None, True, 1.5e-7, "\\u00e9"]},
        answers=first,
    )
    first = first or post
    post.tags.set(tags[: number % 4])
Post.objects.filter(pk=59).delete()
LogEntry.objects.log_actions(ada.pk, Post.objects.all()[:2], ADDITION)
"""
NEW_ROWS = """\
from django.contrib.auth.models import User
from posts.models import Post, Tag

tag = Tag.objects.create(name="new")
post = Post.objects.create(author=User.objects.get(username="grace"), title="After the move")
post.tags.add(tag)
print("new", tag.pk, post.pk, post.tags.through.objects.latest("pk").pk, User.objects.create_user("mary").pk)
"""


def begin(root: Path) -> Project:
    """A project as `startproject` and `startapp` make it, migrated and filled by Django itself; no djdock so far."""
    root.mkdir()
    _django(root, "-m", "django", "startproject", "config", ".")
    for path, text in {
        "requirements.txt": f"{DJANGO}\n",
        "posts/__init__.py": "",
        "posts/models.py": MODELS,
        "posts/admin.py": ADMIN,
    }.items():
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    settings = root / "config/settings.py"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("INSTALLED_APPS = [", 'INSTALLED_APPS = [\n    "posts",'), encoding="utf-8")
    _django(root, "manage.py", "makemigrations", "posts")
    _django(root, "manage.py", "migrate")
    _django(root, "manage.py", "shell", "--no-imports", stdin=ROWS)
    return Project(root)


def move(root: Path, engine: str) -> None:
    """Follows the way from the first row on SQLite to the next row on PostgreSQL, and looks at everything on it."""
    project = begin(root)
    before = rows(_django(root, "manage.py", "dumpdata").out)
    file = (root / "db.sqlite3").read_bytes()

    project.djdock("init", "--yes", "--no-run").ok()
    up = project.up(engine, "--port", str(tools.free_port()), timeout=900)
    assert "djdock db copy db.sqlite3" in up.err, "nobody is there to ask: what copies the rows is told"
    assert tools.page(f"{project.url}admin/login/")[0] == 200
    assert project.sql("SELECT count(*) FROM posts_post") == "0"

    copied = project.djdock("db", "copy", "--yes").ok()
    assert "every column of every table is the same on both sides" in copied.out
    assert rows(project.djdock("manage", "dumpdata").ok().out) == before
    assert (root / "db.sqlite3").read_bytes() == file
    assert sorted(path.name for path in root.glob("db.sqlite3*")) == ["db.sqlite3"]
    assert project.djdock("manage", "migrate", "--check").code == 0
    assert "Post 60" in log_in(project.url, "posts/post/60/change/")

    links = int(project.sql("SELECT max(id) FROM posts_post_tags"))
    added = project.djdock("manage", "shell", "--no-imports", stdin=NEW_ROWS).ok().out
    [numbers] = re.findall(r"new (\d+) (\d+) (\d+) (\d+)", added)
    assert numbers == ("4", "61", str(links + 1), "41")

    again = project.djdock("db", "copy", "--yes").problem()
    assert "not empty" in again
    assert "posts_post: 60" in again
    assert project.sql("SELECT title FROM posts_post WHERE id = 61") == "After the move"


def rows(dumped: str) -> list[dict[str, Any]]:
    """What `dumpdata` has written, in one order."""
    found: list[dict[str, Any]] = json.loads(dumped)
    assert len(found) > 60
    for row in found:
        for name, value in row["fields"].items():
            if isinstance(value, list):  # many-to-many, whose order nobody has asked for
                row["fields"][name] = sorted(value, key=str)
    return sorted(found, key=lambda row: (row["model"], str(row["pk"])))


def log_in(url: str, page: str) -> str:
    """Logs in to the admin as a person does, and gives the text of a page there."""
    jar = http.cookiejar.CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    login = f"{url}admin/login/?next=/admin/{page}"
    opener.open(login, timeout=20).close()
    token = next(cookie.value for cookie in jar if cookie.name == "csrftoken")
    form = {"username": "ada", "password": PASSWORD, "csrfmiddlewaretoken": token or ""}
    with opener.open(login, urllib.parse.urlencode(form).encode(), timeout=20) as answer:
        text: str = answer.read().decode()
        assert answer.url == f"{url}admin/{page}", text
        return text


def _django(root: Path, *arguments: str, stdin: str = "") -> Done:
    """Runs Python with Django, in an environment of uv's that the project does not know of."""
    uv: list[str | Path] = [DJDOCK.with_name("uv"), "run", "--quiet", "--no-project", "--with", DJANGO, "python"]
    return tools.run([*uv, *arguments], root, stdin=stdin).ok()
