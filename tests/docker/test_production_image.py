"""The image of production at work: locked down, with secrets from files, watched over, stopped under load."""

from __future__ import annotations

import gzip
import http.client
import json
import re
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests import tools
from tests.docker import compose
from tests.tools import Done, Project, run

pytestmark = [pytest.mark.docker, pytest.mark.timeout(240)]

POSTGRES = "postgres:18-trixie"
# As compose.production.yaml, stack.yaml and k8s/ run it.
LOCKED = (
    "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges",  # noqa: S108 - a mount
)  # fmt: skip
HOST = "example.com"
# Through a proxy that speaks HTTPS.
VISITOR = {"Host": HOST, "X-Forwarded-Proto": "https"}
VIEWS = """

import time

from accounts.models import User
from django.http import HttpResponse


def slow(request):
    time.sleep(0.3)
    return HttpResponse(f"{User.objects.count()} users")


def broken(request):
    raise ValueError("as it was meant to be")


urlpatterns += [path("slow", slow), path("broken", broken)]
"""


@dataclass(frozen=True)
class Answer:
    """What a server has said."""

    status: int
    text: str
    headers: dict[str, str]


@dataclass(frozen=True)
class Site:
    """An image, the network that it runs in, and the folder with its secrets."""

    root: Path
    image: str
    network: str
    secrets: Path

    def options(self, *more: str) -> list[str]:
        """What `docker run` is given; of the secrets only where they are."""
        values = {
            "DEBUG": "False",
            "ALLOWED_HOSTS": HOST,
            "CSRF_TRUSTED_ORIGINS": f"https://{HOST}",
            **{f"{path.name}_FILE": f"/run/secrets/{path.name}" for path in self.secrets.iterdir()},
        }
        named = [word for name, value in values.items() for word in ("--env", f"{name}={value}")]
        return [*LOCKED, "--network", self.network, "--volume", f"{self.secrets}:/run/secrets:ro", *named, *more]

    def run(self, *command: str, options: Sequence[str] = ()) -> Done:
        """Runs a command in a container of its own."""
        return run(["docker", "run", "--rm", *self.options(*options), self.image, *command], self.root)

    @contextmanager
    def serving(self, *options: str) -> Iterator[Container]:
        """A container with the site, ready for visitors."""
        argv = ["docker", "run", "--detach", *self.options(*options), self.image]
        container = Container(run(argv, self.root).ok().out.strip(), self.root)
        try:
            tools.eventually(lambda: container.get("/readyz").status == 200, 60, "the site does not get ready")
            yield container
        finally:
            run(["docker", "rm", "--force", "--volumes", container.id], self.root)


@dataclass(frozen=True)
class Container:
    """One that runs. It is asked under its own address: a published port would accept what the site refuses."""

    id: str
    root: Path

    def inspect(self, template: str) -> str:
        return run(["docker", "inspect", "--format", template, self.id], self.root).ok().out.strip()

    @property
    def address(self) -> str:
        return self.inspect("{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}")

    @property
    def logs(self) -> str:
        return run(["docker", "logs", self.id], self.root).ok().all

    def get(self, path: str, headers: dict[str, str] | None = None) -> Answer:
        return get(http.client.HTTPConnection(self.address, 8000, timeout=20), path, headers or {})


def get(connection: http.client.HTTPConnection, path: str, headers: dict[str, str]) -> Answer:
    """Asks for a page."""
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    if answer.headers["Content-Encoding"] == "gzip":
        body = gzip.decompress(body)
    return Answer(answer.status, body.decode(), dict(answer.headers))


@pytest.fixture(scope="module")
def project(original: Project, shelf: Path) -> Iterator[Project]:
    """A project with a page that takes its time, and one that fails."""
    made = compose.clone(original, shelf / "production")
    with (made.root / "django_project/urls.py").open("a") as file:
        file.write(VIEWS)
    yield made
    shutil.rmtree(made.root)


@pytest.fixture(scope="module")
def image(project: Project) -> Iterator[str]:
    """Its image, as `djdock build` makes it."""
    tag = f"{compose.image_name(project.root.parent)}:production"
    project.djdock("build", "--tag", tag).ok()
    yield tag
    run(["docker", "image", "rm", "--force", tag], project.root)


@pytest.fixture(scope="module")
def database(project: Project) -> Iterator[tuple[str, str]]:
    """A network, and a PostgreSQL in it with the name of the network."""
    name = compose.image_name(project.root.parent)
    run(["docker", "network", "create", name], project.root).ok()
    secret = ["--env", "POSTGRES_PASSWORD=not-a-secret", "--env", "POSTGRES_USER=blog"]
    try:
        run(["docker", "run", "--detach", "--name", name, "--network", name, *secret, POSTGRES], project.root).ok()
        ask = ["docker", "exec", name, "pg_isready", "--host", "127.0.0.1"]
        tools.eventually(lambda: run(ask, project.root).code == 0, 60, "PostgreSQL does not get ready")
        yield name, f"postgres://blog:not-a-secret@{name}:5432/blog"
    finally:
        run(["docker", "rm", "--force", "--volumes", name], project.root)
        run(["docker", "network", "rm", name], project.root)


@pytest.fixture(scope="module")
def site(project: Project, image: str, database: tuple[str, str]) -> Site:
    """The image with a migrated database, and secrets as editors write them, with a line end behind."""
    secrets = project.root.parent / "secrets"
    secrets.mkdir()
    for name, value in {"SECRET_KEY": "0123456789abcdefghij" * 3, "DATABASE_URL": database[1]}.items():
        (secrets / name).write_text(f"{value}\n")
        (secrets / name).chmod(0o444)
    made = Site(project.root, image, database[0], secrets)
    made.run("python", "manage.py", "migrate").ok()
    return made


@pytest.fixture(scope="module")
def web(site: Site) -> Iterator[Container]:
    """The site for all tests that leave it running."""
    with site.serving() as container:
        yield container


def layers(image: str, root: Path) -> list[str]:
    """The digests of an image's layers, those of its base first."""
    found: list[str] = json.loads(
        run(["docker", "image", "inspect", "--format", "{{json .RootFS.Layers}}", image], root).ok().out
    )
    return found


def test_the_same_source_makes_the_same_layers(project: Project, image: str, shelf: Path) -> None:
    """Built by somebody else, from a clone with other dates and modes, and without the cache: every layer is equal."""
    clone = compose.clone(project, shelf / "colleague")
    for path in sorted(clone.root.rglob("*")):
        path.chmod(0o775 if path.is_dir() or path.name == "manage.py" else 0o660)
        path.touch()
    tag = f"{image}-colleague"
    try:
        clone.djdock("build", "--no-cache", "--tag", tag).ok()
        assert layers(tag, clone.root) == layers(image, clone.root)
        (clone.root / "django_project/urls.py").write_text("urlpatterns = []\n")
        clone.djdock("build", "--tag", tag).ok()
        ours, theirs = layers(image, clone.root), layers(tag, clone.root)
        assert [one == other for one, other in zip(ours, theirs, strict=True)].count(False) == 1, "the source's own"
    finally:
        run(["docker", "image", "rm", "--force", tag], clone.root)
        shutil.rmtree(clone.root)


def test_it_runs_locked_down(web: Container) -> None:
    """Read-only, without capabilities, as nobody: a page that asks the database is there, over what a proxy says."""
    page = web.get("/slow", VISITOR)
    assert (page.status, page.text) == (200, "0 users")
    assert web.inspect("{{.HostConfig.ReadonlyRootfs}} {{.Config.User}}") == "true 10001:10001"
    plain = web.get("/slow", {"Host": HOST})
    assert (plain.status, plain.headers["Location"]) == (301, f"https://{HOST}/slow")


def test_static_files_are_hashed_and_compressed(web: Container) -> None:
    """The application serves them itself, under names that browsers may keep for ever."""
    login = web.get("/admin/login/", VISITOR)
    [style] = re.findall(r"/static/admin/css/base\.[0-9a-f]{12}\.css", login.text)
    answer = web.get(style, {**VISITOR, "Accept-Encoding": "gzip"})
    assert answer.status == 200
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "immutable" in answer.headers["Cache-Control"]
    assert "--primary" in answer.text


def test_health_needs_neither_name_nor_https(web: Container) -> None:
    """What watches over a container knows no host name; the site itself refuses a name that is not its own."""
    for path in ("/livez", "/readyz"):
        answer = web.get(path, {"Host": "10.1.2.3:8000"})
        assert (answer.status, answer.text, answer.headers["Cache-Control"]) == (200, "ok", "no-store")
    assert web.get("/slow", {"Host": "10.1.2.3:8000", "X-Forwarded-Proto": "https"}).status == 400
    assert web.get("/livez/", VISITOR).status == 404


def test_health_is_not_for_visitors(web: Container) -> None:
    """An Ingress passes on every path; what it says of the visitor makes Django answer, which has no such page."""
    for path in ("/livez", "/readyz"):
        assert web.get(path, {**VISITOR, "X-Forwarded-For": "192.0.2.1"}).status == 404
        assert web.get(path, {**VISITOR, "Forwarded": "for=192.0.2.1;proto=https"}).status == 404


def test_docker_sees_its_health(web: Container) -> None:
    """The image's own health check, which needs no curl, finds it well."""
    tools.eventually(lambda: web.inspect("{{.State.Health.Status}}") == "healthy", 40)


def test_errors_are_in_the_log(web: Container) -> None:
    """With DEBUG off a visitor sees nothing of an error, and `docker logs` all of it."""
    answer = web.get("/broken", VISITOR)
    assert answer.status == 500
    assert "ValueError" not in answer.text
    tools.eventually(lambda: "ValueError: as it was meant to be" in web.logs, 5)
    assert "Traceback (most recent call last):" in web.logs


def test_secrets_are_in_no_list_of_variables(site: Site, web: Container) -> None:
    """They come from files, without the line end that editors leave; what Docker tells of a container has none."""
    listed = web.inspect("{{json .Config}}")
    for path in site.secrets.iterdir():
        assert path.read_text().strip() not in listed
    show = "import os; print(repr(os.environ['SECRET_KEY']), os.environ['SSL_CERT_FILE'], 'SSL_CERT' in os.environ)"
    said = site.run("python", "-c", show, options=["--env", "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"])
    assert said.ok().out.split() == [
        repr((site.secrets / "SECRET_KEY").read_text().rstrip("\n")),
        "/etc/ssl/certs/ca-certificates.crt",
        "False",
    ]


def test_a_secret_that_is_not_there_is_named(site: Site) -> None:
    """The container ends with one sentence, and does not start without it."""
    done = site.run("python", "-V", options=["--env", "TOKEN_FILE=/run/secrets/TOKEN"])
    assert (done.code, done.out) == (1, "")
    assert done.err.strip() == "TOKEN_FILE: /run/secrets/TOKEN cannot be read: No such file or directory"


@pytest.mark.parametrize(
    ("options", "workers"),
    [
        (("--cpus", "0.5"), "2"),
        (("--cpus", "1.5", "--env", "WEB_CONCURRENCY=3"), "3"),
        (("--cpuset-cpus", "0"), "2"),
    ],
    ids=["a limit", "as the person says", "no limit"],
)
def test_workers_follow_the_containers_processors(site: Site, options: tuple[str, ...], workers: str) -> None:
    """As many as the container may use, whatever the machine has, and at least two."""
    show = "import os; print(os.environ['WEB_CONCURRENCY'])"
    assert site.run("python", "-c", show, options=options).ok().out.strip() == workers


def test_it_waits_for_migrations(site: Site) -> None:
    """Where they are not applied it gives up after its time, with what is missing; where they are it goes on."""
    wait = ["--env", "WAIT_FOR_MIGRATIONS=1"]
    assert site.run("echo", "on", options=wait).ok().out == "on\n"
    site.run("python", "manage.py", "migrate", "sessions", "zero").ok()
    try:
        done = site.run("echo", "on", options=wait)
    finally:
        site.run("python", "manage.py", "migrate", "sessions").ok()
    assert (done.code, done.out) == (1, "")
    assert "After 1 seconds not all migrations are applied:\n[ ]  sessions.0001_initial" in done.err


def test_django_finds_nothing_to_say(site: Site) -> None:
    """`check --deploy` is silent for a new project."""
    done = site.run("python", "manage.py", "check", "--deploy", "--fail-level", "DEBUG").ok()
    assert "no issues" in done.all


def test_without_its_database_it_is_alive_and_not_ready(site: Site, database: tuple[str, str]) -> None:
    """No restart would help; and once the database is back, nobody has to restart anything either."""
    with site.serving() as container:
        assert container.get("/slow", VISITOR).status == 200
        run(["docker", "stop", "--time", "1", database[0]], site.root).ok()
        try:
            answer = container.get("/readyz")
            assert answer.status == 503
            assert re.fullmatch(r"\w+Error", answer.text), "the name of the error and nothing of the address"
            assert container.get("/livez").status == 200
        finally:
            run(["docker", "start", database[0]], site.root).ok()
        tools.eventually(lambda: container.get("/readyz").status == 200, 30)
        assert container.get("/slow", VISITOR).status == 200, "a connection that is dead is not given to a request"
        ask = "select count(*) from pg_stat_activity where usename = 'blog' and pid <> pg_backend_pid()"
        for _ in range(30):
            container.get("/readyz")
        said = run(["docker", "exec", database[0], "psql", "-U", "blog", "-Atc", ask], site.root).ok().out
        assert int(said) <= 2 * 5, "checks leave no connection behind"


@dataclass
class Load:
    """Visitors who ask again and again, each on a connection that is kept, or on a new one for each request."""

    address: str
    keep: bool
    stopped: threading.Event = field(default_factory=threading.Event)
    # When a request began on its connection, what came of it, and when.
    seen: list[tuple[float, str, float]] = field(default_factory=list)

    def visit(self) -> None:
        connection, opened = None, 0.0
        while not self.stopped.is_set():
            if connection is None:
                connection, opened = http.client.HTTPConnection(self.address, 8000, timeout=1), time.monotonic()
                try:
                    connection.connect()
                except OSError:  # refused, or the whole container is gone
                    self.seen.append((opened, "not taken", time.monotonic()))
                    connection = None
                    continue
                connection.sock.settimeout(20)
            began = time.monotonic() if self.keep else opened
            try:
                what = str(get(connection, "/slow", VISITOR).status)
            except (OSError, http.client.HTTPException) as error:
                what = type(error).__name__
            self.seen.append((began, what, time.monotonic()))
            if what != "200" or not self.keep or connection.sock is None:
                connection.close()
                connection = None


@pytest.mark.parametrize("keep", [True, False], ids=["kept connections", "new connections"])
def test_no_request_fails_when_it_is_stopped_under_load(site: Site, keep: bool) -> None:
    """Every request that had begun is answered; a later one is answered too, or not taken at all: a proxy asks the
    other container then.
    """
    with site.serving() as container:
        load = Load(container.address, keep)
        visitors = [threading.Thread(target=load.visit) for _ in range(12)]
        for visitor in visitors:
            visitor.start()
        tools.eventually(lambda: len(load.seen) > 24, 20)
        signalled = time.monotonic()
        run(["docker", "stop", "--time", "30", container.id], site.root).ok()
        took = time.monotonic() - signalled
        load.stopped.set()
        for visitor in visitors:
            visitor.join()
        begun = [what for began, what, ended in load.seen if began < signalled < ended]
        assert len(begun) >= 8, "else nobody was waiting when it was stopped"
        assert set(begun) == {"200"}
        later = {what for began, what, _ended in load.seen if began >= signalled}
        assert later <= {"200", "not taken", "ConnectionResetError", "RemoteDisconnected"}, (
            "no half answer, and no error"
        )
        assert took < 10
        assert container.inspect("{{.State.ExitCode}}") == "0"
