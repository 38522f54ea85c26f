"""`djdock up`: the database, the migrations, the site; then says where it answers."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Set
from dataclasses import dataclass, field, replace
from pathlib import Path

from djdock import engines, journal, output, state
from djdock.commands import checkout as checkouts
from djdock.commands import init, sqlite_files, unchanged
from djdock.commands import open as open_command
from djdock.commands import root as root_of
from djdock.commands import services as other_services
from djdock.database import server
from djdock.engines import embedded
from djdock.engines.engine import DATABASE, SITE, Engine
from djdock.errors import Problem
from djdock.machine import http, ports
from djdock.project import facts as project_facts
from djdock.project.checkout import Checkout
from djdock.project.configuration import Configuration
from djdock.project.facts import Facts


@dataclass(frozen=True)
class Options:
    """What the person asked for."""

    engine: str | None = None
    port: int | None = None
    yes: bool = False
    chosen: Configuration = field(default_factory=Configuration)
    migrate: bool = True
    open: bool = False

    def wishes(self, engine: str) -> bool:
        """Whether something is asked for that a project on an engine may not have yet."""
        return self.engine not in {None, engine} or self.port is not None or not self.migrate


@dataclass(frozen=True)
class Difference:
    """What `up` has made of what it found; `running` are the services that ran well when it began, at `began`."""

    before: server.Report | None
    after: server.Report | None
    running: Set[str]
    began: float

    @property
    def applied(self) -> int:
        """How many migrations were applied."""
        return self.after.applied_since(self.before, self.began) if self.after else 0


def up(options: Options) -> None:
    """Brings the project in the current folder up.

    Raises:
        Problem: it cannot be run here, or something of it does not start.
    """
    root = root_of.find(Path.cwd(), options.chosen.manage)
    with state.lock(root, "up"):
        journal.recover(root)
        settled = None if options.wishes(state.load(root).engine) else unchanged.look(root)
        if settled:
            unchanged.show(settled)
        url = settled.checkout.url if settled else _bring_up(root, options)
    if options.open:
        open_command.browser(url)


def _bring_up(root: Path, options: Options) -> str:
    """Does what is left to do, and returns the site's address."""
    began = time.time()
    facts, source = _facts(root, options)
    engine, why = engines.choose(root, options.engine, facts)
    output.outcome("engine", engine.NAME, why)
    first = not state.load(root).proven
    tried = first and options.migrate
    if tried:
        from djdock.commands import bringing, moving  # noqa: PLC0415 - only the first time
        from djdock.commands.description import Project  # noqa: PLC0415

        found, facts = bringing.make_sure(root, engine, facts, yes=options.yes)
        moving.offer(Project(found, engine, facts), source, yes=options.yes)
    checkout = checkouts.ensure(root, facts)
    _leave_other_engine(checkout, engine)
    services = [service for service in engine.services(checkout) if service.running]
    running = {service.name for service in services}
    # What the trial has started and applied a moment ago is told as this command's doing.
    sound = set() if tried else {service.name for service in services if service.health != "unhealthy"}
    if options.port and engine is embedded and ports.needs_root(options.port):
        raise Problem(f"Port {options.port} is one that only root may use.", hint="djdock up --port 8000")
    checkout = _settle_ports(checkout, facts, running, options.port)
    checkout = other_services.settle(checkout, facts, running)
    state.save(root, replace(state.load(root), engine=engine.NAME))
    before = None if tried else server.report(checkout.database)
    # Containers bring what Node has built into the tree: `undo` takes that away, too.
    with journal.watch(root) if first else contextlib.nullcontext():
        _start(checkout, engine, facts, options)
    other_services.tell_of_missing(checkout, engine, facts)
    after = server.report(checkout.database)
    needed = {DATABASE, SITE, *other_services.names(facts)}
    unchanged.remember(checkout, engine, after if options.migrate else None, needed)
    _show(checkout, facts, Difference(before, after, sound, began), options)
    return checkout.url


def _facts(root: Path, options: Options) -> tuple[Facts, Path | None]:
    """The facts of a project, and the SQLite file that it leaves where that holds rows.

    A project that djdock does not know yet goes through `init` first.
    """
    if init.is_known(root):
        facts = project_facts.read_folder(root)
        return facts, None if state.load(root).proven else sqlite_files.left_behind(root, facts)
    asked = init.Options(chosen=options.chosen, engine=options.engine, yes=options.yes, brief=True)
    proposal = init.settle(root, asked)
    return proposal.facts, proposal.sqlite


def _start(checkout: Checkout, engine: Engine, facts: Facts, options: Options) -> None:
    with output.working("Starting") as progress:
        engine.up(checkout, facts, progress, migrate=options.migrate)
        progress("waiting for the first page")
        _wait_for_site(checkout, engine)


def _leave_other_engine(checkout: Checkout, engine: Engine) -> None:
    """Stops the engine that the project ran on before: both would want the same ports."""
    before = engines.BY_NAME.get(state.load(checkout.root).engine)
    if before is None or before is engine:
        return
    for name in before.down(checkout):
        output.outcome("stop", f"{name} on {before.NAME}", "its data stay there; each engine has its own")


def _settle_ports(checkout: Checkout, facts: Facts, running: Set[str], wanted: int | None) -> Checkout:
    """Finds ports that can be had, and keeps them in .env so that the addresses stay the same next time.

    Raises:
        Problem: the port that was asked for by name is taken.
    """
    web = wanted or checkout.web_port
    moved = web != checkout.web_port
    own = web == checkout.database.port
    if (moved or SITE not in running) and (own or not ports.is_free(web)):
        who = "this project's database" if own else ports.holder(web)
        if wanted:
            raise Problem(
                f"Port {wanted} is taken{f' by {who}' if who else ''}.",
                hint="Stop what holds it, or leave --port out: `djdock up` then takes the next free one.",
            )
        output.warn(f"Port {web} is taken{f' by {who}' if who else ''}.")
        web = ports.next_free(web + 1, frozenset({checkout.database.port}))
        moved = True
    if moved:
        checkout = checkouts.update(checkout, {"WEB_PORT": str(web)}, f"the site answers on port {web}")
    return checkout if DATABASE in running else checkouts.settle_database_port(checkout, facts)


def _wait_for_site(checkout: Checkout, engine: Engine) -> None:
    def site_is_running() -> bool:
        return any(service.name == SITE and service.running for service in engine.services(checkout))

    patience = http.patience()
    status = http.wait(checkout.url, while_=site_is_running, timeout=patience)
    if status is None and site_is_running():
        raise Problem(
            f"The site does not answer at {checkout.url} within {patience:.0f} seconds.",
            details=engine.log_tail(checkout, SITE),
            hint=f"All that it says: djdock logs web\nIf it needs longer: {http.VARIABLE}=300 djdock up",
        )
    if status is None:
        raise Problem(
            f"The site has ended before it answered at {checkout.url}",
            details=engine.log_tail(checkout, SITE),
            hint="Look at the lines above; all of them: djdock logs web",
        )
    if status >= 500:  # noqa: PLR2004 - from here on the server itself says that it failed
        output.warn(f"The first page answers with an error ({status}); the traceback: djdock logs web")


def _show(checkout: Checkout, facts: Facts, difference: Difference, options: Options) -> None:
    after = difference.after
    name = f"PostgreSQL {after.version}" if after else "PostgreSQL"
    output.outcome("same" if DATABASE in difference.running else "start", f"{name} at {checkout.database.address}")
    other_services.show(checkout, facts, difference.running, difference.began)
    if options.migrate:
        applied = difference.applied
        output.outcome("migrate" if applied else "same", f"migrations, {applied} applied" if applied else "migrations")
    else:
        output.outcome("skip", "migrations", "--no-migrate")
    output.outcome("same" if SITE in difference.running else "start", "site", "logs: djdock logs -f")
    output.outcome("ready", checkout.url)
