"""The edge: every way to end becomes an exit code here, and nowhere else a Problem does."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NoReturn

import click

from djdock import __version__
from djdock.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Callable

# ruff: noqa: PLC0415 - what only a failure needs is imported when there is one

DONE, BUG, INTERRUPTED, TERMINATED = 0, 3, 130, 143


def leave(run_command: Callable[[], object]) -> NoReturn:
    """Runs a command, and ends with its exit code."""
    _forget_other_servers()
    sys.exit(_guarded(run_command))


def _forget_other_servers() -> None:
    """Takes PGHOSTADDR, PGSSLMODE, PGOPTIONS … out of our environment, which all that we start inherits.

    The PostgreSQL library obeys them in every program; the person's shell means another server with them.
    """
    for name in [name for name in os.environ if name.startswith("PG")]:
        del os.environ[name]


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
    except SystemExit:
        # Where the reader of our output has gone, as in `djdock logs | head`, Click swallows the rest and exits with 1;
        # but that is no failure.
        if "Pacify" not in type(sys.stdout).__name__:
            raise
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
