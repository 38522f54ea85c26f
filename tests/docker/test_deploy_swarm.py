"""A release on a real Swarm: it starts, is replaced under load, goes back by itself, is scaled, killed, and rotated."""

from __future__ import annotations

import json
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from djdock.deploy.stacks import jobs, services, stack_file
from djdock.deploy.targets import swarm
from djdock.deploy.targets.target import Site
from djdock.errors import Problem
from djdock.plan.compose import Worker
from djdock.plan.production.release import Postgres, Release, Setting
from djdock.project.files import Folder
from tests import caddy_image, tools
from tests.docker import swarms
from tests.docker.load import Visitors
from tests.tools import run

pytestmark = pytest.mark.docker

URLS = """\
from django.contrib.auth.models import Group
from django.http import HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

VERSION = {version}


@csrf_exempt
def rows(request):
    if request.method == "POST":
        Group.objects.create(name=request.POST["name"])
    return HttpResponse(f"{{VERSION}} {{Group.objects.count()}}")


urlpatterns = [path("rows/", rows)]
"""
# What the site's servers import, and no management command does.
BROKEN = {"crashes": "1 / 0", "hangs": "import time; print('it hangs', flush=True); time.sleep(600)"}
WORK = "import time; from django_project import urls\nwhile True: time.sleep(1)"
# Seconds; the file is the person's, and these are shorter than what the real one waits.
QUICKER = {
    "start_period: 90s": "start_period: 15s",
    "monitor: 15s": "monitor: 3s",
    "monitor: 30s": "monitor: 8s",
    "stop_grace_period: 40s": "stop_grace_period: 10s",
}


@dataclass(frozen=True)
class Deployed:
    """A stack that runs, and its versions: images by what their pages say."""

    site: Site
    images: dict[str, str]
    port: int

    def version(self, name: str) -> Site:
        image = self.images[name]
        return replace(self.site, image=image, values={**self.site.values, "IMAGE": image})

    @property
    def now(self) -> str:
        """The version that serves."""
        return next(name for name, image in self.images.items() if image == swarm.running(self.site))

    @property
    def other(self) -> str:
        """The version that works, too."""
        return "one" if self.now == "two" else "two"

    def rows(self) -> set[str]:
        """The names of the rows in the database."""
        argv = [
            "docker",
            "exec",
            self.container("db"),
            "psql",
            "-U",
            "blog",
            "-At",
            "-c",
            "select name from auth_group",
        ]
        return set(run(argv, self.site.root).ok().out.split())

    def containers(self, service: str) -> list[str]:
        """The running containers of a service."""
        return [task.container for task in services.tasks(self.name(service)) if task.running]

    def container(self, service: str) -> str:
        [found] = self.containers(service)
        return found

    def name(self, service: str) -> str:
        return f"{self.site.values['STACK_NAME']}_{service}"


def silent(_text: str) -> None:
    """A progress that nobody reads."""


@pytest.fixture(scope="module")
def manager() -> None:
    """A Swarm."""
    swarms.manager()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A new project with a page that reads and writes rows."""
    root = tools.new_project(tmp_path_factory.mktemp("swarm")).root
    yield root
    tools.erase(root)


@pytest.fixture(scope="module")
def images(project: Path) -> Iterator[dict[str, str]]:
    """The versions: two that work, and two whose servers do not come up."""
    caddy_image.ensure()
    found = {}
    wsgi = project / "django_project/wsgi.py"
    works = wsgi.read_text()
    for version in ("one", "two", *BROKEN):
        (project / "django_project/urls.py").write_text(URLS.format(version=repr(version)))
        wsgi.write_text(works + BROKEN.get(version, ""))
        name = f"swarm-test-{secrets.token_hex(3)}:{version}"
        run(["docker", "build", "--quiet", "--tag", name, "."], project, timeout=600).ok()
        found[version] = name
    yield found
    run(["docker", "image", "rm", "--force", *found.values()], project)


@pytest.fixture(scope="module")
def deployed(manager: None, project: Path, images: dict[str, str]) -> Iterator[Deployed]:
    """Version one, deployed as `djdock deploy swarm` does it."""
    del manager
    name, port, password = f"blog{secrets.token_hex(3)}", tools.free_port(), secrets.token_hex(16)
    release = Release(
        name=name,
        settings=(
            Setting("SECRET_KEY", "secret"),
            Setting("DATABASE_URL", "secret", part="{url}"),
            Setting("DEBUG", "fixed", "False"),
            Setting("ALLOWED_HOSTS", "given", why="the site's names"),
            Setting("CSRF_TRUSTED_ORIGINS", "given"),
        ),
        workers=(Worker("worker", ("python", "manage.py", "shell", "-c", WORK)),),
        database=Postgres("blog", "blog", 18),
    )
    folder = project / "secrets"
    folder.mkdir(mode=0o700)
    for secret, value in {
        "SECRET_KEY": secrets.token_hex(32),
        "POSTGRES_PASSWORD": password,
        "DATABASE_URL": f"postgres://blog:{password}@db:5432/blog",
    }.items():
        (folder / secret).write_text(f"{value}\n")
        (folder / secret).chmod(0o444)
    values = {
        "ALLOWED_HOSTS": "localhost",
        "CSRF_TRUSTED_ORIGINS": "https://localhost",
        "WEB_PORT": str(port),
        "STACK_NAME": name,
        "IMAGE": images["one"],
    }
    site = Site(project, release, values, images["one"], folder, wait=150)
    for change in swarm.files(Folder(project), release):
        text = change.after
        for old, new in QUICKER.items():
            text = text.replace(old, new)
        (project / change.path).write_text(text)
    stack = Deployed(site, images, port)
    try:
        deploy(site)
        yield stack
    finally:
        swarms.remove(name, name)


def deploy(site: Site) -> None:
    """What `djdock deploy swarm` asks of the target."""
    swarm.start_database(site, silent)
    swarm.migrate(site, silent)
    swarm.switch(site, silent)


def under_load(deployed: Deployed, work: Callable[[], None]) -> Visitors:
    """Does something while visitors read and write, and lets them go on for a second after that."""
    with Visitors(deployed.port) as visitors:
        tools.eventually(lambda: visitors.answers > 20, 60)
        work()
        before = visitors.answers
        tools.eventually(lambda: visitors.answers > before + 20, 60)
    return visitors


def test_the_first_deployment_serves(deployed: Deployed) -> None:
    """Two tasks of the site and one of the worker run, the database took the migrations, and its port is nobody's."""
    assert swarm.running(deployed.site) == deployed.images["one"]
    found = services.find(deployed.site.values["STACK_NAME"])
    assert {name: service.replicas for name, service in found.items()} == {"db": 1, "web": 2, "worker": 1, "proxy": 1}
    assert len(deployed.containers("web")) == 2
    visitors = under_load(deployed, lambda: None)
    assert visitors.failures == []
    assert set(visitors.written) <= deployed.rows()
    assert swarm.address(deployed.site) == f"http://127.0.0.1:{deployed.port}/"
    assert swarm.preview(deployed.site) == ()


def test_a_database_belongs_to_who_has_its_password(deployed: Deployed) -> None:
    """A second clone is told that the stack has one, and what to bring; a stack of another name has none."""
    found = swarm.claimed(deployed.site)
    assert found is not None
    assert deployed.site.values["STACK_NAME"] in found.cause
    other = replace(deployed.site, values={**deployed.site.values, "STACK_NAME": "another-one"})
    assert swarm.claimed(other) is None


def test_containers_are_closed(deployed: Deployed) -> None:
    """Every container has a read-only system and no capabilities but those it needs, and no secret in its variables."""
    password = (deployed.site.secrets / "POSTGRES_PASSWORD").read_text().strip()
    for service in ("db", "web", "worker", "proxy"):
        [entry] = json.loads(run(["docker", "inspect", deployed.containers(service)[0]], Path.cwd()).ok().out)
        assert entry["HostConfig"]["ReadonlyRootfs"], service
        assert entry["HostConfig"]["CapDrop"] == ["CAP_ALL"] or "ALL" in entry["HostConfig"]["CapDrop"], service
        assert entry["HostConfig"]["PidsLimit"], service
        assert entry["HostConfig"]["LogConfig"]["Config"]["max-size"] == "10m", service
        assert password not in json.dumps(entry), service
    web = deployed.containers("web")[0]
    assert run(["docker", "exec", web, "touch", "/app/x"], Path.cwd()).code
    assert run(["docker", "exec", web, "id", "-u"], Path.cwd()).out.strip() == "10001"
    shown = run(["docker", "exec", web, "stat", "-c", "%a %u", "/run/secrets/SECRET_KEY"], Path.cwd()).out.split()
    assert shown == ["400", "10001"]


def test_a_management_command_runs_beside_the_site(deployed: Deployed) -> None:
    """Its output, its errors, its exit code and what it reads come through, and nothing of it stays in the Swarm."""
    site = deployed.site
    script = "import sys; print('$HOME', sys.stdin.read()); print('no', file=sys.stderr); sys.exit(3)"
    done = swarm.manage(site, ("shell", "-v", "0", "-c", script), stdin="what it reads")
    assert (done.code, done.stdout) == (3, "$HOME what it reads\n")
    assert "no" in done.stderr
    assert swarm.manage(site, ("check",)).ok
    name = site.values["STACK_NAME"]
    assert not [found for found in services.find(name) if found.startswith("job-")]
    assert not [found for found in services.names_of("secret", name) if "job-" in found]


def test_what_a_killed_command_left_at_work_is_waited_for(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be a migration: none is started beside it, and the next command goes on when it has ended."""
    name = deployed.site.values["STACK_NAME"]
    label = f"com.docker.stack.namespace={name}"
    left = f"{name}_job-left"
    options = ["--detach", "--name", left, "--label", label, "--restart-condition", "none"]
    run(["docker", "service", "create", *options, deployed.site.image, "sleep", "600"], Path.cwd()).ok()
    monkeypatch.setattr(jobs, "PATIENCE", 1.0)
    try:
        with pytest.raises(Problem, match="still at work") as caught:
            swarm.manage(deployed.site, ("check",))
        assert f"docker service logs {left}" in caught.value.hint
    finally:
        run(["docker", "service", "rm", left], Path.cwd())
    monkeypatch.undo()
    assert swarm.manage(deployed.site, ("check",)).ok


def test_a_new_version_takes_over_under_load(deployed: Deployed) -> None:
    """No request fails while two tasks are replaced; afterwards every answer is the new version's."""
    now, other = deployed.now, deployed.other
    began = time.monotonic()
    visitors = under_load(deployed, lambda: deploy(deployed.version(other)))
    print(f"a new version under load: {dict(visitors.versions)} in {time.monotonic() - began:.1f} s")
    assert visitors.failures == []
    assert set(visitors.versions) == {now, other}
    assert set(under_load(deployed, lambda: None).versions) == {other}
    assert set(visitors.written) <= deployed.rows()


@pytest.mark.parametrize(("version", "says"), [("crashes", "ZeroDivisionError"), ("hangs", "it hangs")])
def test_a_broken_version_goes_back_by_itself(deployed: Deployed, version: str, says: str) -> None:
    """The person hears why, from the new version's own log; the old one serves every request, and workers stay its."""
    told: list[Problem] = []

    def break_it() -> None:
        with pytest.raises(Problem) as problem:
            deploy(deployed.version(version))
        told.append(problem.value)

    now, workers = deployed.now, deployed.containers("worker")
    visitors = under_load(deployed, break_it)
    assert visitors.failures == []
    assert set(visitors.versions) == {now}
    assert says in told[0].details
    assert f"{deployed.images[now]} serves as before" in told[0].cause
    assert swarm.running(deployed.site) == deployed.images[now]
    assert deployed.containers("worker") == workers


def test_the_version_before_comes_back(deployed: Deployed) -> None:
    """A rollback is a deployment as any other: no request fails. What runs already is no version to go back to."""
    now, before, said = deployed.now, deployed.version(deployed.other), []
    visitors = under_load(deployed, lambda: said.append(swarm.rollback(before, silent)))
    assert visitors.failures == []
    assert swarm.running(before) == before.image
    assert deployed.images[now] in said[0]
    with pytest.raises(Problem, match="runs already"):
        swarm.rollback(before, silent)
    with pytest.raises(Problem, match="no version before"):
        swarm.rollback(replace(deployed.site, image=""), silent)


def test_scaling_disturbs_nobody(deployed: Deployed) -> None:
    """More tasks and fewer, of the site and of the worker: no request fails, and a deployment keeps the number."""

    def scale(web: int, worker: int) -> None:
        argv = ["docker", "service", "scale", f"{deployed.name('web')}={web}", f"{deployed.name('worker')}={worker}"]
        run(argv, Path.cwd(), timeout=120).ok()
        tools.eventually(lambda: (len(deployed.containers("web")), len(deployed.containers("worker"))) == (web, worker))

    visitors = under_load(deployed, lambda: scale(3, 2))
    assert visitors.failures == []
    site = deployed.version(deployed.now)
    assert any("keeps its 3 tasks" in line for line in swarm.preview(site))
    swarm.switch(site, silent)
    assert len(deployed.containers("web")) == 3
    visitors = under_load(deployed, lambda: scale(2, 1))
    assert visitors.failures == []


@pytest.mark.parametrize("service", ["web", "worker", "proxy", "db"])
def test_a_killed_container_comes_back(deployed: Deployed, service: str) -> None:
    """Nobody has to do anything after a kill -9, and no row is lost whose writing was confirmed."""

    def kill() -> None:
        before = deployed.containers(service)
        run(["docker", "kill", "--signal", "KILL", before[0]], Path.cwd()).ok()
        tools.eventually(lambda: is_whole(deployed, service, len(before), before[0]), 60)
        tools.eventually(lambda: served(deployed), 60)

    visitors = under_load(deployed, kill)
    if service == "worker":
        assert visitors.failures == []
    assert set(visitors.written) <= deployed.rows()


def is_whole(deployed: Deployed, service: str, count: int, killed: str) -> bool:
    """Whether a service has all its tasks, without the one that was killed."""
    there = deployed.containers(service)
    return len(there) == count and killed not in there


def served(deployed: Deployed) -> bool:
    """Whether the page answers now."""
    probe = Visitors(deployed.port)
    return probe._ask("GET", None)


def test_a_changed_secret_comes_to_the_containers(deployed: Deployed) -> None:
    """A new text in secrets/ replaces the site's tasks without a failed request, and leaves the database alone."""
    database = deployed.container("db")
    secret = deployed.site.secrets / "SECRET_KEY"
    secret.chmod(0o644)
    secret.write_text("k" * 20 + secrets.token_hex(20))
    visitors = under_load(deployed, lambda: deploy(deployed.version(deployed.now)))
    assert visitors.failures == []
    for container in deployed.containers("web"):
        assert (
            run(["docker", "exec", container, "cat", "/run/secrets/SECRET_KEY"], Path.cwd()).out == secret.read_text()
        )
    assert deployed.container("db") == database
    # What neither the version that runs nor the one before needs is gone.
    names = [name for name in services.names_of("secret", deployed.site.values["STACK_NAME"]) if "SECRET_KEY" in name]
    assert len(names) == 2


def test_the_engines_own_client_is_enough(deployed: Deployed) -> None:
    """`docker stack deploy`, as the file's first lines have it, migrates, replaces the site and says nothing else."""
    now, other = deployed.now, deployed.other

    def by_hand() -> None:
        argv = ["docker", "stack", "deploy", "--resolve-image", "never", "--compose-file", "stack.yaml"]
        site = deployed.version(other)
        # Whoever deploys by hand counts versions; here they are those of the deployment before.
        variables = {**site.values, **stack_file.versions(site)}
        done = run([*argv, deployed.site.values["STACK_NAME"]], deployed.site.root, env=variables).ok()
        assert "gnoring" not in done.all
        tools.eventually(lambda: state_of(deployed.name("web")) == "completed", 120)

    visitors = under_load(deployed, by_hand)
    assert visitors.failures == []
    assert set(visitors.versions) == {now, other}
    assert swarm.running(deployed.site) == deployed.images[other]
    [migrated] = services.tasks(deployed.name("migrate"))
    assert migrated.state == "complete"


def state_of(service: str) -> str:
    """The state of a service's last update."""
    return run(["docker", "service", "inspect", service, "--format", "{{.UpdateStatus.State}}"], Path.cwd()).out.strip()


def test_a_failed_migration_switches_nothing(deployed: Deployed) -> None:
    """The problem shows what the migration said, and the site runs the version that it ran."""
    before = deployed.containers("web")
    site = deployed.version(deployed.now)
    text = (site.root / "stack.yaml").read_text()
    (site.root / "stack.yaml").write_text(text.replace('"migrate", "--noinput"]', '"migrate", "--noinput", "nothing"]'))
    try:
        with pytest.raises(Problem, match="migration failed") as problem:
            swarm.migrate(site, silent)
    finally:
        (site.root / "stack.yaml").write_text(text)
    assert "nothing" in problem.value.details
    assert sorted(deployed.containers("web")) == sorted(before)


def test_a_dump_can_be_read(deployed: Deployed, tmp_path: Path) -> None:
    """pg_restore finds the rows in it, and nobody else may read the file."""
    place = tmp_path / "blog.dump"
    swarm.dump(deployed.site, place)
    assert place.stat().st_mode & 0o077 == 0
    with place.open("rb") as file:
        argv = ["docker", "exec", "--interactive", deployed.container("db"), "pg_restore", "--list"]
        listed = subprocess.run(argv, stdin=file, capture_output=True, check=True, text=True).stdout
    assert "TABLE DATA public auth_group" in listed


def test_an_image_that_is_nowhere_is_refused(deployed: Deployed) -> None:
    """Before anything is asked of the Swarm."""
    with pytest.raises(Problem, match="There is no image nowhere:1"):
        swarm.migrate(replace(deployed.site, image="nowhere:1"), silent)
