"""`djdock deploy swarm` as a person types it, along the guide: a new project with TLS, a new version, and back."""

from __future__ import annotations

import secrets
import shutil
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests import caddy_image, tools
from tests.docker import swarms
from tests.docs import walk
from tests.tools import Project, run

pytestmark = pytest.mark.docker

PAGE, HOST = "docs/how-to/deploy-swarm.md", "shop.localhost"
# As long as `shop` in the guide, and nobody else's: containers, volumes and images are called after it.
NAME = f"s{secrets.token_hex(2)[:3]}"


@dataclass(frozen=True)
class Shop:
    """The project, where its proxy listens, and what the first deployment said."""

    project: Project
    port: int
    said: str

    def get(self, path: str) -> tuple[int, str]:
        """Status and text of a page over TLS, whose certificate Caddy has made for a local name by itself."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with (
            socket.create_connection(("127.0.0.1", self.port), timeout=60) as plain,
            context.wrap_socket(plain, server_hostname=HOST) as connection,
        ):
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
            answer = b"".join(iter(lambda: connection.recv(65536), b"")).decode(errors="replace")
        return int(answer.split()[1]), answer


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A new project that was deployed once, on ports of its own."""
    caddy_image.ensure()
    folder = tmp_path_factory.mktemp("swarm")
    port = tools.free_port()
    ports = folder / "ports.env"
    ports.write_text(f"HTTPS_PORT={port}\nHTTP_PORT={tools.free_port()}\nWEB_REPLICAS=1\n")
    swarms.manager()
    project = tools.new_project(folder, name=NAME)
    run(["git", "init", "--quiet"], project.root).ok()
    try:
        done = project.djdock("deploy", "swarm", "--host", HOST, "--env-file", str(ports), "--yes").ok()
        yield Shop(project, port, done.out)
    finally:
        swarms.remove(NAME, NAME)
        images = run(["docker", "image", "ls", "--quiet", NAME], project.root).out.split()
        run(["docker", "image", "rm", "--force", *dict.fromkeys(images)], project.root)
        shutil.rmtree(project.root, ignore_errors=True)


def test_what_the_guide_shows_is_what_is_said(shop: Shop) -> None:
    """A reader of the guide recognises each line."""
    [block] = [text for language, text in walk.blocks(PAGE, "## The first time") if language == "" and "ready" in text]
    lines = [line for line in shop.said.splitlines() if ".gitignore" not in line and not line.startswith(" " * 11)]
    said = "\n".join(lines).replace(NAME, "shop") + "\n"
    assert walk.is_shown(block.replace("shop.example.com", HOST), said), shop.said


def test_the_site_answers_over_tls(shop: Shop) -> None:
    """Pages, and styles under names by content; health is not for the public."""
    status, page = shop.get("/admin/login/")
    assert status == 200
    style = page.partition('href="/static/admin/css/base.')[2].partition('"')[0]
    assert shop.get(f"/static/admin/css/base.{style}")[0] == 200
    assert shop.get("/readyz")[0] == 404


def test_the_guide_makes_an_administrator(shop: Shop) -> None:
    """Its command is one that works in a container of the site, with the secrets that this has as files."""
    [line] = [text for _language, text in walk.blocks(PAGE, "## The first time") if "createsuperuser" in text]
    line = line.replace("--interactive --tty ", "").replace("shop_", f"{NAME}_")
    words = line.strip() + " --noinput --username ada --email ada@example.com"
    run(["sh", "-c", words], shop.project.root, timeout=120).ok()
    inside = f"docker exec $(docker ps -q --filter name={NAME}_db) psql -U {NAME}"
    sql = f"{inside} -Atc 'select username from accounts_user'"
    assert run(["sh", "-c", sql], shop.project.root).ok().out.strip() == "ada"


def test_a_new_version_and_back(shop: Shop) -> None:
    """A dump is there before anything changes, what changes is shown and nothing else; then the version before."""
    urls = shop.project.root / "django_project/urls.py"
    urls.write_text(
        f"{urls.read_text()}\nfrom django.http import HttpResponse\n"
        "urlpatterns += [path('', lambda r: HttpResponse('second'))]\n"
    )
    done = shop.project.djdock("deploy", "swarm", "--yes").ok()
    [change] = [line for line in done.out.splitlines() if line.startswith("   change  ")]
    assert change.startswith(f"   change  web: {NAME}:")
    assert list((shop.project.root / ".djdock/dumps").glob("*.dump"))
    assert shop.get("/")[1].endswith("second")
    back = shop.project.djdock("deploy", "rollback", "--yes").ok()
    assert "the database stays as it is" in back.words
    assert shop.get("/")[0] == 404


def test_a_port_that_is_taken(shop: Shop) -> None:
    """By another program and by a stack: the problem says so and names the variables, and the first stack goes on."""
    dotenv = shop.project.root / ".env.production"
    before = dotenv.read_text()
    with tools.taken(port := tools.free_port()):
        text = before.replace(f"HTTPS_PORT={shop.port}", f"HTTPS_PORT={port}")
        dotenv.write_text(f"{text}STACK_NAME={NAME}-trial\n")
        try:
            said = shop.project.djdock("deploy", "swarm", "--yes", "--wait", "90").problem()
        finally:
            dotenv.write_text(before)
            swarms.remove(f"{NAME}-trial", "none")
    assert "already in use" in said
    assert "HTTPS_PORT" in said
    assert shop.get("/admin/login/")[0] == 200
