"""The first deployment to one host, with TLS, and what can be in its way: ports, volumes, databases, other machines."""

from __future__ import annotations

import contextlib
import http.client
import json
import shutil
import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from djdock.commands import deploy
from djdock.deploy import secrets
from djdock.deploy.targets import compose
from djdock.errors import Problem
from djdock.plan.production.release import COMPOSE_FILE
from tests import tools
from tests.docker import single_host
from tests.docker.single_host import Shop, quiet
from tests.tools import run

pytestmark = [pytest.mark.docker, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def image(shelf: Path) -> Iterator[Shop]:
    """The image of a site that is never started: others are."""
    (shelf / "first").mkdir()
    with single_host.shop(shelf / "first") as made:
        yield made


@contextlib.contextmanager
def another(image: Shop, name: str, **changes: object) -> Iterator[Shop]:
    """A site of its own from the same image, without workers; nothing of it runs yet."""
    root = image.root.parent / name
    root.mkdir()
    release = replace(image.release, name=f"{image.release.name}-{name}", workers=(), redis=False, **changes)  # type: ignore[arg-type]
    values = {**image.values, **{port: str(tools.free_port()) for port in ("WEB_PORT", "HTTP_PORT", "HTTPS_PORT")}}
    made = Shop(root, release, values)
    single_host.write(made)
    run(["docker", "tag", image.image("1"), made.image("1")], root).ok()
    try:
        yield made
    finally:
        made.docker_compose("down", "--volumes", "--timeout", "2")
        run(["docker", "image", "rm", "--force", made.image("1"), *made.made], image.root)
        shutil.rmtree(root)


def failing(shop: Shop, version: str = "1", wait: float = 60.0) -> Problem:
    """What a deployment says that fails."""
    with pytest.raises(Problem) as raised:
        shop.deploy(version, wait)
    return raised.value


def https(shop: Shop, authorities: str | None, headers: dict[str, str] | None = None) -> str:
    """A page over TLS; its certificate has to come from these authorities."""
    context = ssl.create_default_context(cadata=authorities)
    connection = http.client.HTTPSConnection("localhost", int(shop.values["HTTPS_PORT"]), timeout=20, context=context)
    connection.request("GET", "/", headers=headers or {})
    answer = connection.getresponse()
    assert answer.status == 200
    assert answer.headers["Server"] is None
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    return answer.read().decode()


def test_a_first_deployment_with_tls(image: Shop) -> None:
    """The host's name has a certificate, HTTP leads to HTTPS, and nobody is believed who says where he comes from."""
    with another(image, "tls", hosts=("localhost",)) as shop:
        assert compose.running(shop.site("1")) is None
        assert f"create web: {shop.image('1')}" in compose.preview(shop.site("1"))
        shop.deploy("1")
        [proxy] = shop.containers("proxy")
        root = "/data/caddy/pki/authorities/local/root.crt"
        authority = run(["docker", "exec", proxy.id, "cat", root], shop.root).ok().out
        assert https(shop, authority) == "1 0 secure"
        with pytest.raises(ssl.SSLError):
            https(shop, None)
        plain = http.client.HTTPConnection("localhost", int(shop.values["HTTP_PORT"]), timeout=20)
        plain.request("GET", "/", headers={"X-Forwarded-Proto": "https"})
        answer = plain.getresponse()
        assert (answer.status, answer.headers["Location"]) == (308, "https://localhost/")
        assert compose.address(shop.site("1")) == f"https://localhost:{shop.values['HTTPS_PORT']}/"
        # A second time nothing is left to be made.
        assert not [line for line in compose.preview(shop.site("1")) if line.startswith("create") or "proxy" in line]


def test_a_first_version_that_is_broken_leaves_nothing_behind(image: Shop) -> None:
    """No crash loop goes on; the database stays, since it may hold rows."""
    with another(image, "broken") as shop:
        shop.derive("broken", single_host.CRASHES)
        assert "no such setting" in failing(shop, "broken").details
        assert [len(shop.containers(name)) for name in ("web", "proxy", "db")] == [0, 0, 1]


def test_a_port_that_is_taken(image: Shop) -> None:
    """It is found before anything of the site is started, with who holds it and the variable to change."""
    with another(image, "port") as shop:
        compose.start_database(shop.site("1"), quiet)
        with tools.taken(int(shop.values["WEB_PORT"])), pytest.raises(Problem) as raised:
            compose.switch(shop.site("1"), quiet)
        assert shop.values["WEB_PORT"] in raised.value.cause
        assert "process" in raised.value.cause
        assert "WEB_PORT" in raised.value.hint
        assert shop.containers("web") == ()


def test_a_volume_of_another_major_version(image: Shop) -> None:
    """PostgreSQL would refuse it, or find nothing; djdock says which version has made it, and touches nothing."""
    with another(image, "major") as shop:
        volume = f"{shop.release.name}_db"
        write = ["sh", "-c", "mkdir -p /v/17/docker && echo 17 > /v/17/docker/PG_VERSION"]
        run(["docker", "run", "--rm", "-v", f"{volume}:/v", "postgres:18-trixie", *write], shop.root).ok()
        found = failing(shop)
        assert "made by PostgreSQL 17" in found.cause
        assert "postgres:17-trixie" in found.hint
        assert shop.containers("db") == ()


def test_a_database_belongs_to_who_has_its_password(image: Shop) -> None:
    """A second clone finds the volume, running or not, and is told what to bring; the first deployment finds none."""
    with another(image, "clone") as shop:
        assert compose.claimed(shop.site("1")) is None
        compose.start_database(shop.site("1"), quiet)
        shop.docker_compose("down").ok()
        found = compose.claimed(shop.site("1"))
        assert found is not None
        assert f"{shop.release.name}_db" in found.cause
        assert "secrets/" in found.hint
        other = replace(shop.site("1"), values={**shop.values, "COMPOSE_PROJECT_NAME": f"{shop.release.name}-2"})
        assert compose.claimed(other) is None


def test_a_database_that_is_down(image: Shop) -> None:
    """The site's containers cannot get ready then; what is told is the database's part, not theirs."""
    with another(image, "down") as shop:
        shop.deploy("1")
        assert shop.get() == (200, "1 0 plain")
        [database] = shop.containers("db")
        run(["docker", "stop", database.id], shop.root).ok()
        with pytest.raises(Problem) as raised:
            compose.switch(shop.site("1", 8.0), quiet)
        assert "database does not answer" in raised.value.cause
        with pytest.raises(Problem, match="no database here"):
            compose.dump(shop.site("1"), shop.root / "x.dump")
        assert not (shop.root / "x.dump").exists()
        # The next deployment starts it again.
        shop.deploy("1")
        assert shop.get() == (200, "1 0 plain")


def test_a_database_elsewhere_that_is_down(image: Shop) -> None:
    """Nobody answers at its address: that is told before anything is started, in a first deployment too."""
    with another(image, "elsewhere", database=None) as shop:
        address = "postgres://shop:of-a-test@127.0.0.1:1/shop"
        secrets.write(shop.root, {"DATABASE_URL": address, "SECRET_KEY": "0123456789abcdefghij" * 3})
        with pytest.raises(Problem, match="The database does not answer") as raised:
            deploy._look(compose, shop.site("1"), first=True)
        assert "refused" in raised.value.details
        assert "of-a-test" not in raised.value.details
        assert shop.containers("web") == ()


def test_plain_compose_starts_the_site(image: Shop) -> None:
    """Without djdock: migrations first, then the site; while a new image is put in place, requests wait."""
    with another(image, "plain") as shop:
        shop.docker_compose("up", "--detach").ok()
        tools.eventually(lambda: shop.get() == (200, "1 0 plain"), 60)
        assert shop.sql("select count(*) from django_migrations where app = 'notes'") == "1"
        shop.derive("2")
        with single_host.Load(shop, clients=2) as load:
            shop.docker_compose("up", "--detach", version="2").ok()
            tools.eventually(lambda: shop.version() == "2", 60)
        assert not [failure for failure in load.failures if failure.startswith("GET")]
        # A form that comes in just as the server stops listening may be lost: that is what `djdock deploy` is for.
        assert len(load.failures) <= 2
        assert load.lost() == set()


def test_a_site_without_the_proxy(image: Shop) -> None:
    """Whoever has taken it out of the file, for one of their own, can deploy all the same."""
    with another(image, "own") as shop:
        path = shop.root / COMPOSE_FILE
        before, rest = path.read_text().split("\n  proxy:\n")
        path.write_text(f"{before}\n  web:\n" + rest.split("\n  web:\n")[1])
        shop.deploy("1")
        shop.deploy("1")
        [web] = shop.containers("web")
        assert web.healthy
        assert not any("proxy" in line for line in compose.preview(shop.site("1")))


def test_another_machine_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Secrets are files of this machine. There is no other machine here: that Docker's context names one is made up."""
    assert compose.missing(tmp_path) is None
    monkeypatch.setattr(compose, "_context", lambda: ("far", "ssh://person@far.example.com"))
    found = compose.missing(tmp_path)
    assert found is not None
    assert "ssh://person@far.example.com" in found.cause
    assert "djdock deploy swarm" in found.hint


def test_settings_are_seen_as_compose_sees_them(image: Shop) -> None:
    """A value with a dollar sign or a quote arrives as it is written, and a secret without its last line end."""
    with another(image, "values") as shop:
        (shop.root / "secrets/SECRET_KEY").chmod(0o644)
        (shop.root / "secrets/SECRET_KEY").write_text("a$b'c\n")
        script = "import json, os; print(json.dumps([os.environ['SECRET_KEY'], os.environ['ALLOWED_HOSTS']]))"
        site = replace(shop.site("1"), values={**shop.values, "ALLOWED_HOSTS": "a,$b,'c"})
        found = json.loads(compose.manage(site, ("shell", "--verbosity", "0", "-c", script)).stdout)
        assert found == ["a$b'c", "a,$b,'c"]
