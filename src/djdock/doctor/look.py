"""Runs inside the project's own interpreter, below report.py: loads the project, checks, migrates, asks for pages.

Goes through manage.py itself, so that whatever that one sets up is there. Needs nothing but Python 3.6 and Django.
"""

import contextlib
import io
import json
import os
import runpy
import signal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

MARK = "##djdock## "
SECONDS_A_PAGE = 60
REDIRECTS = 3


def say(kind: str, **more: object) -> None:
    sys.stdout.write("\n" + MARK + json.dumps(dict(more, kind=kind), default=str) + "\n")
    sys.stdout.flush()


def load(script: str) -> None:
    """Runs `manage.py check`: afterwards Django is set up in this process as the project wants it."""
    sys.argv = [script, "check", "--traceback"]
    sys.path.insert(0, os.path.dirname(os.path.abspath(script)))
    written = io.StringIO()
    try:
        with contextlib.redirect_stdout(written):
            runpy.run_path(script, run_name="__main__")
    except SystemExit as error:
        if error.code:
            raise
    from django.apps import apps

    if not apps.ready:
        import django

        django.setup()


def facts() -> "dict[str, object]":
    """What the project really is, as its own settings say."""
    import django
    from django.conf import settings
    from django.db import connection

    database = connection.settings_dict
    return {
        "django": django.get_version(),
        "python": "%d.%d" % sys.version_info[:2],
        "debug": bool(settings.DEBUG),
        "hosts": [str(host) for host in settings.ALLOWED_HOSTS],
        "apps": [str(app) for app in settings.INSTALLED_APPS],
        "static_root": str(settings.STATIC_ROOT or ""),
        "vendor": connection.vendor,
        "database": {key: str(database.get(key) or "") for key in ("ENGINE", "NAME", "USER", "HOST", "PORT")},
    }


def migrate() -> None:
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=1, no_color=True)


def unmade() -> "list[str]":
    """The apps whose models have changed since their last migration; those of other packages are not the project's."""
    from django.apps import apps
    from django.db.migrations.autodetector import MigrationAutodetector
    from django.db.migrations.loader import MigrationLoader
    from django.db.migrations.state import ProjectState

    loader = MigrationLoader(None, ignore_no_migrations=True)
    changes = MigrationAutodetector(loader.project_state(), ProjectState.from_apps(apps)).changes(graph=loader.graph)
    own = [label for label in changes if "site-packages" not in apps.get_app_config(label).path]
    return sorted(own)


def paths() -> "list[str]":
    """The first page, and the admin's login where there is an admin."""
    from django.urls import NoReverseMatch, reverse

    try:
        return ["/", reverse("admin:login")]
    except NoReverseMatch:
        return ["/"]


def ask(path: str, host: str) -> "tuple[int, str]":
    """Status and target of a page; redirects inside the site are followed."""
    from django.test import Client

    client = Client()
    for _redirect in range(REDIRECTS + 1):
        answer = client.get(path, HTTP_HOST=host, SERVER_NAME=host.partition(":")[0])
        target = answer.get("Location", "") if 300 <= answer.status_code < 400 else ""
        if not target.startswith("/") or target.startswith("//"):
            break
        path = target
    return answer.status_code, target


def visit(path: str, host: str) -> "tuple[int, str]":
    """As `ask`; what the page writes (a session, a counter) is taken back: the database may become the project's own,
    and rows in it would be taken for somebody's.

    A page that does not work that way, since it goes on after an error of the database, is asked for as visitors do.
    """
    from django.db import transaction

    try:
        with alarm(), transaction.atomic():
            found = ask(path, host)
            transaction.set_rollback(True)
        return found
    except TimeoutError:
        raise
    except Exception:
        with alarm():
            return ask(path, host)


@contextlib.contextmanager
def alarm() -> "Iterator[None]":
    """A page that does not come in time is an error, where the system has alarms."""
    if not hasattr(signal, "SIGALRM"):
        yield
        return
    signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS_A_PAGE)
    try:
        yield
    finally:
        signal.alarm(0)


def late(_number: int, _frame: object) -> None:
    raise TimeoutError("the page did not come within %d seconds" % SECONDS_A_PAGE)


def main(script: str, host: str, steps: "list[str]") -> None:
    step = "check"
    try:
        load(script)
        say("facts", **facts())
        if "migrate" in steps:
            step = "migrate"
            migrate()
            say("migrated", unmade=unmade())
        if "request" in steps:
            step = "request"
            for path in paths():
                status, target = visit(path, host)
                say("page", path=path, status=status, location=target)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        say("failed", step=step, **describe(error))  # type: ignore[name-defined] # noqa: F821 - report.py is above
        sys.exit(1)
    say("done")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3].split(","))
