"""What a step that failed has to show: exceptions with their attributes and frames, and only at last its text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Step = Literal["install", "check", "migrate", "request"]
CHECK_ID = re.compile(r"\((\w+\.[CEWID]\d+)\)")
# Below the project's root, and yet not the project's own.
FOREIGN = re.compile(r"(?:^|/)(?:site-packages|dist-packages|node_modules|\.venv|venv|env|\.djdock|\.tox)/")


@dataclass(frozen=True)
class Frame:
    """One line of a traceback; the file of the project's `own` code is relative to its root."""

    file: str
    line: int
    function: str
    own: bool = False

    @property
    def where(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Fault:
    """One exception of a chain.

    Attributes:
        type, bases: dotted names, those of Python itself without `builtins.`.
        attributes: those that report.py asks for; a file below the project's root is relative to it.
    """

    type: str
    text: str = ""
    bases: tuple[str, ...] = ()
    attributes: Mapping[str, object] = field(default_factory=dict)
    frames: tuple[Frame, ...] = ()

    def is_a(self, *names: str) -> bool:
        """Whether it is of one of these types, or of one that is made from it."""
        return bool({self.type, *self.bases} & set(names))

    def attribute(self, name: str) -> str:
        """An attribute as text; empty where there is none."""
        value = self.attributes.get(name)
        return "" if value is None else str(value)

    @property
    def args(self) -> tuple[str, ...]:
        found = self.attributes.get("args")
        return tuple(map(str, found)) if isinstance(found, Sequence) and not isinstance(found, str) else ()

    @property
    def sqlstate(self) -> str:
        """PostgreSQL's code of the error: https://www.postgresql.org/docs/current/errcodes-appendix.html"""
        return self.attribute("sqlstate") or self.attribute("pgcode")

    @property
    def own(self) -> tuple[Frame, ...]:
        """The frames of the project's own code, the innermost last."""
        return tuple(frame for frame in self.frames if frame.own)

    def passes(self, path: str, *functions: str) -> bool:
        """Whether the exception came through a file whose path ends so (and one of these functions)."""
        return any(
            frame.file.replace("\\", "/").endswith(path) and (not functions or frame.function in functions)
            for frame in self.frames
        )

    def inside(self, package: str) -> bool:
        """Whether the exception came through code of an installed package."""
        return any(f"/{package}/" in frame.file.replace("\\", "/") and not frame.own for frame in self.frames)


@dataclass(frozen=True)
class Symptom:
    """A step that failed.

    Attributes:
        faults: the exception that was raised, then those that caused it; empty where the step left none.
        text: all that the step wrote: the last resort.
        messages: identifiers of system checks, such as `models.E028`.
        status, location: of the answer to a request.
        unmade: labels of the apps whose models have changed and have no migration for it.
    """

    step: Step
    faults: tuple[Fault, ...] = ()
    text: str = field(default="", repr=False)
    messages: tuple[str, ...] = ()
    status: int | None = None
    location: str = ""
    unmade: tuple[str, ...] = ()

    def first(self, *names: str) -> Fault | None:
        """The first exception of the chain that is of one of these types."""
        return next((fault for fault in self.faults if fault.is_a(*names)), None)

    def state(self, *codes: str) -> Fault | None:
        """The first exception of the chain that carries one of these SQLSTATE codes."""
        return next((fault for fault in self.faults if fault.sqlstate in codes), None)

    @property
    def own(self) -> tuple[Frame, ...]:
        """The frames of the project's own code; those of the exception that was raised first come last."""
        return tuple(frame for fault in self.faults for frame in fault.own)

    @property
    def where(self) -> str:
        """The innermost line of the project's own code: `file:line`, or empty."""
        for fault in reversed(self.faults):
            if fault.own:
                return fault.own[-1].where
        return ""


def from_report(report: Mapping[str, object], step: Step, root: str, text: str = "") -> Symptom:
    """What report.py has described, in a project whose root the process knows under the path `root`."""
    described = report.get("faults")
    listed = described if isinstance(described, list | tuple) else ()
    faults = tuple(_fault(item, root) for item in listed if isinstance(item, Mapping))
    ids = [
        match for fault in faults if fault.type.endswith(".SystemCheckError") for match in CHECK_ID.findall(fault.text)
    ]
    return Symptom(step, faults, text, tuple(dict.fromkeys(ids)))


def _fault(item: Mapping[str, object], root: str) -> Fault:
    attributes = item.get("attributes")
    kept = dict(attributes) if isinstance(attributes, Mapping) else {}
    for name in ("filename", "filename2"):
        if isinstance(kept.get(name), str):
            kept[name] = _relative(str(kept[name]), root) or kept[name]
    frames = item.get("frames")
    bases = item.get("bases")
    return Fault(
        type=str(item.get("type", "")),
        text=str(item.get("text", "")),
        bases=tuple(map(str, bases)) if isinstance(bases, list | tuple) else (),
        attributes=kept,
        frames=tuple(_frame(frame, root) for frame in frames) if isinstance(frames, list | tuple) else (),
    )


def _frame(frame: Sequence[object], root: str) -> Frame:
    file, line, function = frame
    relative = _relative(str(file), root)
    own = bool(relative) and not FOREIGN.search(relative)
    return Frame(relative if own else str(file), int(str(line)), str(function), own=own)


def _relative(path: str, root: str) -> str:
    """A path below the root without it; empty for every other one."""
    plain, folder = path.replace("\\", "/"), root.replace("\\", "/").rstrip("/")
    return plain.removeprefix(f"{folder}/") if plain.startswith(f"{folder}/") else ""
