"""The loop that makes sure: try, recognise what failed, repair what can be repaired safely, try again."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from djdock import journal, output
from djdock.commands import checkout as checkouts
from djdock.commands import dependencies, trial
from djdock.compose.builds import BuildFailed
from djdock.compose.containers import FRONT_END
from djdock.database import server
from djdock.doctor import diagnosis
from djdock.doctor.case import Case, Finding
from djdock.doctor.repair import (
    AddRequirement,
    CreateExtension,
    EditFile,
    EditSettings,
    InstallRequirement,
    InstallSystemPackages,
    MakeFolder,
    Repair,
    RunCommand,
    SetVariable,
    StartService,
    UsePython,
    words,
)
from djdock.doctor.symptom import Symptom
from djdock.embedded import virtual_environment
from djdock.engines import docker
from djdock.engines.engine import Engine
from djdock.errors import Problem, last_lines
from djdock.merge import memory, merge
from djdock.plan import configuration, dockerfile_edit, dotenv, variables
from djdock.plan import database as database_plan
from djdock.plan.change import Change, Plan
from djdock.plan.docker_files import NO_FRONT_END
from djdock.plan.python_source import edit
from djdock.project import checkout as project_checkout
from djdock.project import docker_files
from djdock.project.checkout import Checkout
from djdock.project.configuration import Configuration
from djdock.project.evaluation import Read
from djdock.project.facts import Facts, evaluation_of, read_folder
from djdock.project.files import Folder

EnvironmentRepair = AddRequirement | InstallRequirement | InstallSystemPackages | UsePython
# A project that needs more repairs than this has another problem.
MOST_REPAIRS = 25
# What a rule calls the kind of a value, and the cast that it stands for.
DOCKERFILES = ("Dockerfile", "Dockerfile.djdock")
CASTS = {
    "boolean": "bool",
    "number": "int",
    "hosts": "list",
    "list": "list",
    "url": "url",
    "json": "json",
    "path": "path",
}


@dataclass
class Repairs:
    """Makes sure that a project runs, and notes what it took.

    Attributes:
        commands: management commands that the trial has to begin with.
        allowed: asks whether a file under version control may be changed.
    """

    checkout: Checkout
    engine: Engine
    facts: Facts
    allowed: Callable[[str], bool]
    progress: Callable[[str], None]
    made: list[str] = field(default_factory=list)
    commands: list[Sequence[str]] = field(default_factory=list)

    @property
    def root(self) -> Path:
        return self.checkout.root

    def make_sure(self) -> trial.Trial:
        """Tries until it works.

        Raises:
            Problem: something has no safe repair; the message names the cause, the place, and what a person would do.
        """
        while True:
            self._start()
            self.progress("trying it")
            preparation = trial.Preparation(self._address(), self.commands)
            tried = trial.run(self.checkout, self.engine, self.facts, preparation, self.progress)
            if tried.symptom is None:
                return tried
            self._repair(tried.symptom)

    def _start(self) -> None:
        """Starts the database and makes the environment; where that fails for an image, with what can be had.

        Raises:
            Problem: something does not start, or an image cannot be built whatever is left out of it.
        """
        self.progress("starting the database")
        while True:
            try:
                return self.engine.database_up(self.checkout, self.facts, self.progress)
            except BuildFailed as failed:
                if failed.stage == FRONT_END:
                    self._leave_out_front_end(failed)
                else:
                    self._list_packages(failed)

    def _leave_out_front_end(self, failed: BuildFailed) -> None:
        """Lets the site run without its front end, which cannot be built from what is in the project.

        Raises:
            Problem: the Dockerfile has been edited.
        """
        path = self._dockerfile()
        before = Folder(self.root).read(path) or ""
        reason = failed.reason[:100].rstrip(".")
        note = f"{NO_FRONT_END}: its build fails ({reason}). Without this line `djdock init` tries again."
        if before != Folder(self.root).read(memory(path)):
            raise failed
        output.outcome("repair", "leave out the front end", f"its build fails: {reason}")
        output.warn("The site runs without what its front end builds: pages may lack styles and scripts.")
        first, _, rest = before.partition("\n")
        self._apply((Change(path, before, f"{first}\n{note}\n{rest}", "the front end cannot be built"),))
        self._renew_docker_files(replace_all=True)

    def _list_packages(self, failed: BuildFailed) -> None:
        """Finds out what can be had of what the project asks for, and lets the image install that.

        Raises:
            Problem: what failed had another reason.
        """
        from djdock.commands import image_packages  # noqa: PLC0415 - most images can be built

        self.progress("looking for packages that can be had")
        try:
            change, made = image_packages.listed(self.root, self.facts, self._dockerfile())
        except Problem:
            raise failed from None
        if change.outcome == "same":
            raise failed
        for one in made or (None,):
            what = (
                f"install {one.becomes} for {one.was}" if one and one.becomes else f"leave out {one.was}" if one else ""
            )
            output.outcome("repair", what or f"create {change.path}", one.why if one else change.why)
        self._apply((change,))
        self._renew_docker_files()

    def _address(self) -> dict[str, str]:
        """The variables that say where the database is."""
        files = Folder(self.root)
        found = database_plan.find_variables(
            lambda values: evaluation_of(files, self.facts, {**self.checkout.values, **values}), {}
        )
        return dict(found or {})

    def _repair(self, symptom: Symptom) -> None:
        findings = diagnosis.of(self._case(symptom))
        if not findings:
            raise _unknown(symptom)
        fresh = [found for found in findings if found.repair is not None and words(found.repair) not in self.made]
        if not fresh or len(self.made) > MOST_REPAIRS:
            raise _with_evidence(findings[0].problem(), symptom)
        for found in fresh:
            assert found.repair is not None  # noqa: S101 - chosen for it above
            self.made.append(words(found.repair))
            output.outcome("repair", words(found.repair), found.what)
            self._carry_out(found.repair, found)

    def _case(self, symptom: Symptom) -> Case:
        files = Folder(self.root)
        return Case(
            files=files,
            settings_file=self.facts.settings_file,
            manage_folder=self.facts.folder,
            reads=evaluation_of(files, self.facts, self.checkout.values).reads,
            variables=self.checkout.values,
            dependencies=self.facts.dependencies,
            python=self.facts.python.value if self.facts.python else "",
            symptom=symptom,
        )

    def _carry_out(self, repair: Repair, found: Finding) -> None:
        match repair:
            case SetVariable():
                self._set_variable(repair, found)
            case AddRequirement() | InstallRequirement() | InstallSystemPackages() | UsePython():
                self._change_environment(repair, found)
            case MakeFolder(path=path):
                journal.make_folder(self.root, path)
            case RunCommand(arguments=arguments):
                self.commands.append(arguments)
            case CreateExtension(name=name):
                self._extension(name)
            case EditSettings(path=path, edits=edits):
                before = Folder(self.root).read(path) or ""
                self._apply((Change(path, before, edit(before, edits), found.what),))
            case EditFile(change=change):
                self._apply((change,))
            case StartService():
                raise found.problem()

    def _change_environment(self, repair: EnvironmentRepair, found: Finding) -> None:
        """Installs what is missing; what no file of the project names gets into an image by its Dockerfile."""
        match repair, self.engine.NAME:
            case AddRequirement(requirement=name), _:
                self._apply(dependencies.add(self.root, self.facts, [name]))
                self._renew_docker_files()
            case UsePython(version=version), _:
                self._use_python(version)
                self._renew_docker_files()
            case InstallRequirement(requirement=name, why=why), docker.NAME:
                self._edit_dockerfile(lambda text: dockerfile_edit.with_requirement(text, name, why), found)
            case InstallSystemPackages(names=names), docker.NAME:
                self._edit_dockerfile(lambda text: dockerfile_edit.with_packages(text, names), found)
            case InstallRequirement(requirement=name), _:
                virtual_environment.install(self.root, [name])
            case _:
                raise found.problem()  # nobody wants djdock to change the system of their computer

    def _edit_dockerfile(self, change: Callable[[str], str | None], found: Finding) -> None:
        """Edits the Dockerfile that djdock has made; a later `init` merges its own changes with it.

        Raises:
            Problem: it is not to be found, or no longer has the stage that this is about.
        """
        path = self._dockerfile()
        before = (Folder(self.root).read(path) or "") if path else ""
        after = change(before)
        if after is None:
            raise found.problem()
        self._apply((Change(path, before, after, found.what),))

    def _dockerfile(self) -> str:
        """The path of the Dockerfile that djdock has made; empty where there is none."""
        files = Folder(self.root)
        return next((name for name in DOCKERFILES if docker_files.is_own(files, name)), "")

    def _renew_docker_files(self, *, replace_all: bool = False) -> None:
        """Lets the Docker files follow what the project asks for now, as another `init` would."""
        from djdock.commands import planning  # noqa: PLC0415 - most projects need no requirement more

        plan = planning.propose(self.root, Configuration(), self.engine.NAME).plan
        generated = tuple(change for change in plan.changes if change.generated)
        merged = merge(self.root, Plan(generated), replace_all=replace_all)
        journal.amend(self.root, merged.plan, generated=merged.generated)

    def _apply(self, changes: Sequence[Change]) -> None:
        """Makes changes, as a part of what `undo` takes back.

        Raises:
            Problem: a file under version control would change, and nobody has said yes.
        """
        for change in changes:
            if change.outcome == "change" and not self.allowed(change.path):
                raise Problem(
                    f"{change.path} has to be changed: {change.why}.",
                    hint="To let djdock do it: djdock up --yes",
                    details=change.diff(),
                )
        journal.amend(self.root, Plan(tuple(changes)))
        self.facts = read_folder(self.root)

    def _use_python(self, version: str) -> None:
        """Keeps the wish with the project, and lets the environment be made anew."""
        self._apply(configuration.keep(Folder(self.root), Configuration(python=version)))
        shutil.rmtree(self.root / virtual_environment.NAME, ignore_errors=True)

    def _set_variable(self, repair: SetVariable, found: Finding) -> None:
        value = repair.value
        if value is None or repair.kind == "secret":
            read = Read(repair.name, None, CASTS.get(repair.kind, "str"), required=True, source=found.where)
            value = value or variables.guess(read)
            value = checkouts.new_secret() if variables.SECRET in value else value
        change = dotenv.update(Folder(self.root), {repair.name: value}, found.what)
        journal.amend(self.root, Plan((change,)))
        self.checkout = project_checkout.require(self.root)

    def _extension(self, name: str) -> None:
        """Makes an extension in the template of new databases: the trial's is one, and so is that of tests."""
        server.add_extension(self.checkout.database, name)


def _with_evidence(problem: Problem, symptom: Symptom) -> Problem:
    return Problem(problem.cause, hint=problem.hint, details=problem.details or _evidence(symptom))


def _unknown(symptom: Symptom) -> Problem:
    """What to say of a failure that no rule knows."""
    where = f" at {symptom.where}" if symptom.where else ""
    fault = symptom.faults[0] if symptom.faults else None
    what = f"{fault.type.rpartition('.')[2]}: {fault.text}".strip(": ")[:300] if fault else last_lines(symptom.text, 1)
    if symptom.step == "request" and not fault:
        return Problem(
            f"A page answers with {symptom.status}.",
            details=last_lines(symptom.text),
            hint="What the site has to say: djdock up --no-check, then djdock logs web",
        )
    step = {"check": "The project cannot be loaded", "migrate": "The migrations fail on PostgreSQL",
            "request": "A page fails", "install": "The dependencies cannot be installed"}[symptom.step]  # fmt: skip
    return Problem(
        f"{step}{where}: {what}",
        details=_evidence(symptom),
        hint="Correct what the last lines say, then: djdock up",
    )


def _evidence(symptom: Symptom) -> str:
    lines = [f"{frame.where} in {frame.function}" for frame in symptom.own[-4:]]
    lines += [f"{fault.type}: {fault.text}" for fault in symptom.faults[:2]]
    return "\n".join(lines) or last_lines(symptom.text)
