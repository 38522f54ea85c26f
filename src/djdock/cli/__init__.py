"""What a person types: the commands and their options."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any, NoReturn

import click

from djdock import __version__
from djdock.cli import edge
from djdock.cli.build import build
from djdock.cli.db import db
from djdock.cli.deploy import deploy

if TYPE_CHECKING:
    from collections.abc import Callable

    from djdock.project.configuration import Configuration

# ruff: noqa: PLC0415 - each command imports what it needs, so that none waits for what another one needs
# ruff: noqa: FBT001 - click hands options over as arguments

# What follows is another program's; only a --help that comes first is ours.
PASS_ON = {"ignore_unknown_options": True, "allow_interspersed_args": False, "help_option_names": ["--help"]}
ENGINES = click.Choice(["docker", "embedded"])


class Commands(click.Group):
    """Lists the commands in the order of a day's work, not of the alphabet."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - the signature is click's
        return list(self.commands)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Every command works from any folder of the project.",
)
@click.version_option(__version__, "--version", message="%(prog)s %(version)s")
@click.option("--no-color", is_flag=True, help="No colours; the variable NO_COLOR does the same.")
def cli(no_color: bool) -> None:
    """Any Django project on real PostgreSQL with one command; in Docker, or without it."""
    if no_color:
        os.environ["NO_COLOR"] = "1"  # for output.py, for rich, and for the programs that we run


@cli.command()
@click.argument("name")
@click.argument("folder", required=False, metavar="[DIR]", type=click.Path())
@click.option("--python", metavar="X.Y", help="Python version.  [default: the newest on this machine that fits]")
@click.option("--django", metavar="X.Y", help="Django version.  [default: the newest for that Python]")
@click.option("--postgres", metavar="N", type=int, help="Major version of PostgreSQL.  [default: 18]")
@click.option(
    "--package-manager",
    type=click.Choice(["pip", "uv"]),
    default="pip",
    show_default=True,
    help="pip: requirements.txt; uv: pyproject.toml and uv.lock.",
)
@click.option("--no-user-model", is_flag=True, help="Leave out the app `accounts` with its user model.")
@click.option("--up", "start", is_flag=True, help="Also start it, as `djdock up` does.")
def new(  # noqa: PLR0913, PLR0917 - one argument an option
    name: str,
    folder: str | None,
    python: str | None,
    django: str | None,
    postgres: int | None,
    package_manager: str,
    no_user_model: bool,
    start: bool,
) -> None:
    """Make a new project in the folder NAME (or DIR), ready to run.

    Django's own startproject, with settings that read their environment, a user
    model, Dockerfile and compose.yaml. NAME also names the database.
    """
    from pathlib import Path

    from djdock.commands import new as command
    from djdock.project.compatibility import DEFAULT_POSTGRES

    target = command.new(
        command.Options(
            name=name,
            folder=Path(folder) if folder else None,
            python=python,
            django=django,
            postgres=DEFAULT_POSTGRES if postgres is None else postgres,
            package_manager=package_manager,
            user_model=not no_user_model,
            start=start,
        )
    )
    if start:
        from djdock.commands import up as up_command

        os.chdir(target)
        up_command.up(up_command.Options())


SAID = ("manage", "settings", "python", "postgres", "package_manager")


def with_configuration(command: Callable[..., object]) -> Callable[..., object]:
    """Adds the options for what cannot be read from a project; they come as one argument, `chosen`."""

    @functools.wraps(command)
    def together(**given: object) -> object:
        from djdock.project.configuration import Configuration

        said: dict[str, Any] = {name: given.pop(name) for name in SAID}
        return command(**given, chosen=Configuration(**said))

    wrapped: Callable[..., object] = together
    for option in (
        click.option("--package-manager", metavar="NAME", help="Who installs the dependencies: uv, poetry, pip …"),
        click.option("--postgres", metavar="N", type=int, help="Major version of PostgreSQL.  [default: 18]"),
        click.option("--python", metavar="X.Y", help="Python version.  [default: what the project says]"),
        click.option("--settings", metavar="MODULE", help="Settings module.  [default: the one of manage.py]"),
        click.option("--manage", metavar="PATH", help="The manage.py that is meant, where there are several."),
    ):
        wrapped = option(wrapped)
    return wrapped


@cli.command()
@click.argument("folder", required=False, metavar="[DIR]", type=click.Path(exists=True, file_okay=False))
@click.option("--dry-run", is_flag=True, help="Show what would change, and write nothing.")
@click.option("--check", is_flag=True, help="With --dry-run: exit code 1 if something would change.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--replace", is_flag=True, help="Take over Docker files that the project has of its own.")
@click.option("--engine", type=ENGINES, help="Where to try it.  [default: as before; else docker if it answers]")
@click.option("--no-run", is_flag=True, help="Write the files, and do not try whether it runs.")
@click.option("--json", "as_json", is_flag=True, help="What was found and what is to change, for programs.")
@with_configuration
def init(  # noqa: PLR0913 - one argument an option
    *,
    folder: str | None,
    dry_run: bool,
    check: bool,
    yes: bool,
    replace: bool,
    engine: str | None,
    no_run: bool,
    as_json: bool,
    chosen: Configuration,
) -> int:
    """Bring an existing project to PostgreSQL and Docker.

    Reads the project in DIR (or here), shows what it needs as a diff, asks,
    writes it, and makes sure that it runs. `djdock undo` takes it back.
    """
    from pathlib import Path

    from djdock.commands import init as command

    return command.init(
        command.Options(
            folder=Path(folder) if folder else None,
            chosen=chosen,
            engine=engine,
            yes=yes,
            dry_run=dry_run,
            check=check,
            as_json=as_json,
            replace=replace,
            run=not no_run,
        )
    )


@cli.command()
@click.option("--engine", type=ENGINES, help="Where to run.  [default: as before; else docker if it answers]")
@click.option("--port", metavar="N", type=click.IntRange(1, 65535), help="The site's port, from now on.")
@click.option("--no-migrate", is_flag=True, help="Do not apply migrations.")
@click.option("--open", "show", is_flag=True, help="Also show the site in the browser.")
@click.option("-y", "--yes", is_flag=True, help="In a project that djdock does not know yet: do not ask.")
@with_configuration
def up(  # noqa: PLR0913 - one argument an option
    *, engine: str | None, port: int | None, no_migrate: bool, show: bool, yes: bool, chosen: Configuration
) -> None:
    """Start the database and the site, and say where it answers.

    Applies migrations, writes a .env where there is none, and waits for the
    first page. What runs already is left alone. In a project that djdock
    does not know yet it first does what `djdock init` does.

    Engines: docker runs what compose.yaml says; embedded runs PostgreSQL and
    the site as processes of this machine, without Docker.
    """
    from djdock.commands import up as command

    command.up(command.Options(engine, port, yes, chosen, migrate=not no_migrate, open=show))


@cli.command(context_settings=PASS_ON)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[ARGS]...")
def manage(arguments: tuple[str, ...]) -> None:
    """Run a management command: djdock manage createsuperuser.

    Runs manage.py with ARGS on the project's engine, and starts the
    database if needed. `djdock manage help` lists the commands.
    """
    from djdock.commands import run as command

    command.manage(arguments)


@cli.command(context_settings=PASS_ON)
@click.argument("command_line", nargs=-1, required=True, type=click.UNPROCESSED, metavar="PROGRAM [ARGS]...")
def run(command_line: tuple[str, ...]) -> None:
    """Run any program in the project's environment.

    As if typed in this folder, with the variables of .env: djdock run python -V
    """
    from djdock.commands import run as command

    command.run(command_line)


@cli.command(context_settings=PASS_ON)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[ARGS]...")
def shell(arguments: tuple[str, ...]) -> None:
    """Open Django's Python shell.

    ARGS are those of `manage.py shell`. `djdock run bash` opens the
    system's shell: in the container, or with the environment's variables.
    """
    from djdock.commands import run as command

    command.manage(("shell", *arguments))


@cli.command(context_settings=PASS_ON)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[ARGS]...")
def psql(arguments: tuple[str, ...]) -> None:
    """Open a database shell, or run SQL: djdock psql -c 'select 1'.

    ARGS are those of psql.
    """
    from djdock.commands import run as command

    command.psql(arguments)


@cli.command(context_settings=PASS_ON)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[ARGS]...")
def test(arguments: tuple[str, ...]) -> None:
    """Run the project's tests.

    ARGS are those of `manage.py test`: djdock test accounts --keepdb
    """
    from djdock.commands import run as command

    command.test(arguments)


cli.add_command(db)
cli.add_command(build)
cli.add_command(deploy)


@cli.command(name="open")
def open_() -> None:
    """Show the site in the browser."""
    from djdock.commands import open as command

    command.open_site()


@cli.command()
@click.option("-f", "--follow", is_flag=True, help="Also show what comes, until Ctrl-C.")
@click.argument("service", required=False)
def logs(follow: bool, service: str | None) -> None:
    """Show the logs of all services, or of one: web, db, worker."""
    from djdock.commands import logs as command

    command.logs(service, follow=follow)


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="The same for programs.")
def status(as_json: bool) -> None:
    """Show what runs, and where it answers."""
    from djdock.commands import status as command

    command.status(as_json=as_json)


@cli.command()
def restart() -> None:
    """Stop everything, then start it again."""
    from djdock.commands import down as command

    command.restart()


@cli.command()
def down() -> None:
    """Stop everything; the data stay."""
    from djdock.commands import down as command

    command.down()


@cli.command()
@click.option("--force", is_flag=True, help="Files too that you have edited since; your text is kept aside.")
def undo(force: bool) -> int:
    """Take back what the last `init` did to the files.

    Stops what runs, and restores every byte. Files that you have edited since
    are kept and named (exit code 1). The data stay.
    """
    from djdock.commands import undo as command

    return command.undo(force=force)


@cli.command()
@click.option("--fix", is_flag=True, help="Show the repairs that are safe, ask, and make them.")
@click.option("-y", "--yes", is_flag=True, help="With --fix: do not ask.")
@click.option("--json", "as_json", is_flag=True, help="The same for programs.")
def doctor(fix: bool, yes: bool, as_json: bool) -> int:
    """Look for known faults in the project's files.

    Docker files, .env and settings; changes nothing. Exit code 1 where
    something is found. docs/rules has a page for each rule.
    """
    from djdock.commands import doctor as command

    return command.doctor(command.Options(fix=fix, yes=yes, as_json=as_json))


@cli.command()
@click.argument("shell_name", metavar="SHELL", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell_name: str) -> None:
    """Print a script that makes SHELL complete djdock's commands.

    \b
    ~/.bashrc:  eval "$(djdock completion bash)"
    ~/.zshrc:   eval "$(djdock completion zsh)"
    fish:       djdock completion fish > ~/.config/fish/completions/djdock.fish
    """
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell_name)
    if found is not None:
        click.echo(found(cli, {}, "djdock", "_DJDOCK_COMPLETE").source())


def main() -> NoReturn:
    """The entry point `djdock`."""
    edge.leave(lambda: cli.main(standalone_mode=False))
