"""The commands for production: `djdock deploy …`."""

from __future__ import annotations

import click

# ruff: noqa: PLC0415 - each command imports what it needs, so that none waits for what another one needs

TARGETS = ("compose", "swarm", "kubernetes")


def refuse(_context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> None:
    """Secrets as arguments show in the process list and in the shell's history: there is no such option."""
    if given:
        from djdock.errors import Problem

        name = given[0].partition("=")[0]
        raise Problem(
            f"{name} was given as an argument: other users of this machine see it in the process list, and it stays in "
            "the shell's history.",
            hint=f"Write a secret into the file secrets/{name}, any other value into .env.production, with an editor.",
        )


@click.group(invoke_without_command=False)
def deploy() -> None:
    """Bring the project to production.

    To one host with Docker Compose, to Docker Swarm, or to Kubernetes.
    Writes plain files that are yours and work with the engine's own client;
    checks the project; shows what will change, and asks; applies migrations;
    then lets the new version take over while the old one serves.
    """


def _command(name: str, title: str) -> None:
    @deploy.command(name=name, help=f"Bring the project to {title}.\n\nSee docs/how-to/deploy-{name}.md.")
    @click.option("--host", "hosts", metavar="NAME", multiple=True, help="A name of the site; TLS is made for it.")
    @click.option("--env-file", metavar="FILE", type=click.Path(dir_okay=False), help="Take variables from there.")
    @click.option("--image", metavar="REF", default="", help="Run this image.  [default: build one]")
    @click.option("--dry-run", is_flag=True, help="Show what would be written and changed, and do nothing.")
    @click.option("--output", metavar="DIR", type=click.Path(file_okay=False), help="Only write the files, to DIR.")
    @click.option("--replace", is_flag=True, help="Take djdock's version of files that you have edited.")
    @click.option("--no-dump", is_flag=True, help="Write no dump of the database first.")
    @click.option("--no-page", is_flag=True, help="Do not ask the new version for a page before it serves.")
    @click.option(
        "--wait", metavar="SECONDS", type=click.FloatRange(1), default=300.0, show_default=True,
        help="How long the new version may take to become healthy.",
    )  # fmt: skip
    @click.option("-y", "--yes", is_flag=True, help="Do not ask.")
    @click.option("-e", "--env", multiple=True, hidden=True, callback=refuse, expose_value=False)
    @click.argument("values", nargs=-1, callback=refuse, expose_value=False, metavar="")
    def run(  # noqa: PLR0913 - one argument an option
        *,
        hosts: tuple[str, ...],
        env_file: str | None,
        image: str,
        dry_run: bool,
        output: str | None,
        replace: bool,
        no_dump: bool,
        no_page: bool,
        wait: float,
        yes: bool,
    ) -> None:
        from pathlib import Path

        from djdock.commands import deploy as command

        command.deploy(
            command.Options(
                target=name,
                hosts=hosts,
                env_file=Path(env_file) if env_file else None,
                image=image,
                dry_run=dry_run,
                output=Path(output) if output else None,
                replace=replace,
                yes=yes,
                dump=not no_dump,
                page=not no_page,
                wait=wait,
            )
        )


for _name, _title in (
    ("compose", "one host, with Docker Compose"),
    ("swarm", "Docker Swarm"),
    ("kubernetes", "Kubernetes"),
):
    _command(_name, _title)


@deploy.command()
@click.argument("target", required=False, type=click.Choice(TARGETS))
@click.option(
    "--wait", metavar="SECONDS", type=click.FloatRange(1), default=300.0, show_default=True,
    help="How long the version before may take to become healthy.",
)  # fmt: skip
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
def rollback(*, target: str | None, wait: float, yes: bool) -> None:
    """Go back to the version before.

    TARGET is where it was deployed to last, if it is not named. The database
    stays as it is.
    """
    from djdock.commands import deploy as command

    command.rollback(target, yes=yes, wait=wait)
