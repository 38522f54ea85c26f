"""`djdock deploy`: the files of production, what is wrong with them, and the way from here to a site that serves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from djdock import apply, journal, output, state
from djdock.commands import build as building
from djdock.commands import production
from djdock.commands import root as root_of
from djdock.commands.production import Prepared
from djdock.deploy import checks, connections, first_page, migrations, secrets, targets
from djdock.deploy.image import Order
from djdock.deploy.targets.target import Site, Target
from djdock.errors import Problem
from djdock.merge import memory
from djdock.plan import ignored
from djdock.plan.change import Plan, write
from djdock.plan.production import environment
from djdock.plan.production.release import DATABASE_PASSWORD, ENV_FILE, IMAGE, PREVIOUS_IMAGE, SECRETS_FOLDER
from djdock.plan.variables import KEY_NAME
from djdock.project import environment as env_files
from djdock.project.files import Folder


@dataclass(frozen=True)
class Options:
    """What the person asked for.

    Attributes:
        hosts: the names that the site answers to, with TLS.
        env_file: another env file to take values from.
        image: an image that is there already, in place of one built now.
        replace: take djdock's version of files that were edited or deleted.
        output: write the files there, and do nothing else.
        dump, page: whether to write a dump first, and to ask the new version for a page before it serves.
        wait: seconds that the new version has to become healthy.
    """

    target: str
    hosts: tuple[str, ...] = ()
    env_file: Path | None = None
    image: str = ""
    replace: bool = False
    dry_run: bool = False
    output: Path | None = None
    yes: bool = False
    dump: bool = True
    page: bool = True
    wait: float = 300.0


def deploy(options: Options) -> None:
    """Brings the project to production.

    Raises:
        Problem: something is missing or wrong, or the new version does not become healthy: the old one serves then.
    """
    root = root_of.find(Path.cwd())
    target = targets.BY_NAME[options.target]
    _check_hosts(options.hosts)
    with state.lock(root, "deploy"):
        journal.recover(root)
        prepared = production.prepare(
            root, target, options.hosts, _given(options.env_file), replace_all=options.replace
        )
        _check_hosts(prepared.release.hosts)
        _show(prepared, secrets_too=options.output is None)
        if options.dry_run:
            _dry_run(target, prepared, options)
            return
        if options.output is not None:
            _write_to(options.output, prepared)
            return
        _write(prepared)
        _check_values(prepared)
        if obstacle := target.missing(root):
            raise obstacle
        _make_secrets(target, prepared, options)
        _roll_out(target, prepared, options)


def rollback(target_name: str | None, *, yes: bool = False, wait: float = 300.0) -> None:
    """Goes back to the version before.

    Raises:
        Problem: there is none, or it does not become healthy.
    """
    root = root_of.find(Path.cwd())
    name = target_name or state.load(root).target
    if not name:
        raise Problem("Nothing was deployed from here yet.", hint="djdock deploy compose")
    target = targets.BY_NAME[name]
    with state.lock(root, "deploy"):
        prepared = production.prepare(root, target, (), {})
        if obstacle := target.missing(root):
            raise obstacle
        now, before = _way_back(target, prepared)
        if not before:
            raise Problem("There is no version before the one that runs.", hint="djdock deploy " + name)
        site = _site(prepared, before, wait)
        output.outcome("found", target.place(site))
        output.outcome("change", f"{now} → {before}")
        output.warn("Migrations stay as they are: the version before has to work with the database as it is now.")
        _agree("Go back?", yes=yes)
        with output.working("going back") as progress:
            said = target.rollback(site, progress)
        _remember(root, {IMAGE: before, PREVIOUS_IMAGE: now}, target)
        output.outcome("ready", target.address(site), said)


def _way_back(target: Target, prepared: Prepared) -> tuple[str, str]:
    """What runs, and what ran before it: of a command that was interrupted the env file does not say what it did."""
    known, previous = prepared.values.get(IMAGE, ""), prepared.values.get(PREVIOUS_IMAGE, "")
    running = target.running(_site(prepared, known, 0)) if known else None
    if running in {None, known, previous}:
        return known, previous
    return str(running), known


def _given(path: Path | None) -> Mapping[str, str]:
    """The variables of an env file that the person names."""
    if path is None:
        return {}
    try:
        return env_files.parse(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise Problem(
            f"The env file {path} cannot be read: {getattr(error, 'strerror', None) or 'it is no text'}.",
            hint="Name a text file with lines of the form NAME=value: djdock deploy compose --env-file FILE",
        ) from error


def _show(prepared: Prepared, *, secrets_too: bool) -> None:
    for change in prepared.merged.plan.changes:
        output.outcome(change.outcome, change.path, change.why)
        if change.outcome == "change":
            output.diff(change.diff())
    for skip in prepared.merged.plan.skips:
        output.outcome("skip", skip.path, skip.why)
    replaced = secrets.replaced(prepared.root, prepared.new_secrets)
    for name in prepared.new_secrets if secrets_too else ():
        path = f"{SECRETS_FOLDER}/{name}"
        if name in replaced:
            output.outcome("change", path, f"a secret; the value until now stays in {path}{secrets.BEFORE}")
        else:
            output.outcome("create", path, "a secret; containers get it as a file")


def _dry_run(target: Target, prepared: Prepared, options: Options) -> None:
    for problem in _wrong(prepared):
        output.warn(f"{problem.cause} {problem.hint}")
    obstacle = target.missing(prepared.root)
    if obstacle is not None:
        output.warn(obstacle.cause)
    elif any(change.before is None for change in prepared.merged.plan.effective):
        output.note("What changes on the engine is worked out from these files, and shown before anything is changed.")
    else:
        site = _site(prepared, options.image or f"{prepared.release.name}:new", options.wait)
        output.outcome("found", target.place(site))
        for line in target.preview(site):
            output.outcome("change", line)
    output.say("Nothing was written, and nothing was changed.")


def _write_to(folder: Path, prepared: Prepared) -> None:
    """Writes the files into a folder of their own; secrets are named and not written."""
    files = Folder(folder)
    changes = [change for change in prepared.merged.plan.changes if change.path != ignored.FILE]
    folder.mkdir(parents=True, exist_ok=True)
    apply.apply(folder, Plan(tuple(replace(change, before=files.read(change.path)) for change in changes)))
    names = dict.fromkeys((*prepared.release.secrets, *prepared.new_secrets))
    output.say(f"The files are in {folder}. Secrets are not written there; they belong beside the files:")
    for name in names:
        output.say(f"    {SECRETS_FOLDER}/{name}")


def _write(prepared: Prepared) -> None:
    root, plan = prepared.root, prepared.merged.plan
    kept = tuple(write(Folder(root), memory(path), text, "", private=True)
                 for path, text in prepared.merged.generated.items())  # fmt: skip
    state.folder(root)
    # Before the env file, which loses those that it had: whatever happens in between, they are in one place at least.
    secrets.write(root, {name: text for name, text in prepared.new_secrets.items() if name not in prepared.made})
    apply.apply(root, plan + Plan(kept))
    if plan.conflicts:
        names = ", ".join(change.path for change in plan.conflicts)
        raise Problem(
            f"You and djdock have changed the same lines of {names}; both versions stand there, marked.",
            hint="Keep the lines that are right, delete the marks, then the same command again.",
        )


def _make_secrets(target: Target, prepared: Prepared, options: Options) -> None:
    """Writes the secrets that were made; not where there is a database already, which a new password would not open.

    Raises:
        Problem: there is one; or they cannot be written.
    """
    if DATABASE_PASSWORD in prepared.made:
        image = options.image or f"{prepared.release.name}:new"
        if owner := target.claimed(_site(prepared, image, options.wait)):
            raise owner
    secrets.write(prepared.root, {name: prepared.new_secrets[name] for name in prepared.made})


def _wrong(prepared: Prepared) -> list[Problem]:
    """What must be put right before the project goes anywhere."""
    empty = {name: "" for name in prepared.hosts if name in prepared.missing}
    found = list(checks.values({**prepared.values, **empty}, prepared.debug, prepared.hosts))
    named = [name for name in prepared.missing if name not in prepared.hosts]
    if named:
        found.append(
            Problem(
                f"{', '.join(named)} must be said: only you know the value.",
                hint=f"Write {'it' if len(named) == 1 else 'them'} into {ENV_FILE}, then the same command again.",
            )
        )
    if prepared.missing_secrets:
        files = ", ".join(f"{SECRETS_FOLDER}/{name}" for name in prepared.missing_secrets)
        found.append(
            Problem(
                f"{'A secret is' if len(prepared.missing_secrets) == 1 else 'Secrets are'} missing: {files}.",
                hint="Write each value into its file, with an editor and not as an argument of a command, which other "
                "users of the machine could see; then the same command again.",
            )
        )
    names = [name for name in prepared.release.secrets if KEY_NAME.search(name)]
    known = {name: prepared.new_secrets.get(name) or secrets.read(prepared.root, name) for name in names}
    return [*found, *checks.keys({name: key for name, key in known.items() if key})]


def _check_hosts(names: tuple[str, ...]) -> None:
    """Before anything is shown: files with a name that is none would only be in the way of the next try."""
    for problem in checks.hosts(names):
        raise problem


def _check_values(prepared: Prepared) -> None:
    wrong = _wrong(prepared)
    for problem in wrong[1:]:
        output.problem(problem)
    if wrong:
        raise wrong[0]


def _roll_out(target: Target, prepared: Prepared, options: Options) -> None:
    root = prepared.root
    reference = options.image or _build(target, prepared)
    site = _site(prepared, reference, options.wait)
    before = target.running(site)
    output.outcome("found", target.place(site))
    _look(target, site, first=before is None)
    if before is None and (advice := connections.look(target, site, asynchronous=bool(prepared.facts.asgi))):
        output.warn(advice)  # once is enough
    for line in target.preview(site):
        output.outcome("change", line)
    _agree("Bring this to production?", yes=options.yes)
    dump = bool(prepared.release.database and options.dump)
    if before and dump:
        _dump(target, site)
    with output.working("deploying") as progress:
        target.start_database(site, progress)
        if before is None and prepared.release.database:
            output.outcome("start", "the database")
    if before is None and prepared.values.get(IMAGE) and dump:
        _dump(target, site)  # a site that is down has data, too
    with output.working("deploying") as progress:
        target.migrate(site, progress)
        output.outcome("migrate", "the database")
        if options.page:
            output.outcome("works", "the new version's first page", "{} {}".format(*first_page.check(target, site)))
        target.switch(site, progress)
    _remember(root, _versions(prepared.values, before, reference), target)
    output.outcome("ready", target.address(site))
    if before and before != reference:
        output.next_step("djdock deploy rollback   if something is wrong with it")


def _build(target: Target, prepared: Prepared) -> str:
    """Builds the image, and gives its name.

    Raises:
        Problem: it cannot be built, or what runs the site could not have it: that is found before.
    """
    if obstacle := target.needs_registry(_site(prepared, f"{prepared.release.name}:latest", 0)):
        raise obstacle
    return building.make(prepared.root, prepared.release, Order()).reference


def _look(target: Target, site: Site, *, first: bool) -> None:
    """Django's own checks, and what unapplied migrations do to a site that serves; nothing of it changes anything."""
    with output.working("checking"):
        for message in checks.django(target, site):
            output.warn(message)
        if first and site.release.database:
            return  # there is nobody to disturb, and no database yet
        pending = migrations.pending(target, site)
        major = site.release.database.major if site.release.database else 18
        told = migrations.unsafe(pending.migrations, major, site.root) if pending.live else ()
    for migration in pending.migrations if pending.live else ():
        output.outcome("migrate", migration.name, "not applied yet")
    if told is None:
        output.warn("Whether migrations are safe was not looked at: the linter could not be fetched.")
    for sentence in told or ():
        output.warn(sentence)


def _dump(target: Target, site: Site) -> None:
    place = state.folder(site.root) / "dumps" / f"{datetime.now():%Y%m%d-%H%M%S}.dump"
    place.parent.mkdir(exist_ok=True)
    with output.working("dumping the database"):
        target.dump(site, place)
    output.outcome("create", place.relative_to(site.root).as_posix(), "a dump of the database, before anything changes")


def _site(prepared: Prepared, reference: str, wait: float) -> Site:
    return Site(
        root=prepared.root,
        release=prepared.release,
        values={**prepared.values, IMAGE: reference},
        image=reference,
        secrets=prepared.root / SECRETS_FOLDER,
        wait=wait,
    )


def _agree(question: str, *, yes: bool) -> None:
    if yes:
        return
    if not output.is_asked():
        raise Problem(
            "Nobody is there to agree: there is no terminal to ask at. Nothing was changed on the engine.",
            hint="To agree: the same command with --yes\nTo look at it only: with --dry-run",
        )
    if not output.confirm(question):
        raise Problem("Nothing was changed on the engine.", hint="To look at it only: the same command with --dry-run")


def _versions(values: Mapping[str, str], before: str | None, now: str) -> dict[str, str]:
    """What the env file is to say: `before` served when this deployment began, which may have gone on from one that
    was interrupted after its switch, or from a site that was down.
    """
    known = values.get(IMAGE, "")
    previous = known if before in {None, now} else before
    return {IMAGE: now, **({PREVIOUS_IMAGE: previous} if previous and previous != now else {})}


def _remember(root: Path, values: Mapping[str, str], target: Target) -> None:
    """Writes down what runs where, after the site has turned to it.

    Raises:
        Problem: that cannot be written; the site runs all the same.
    """
    try:
        apply.apply(root, Plan((environment.change(Folder(root), (), values),)))
        state.save(root, replace(state.load(root), target=target.NAME))
    except (OSError, Problem) as error:
        lines = "\n".join(f"{name}={value}" for name, value in values.items())
        raise Problem(
            f"{values[IMAGE]} serves the site now, but {ENV_FILE} could not be told so.",
            details=error.cause if isinstance(error, Problem) else f"{error.strerror}: {error.filename}",
            hint=f"Make room on that disk (df -h {root}), then write these lines there:\n{lines}",
        ) from error
