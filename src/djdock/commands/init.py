"""`djdock init`: reads a project, shows what it needs, asks, writes it, and makes sure that it runs."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

from djdock import engines, journal, output, state
from djdock.commands import planning
from djdock.commands import root as root_of
from djdock.commands.planning import Proposal
from djdock.compose import availability
from djdock.engines import docker
from djdock.errors import Problem
from djdock.merge import merge
from djdock.project.configuration import Configuration
from djdock.project.facts import read_folder


@dataclass(frozen=True)
class Options:
    """What the person asked for.

    Attributes:
        replace: take over Docker files that the project has of its own, and files that were edited.
        run: also make sure that it runs.
        brief: of a project that is ready, say only what is made for this checkout.
    """

    folder: Path | None = None
    chosen: Configuration = field(default_factory=Configuration)
    engine: str | None = None
    yes: bool = False
    dry_run: bool = False
    check: bool = False
    as_json: bool = False
    replace: bool = False
    run: bool = True
    brief: bool = False


def init(options: Options) -> int:
    """Brings a project to PostgreSQL and Docker; returns the exit code.

    Raises:
        Problem: it is no Django project, cannot be read, or nobody is there to say yes.
    """
    root = root_of.find(options.folder or Path.cwd(), options.chosen.manage)
    if options.dry_run:
        return _dry_run(root, options)
    with state.lock(root, "init"):
        journal.recover(root)
        first = not state.load(root).proven
        proposal = settle(root, options)
        if options.run:
            _try(root, proposal, options, first=first)
            output.next_step("djdock up")
    return 0


def _try(root: Path, proposal: Proposal, options: Options, *, first: bool) -> None:
    from djdock.commands import bringing, moving  # noqa: PLC0415 - a dry run needs nothing of it
    from djdock.commands.description import Project  # noqa: PLC0415

    engine, why = engines.choose(root, options.engine, proposal.facts)
    output.outcome("engine", engine.NAME, why)
    checkout, facts = bringing.make_sure(root, engine, proposal.facts, yes=options.yes)
    if first:
        moving.offer(Project(checkout, engine, facts), proposal.sqlite, yes=options.yes)


def settle(root: Path, options: Options) -> Proposal:
    """Shows what a project needs, asks, and writes it.

    Raises:
        Problem: Docker is asked for and not there, nobody is there to say yes, the person says no, something cannot be
            written, or the person and djdock have changed the same lines: both are there then, marked.
    """
    if options.engine == docker.NAME and options.run and (obstacle := availability.obstacle()):
        raise obstacle  # a command that is refused leaves nothing behind
    proposal, generated = _merged(root, options)
    if options.as_json:
        output.say(json.dumps(planning.as_json(proposal), indent=2))
    else:
        planning.show(proposal, diffs=True, brief=options.brief and planning.is_ready(proposal))
    if proposal.plan.effective:
        _ask(proposal, options)
    journal.make(root, proposal.plan, generated=generated)
    known = state.load(root)
    proven = known.proven or planning.is_ready(proposal)
    state.save(root, replace(known, manage=proposal.facts.manage.value, proven=proven))
    if conflicts := [change.path for change in proposal.plan.changes if change.conflict]:
        raise Problem(
            f"You and djdock have changed the same lines of {', '.join(conflicts)}; both versions stand there, marked.",
            hint="Keep the lines that are right, delete the marks, then: djdock init\n"
            "To take all of it back instead: djdock undo",
        )
    return replace(proposal, facts=read_folder(root))  # its own compose.yaml and requirements are among them now


def _merged(root: Path, options: Options) -> tuple[Proposal, dict[str, str]]:
    proposal = planning.propose(root, options.chosen, options.engine, take_over=options.replace)
    merged = merge(root, proposal.plan, replace_all=options.replace)
    return replace(proposal, plan=merged.plan), dict(merged.generated)


def _dry_run(root: Path, options: Options) -> int:
    proposal, _generated = _merged(root, options)
    if options.as_json:
        output.say(json.dumps(planning.as_json(proposal), indent=2))
    else:
        planning.show(proposal, diffs=True)
        count = len(proposal.plan.effective)
        output.say("Nothing was written." if count else "Nothing to do.")
    return int(options.check and bool(proposal.plan.effective))


def _ask(proposal: Proposal, options: Options) -> None:
    # A clone lacks an env file of its own, and nothing else: whoever types `up` there has asked for that.
    if options.yes or all(change.private and change.before is None for change in proposal.plan.effective):
        return
    if output.is_asked():
        if not output.confirm("Write these files?"):
            raise Problem("Nothing was written.", hint="To look at it only: djdock init --dry-run")
        return
    if touched := planning.touched(proposal):
        raise Problem(
            f"This would change files of the project ({', '.join(touched)}), and there is no terminal to ask at. "
            "Nothing was written.",
            hint=f"To agree: djdock {'up' if options.brief else 'init'} --yes\n"
            "To look at it only: djdock init --dry-run",
        )


def is_known(root: Path) -> bool:
    """Whether a project has been through `init`, or was made by djdock, on this machine."""
    return bool(state.load(root).manage)
