"""`djdock db …`: what is done to a whole database."""

from __future__ import annotations

import click

# ruff: noqa: PLC0415 - each command imports what it needs, so that none waits for what another one needs
# ruff: noqa: FBT001 - click hands options over as arguments

ON_ERROR = click.Choice(["report", "null", "fix"])


@click.group()
def db() -> None:
    """Copy a SQLite file to PostgreSQL."""


@db.command()
@click.argument("sqlite_file", required=False, metavar="[SQLITE-FILE]", type=click.Path())
@click.option("--database", metavar="ALIAS", default="default", help="A database of the settings beside the default.")
@click.option("--to", metavar="URL", help="Another target: a URL, a variable that holds one, or - for standard input.")
@click.option("--dry-run", is_flag=True, help="Look at every value, and change nothing.")
@click.option(
    "--on-error",
    type=ON_ERROR,
    default="report",
    show_default=True,
    help="Values that PostgreSQL would refuse: report them, make them NULL, or repair them.",
)
@click.option("--only", metavar="APP[.MODEL]", multiple=True, help="Copy nothing else; may be given several times.")
@click.option("--exclude", metavar="APP[.MODEL]", multiple=True, help="Leave out; may be given several times.")
@click.option("--unmanaged", is_flag=True, help="Also tables of models that Django does not manage.")
@click.option("--into-nonempty", is_flag=True, help="Replace rows that are there already; a dump is written first.")
@click.option("-y", "--yes", is_flag=True, help="With --into-nonempty: do not ask.")
@click.option("--json", "as_json", is_flag=True, help="The report for programs.")
def copy(  # noqa: PLR0913, PLR0917 - one argument an option
    sqlite_file: str | None,
    database: str,
    to: str | None,
    dry_run: bool,
    on_error: str,
    only: tuple[str, ...],
    exclude: tuple[str, ...],
    unmanaged: bool,
    into_nonempty: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Copy every row of a SQLite file to PostgreSQL, and prove it.

    Migrates the target, looks at every value before anything is written, copies
    in one transaction, and compares both sides. The SQLite file is only read.
    Exit code 1 where a value cannot be copied as it is: nothing is changed then.
    """
    from pathlib import Path
    from typing import cast

    from djdock.commands import db as command
    from djdock.transfer.job import OnError, Wish

    return command.copy(
        command.Options(
            file=Path(sqlite_file) if sqlite_file else None,
            database=database,
            to=to,
            wish=Wish(on_error=cast(OnError, on_error), only=only, exclude=exclude, unmanaged=unmanaged),
            dry_run=dry_run,
            into_nonempty=into_nonempty,
            yes=yes,
            as_json=as_json,
        )
    )
