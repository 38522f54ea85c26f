"""What a person types. The only place that turns a Problem into an exit code."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NoReturn

import click

from djdock import __version__
from djdock.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Callable

# ruff: noqa: PLC0415 - each command imports what it needs, so that none waits for what another one needs
# ruff: noqa: FBT001 - click hands options over as arguments

DONE, USAGE, BUG, INTERRUPTED, TERMINATED = 0, 2, 3, 130, 143
PASS_ON = {"ignore_unknown_options": True, "help_option_names": []}
ENGINES = click.Choice(["docker", "embedded"])


class Commands(click.Group):
    """Lists the commands in the order of a day's work, not of the alphabet."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - the signature is click's
        return list(self.commands)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Every command works from any folder of the project. Shell completion: see `djdock completion --help`.",
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
@click.option("--python", metavar="X.Y", help="The Python version; else the newest that fits and is on this machine.")
@click.option("--django", metavar="X.Y", help="The Django version; else the newest for that Python.")
@click.option("--postgres", metavar="N", type=int, help="The major version of PostgreSQL.  [default: 18]")
@click.option(
    "--package-manager",
    type=click.Choice(["pip", "uv"]),
    default="pip",
    show_default=True,
    help="Who installs: pip with requirements.txt, or uv with pyproject.toml and uv.lock.",
)
@click.option("--no-user-model", is_flag=True, help="Leave out the app `accounts` with its own user model.")
@click.option("--up", "start", is_flag=True, help="Start it right away, as `djdock up` does.")
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
    """Make a new project NAME, ready to run, in ./NAME or DIR."""
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
        )
    )
    if start:
        from djdock.commands import up as up_command

        os.chdir(target)
        up_command.up(up_command.Options())


@cli.command()
@click.option("--engine", type=ENGINES, help="Where to run: else as before, else Docker if it answers, else embedded.")
@click.option("--port", type=click.IntRange(1, 65535), help="The site's port; refused when it is taken.")
@click.option("--no-migrate", is_flag=True, help="Leave the migrations alone.")
@click.option("--open", "show", is_flag=True, help="Show the site in the browser.")
def up(engine: str | None, port: int | None, no_migrate: bool, show: bool) -> None:
    """Start the database and the site, apply migrations, and say where it answers."""
    from djdock.commands import up as command

    command.up(command.Options(engine=engine, port=port, migrate=not no_migrate, open=show))


@cli.command(context_settings=PASS_ON)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def manage(arguments: tuple[str, ...]) -> None:
    """Run a management command: djdock manage createsuperuser."""
    from djdock.commands import run as command

    command.manage(arguments)


@cli.command(context_settings=PASS_ON)
@click.argument("command_line", nargs=-1, required=True, type=click.UNPROCESSED)
def run(command_line: tuple[str, ...]) -> None:
    """Run any program in the project's environment: djdock run python -V."""
    from djdock.commands import run as command

    command.run(command_line)


@cli.command(context_settings=PASS_ON)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def shell(arguments: tuple[str, ...]) -> None:
    """Open Django's Python shell (djdock run bash opens the system's)."""
    from djdock.commands import run as command

    command.manage(("shell", *arguments))


@cli.command(context_settings=PASS_ON)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def psql(arguments: tuple[str, ...]) -> None:
    """Open a database shell, or run SQL: djdock psql -c 'select 1'."""
    from djdock.commands import run as command

    command.psql(arguments)


@cli.command(context_settings=PASS_ON)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def test(arguments: tuple[str, ...]) -> None:
    """Run the project's tests."""
    from djdock.commands import run as command

    command.test(arguments)


@cli.command(name="open")
def open_() -> None:
    """Show the site in the browser."""
    from djdock.commands import open as command

    command.open_site()


@cli.command()
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes, until Ctrl-C.")
@click.argument("service", required=False)
def logs(follow: bool, service: str | None) -> None:
    """Show what is going on, in all services or in SERVICE (web, db)."""
    from djdock.commands import logs as command

    command.logs(service, follow=follow)


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def status(as_json: bool) -> None:
    """Show what runs, and where it answers."""
    from djdock.commands import status as command

    command.status(as_json=as_json)


@cli.command()
def restart() -> None:
    """Stop everything and start it again."""
    from djdock.commands import down as command

    command.restart()


@cli.command()
def down() -> None:
    """Stop everything; the data stay."""
    from djdock.commands import down as command

    command.down()


@cli.command()
@click.argument("shell_name", metavar="SHELL", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell_name: str) -> None:
    """Print what makes SHELL complete djdock's commands.

    For bash put this line into ~/.bashrc, for zsh into ~/.zshrc:

        eval "$(djdock completion bash)"

    For fish: djdock completion fish > ~/.config/fish/completions/djdock.fish
    """
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell_name)
    if found is not None:
        click.echo(found(cli, {}, "djdock", "_DJDOCK_COMPLETE").source())


def main() -> NoReturn:
    """The entry point `djdock`: every way to end becomes an exit code here."""
    sys.exit(_guarded(lambda: cli.main(standalone_mode=False)))


def _guarded(run_command: Callable[[], object]) -> int:
    import signal

    def end(_number: int, _frame: object) -> NoReturn:
        sys.exit(TERMINATED)

    signal.signal(signal.SIGTERM, end)  # as an exception, so that what is half made is cleaned up
    code = DONE
    try:
        returned = run_command()
        code = returned if isinstance(returned, int) else DONE
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("\nInterrupted.", err=True)
        code = INTERRUPTED
    except BrokenPipeError:  # the reader of our output has gone, as in `djdock logs | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Problem as error:
        code = _problem(error)
    except OSError as error:
        code = _problem(_system_problem(error)) if error.errno else _bug()
    except Exception:
        code = _bug()
    return code


def _problem(error: Problem) -> int:
    from djdock import output

    output.problem(error)
    return error.exit_code


def _system_problem(error: OSError) -> Problem:
    """What the operating system refused, in words: a full disk, missing permissions, a read-only file system."""
    where = f" ({error.filename})" if error.filename else ""
    return Problem(
        f"The system refused: {error.strerror}{where}.",
        hint="Make room on the disk or correct the permissions, then try again. Nothing was left half done.",
    )


def _bug() -> int:
    import platform
    import traceback

    click.echo("This is a bug in djdock. Please report it with these lines:\n", err=True)
    click.echo(f"djdock {__version__}, Python {platform.python_version()}, {platform.platform()}", err=True)
    click.echo(f"arguments: {' '.join(sys.argv[1:2])}", err=True)
    click.echo(traceback.format_exc(), err=True)
    return BUG
