"""The command `djdock build`."""

from __future__ import annotations

import click

# ruff: noqa: PLC0415 - each command imports what it needs, so that none waits for what another one needs


def refuse(_context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> None:
    """What a build is given as an argument stays in the image's history."""
    if given:
        from djdock.errors import Problem

        name = given[0].partition("=")[0]
        raise Problem(
            f"{name} would stay readable in the image: djdock build takes no build arguments.",
            hint="A value that production needs comes when the container starts: .env.production, or a file in "
            "secrets/. One that the build needs: RUN --mount=type=secret in the Dockerfile, and docker build.",
        )


@click.command()
@click.option("--tag", "tags", metavar="NAME[:TAG]", multiple=True, help="A name.  [default: from what is in it]")
@click.option("--push", is_flag=True, help="Push it to the registries of its names.")
@click.option("--platform", metavar="OS/CPU", default="", help="Build it for another processor: linux/arm64.")
@click.option("--no-cache", is_flag=True, help="Run every step again.")
@click.option("--build-arg", multiple=True, hidden=True, help="Refused.", callback=refuse, expose_value=False)
def build(*, tags: tuple[str, ...], push: bool, platform: str, no_cache: bool) -> None:
    """Build the image that production runs.

    Builds the stage `production` of the Dockerfile and says what it weighs
    above its base. The same source makes the same layers, wherever it is built.
    """
    from djdock.commands import build as command
    from djdock.deploy.image import Order

    command.build(command.Options(Order(tags, platform, cache=not no_cache), push=push))
