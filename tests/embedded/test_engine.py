"""A new project on the embedded engine: what runs, as whom, where it listens, and what it leaves on the disk."""

from __future__ import annotations

import time
from pathlib import Path

import psycopg
import pytest

from tests import tools
from tests.embedded import machine

pytestmark = pytest.mark.embedded


def test_the_page_comes(blog: tools.Project) -> None:
    """Django's welcome page, from PostgreSQL 18 without Docker."""
    status, text = tools.page(blog.url)
    assert status == 200
    assert "The install worked successfully" in text
    assert machine.query(blog, "select count(*) > 0 from django_migrations") == "t"
    assert machine.query(blog, "show server_version").startswith("18.")


def test_names_of_the_env_file(blog: tools.Project) -> None:
    """User and database are those of .env, and the cluster was set up for UTF-8 with an order of its own."""
    asked = machine.query(blog, "select current_user, current_database(), inet_server_addr(), inet_server_port()")
    assert asked == f"blog|blog|127.0.0.1|{blog.env()['DB_PORT']}"
    assert machine.query(
        blog, "select datlocprovider, datlocale, pg_encoding_to_char(encoding) from pg_database limit 1"
    ) == ("b|C.UTF-8|UTF8")


def test_wrong_password_is_refused(blog: tools.Project) -> None:
    """SCRAM on every connection: there is no trust, not even from this machine."""
    rules = [line.split() for line in (machine.data(blog) / "pg_hba.conf").read_text().splitlines()]
    methods = {rule[-1] for rule in rules if rule and not rule[0].startswith("#")}
    assert methods == {"scram-sha-256"}
    assert machine.query(blog, "select rolpassword like 'SCRAM-SHA-256$%' from pg_authid where rolname = 'blog'") == "t"
    wrong = blog.env()["DATABASE_URL"].replace(blog.env()["POSTGRES_PASSWORD"], "wrong")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)


def test_listens_on_this_machine_only(blog: tools.Project) -> None:
    """Neither the database nor the site can be reached from another machine; no socket lies in /tmp."""
    env = blog.env()
    assert machine.listening(machine.postmaster(blog)) == {("127.0.0.1", int(env["DB_PORT"]))}
    assert machine.listening(machine.site_server(blog)) == {("127.0.0.1", int(env["WEB_PORT"]))}
    assert machine.query(blog, "show unix_socket_directories") == ""


def test_the_server_is_not_root(blog: tools.Project) -> None:
    """PostgreSQL never runs as root, and its files are its own alone."""
    owner = machine.postmaster(blog).uids().effective
    found = machine.data(blog).stat()
    assert owner != 0
    assert (found.st_uid, found.st_mode & 0o777) == (owner, 0o700)


def test_manage_on_the_host(blog: tools.Project) -> None:
    """Plain `python manage.py` works with the project's environment, and djdock is not needed for it."""
    python = blog.root / ".venv/bin/python"
    assert tools.run([python, "manage.py", "migrate", "--check"], blog.root).ok().out == ""
    done = tools.run([python, "-W", "error", "manage.py", "check"], blog.root).ok()
    assert done.all == "System check identified no issues (0 silenced).\n"


def test_models_and_migrations_agree(blog: tools.Project) -> None:
    """The migration that `new` wrote is the one that Django would write."""
    assert "No changes detected" in blog.djdock("manage", "makemigrations", "--check").ok().out


def test_the_projects_own_tests_pass(blog: tools.Project) -> None:
    """`djdock test` makes its test database, runs what `new` wrote, and takes the database away."""
    done = blog.djdock("test").ok()
    assert "Ran 3 tests" in done.err
    assert machine.query(blog, "select count(*) from pg_database where datname like 'test%'") == "0"


def test_pages_and_queries_are_logged(blog: tools.Project) -> None:
    """What both services say goes to files, which `logs` shows."""
    tools.page(f"{blog.url}no-such-page")
    tools.eventually(lambda: "GET /no-such-page" in blog.djdock("logs", "web").ok().out)
    assert "database system is ready to accept connections" in blog.djdock("logs", "db").ok().out
    assert {path.name for path in (blog.root / ".djdock/logs").iterdir()} == {"web.log", "db.log"}


def test_source_edits_reload(blog: tools.Project) -> None:
    """The site runs under Django's autoreloader: an edited view answers without any command."""
    urls = blog.root / "django_project/urls.py"
    before = urls.read_text()
    try:
        urls.write_text(
            "from django.http import HttpResponse\nfrom django.urls import path\n"
            "urlpatterns = [path('', lambda request: HttpResponse('edited'))]\n"
        )
        tools.eventually(lambda: tools.page(blog.url)[1] == "edited")
    finally:
        urls.write_text(before)
    tools.eventually(lambda: "edited" not in tools.page(blog.url)[1])


def test_second_up_changes_nothing(blog: tools.Project) -> None:
    """It takes under a second (twice that is allowed here, on a busy machine) and starts no process."""
    blog.up("embedded")
    before = machine.everything(blog)
    began = time.perf_counter()
    done = blog.djdock("up").ok()
    took = time.perf_counter() - began
    print(f"second up: {took:.2f} s")
    assert took < 2
    assert [line.split()[0] for line in done.out.splitlines()] == ["engine", "same", "same", "same", "ready"]
    assert machine.everything(blog)[:2] == before[:2]


def test_ports_stay_after_down_and_up(blog: tools.Project) -> None:
    """The addresses are the same the next time, and down ends every process."""
    before, processes = blog.env(), machine.everything(blog)
    assert [line.split()[:2] for line in blog.djdock("down").ok().out.splitlines()] == [["stop", "web"], ["stop", "db"]]
    assert all(machine.ended(process) for process in processes)
    assert "nothing was running" in blog.djdock("down").ok().out
    blog.up("embedded")
    assert blog.env() == before


def test_nothing_outside_the_project(workspace: Path) -> None:
    """A whole day's commands write into the project and the cache, and nowhere else in the home folder."""
    home = workspace / "home"
    home.mkdir(mode=0o755)
    cache = {"XDG_CACHE_HOME": str(workspace / "cache"), "UV_CACHE_DIR": tools.uv_cache()}
    env = {"HOME": str(home), "TMPDIR": str(home), **cache}
    tools.djdock("new", "blog", cwd=workspace, env=env).ok()
    blog = tools.own_port(tools.Project(workspace / "blog"))
    for command in (["up", "--engine", "embedded"], ["manage", "check"], ["psql", "-c", "select 1"], ["down"]):
        blog.djdock(*command, env=env).ok()
    assert list(home.iterdir()) == []
    assert {path.name for path in workspace.iterdir()} <= {"home", "cache", "blog"}
    made = {path.name for path in blog.root.iterdir()}
    files = {"manage.py", "requirements.txt", "Dockerfile", "compose.yaml", "README.md"}
    written = files | {"django_project", "accounts", "container"}
    assert made - {path for path in made if path.startswith(".")} == written
