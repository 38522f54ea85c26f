"""`djdock deploy compose` as a person types it, along the guide: a new project, TLS, new versions, and back."""

from __future__ import annotations

import json
import secrets
import shutil
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import caddy_image, tools
from tests.docs import markdown, walk
from tests.tools import Project, run

pytestmark = pytest.mark.docker

PAGE, HOST = "docs/how-to/deploy-compose.md", "shop.localhost"
# As long as `shop` in the guide, and nobody else's: containers, volumes and images are called after it.
NAME = f"s{secrets.token_hex(2)[:3]}"
COMPOSE = ("docker", "compose", "--env-file", ".env.production", "--file", "compose.production.yaml")
# Adds a column that the version before does not fill.
MIGRATION = """\
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [migrations.AddField("user", "motto", models.TextField(default="none"))]
"""


@dataclass(frozen=True)
class Shop:
    """The project, where its proxy listens, and what the first deployment said."""

    project: Project
    port: int
    said: str

    def deploy(self, *arguments: str) -> tools.Done:
        return self.project.djdock("deploy", "compose", "--yes", *arguments)

    def get(self, path: str) -> tuple[int, str]:
        """Status and text of a page over TLS, whose certificate Caddy has made for a local name by itself."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with (
            socket.create_connection(("127.0.0.1", self.port), timeout=30) as plain,
            context.wrap_socket(plain, server_hostname=HOST) as connection,
        ):
            head = f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n"
            connection.sendall(head.encode())
            answer = b"".join(iter(lambda: connection.recv(65536), b"")).decode(errors="replace")
        return int(answer.split()[1]), answer

    def edit(self, answer: str) -> None:
        """Gives the site a first page, or another one."""
        urls = self.project.root / "django_project/urls.py"
        lines = [
            line
            for line in urls.read_text().splitlines()
            if not line.startswith(("from django.http", "urlpatterns +="))
        ]
        lines += [
            "from django.http import HttpResponse",
            f"urlpatterns += [path('', lambda r: HttpResponse('{answer}'))]",
        ]
        urls.write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def shop(shelf: Path) -> Iterator[Shop]:
    """A new project that was deployed once, on ports of its own."""
    caddy_image.ensure()
    project = tools.new_project(shelf, name=NAME)
    run(["git", "init", "--quiet"], project.root).ok()
    port = tools.free_port()
    ports = shelf / "ports.env"
    ports.write_text(f"HTTPS_PORT={port}\nHTTP_PORT={tools.free_port()}\nLISTEN=127.0.0.1\n")
    try:
        done = project.djdock("deploy", "compose", "--host", HOST, "--env-file", str(ports), "--yes").ok()
        yield Shop(project, port, done.out)
    finally:
        run([*COMPOSE, "down", "--volumes"], project.root)
        images = run(["docker", "image", "ls", "--quiet", NAME], project.root).out.split()
        run(["docker", "image", "rm", "--force", *dict.fromkeys(images)], project.root)
        shutil.rmtree(project.root, ignore_errors=True)


def test_what_the_guide_shows_is_what_is_said(shop: Shop) -> None:
    """A reader of the guide recognises each line."""
    [block] = [text for language, text in walk.blocks(PAGE, "## The first time") if language == "" and "ready" in text]
    lines = [line for line in shop.said.splitlines() if ".gitignore" not in line and not line.startswith(" " * 11)]
    said = "\n".join(lines).replace(f":{shop.port}/", "/").replace(NAME, "shop") + "\n"
    assert walk.is_shown(block.replace("shop.example.com", HOST), said), shop.said


def test_the_site_answers_over_tls(shop: Shop) -> None:
    """Pages, styles under names by content, cookies for https alone; health is not for the public."""
    status, page = shop.get("/admin/login/")
    assert status == 200
    assert "Secure" in next(line for line in page.splitlines() if line.lower().startswith("set-cookie"))
    style = page.partition('href="/static/admin/css/base.')[2].partition('"')[0]
    assert shop.get(f"/static/admin/css/base.{style}")[0] == 200
    assert shop.get("/readyz")[0] == 404


def test_secrets_are_in_files_alone(shop: Shop) -> None:
    """Neither git nor `docker inspect` nor the image knows any of them."""
    root = shop.project.root
    values = [path.read_text() for path in (root / "secrets").iterdir()]
    assert len(values) == 3
    untracked = run(["git", "status", "--porcelain", "--untracked-files=all"], root).ok().out
    assert "secrets/" not in untracked
    assert ".env.production" not in untracked
    ids = run([*COMPOSE, "ps", "--all", "--quiet"], root).ok().out.split()
    inspected = run(["docker", "inspect", *ids], root).ok().out
    assert len(json.loads(inspected)) >= 3
    assert not [value for value in values if value in inspected]


def test_the_guide_makes_an_administrator(shop: Shop) -> None:
    """Its command is one that works: what it starts beside the site has the secrets, and reaches the database."""
    [line] = [text for _language, text in walk.blocks(PAGE, "## The first time") if "createsuperuser" in text]
    words = [*line.split(), "--noinput", "--username", "ada", "--email", "ada@example.com"]
    run(words, shop.project.root, timeout=120).ok()
    sql = [*COMPOSE, "exec", "-T", "db", "psql", "-U", NAME, "-Atc", "select username from accounts_user"]
    assert run(sql, shop.project.root).ok().out.strip() == "ada"


def test_a_new_version_and_back(shop: Shop) -> None:
    """What migrations do is told, a dump is there before anything changes, the new page is served; then the old one."""
    root = shop.project.root
    shop.edit("second")
    (root / "accounts/migrations/0002_motto.py").write_text(MIGRATION)
    done = shop.deploy().ok()
    assert "accounts.0002_motto  (not applied yet)" in done.out
    assert "does not fill it" in done.words
    assert shop.get("/")[1].endswith("second")
    assert list((root / ".djdock/dumps").glob("*.dump"))
    assert "proxy" not in done.out
    back = shop.project.djdock("deploy", "rollback", "--yes").ok()
    assert "the database was left as it is" in back.words
    assert shop.get("/")[0] == 404
    shop.project.djdock("deploy", "rollback", "--yes").ok()
    assert shop.get("/")[1].endswith("second")


def test_the_same_again(shop: Shop) -> None:
    """The same source gives the same image, and no file changes."""
    shop.deploy().ok()
    before = tools.tree(shop.project.root)
    running = run(["docker", "ps", "--quiet", "--filter", f"name={NAME}-"], shop.project.root).out
    done = shop.deploy().ok()
    assert "change  compose" not in done.out
    assert tools.tree(shop.project.root) == before
    assert running


def test_a_version_that_does_not_load(shop: Shop) -> None:
    """It is found before anything changes: its traceback is shown, and the one before serves."""
    shop.edit("third")
    urls = shop.project.root / "django_project/urls.py"
    text = urls.read_text()
    urls.write_text(text + "import nowhere_to_be_found\n")
    try:
        done = shop.deploy()
        done.problem()
        assert "nowhere_to_be_found" in done.all
        assert "Nothing was changed" in done.words
        assert shop.get("/admin/login/")[0] == 200
        assert not shop.get("/")[1].endswith("third")
    finally:
        urls.write_text(text)


def test_a_version_whose_first_page_fails(shop: Shop) -> None:
    """Checks and health know nothing of it: its traceback is shown, and the one before serves."""
    shop.edit("good")
    shop.deploy().ok()
    urls = shop.project.root / "django_project/urls.py"
    text = urls.read_text()
    urls.write_text(text.replace("HttpResponse('good')", "HttpResponse(unheard_of)"))
    try:
        done = shop.deploy()
        done.problem()
        assert "unheard_of" in done.all
        assert shop.get("/")[1].endswith("good")
    finally:
        urls.write_text(text)


@pytest.mark.parametrize("target", ["compose", "swarm"])
def test_a_dry_run_before_anything_is_there(tmp_path: Path, target: str) -> None:
    """Who only looks, before the first deployment, is shown the files, and no engine trips over their absence."""
    project = Project(Path(shutil.copytree(markdown.ROOT / "example", tmp_path / "blog")))
    before = tools.tree(project.root)
    done = project.djdock("deploy", target, "--host", HOST, "--dry-run").ok()
    assert "Nothing was written" in done.words
    assert tools.tree(project.root) == before


def test_a_dry_run_of_the_next_version(shop: Shop) -> None:
    """With the files in their place, what would change on the engine is shown, and nothing changes."""
    done = shop.project.djdock("deploy", "compose", "--dry-run").ok()
    assert f"{NAME}:new" in done.out
    assert "Nothing was written" in done.words


def test_nobody_there_to_agree(shop: Shop) -> None:
    """Without a terminal nothing goes to production unless --yes says so."""
    done = shop.project.djdock("deploy", "compose")
    done.problem()
    assert "--yes" in done.words


@pytest.mark.parametrize("path", ["compose.production.yaml", "Caddyfile.production"])
def test_a_file_that_was_deleted(shop: Shop, path: str) -> None:
    """It is told before anything is changed, with the option that makes it anew."""
    before = (shop.project.root / path).read_text()
    (shop.project.root / path).unlink()
    done = shop.deploy()
    done.problem()
    assert f"{path} is not there" in done.words
    assert "--replace" in done.words
    shop.deploy("--replace").ok()
    assert (shop.project.root / path).read_text() == before
