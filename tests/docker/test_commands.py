"""The daily commands on the engine `docker`, with the site up and with nothing running."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import tools
from tests.docker import compose
from tests.terminal import Terminal
from tests.tools import DJDOCK, Project

pytestmark = [pytest.mark.docker, pytest.mark.timeout(240)]

FIXTURE = [{"model": "auth.group", "pk": number, "fields": {"name": f"group {number}"}} for number in range(900, 903)]


@pytest.fixture(scope="module")
def idle(original: Project, shelf: Path) -> Iterator[Project]:
    """A clone of which only the database runs, because a first command needed it: commands are one-off runs."""
    project = compose.clone(original, shelf / "idle")
    project.djdock("manage", "migrate", "--verbosity", "0").ok()
    yield project
    tools.remove(project)


@pytest.fixture(params=["site", "idle"])
def project(request: pytest.FixtureRequest) -> Project:
    """Commands must not care whether the site runs."""
    found: Project = request.getfixturevalue(request.param)
    return found


def test_a_command_in_a_fresh_clone_starts_the_database_alone(idle: Project) -> None:
    """A one-off run needs no `up` before it, and starts no site that nobody asked for."""
    assert set(compose.containers(idle.root)) == {"db"}


def test_exit_codes_are_passed_on(project: Project) -> None:
    """Scripts and CI see what the program itself said."""
    assert project.djdock("run", "sh", "-c", "exit 7").code == 7
    assert project.djdock("manage", "no_such_command").code == 1
    assert project.djdock("psql", "-v", "ON_ERROR_STOP=1", "-c", "select 1/0").code == 1


def test_pipes_are_clean(project: Project) -> None:
    """Standard output holds what the program wrote and nothing else, and standard input reaches it."""
    loaded = project.djdock("manage", "loaddata", "--format=json", "-", stdin=json.dumps(FIXTURE)).ok()
    assert "3 object" in loaded.out
    assert json.loads(project.djdock("manage", "dumpdata", "auth.group").ok().out) == [
        {**entry, "fields": {**entry["fields"], "permissions": []}}  # type: ignore[dict-item]
        for entry in FIXTURE
    ]
    counted = project.djdock("psql", "-At", stdin="select count(*) from auth_group where id >= 900;\n").ok()
    assert (counted.out, counted.err) == ("3\n", "")
    deleted = project.djdock("shell", "-v", "0", stdin="from django.contrib.auth.models import Group\n"
                             "print(Group.objects.filter(pk__gte=900).delete()[0])\n").ok()  # fmt: skip
    assert deleted.out == "3\n"


def test_bytes_pass_unchanged(project: Project) -> None:
    """A binary stream, such as a dump, survives the way in and out: nothing translates line ends or encodings."""
    data = bytes(range(256)) * 4
    done = subprocess.run(
        [DJDOCK, "run", "cat"], cwd=project.root, input=data, capture_output=True, timeout=60, check=True
    )
    assert done.stdout == data


def test_commands_work_from_a_folder_below(project: Project) -> None:
    """Wherever in the project a command is typed, it runs there, and finds manage.py."""
    below = project.root / "accounts/migrations"
    assert project.djdock("run", "pwd", cwd=below).ok().out == "/app/accounts/migrations\n"
    assert "no issues" in project.djdock("manage", "check", cwd=below).ok().out


def test_a_terminal_is_passed_on(project: Project) -> None:
    """With a terminal, shells are interactive: they prompt, and answer what is typed."""
    with Terminal([DJDOCK, "shell", "-v", "0"], project.root) as terminal:
        terminal.expect(">>> ")
        terminal.type("6 * 7\r")
        terminal.expect("42")
        terminal.type("raise SystemExit(5)\r")
        assert terminal.code() == 5
    with Terminal([DJDOCK, "psql"], project.root) as terminal:
        terminal.expect("blog=# ")
        terminal.type("select 6 * 7 as answer \\gset\r")
        terminal.expect("blog=# ")
        terminal.type("\\echo :answer\r")
        terminal.expect("42")
        terminal.type("\\q\r")
        assert terminal.code() == 0


def test_the_projects_tests_run(idle: Project) -> None:
    """`djdock test` makes a test database, runs the tests of the project, and says how they went."""
    done = idle.djdock("test", "accounts").ok()
    assert "OK" in done.err
    assert "test_blog" not in idle.sql("select string_agg(datname, ' ') from pg_database")


def test_a_one_off_run_leaves_no_container(idle: Project) -> None:
    """What `run --rm` promises, also when the program fails."""
    project = compose.name(idle.root)
    idle.djdock("run", "false")
    listed = tools.run(["docker", "ps", "-aq", "--filter", f"label=com.docker.compose.project={project}"], idle.root)
    assert len(listed.ok().out.split()) == 1, "the database's container, and no other"


def test_status_for_programs(site: Project) -> None:
    """The keys of `status --json` are a promise to other programs."""
    status = site.status()
    services = {service["name"]: service for service in status["services"]}
    assert set(status) == {"engine", "url", "postgres", "services", "project"}
    assert status["engine"] == "docker"
    assert status["url"] == site.url
    assert status["postgres"] == {
        "version": status["postgres"]["version"],
        "host": "127.0.0.1",
        "port": int(site.env()["DB_PORT"]),
        "database": "blog",
        "user": "blog",
    }
    assert status["postgres"]["version"].startswith("18.")
    assert status["project"] == {"root": str(site.root), "name": site.root.name}
    assert {"name", "state", "health"} <= set(services["web"])
    assert (services["db"]["state"], services["db"]["health"]) == ("running", "healthy")
    assert services["web"]["state"] == "running"
    assert (services["migrate"]["state"], services["migrate"]["exit_code"]) == ("exited", 0)


def test_logs(site: Project) -> None:
    """Logs name their service, a service can be asked for alone, and a pipe gets no control codes."""
    tools.page(site.url)
    tools.eventually(lambda: '"GET / HTTP' in site.djdock("logs", "web").ok().out, what="the request is not logged")
    everything = site.djdock("logs").ok().out
    assert "db-1" in everything
    assert "web-1" in everything
    alone = site.djdock("logs", "db").ok().out
    assert "database system is ready to accept connections" in alone
    assert "GET /" not in alone
    assert "\x1b" not in everything + alone
    assert "There is no service cache; this project has db, web, migrate." in site.djdock("logs", "cache").problem()


def test_logs_follow_until_interrupted(site: Project) -> None:
    """`logs -f` shows what comes while it comes, and Ctrl-C ends it with the exit code of an interruption."""
    with Terminal([DJDOCK, "logs", "-f", "web"], site.root) as terminal:
        terminal.expect("Watching for file changes")
        tools.page(f"{site.url}followed")
        terminal.expect('"GET /followed HTTP')
        terminal.type("\x03")
        assert terminal.code() == 130


def test_a_second_up_changes_nothing(site: Project) -> None:
    """With all of it running, `up` touches no container and is done at once."""
    site.up("docker")
    before = {name: entry["Id"] for name, entry in compose.containers(site.root).items()}
    took = []
    for _ in range(3):
        began = time.monotonic()
        done = site.up("docker")
        took.append(time.monotonic() - began)
        assert [line.split()[0] for line in done.out.splitlines()] == ["engine", "same", "same", "same", "ready"]
    print(f"a second up: {min(took):.2f} s")
    assert {name: entry["Id"] for name, entry in compose.containers(site.root).items()} == before
    assert min(took) < 2, "under a second on a quiet machine"


def test_restart_and_down_keep_the_data(site: Project) -> None:
    """Stopping takes the containers away and leaves the database; a second `down` has nothing to do."""
    compose.add_group(site, "editors")
    before = compose.containers(site.root)["web"]["Id"]
    site.djdock("restart").ok()
    assert tools.page(site.url)[0] == 200
    assert compose.containers(site.root)["web"]["Id"] != before
    assert compose.groups(site) == "editors"
    stopped = site.djdock("down").ok().out
    assert "the data stay" in stopped
    assert compose.containers(site.root) == {}
    assert "nothing was running" in site.djdock("down").ok().out
    assert site.status()["url"] is None
    site.up("docker")
    assert compose.groups(site) == "editors"
    site.sql("delete from auth_group")


def test_a_volume_of_18_lies_where_18_wants_it(site: Project) -> None:
    """Mounted a level too deep, PostgreSQL 18 refuses to start or keeps its data in a volume without a name."""
    mounts = compose.containers(site.root)["db"]["Mounts"]
    assert [(mount["Name"], mount["Destination"]) for mount in mounts] == [
        (f"{site.env()['COMPOSE_PROJECT_NAME']}_db", "/var/lib/postgresql")
    ]


def test_ports_are_open_to_this_machine_alone(site: Project) -> None:
    """A development database and a debugging site are nobody else's business."""
    for service in ("db", "web"):
        bindings = compose.containers(site.root)[service]["NetworkSettings"]["Ports"].values()
        assert {binding["HostIp"] for published in bindings for binding in published} == {"127.0.0.1"}


def test_editing_a_view_changes_the_page(site: Project) -> None:
    """The source is mounted and the server reloads itself: no restart between an edit and its effect."""
    before = compose.containers(site.root)["web"]["State"]["StartedAt"]
    urls = site.root / "django_project/urls.py"
    text = urls.read_text()
    try:
        urls.write_text(
            f"from django.http import HttpResponse\n{text}\n"
            'urlpatterns += [path("fresh/", lambda request: HttpResponse("just edited"))]\n'
        )
        tools.eventually(lambda: tools.page(f"{site.url}fresh/") == (200, "just edited"), what="the edit has no effect")
    finally:
        urls.write_text(text)
    assert compose.containers(site.root)["web"]["State"]["StartedAt"] == before
