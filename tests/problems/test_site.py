"""A site that cannot start: the last lines of its own error, in bounded time, and with the repair `up` works."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests import tools
from tests.embedded.machine import query

pytestmark = pytest.mark.embedded


@pytest.fixture(scope="module")
def blog(template: tools.Project) -> Iterator[tools.Project]:
    """A new project, up on the embedded engine; each test puts right what it spoils."""
    with tools.running(template) as made:
        yield made


@pytest.fixture
def spoilt(blog: tools.Project) -> Iterator[tools.Project]:
    """The shared project; afterwards its source is as it was, and `up` brings it up again."""
    paths = [blog.root / name for name in (".env", "django_project/settings.py", "django_project/urls.py",
                                           "accounts/apps.py", "accounts/models.py")]  # fmt: skip
    before = {path: path.read_text() for path in paths}
    migrations = set((blog.root / "accounts/migrations").glob("*.py"))
    yield blog
    for path, text in before.items():
        path.write_text(text)
    for path in set((blog.root / "accounts/migrations").glob("*.py")) - migrations:
        path.unlink()
    blog.up("embedded")
    tools.eventually(lambda: tools.page(blog.url)[0] == 200)  # the server may just be reloading what was put back


def edit(project: tools.Project, path: str, old: str, new: str) -> None:
    """Replaces a piece of a file that must be there."""
    text = (project.root / path).read_text()
    assert old in text
    (project.root / path).write_text(text.replace(old, new))


def hangs(url: str) -> bool:
    """Whether a site takes the connection and then does not answer."""
    try:
        tools.page(url, timeout=1)
    except TimeoutError:
        return True
    return False


@pytest.mark.parametrize("up", [True, False])
def test_syntax_error_in_settings(spoilt: tools.Project, *, up: bool) -> None:
    """The line is shown, whether the site runs or not."""
    if not up:
        spoilt.djdock("down").ok()
    edit(spoilt, "django_project/settings.py", "INSTALLED_APPS = [", "INSTALLED_APPS = [[")
    done = spoilt.djdock("up")
    done.problem()
    assert "django_project/settings.py has a syntax error in line" in done.words


def test_syntax_error_elsewhere(spoilt: tools.Project) -> None:
    """The last lines of Python's own traceback are shown."""
    edit(spoilt, "django_project/urls.py", "urlpatterns = [", "urlpatterns = [[")
    done = spoilt.djdock("up")
    done.problem()
    assert "`manage.py migrate` failed" in done.words
    assert "SyntaxError" in done.words
    assert "urls.py" in done.words


def test_module_that_is_missing(spoilt: tools.Project) -> None:
    """An import that fails is named."""
    edit(spoilt, "django_project/settings.py", "from pathlib import Path", "from pathlib import Path\nimport not_there")
    done = spoilt.djdock("up")
    done.problem()
    assert "No module named 'not_there'" in done.words


def test_migration_that_fails(spoilt: tools.Project) -> None:
    """Its own error is shown, and the site that runs goes on."""
    broken = "from django.db import migrations\n\n\nclass Migration(migrations.Migration):\n"
    broken += "    dependencies = [('accounts', '0001_initial')]\n"
    broken += "    operations = [migrations.RunSQL('select no_such_column')]\n"
    (spoilt.root / "accounts/migrations/0002_broken.py").write_text(broken)
    done = spoilt.djdock("up")
    done.problem()
    assert 'column "no_such_column" does not exist' in done.words
    assert query(spoilt, "select count(*) from django_migrations where name = '0002_broken'") == "0"
    assert "migrations (--no-migrate)" in spoilt.djdock("up", "--no-migrate").ok().words


def test_variable_that_is_missing(spoilt: tools.Project) -> None:
    """Django's own message names the variable."""
    edit(spoilt, ".env", "SECRET_KEY=", "NO_SECRET_KEY=")
    done = spoilt.djdock("up")
    done.problem()
    assert "Set the SECRET_KEY environment variable" in done.words


def test_view_that_raises(spoilt: tools.Project) -> None:
    """A site that answers with an error has started; it is said that the first page is one, and where to look."""
    (spoilt.root / "django_project/urls.py").write_text(
        "from django.urls import path\n\n\ndef home(request):\n    raise RuntimeError('the reason')\n\n\n"
        "urlpatterns = [path('', home)]\n"
    )
    tools.eventually(lambda: tools.page(spoilt.url)[0] == 500)
    done = spoilt.djdock("up").ok()
    assert "The first page answers with an error (500)" in " ".join(done.err.split())
    assert "RuntimeError: the reason" in spoilt.djdock("logs", "web").ok().out


def test_app_that_never_gets_ready(spoilt: tools.Project) -> None:
    """Code that hangs while the project is loaded does not hang djdock, and it is shown where it hangs."""
    text = (spoilt.root / "accounts/apps.py").read_text()
    text += "\n    def ready(self):\n        import time\n        time.sleep(600)  # waits for something\n"
    (spoilt.root / "accounts/apps.py").write_text(text)
    began = time.monotonic()
    done = spoilt.djdock("up", env={"DJDOCK_TIMEOUT": "3"})
    done.problem()
    assert time.monotonic() - began < 30
    assert "has not begun within 3 seconds" in done.words
    assert "accounts/apps.py" in done.words
    assert "in ready" in done.words


def test_site_that_never_answers(spoilt: tools.Project) -> None:
    """A first page that does not come is given up, with the end of the log."""
    (spoilt.root / "django_project/urls.py").write_text(
        "import time\n\nfrom django.urls import path\n\nurlpatterns = [path('', lambda request: time.sleep(600))]\n"
    )
    tools.eventually(lambda: hangs(spoilt.url))  # until then the server from before the edit may still answer
    began = time.monotonic()
    done = spoilt.djdock("up", env={"DJDOCK_TIMEOUT": "3"})
    done.problem()
    assert time.monotonic() - began < 30
    assert f"The site does not answer at {spoilt.url} within 3 seconds" in done.words


def test_long_migration_is_waited_for(spoilt: tools.Project) -> None:
    """A migration may take as long as it takes, once it has begun."""
    slow = "from django.db import migrations\n\n\nclass Migration(migrations.Migration):\n"
    slow += "    dependencies = [('accounts', '0001_initial')]\n"
    slow += "    operations = [migrations.RunSQL('select pg_sleep(3)', migrations.RunSQL.noop)]\n"
    (spoilt.root / "accounts/migrations/0002_slow.py").write_text(slow)
    assert "migrations, 1 applied" in spoilt.djdock("up", env={"DJDOCK_TIMEOUT": "2"}).ok().words
    spoilt.djdock("manage", "migrate", "accounts", "0001").ok()


def test_cluster_of_another_major_version(spoilt: tools.Project) -> None:
    """Data that this PostgreSQL cannot read are left alone, and it is said how to go on."""
    spoilt.djdock("down").ok()
    path = spoilt.root / ".djdock/postgres/data/PG_VERSION"
    path.write_text("17\n")
    try:
        before = sorted(spoilt.root.rglob("*"))
        for command in (["up"], ["manage", "check"], ["psql"]):
            done = spoilt.djdock(*command)
            done.problem()
            assert "was made by PostgreSQL 17" in done.words
            assert "name postgres:17-trixie in compose.yaml again" in done.words
        assert sorted(spoilt.root.rglob("*")) == before
    finally:
        path.write_text("18\n")


def test_no_settings(spoilt: tools.Project) -> None:
    """A settings module that manage.py names and that is not there is named."""
    path = spoilt.root / "django_project/settings.py"
    moved = path.rename(path.with_name("elsewhere.py"))
    try:
        assert "there is no django_project/settings.py" in " ".join(spoilt.djdock("up").problem().split())
    finally:
        moved.rename(path)
