"""What a build of an image says: why it failed, and what of it came from the cache."""

from __future__ import annotations

import re
from dataclasses import dataclass

from djdock.errors import Problem, last_lines

# BuildKit's plain output numbers its steps; the failing one ends with `#12 ERROR: …`.
FAILED_STEP = re.compile(r"^#(\d+) ERROR", re.MULTILINE)
# A step of a Dockerfile: `#12 [web dependencies 2/4] RUN …`; Compose puts the service before the stage.
STEP = re.compile(r"^#(\d+) \[(?!internal)[^\]]*\] (?!FROM )", re.MULTILINE)
CACHED = re.compile(r"^#(\d+) CACHED", re.MULTILINE)
STAGE = re.compile(r"\[(?:[\w.-]+ )?([\w.-]+) +\d+/\d+\]")
TIME = re.compile(r"^\d+\.\d+ ")
# How lines begin to say what went wrong, the more telling words first.
CAUSES = tuple(
    re.compile(words, re.IGNORECASE)
    for words in (r"\berror: |could not|couldn't|cannot|can't|not found|no such", r"\b(?:error|failed|missing)\b")
)
IMAGE_OF_STEP = re.compile(r"load metadata for (\S+)")


class BuildFailed(Problem):
    """A step of the Dockerfile failed: it can be read, and what it builds on is there."""

    @property
    def stage(self) -> str:
        """The stage that the step belongs to."""
        found = STAGE.search(self.details)
        return found[1] if found else ""

    @property
    def reason(self) -> str:
        """The line of its output that sounds most like the cause."""
        lines = [TIME.sub("", line).strip() for line in self.details.splitlines()[1:]]
        plain = [line for line in lines if not line.endswith(":") and "executor" not in line]
        telling = [line for pattern in CAUSES for line in plain if pattern.search(line)]
        return (telling or lines or [""])[0]


@dataclass(frozen=True)
class Steps:
    """How many steps a build had, and how many of them were taken from the cache."""

    all: int
    cached: int


def steps(output: str) -> Steps:
    """What BuildKit's plain output says of a build's steps."""
    known = set(STEP.findall(output))
    return Steps(len(known), len(known & set(CACHED.findall(output))))


def problem(output: str, *, again: str) -> Problem | None:
    """Why a build failed, from BuildKit's plain output; None where it names no step. `again` is what to try then."""
    for explained in EXPLAINED:
        if found := explained.said.search(output):
            return explained.problem(found, output, again)
    failed = FAILED_STEP.search(output)
    if failed is None:
        return None
    lines = [line.removeprefix(f"#{failed[1]} ") for line in output.splitlines() if line.startswith(f"#{failed[1]} ")]
    if image := IMAGE_OF_STEP.search("\n".join(lines)):
        return no_image(image[1], last_lines("\n".join(lines), 4), again=again)
    return BuildFailed(
        "The image cannot be built: a step of the Dockerfile failed.",
        details="\n".join((lines[0], last_lines("\n".join(lines[1:]), 24))),
        hint=f"Correct what the step says (its command is the first line above), then: {again}",
    )


def no_image(name: str, details: str, *, again: str) -> Problem:
    """An image that others build on is neither here nor to be had."""
    embedded = "\nWithout Docker: djdock up --engine embedded" if again == "djdock up" else ""
    return Problem(
        f"The image {name} is not on this machine and cannot be pulled.",
        details=details,
        hint=f"Check the name, the network, and `docker login` if the registry wants it, then: {again}{embedded}",
    )


@dataclass(frozen=True)
class Explained:
    """A failure that no line of the Dockerfile is to blame for.

    Attributes:
        said: how the output says it; a group of it may hold a name, which goes into `{}` of the cause.
        cause, hint: of the Problem; what to try then comes after the hint.
    """

    said: re.Pattern[str]
    cause: str
    hint: str

    def problem(self, found: re.Match[str], output: str, again: str) -> Problem:
        """What to tell a person who has this output."""
        start, end = output.rfind("\n", 0, found.start()) + 1, output.find("\n", found.end())
        line = output[start:] if end < 0 else output[start:end]
        named = next(filter(None, found.groups()), "")
        return Problem(self.cause.format(named), details=TIME.sub("", line).strip(), hint=f"{self.hint} then: {again}")


EXPLAINED = (
    Explained(
        re.compile(r"no space left on device|disk quota exceeded", re.IGNORECASE),
        "The disk that Docker keeps its images on is full.",
        "What takes the room: docker system df\nWhat no image needs any more goes with: docker builder prune   and",
    ),
    # The engine has no emulation for the processor that the image is for.
    Explained(
        re.compile(r"exec format error", re.IGNORECASE),
        "This machine cannot run programs for the processor that the image is for.",
        "Build it on a machine with that processor, or let this one emulate it "
        "(https://docs.docker.com/build/building/multi-platform/#qemu),",
    ),
    Explained(
        re.compile(
            r"no match for platform|no matching manifest for|does not provide the specified platform", re.IGNORECASE
        ),
        "An image that the Dockerfile builds on does not exist for this platform.",
        "Name another platform, or another image in the Dockerfile,",
    ),
    Explained(
        re.compile(r"target stage \"?([\w.-]+)\"? could not be found|failed to reach build target ([\w.-]+)"),
        "The Dockerfile has no stage `{}`.",
        "djdock init   shows what is missing,",
    ),
)
