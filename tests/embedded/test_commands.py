"""The daily commands on the engine `embedded`: exit codes, pipes, terminals, folders, variables of the shell."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import tools
from tests.embedded import machine
from tests.terminal import Terminal

pytestmark = pytest.mark.embedded

GROUPS = [{"model": "auth.group", "pk": 900, "fields": {"name": "zażółć", "permissions": []}}]


@pytest.fixture
def down(blog: tools.Project) -> Iterator[tools.Project]:
    """The shared project with nothing running; afterwards it runs again."""
    blog.djdock("down").ok()
    yield blog
    blog.up("embedded")


def test_exit_codes_are_passed_on(blog: tools.Project) -> None:
    """Scripts and CI see what the program itself said."""
    assert blog.djdock("run", "python", "-c", "raise SystemExit(7)").code == 7
    assert blog.djdock("manage", "no_such_command").code == 1
    assert blog.djdock("psql", "-v", "ON_ERROR_STOP=1", "-c", "select 1/0").code == 1
    assert blog.djdock("run", "sh", "-c", "kill -9 $$").code == -signal.SIGKILL


def test_program_that_is_not_there(blog: tools.Project) -> None:
    """A mistyped program is a Problem that names it."""
    assert "There is no program pyhton" in blog.djdock("run", "pyhton", "-V").problem()


def test_pipes_are_clean(blog: tools.Project) -> None:
    """Standard output holds what the program wrote and nothing else, and standard input reaches it."""
    assert "1 object" in blog.djdock("manage", "loaddata", "--format=json", "-", stdin=json.dumps(GROUPS)).ok().out
    dumped = blog.djdock("manage", "dumpdata", "auth.group").ok()
    assert (json.loads(dumped.out), dumped.err) == (GROUPS, "")
    counted = blog.djdock("psql", "-At", stdin="select name from auth_group;\n").ok()
    assert (counted.out, counted.err) == ("zażółć\n", "")
    source = "from django.contrib.auth.models import Group\nprint(Group.objects.all().delete()[0])\n"
    assert blog.djdock("shell", "-v", "0", stdin=source).ok().out == "1\n"


def test_bytes_pass_unchanged(blog: tools.Project) -> None:
    """A binary stream survives the way in and out."""
    data = bytes(range(256)) * 40
    done = subprocess.run([tools.DJDOCK, "run", "cat"], cwd=blog.root, input=data, capture_output=True, timeout=60,
                          check=True)  # fmt: skip
    assert done.stdout == data


def test_arguments_with_dashes(blog: tools.Project) -> None:
    """Options behind the program's name are the program's own, `--help` and `--` among them."""
    assert "usage: manage.py migrate" in blog.djdock("manage", "migrate", "--help").ok().out
    assert blog.djdock("run", "--", "ls", "-a", ".env").ok().out == ".env\n"
    shown = blog.djdock("run", "python", "-c", "import sys; print(sys.argv[1:])", "-x", "--", "--port", "1").ok()
    assert shown.out == "['-x', '--', '--port', '1']\n"
    assert "Ran 3 tests" in blog.djdock("test", "--keepdb", "--verbosity", "1").ok().err
    assert machine.query(blog, "select count(*) from pg_database where datname = 'test_blog'") == "1"
    machine.query(blog, "drop database test_blog")


def test_relative_paths(blog: tools.Project) -> None:
    """A path that is typed below the root of the project means what it means there."""
    below = blog.root / "accounts"
    try:
        blog.djdock("manage", "dumpdata", "auth.group", "--output", "groups.json", cwd=below).ok()
        assert json.loads((below / "groups.json").read_text()) == []
        (below / "rows.sql").write_text("select 6 * 7;\n")
        assert blog.djdock("psql", "-At", "-f", "rows.sql", cwd=below).ok().out == "42\n"
    finally:
        for name in ("groups.json", "rows.sql"):
            (below / name).unlink(missing_ok=True)


def test_superuser_at_a_terminal(blog: tools.Project) -> None:
    """Prompts come, what is typed goes in, and a password is not shown."""
    with Terminal([tools.DJDOCK, "manage", "createsuperuser"], blog.root) as terminal:
        terminal.expect("Username")
        terminal.type("ada\r")
        terminal.expect("Email address:")
        terminal.type("ada@example.com\r")
        terminal.expect("Password:")
        terminal.type("correct horse battery\r")
        terminal.expect("Password (again):")
        terminal.type("correct horse battery\r")
        terminal.expect("Superuser created successfully.")
        assert terminal.code() == 0
        assert "correct horse" not in terminal.screen
    assert machine.query(blog, "select username from accounts_user where is_superuser") == "ada"


def test_psql_at_a_terminal(blog: tools.Project) -> None:
    """A database shell prompts for SQL."""
    with Terminal([tools.DJDOCK, "psql"], blog.root) as terminal:
        terminal.expect("blog=# ")
        terminal.type("\\q\r")
        assert terminal.code() == 0


def test_ctrl_c_reaches_the_program(blog: tools.Project) -> None:
    """Ctrl-C is the program's to deal with: djdock neither dies of it nor swallows it."""
    program = "import time\ntry:\n    print('started', flush=True)\n    time.sleep(60)\n"
    program += "except KeyboardInterrupt:\n    raise SystemExit(9)\n"
    with Terminal([tools.DJDOCK, "run", "python", "-c", program], blog.root) as terminal:
        terminal.expect("started")
        terminal.type("\x03")
        assert terminal.code() == 9


def test_commands_when_down(down: tools.Project) -> None:
    """A command starts the database that it needs, and no site that nobody asked for."""
    shown = down.djdock("manage", "shell", "-v", "0", "-c", "print(6 * 7)").ok()
    assert shown.out == "42\n"
    assert [service["state"] for service in down.status()["services"]] == ["running", "stopped"]
    assert down.status()["url"] is None
    assert "Nothing answers at" in down.djdock("open").problem()


def test_outside_of_a_project(blog: tools.Project) -> None:
    """Every command says that this is no project, and where one is."""
    for command in (["up"], ["down"], ["status"], ["logs"], ["open"], ["restart"], ["shell"], ["psql"], ["test"],
                    ["manage", "check"], ["run", "ls"]):  # fmt: skip
        done = tools.djdock(*command, cwd=blog.root.parent)
        done.problem()
        assert "is not inside a Django project" in done.words
        assert "Try: cd blog" in done.words


def test_stray_variables(blog: tools.Project) -> None:
    """Variables of the person's shell that are meant for another project or server do not reach this one."""
    stray = {
        "DJANGO_SETTINGS_MODULE": "another.settings",
        "DATABASE_URL": "postgres://another:one@127.0.0.1:1/another",
        "SECRET_KEY": "another",
        "DEBUG": "False",
        "PYTHONPATH": "/another",
        "VIRTUAL_ENV": "/another",
        "PGHOST": "another.example.com",
        "PGHOSTADDR": "127.0.0.2",
        "PGPORT": "1",
        "PGUSER": "another",
        "PGPASSWORD": "another",
        "PGDATABASE": "another",
        "PGDATA": "/another",
        "PGSERVICE": "another",
        "PGSSLMODE": "verify-full",
        "PGOPTIONS": "-c search_path=another",
    }
    asked = (
        "import os; from django.conf import settings as s; print(s.SETTINGS_MODULE, s.DEBUG, os.getenv('PYTHONPATH'))"
    )
    shown = blog.djdock("shell", "-v", "0", "-c", asked, env=stray).ok()
    assert shown.out == "django_project.settings True None\n"
    assert blog.djdock("psql", "-At", "-c", "select current_user", env=stray).ok().out == "blog\n"
    blog.djdock("manage", "migrate", "--check", env=stray).ok()
    for command in (["restart"], ["up"]):
        blog.djdock(*command, env=stray).ok()
    assert tools.page(blog.url)[0] == 200
    assert blog.djdock("status", env=stray).ok().out.count("healthy") == 2


def test_odd_locale(down: tools.Project) -> None:
    """A locale that this machine does not have, as one gets over ssh, is no obstacle."""
    down.djdock("up", env={"LC_ALL": "xx_YY.UTF-8", "LANG": "xx_YY.UTF-8"}).ok()
    assert down.djdock("psql", "-At", "-c", "select 'ü'", env={"LC_ALL": "C"}).ok().out == "ü\n"


def test_status_for_programs(blog: tools.Project) -> None:
    """The keys of `status --json` are a promise to other programs."""
    version = machine.query(blog, "show server_version")
    assert blog.status() == {
        "engine": "embedded",
        "url": blog.url,
        "postgres": {
            "version": version,
            "host": "127.0.0.1",
            "port": int(blog.env()["DB_PORT"]),
            "database": "blog",
            "user": "blog",
        },
        "services": [
            {"name": "db", "state": "running", "health": "healthy", "exit_code": None},
            {"name": "web", "state": "running", "health": "healthy", "exit_code": None},
        ],
        "project": {"root": str(blog.root), "name": "blog"},
    }


def test_status_when_down(down: tools.Project) -> None:
    """When nothing runs the same keys are there, and what cannot be known is null."""
    found = down.status()
    assert (found["engine"], found["url"], found["postgres"]["version"]) == ("embedded", None, None)
    assert {(service["state"], service["health"]) for service in found["services"]} == {("stopped", None)}
    assert "not running" in down.djdock("status").ok().out


def test_before_the_first_up(template: tools.Project, workspace: Path) -> None:
    """A project that was never started has a status, and no logs."""
    project = tools.fresh(template, workspace / "blog")
    found = project.status()
    assert (found["engine"], found["url"]) == (None, None)
    assert {service["state"] for service in found["services"]} == {"stopped"}
    assert "nothing was running" in project.djdock("down").ok().out
    assert "was never started here" in project.djdock("logs").problem()
    assert "Nothing answers at" in project.djdock("open").problem()


def test_logs(blog: tools.Project) -> None:
    """Logs name their service, a service can be asked for alone, and an unknown one is a Problem."""
    everything = blog.djdock("logs").ok().out.splitlines()
    assert {line.split(" | ")[0].strip() for line in everything} == {"db", "web"}
    assert "database system is ready" in blog.djdock("logs", "db").ok().out
    done = blog.djdock("logs", "cache")
    done.problem()
    assert "There is no service cache; this project has db and web." in done.words


def test_logs_follow_until_interrupted(blog: tools.Project) -> None:
    """`logs -f` shows what comes while it comes, and Ctrl-C ends it with the exit code of an interruption."""
    with Terminal([tools.DJDOCK, "logs", "-f", "web"], blog.root) as terminal:
        terminal.expect("Watching for file changes")
        tools.page(f"{blog.url}followed")
        terminal.expect('"GET /followed HTTP')
        terminal.type("\x03")
        assert terminal.code() == 130


def test_logs_into_a_pipe_that_closes(blog: tools.Project) -> None:
    """`djdock logs | head -1` is no failure."""
    with (blog.root / ".djdock/logs/web.log").open("a") as log:
        log.write("a line of a long log\n" * 20_000)  # more than a pipe holds
    with subprocess.Popen(
        [tools.DJDOCK, "logs"], cwd=blog.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(1)
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_restart(blog: tools.Project) -> None:
    """Both services are other processes afterwards, on the same addresses."""
    before, env = machine.everything(blog)[:2], blog.env()
    blog.djdock("restart").ok()
    assert all(machine.ended(process) for process in before)
    assert blog.env() == env
    assert tools.page(blog.url)[0] == 200


def test_open(blog: tools.Project, tmp_path: Path) -> None:
    """`open` hands the site's address to the person's browser. (Here a script stands in for that.)"""
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opened\n')
    browser.chmod(0o755)
    assert blog.djdock("open", env={"BROWSER": str(browser)}).ok().out == f"{blog.url}\n"
    tools.eventually(lambda: (tmp_path / "opened").read_text() == f"{blog.url}\n")
