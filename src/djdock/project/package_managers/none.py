"""Nothing is declared: what the source imports tells: https://docs.python.org/3/reference/"""

from __future__ import annotations

from djdock.project import imports
from djdock.project.dependency import Addition, Dependency, Installation, normalise
from djdock.project.distributions import distribution
from djdock.project.files import Files

NAME = "none"
# Settings of Django 2 and 3 still run on 3.2, which more Pythons can run; from 4.0 on some of what they use is gone.
OLDEST_KEPT, SHARED = (2, 0), (3, 2)


def detect(files: Files) -> str | None:
    return "manage.py" if "manage.py" in files.names() else None


def inputs(files: Files) -> tuple[str, ...]:  # noqa: ARG001 - the source changes all the time; what fails then is told
    return ("manage.py",)


def dependencies(files: Files) -> tuple[Dependency, ...]:
    found = [_django(files)]
    for asked in imports.foreign(files):
        name = distribution(asked.module)
        if name and normalise(name) != "django":
            found.append(Dependency(normalise(name.partition("[")[0]), "", None, asked.source))
    return tuple({asked.name: asked for asked in found}.values())


def python(files: Files) -> tuple[str, str] | None:  # noqa: ARG001 - nothing says
    return None


def install(files: Files) -> Installation:
    named = {asked.module: distribution(asked.module) for asked in imports.foreign(files)}
    others = sorted({name for name in named.values() if name and name != "django"})
    django = _django(files)
    return Installation(requirements="".join(f"{line}\n" for line in (f"{django.name}{django.specifier}", *others)))


def add(files: Files, requirement: str) -> Addition:
    """The first thing that is declared: all that is known so far, and the new requirement."""
    return Addition({"requirements.txt": f"{install(files).requirements}{requirement}\n"})


def dockerfile_steps(files: Files, *, production: bool) -> str:
    """As of the requirements.txt that `add` writes: an image needs something to be built from."""
    if production or not files.names():
        return ""
    return """\
RUN --mount=type=cache,target=/root/.cache/uv \\
    --mount=type=bind,source=requirements.txt,target=requirements.txt \\
    uv venv /opt/venv && uv pip install -r requirements.txt"""


def _django(files: Files) -> Dependency:
    told = imports.generated_with(files)
    if told is None:
        return Dependency("django", "", None, "manage.py")
    series, source = told
    if OLDEST_KEPT <= series < SHARED:
        series = SHARED
    return Dependency("django", f">={series[0]}.{series[1]},<{_after(series)}", None, source)


def _after(series: tuple[int, int]) -> str:
    """The series that comes next: 2.2 is followed by 3.0 in time, but <2.3 says the same."""
    return f"{series[0]}.{series[1] + 1}"
